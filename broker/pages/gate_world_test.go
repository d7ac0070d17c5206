package pages

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/gate"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/refusals"
	"sekimori/broker/rules"
	"sekimori/broker/store"
)

// entrance is the SSH door of a world, in front of a target, and sato's way through it.
type entrance struct {
	w          *world
	host, port string
	dir        string // files of the ssh client
}

// withEntrance opens the door. The registered target is a server of this process, system hr has a checklist of four steps, and the attendant
// may extend. What the window's attendant must say every thirty seconds may take days here: the world's clock jumps.
func (w *world) withEntrance(t *testing.T) *entrance {
	t.Helper()
	testbed.Need(t, "ssh")
	target := testbed.StartTarget(t, testbed.TargetOptions{})
	e := &entrance{w: w, dir: t.TempDir()}
	key := testbed.WriteKey(t, filepath.Join(e.dir, "key"))
	host, port, err := net.SplitHostPort(target.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		sys.PauseAfter, sys.CutAfter, sys.Delegated = 9*24*time.Hour, 10*24*time.Hour, 30*time.Minute
		sys.Checklist = rules.Checklist{Version: 4, Title: "人事給与 立会い手順書", Steps: []rules.Step{
			{ID: "cut", JA: "庁内網切断確認", EN: "Confirm office network is cut", Mandatory: true, Phase: rules.PhaseOpen},
			{ID: "line", JA: "回線接続", EN: "Connect maintenance line", Mandatory: true, Phase: rules.PhaseOpen},
			{ID: "off", JA: "回線切断", EN: "Disconnect line", Mandatory: true, Phase: rules.PhaseClose},
			{ID: "back", JA: "庁内網復旧", EN: "Restore office network", Mandatory: true, Phase: rules.PhaseClose},
		}}
		there, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		there.Host, there.Port, there.HostKey = host, n, string(ssh.MarshalAuthorizedKey(target.HostKey))
		_, added := tx.AddKey(store.Key{Person: "E-0031", Fingerprint: ssh.FingerprintSHA256(key), Public: string(ssh.MarshalAuthorizedKey(key))})
		_, written := tx.Append(townhall.Draft("test.planned"))
		return errors.Join(tx.PutSystem(sys), tx.PutTarget(there), added, written)
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := gate.New(gate.Options{
		HostSigner: w.Keys.HostSigner(), Ring: w.Keys, DB: w.DB, Registry: w.Registry, Sessions: w.o.Sessions, Desk: w.o.Desk, Reports: w.o.Reports, Refusals: refusals.New(w.DB),
		Clock: w.Now, Zone: townhall.Zone, Notice: gate.Notice{Version: "3", URL: "https://gate.example.jp/notice", Contact: "0000-00-0000"}, FactorMemory: gate.FactorWindow,
		Log: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.host, e.port, _ = net.SplitHostPort(l.Addr().String())
	served := make(chan error, 1)
	go func() { served <- door.Serve(context.WithoutCancel(t.Context()), l) }()
	t.Cleanup(func() {
		door.Stop()
		if err := w.o.Sessions.Close(context.Background()); err != nil { // the test's context has ended
			t.Errorf("close the sessions: %v", err)
		}
		if err := errors.Join(door.Close(context.Background()), <-served); err != nil {
			t.Errorf("close the gate: %v", err)
		}
		if err := w.pages.Close(context.Background()); err != nil {
			t.Errorf("close the pages: %v", err)
		}
	})
	// The answer to a card is yes; to anything else the code.
	e.file("answer", "#!/bin/sh\ncase \"$1\" in *'yes/no: ') echo yes;; *) cat '"+e.dir+"/code';; esac\n", 0o700)
	e.file("known", "["+e.host+"]:"+e.port+" "+string(ssh.MarshalAuthorizedKey(w.Keys.HostSigner().PublicKey())), 0o600)
	w.enrol("sato")
	return e
}

func (e *entrance) file(name, text string, mode os.FileMode) {
	e.w.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, name), []byte(text), mode); err != nil {
		e.w.t.Fatal(err)
	}
}

// sitting is one run of the engineer's ssh.
type sitting struct {
	t    *testing.T
	in   interface{ Write([]byte) (int, error) }
	over chan struct{} // closed once it has ended
	exit int           // valid once it has ended

	mu    sync.Mutex // guards text
	text  string     // the last of what it showed
	grown chan struct{}
}

// mostShown bounds the text that a sitting keeps, in bytes.
const mostShown = 64 << 10

func (s *sitting) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.text += string(p)
	s.text = s.text[max(0, len(s.text)-mostShown):]
	s.mu.Unlock()
	select {
	case s.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *sitting) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// ssh starts the client, in the language, with an unused code at hand.
func (e *entrance) ssh(lang string, args ...string) *sitting {
	e.w.t.Helper()
	e.file("code", e.w.code("sato")+"\n", 0o600)
	all := append([]string{
		"-F", "none", "-p", e.port, "-i", filepath.Join(e.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "UserKnownHostsFile=" + filepath.Join(e.dir, "known"), "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
	}, args...)
	cmd := exec.Command("ssh", all...)
	locale := map[string]string{"ja": "ja_JP.UTF-8", "en": "en_US.UTF-8"}[lang]
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+filepath.Join(e.dir, "answer"), "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0", "TERM=xterm", "LC_ALL="+locale, "LANG="+locale)
	s := &sitting{t: e.w.t, over: make(chan struct{}), grown: make(chan struct{}, 1)}
	in, err := cmd.StdinPipe()
	if err != nil {
		e.w.t.Fatal(err)
	}
	s.in, cmd.Stdout, cmd.Stderr = in, s, s
	if err := cmd.Start(); err != nil {
		e.w.t.Fatal(err)
	}
	go func() {
		defer close(s.over)
		_ = cmd.Wait()
		s.exit = cmd.ProcessState.ExitCode()
	}()
	e.w.t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails where it has ended
		<-s.over
	})
	return s
}

// await waits until the screen has shown what the expression finds, and gives the last find's first group, or all of it.
func (s *sitting) await(expression string) string {
	s.t.Helper()
	limit := time.NewTimer(stuck)
	defer limit.Stop()
	want := regexp.MustCompile(expression)
	for ended := false; ; {
		if all := want.FindAllStringSubmatch(s.String(), -1); all != nil {
			found := all[len(all)-1]
			return found[len(found)-1]
		}
		if ended {
			s.t.Fatalf("ssh ended with %d and never showed %s:\n%s", s.exit, expression, s)
		}
		select {
		case <-s.grown:
		case <-s.over:
			ended = true
		case <-limit.C:
			s.t.Fatalf("ssh never showed %s:\n%s", expression, s)
		}
	}
}

// ended waits until ssh has ended, and gives its status.
func (s *sitting) ended() int {
	s.t.Helper()
	limit := time.NewTimer(stuck)
	defer limit.Stop()
	select {
	case <-s.over:
	case <-limit.C:
		s.t.Fatalf("ssh goes on:\n%s", s)
	}
	return s.exit
}

func (s *sitting) types(text string) {
	s.t.Helper()
	if _, err := s.in.Write([]byte(text)); err != nil {
		s.t.Fatalf("type into ssh: %v\n%s", err, s)
	}
}

// granted is kato's request, approved by head and second approver, with its window under way. Browsers without a screen do it.
func (w *world) granted(t *testing.T) {
	t.Helper()
	kato := w.as("kato")
	form := w.application(t)
	check := kato.post("/requests/new", with(form, "go", "check")).at(t, "/requests/D-")
	told := url.Values{"version": {kato.get(check).version(t)}, "clauses_told": {"yes"}, "recording_told": {"yes"}}
	kato.post(check, told).at(t, "/requests/R8-0001?done=submitted")
	start := w.approvedBy(t, "R8-0001", "head", "deputy")
	w.Pass(start.Add(time.Minute).Sub(w.Now()))
}

// approvedBy lets these approve the request in turn, and gives the start of its window.
func (w *world) approvedBy(t *testing.T, no string, people ...string) (start time.Time) {
	t.Helper()
	for _, who := range people {
		b := w.as(who)
		form := url.Values{"version": {b.get("/requests/" + no + "/decide").version(t)}, "verdict": {"approve"}, "password": {"right"}, "code": {"000000"}}
		for code, reason := range townhall.Because() {
			form.Set("because."+code, reason)
		}
		if a := b.post("/requests/"+no+"/decide", form); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", who, a.status, a.body)
		}
	}
	err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		one, err := s.Window(no + "-1")
		start = one.Start
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return start
}

// connected opens a session of sato's, admitted by ito, whose browser has no screen.
func (w *world) connected(t *testing.T, e *entrance, command ...string) (ito *browser, s *sitting, session string) {
	t.Helper()
	ito = w.as("ito")
	do := func(act string, form url.Values) {
		t.Helper()
		if a := ito.post("/windows/R8-0001-1/"+act, form); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", act, a.status, a.body)
		}
	}
	proof := url.Values{"password": {"right"}, "code": {"000000"}}
	for _, step := range []string{"cut", "line"} {
		do("tick", url.Values{"step": {step}, "method": {"seen"}})
	}
	do("open", proof)
	s = e.ssh("en", append([]string{"-tt", "sato+hr-db@" + e.host}, command...)...)
	digits := s.await(`Your number is (\d \d \d)`)
	do("identity", url.Values{"person": {"E-0031"}, "digits": {strings.ReplaceAll(digits, " ", "")}})
	do("permit", proof)
	s.await("Started ")
	session = s.await(`S-\d{8}-\d\d`)
	w.started(t, session)
	return ito, s, session
}

// started waits until the broker's state says that a session's target was reached. It is written beside the relay, and so may come after what
// the engineer reads.
func (w *world) started(t *testing.T, session string) {
	t.Helper()
	eventually(t, session+" is under way", func() bool { return w.session(t, session).State != store.SessionOpening })
}

// over waits for the entry of a session's end, which the client does not wait for.
func (w *world) over(t *testing.T, session string) {
	t.Helper()
	eventually(t, session+" is over", func() bool { return w.session(t, session).State == store.SessionEnded })
}

func (w *world) session(t *testing.T, id string) (row store.Session) {
	t.Helper()
	if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) { row, err = s.Session(id); return err }); err != nil {
		t.Fatal(err)
	}
	return row
}

// eventually waits until something is so.
func eventually(t *testing.T, so string, is func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	limit := time.NewTimer(stuck)
	defer limit.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-limit.C:
			t.Fatalf("still not so: %s", so)
		}
	}
}

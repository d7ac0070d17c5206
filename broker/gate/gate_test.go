package gate

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

func TestCodeCardConsentThenTheTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	a := &answers{consent: "はい"}
	c := e.mustDial("sato+hr-db", a)
	stdout, stderr, exit := run(t, c, "uptime")
	if stdout != "ran uptime\n" || !strings.Contains(stderr, "warned") || exit != 7 {
		t.Errorf("got %q %q %d", stdout, stderr, exit)
	}
	seen := a.seen()
	if len(seen) != 2 || seen[0] != "One-time code / 認証コード(6桁): " || seen[1] != "Continue? / 同意して進みますか? yes/no: " {
		t.Fatalf("prompts: %q", seen)
	}
	for _, want := range []string{"関守 S-20261124-01   申請 令和8年度第2号", "人事給与 本番 / hr-db / maint(個人番号は閲覧不可)",
		"立会者 人事課 職員B 内線1234", "第3版", "このあと認証コードと同意を求めます。"} {
		if !strings.Contains(a.said(), want) {
			t.Errorf("banners lack %q:\n%s", want, a.said())
		}
	}
	if got := w.entries("session.consented"); len(got) != 1 || got[0]["notice"] != "3" || got[0]["factor"] != "code" {
		t.Errorf("consent: %v", got)
	}
	if got := w.entries("session.opening"); len(got) != 1 {
		t.Errorf("openings: %v", got)
	}
}

func TestRememberedFactorNeedsTheSameEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	e.mustDial("sato+hr-db", nil).Close()

	// The key alone, as under BatchMode.
	keyOnly := func() (*ssh.Client, error) {
		return ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato+hr-db", Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key)},
			HostKeyCallback: ssh.FixedHostKey(w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second})
	}
	c, err := keyOnly()
	if err != nil {
		t.Fatalf("remembered, yet: %v", err)
	}
	if _, _, exit := run(t, c, "true"); exit != 7 {
		t.Errorf("exit %d", exit)
	}
	c.Close()
	used := w.entries("session.attempted")
	if len(used) != 2 || used[1]["factor"] != "remembered" || used[1]["notice"] != "3" {
		t.Errorf("each use is ledgered: %v", used)
	}
	// Another window of the same person.
	w.write(func(tx *store.Tx) error { win.State = policy.WindowClosed; return tx.UpdateWindow(win) })
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	if c, err := keyOnly(); err == nil {
		c.Close()
		t.Error("remembered for another window")
	}
	// A factor dropped by a freeze, a lock or a forced cut is asked for again.
	e.mustDial("sato+hr-db", nil).Close()
	w.write(func(tx *store.Tx) error { return tx.ForgetFactors(store.FactorFilter{Person: e.id}) })
	if c, err := keyOnly(); err == nil {
		c.Close()
		t.Error("remembered although forgotten")
	}
}

// Where the second factor is remembered and the decision is a no, no code is asked for, and the banner announces none.
func TestTheBannerAnnouncesNoCodeThatIsNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	e.mustDial("sato+hr-db", nil).Close()
	w.write(func(tx *store.Tx) error { win.State = policy.WindowAttended; return tx.UpdateWindow(win) })
	a := &answers{code: e.code}
	c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato+hr-db", Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(a.respond)},
		BannerCallback: a.banner, HostKeyCallback: ssh.FixedHostKey(w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if said := a.said(); len(a.prompts) > 0 || !strings.Contains(said, "Sekimori remote maintenance gate") || strings.Contains(said, "one-time code") {
		t.Errorf("asked %q; said %s", a.prompts, said)
	}
}

func TestFactorNeverRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.FactorMemory = FactorNever })
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	for range 2 {
		a := &answers{consent: "yes"}
		e.mustDial("sato+hr-db", a).Close()
		if n := len(a.seen()); n != 2 {
			t.Errorf("%d prompts", n)
		}
	}
}

// Each denial is told on the channel: number, cause, next step, record and exit status.
func TestDenialsAreToldOnTheChannel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		user    string
		consent string
		prepare func(w *world, e *engineer)
		number  int
		exit    int
		say     string
	}{
		{"no-grant", "sato+hr-db", "yes", func(*world, *engineer) {}, 106, 250, "Next:"},
		{"target-not-granted", "sato+other", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		}, 113, 250, "hr-db"},
		{"account-not-granted", "sato+root@hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		}, 114, 250, "maint"},
		{"too-early", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(time.Hour), time.Hour, policy.WindowScheduled)
		}, 110, 251, "Next:"},
		{"window-over", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-2*time.Hour), time.Hour, policy.WindowPermitted)
		}, 111, 252, "Next:"},
		{"attendant-absent without a terminal", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Minute), time.Hour, policy.WindowScheduled)
		}, 118, 251, "人事課"},
		{"waiting room without a terminal", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(time.Minute), time.Hour, policy.WindowScheduled)
		}, 110, 251, "Next:"},
		{"consent-declined", "sato+hr-db", "no", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		}, 116, 250, "Next:"},
		{"frozen", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			w.write(func(tx *store.Tx) error {
				return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: noon, Reason: "drill"})
			})
		}, 125, 253, "Next:"},
		{"engineer-locked", "sato+hr-db", "yes", func(w *world, e *engineer) {
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			w.write(func(tx *store.Tx) error { return tx.LockPerson(e.id, "U-001", "left the company") })
		}, 101, 250, "left the company"},
		{"unknown login form", "sato+a@b@c", "yes", func(*world, *engineer) {}, 113, 250, "ACCOUNT@TARGET"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			e := w.engineer("sato", "en")
			tt.prepare(w, e)
			c := e.mustDial(tt.user, &answers{consent: tt.consent})
			_, stderr, exit := run(t, c, "true")
			if !strings.Contains(stderr, fmt.Sprintf("[%d]", tt.number)) || exit != tt.exit {
				t.Errorf("exit %d, stderr:\n%s", exit, stderr)
			}
			for _, want := range []string{"Cause:", "Next:", "Record:", "S-20261124-01", tt.say} {
				if !strings.Contains(stderr, want) {
					t.Errorf("lacks %q:\n%s", want, stderr)
				}
			}
			refused := w.entries("session.refused")
			if len(refused) != 1 || refused[0]["number"] != float64(tt.number) || refused[0]["session_id"] != "S-20261124-01" {
				t.Errorf("ledger: %v", refused)
			}
			if n := w.target.reached(); n != 0 {
				t.Errorf("target reached %d times", n)
			}
		})
	}
}

// A client that opens no session channel gets the reason as ASCII in the open failure.
func TestDenialWithoutASessionChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	c := e.mustDial("sato+hr-db", nil)
	_, err := c.Dial("tcp", "hr-db:22")
	var refused *ssh.OpenChannelError
	if !asError(err, &refused) || refused.Reason != ssh.Prohibited || !strings.Contains(refused.Message, "[106]") ||
		refused.Message != text.ASCII(refused.Message) {
		t.Errorf("got %v", err)
	}
}

// ssh -J through the engineer's name alone is not built yet, and says so.
func TestJumpIsRefusedAsAFeature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	c := e.mustDial("sato", nil)
	_, err := c.Dial("tcp", "hr-db:22")
	var refused *ssh.OpenChannelError
	if !asError(err, &refused) || !strings.Contains(refused.Message, "[117]") {
		t.Errorf("got %v", err)
	}
}

func TestSelfServiceWithoutATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	w.window(e, "backup", noon.Add(3*time.Hour), 2*time.Hour, policy.WindowScheduled)
	for _, tt := range []struct {
		command, out, err string
		exit              int
	}{
		{"windows", "  1) R8-0002-1  人事給与 本番 / hr-db / maint\n     2026-11-24 11:00-13:00  open  60 min left  attendant 職員B\n" +
			"  2) R8-0003-1  人事給与 本番 / hr-db / backup\n     2026-11-24 15:00-17:00  too early  opens in 180 min  no attendant yet\n", "", 0},
		{"help", "ssh sato+ACCOUNT@TARGET@gate", "", 0},
		{"files", "No file of yours", "", 0},
		{"rm -rf /\x1b[2J", "", "unknown command: rm", 2},
		{"widnows", "", "did you mean windows?", 2},
	} {
		c := e.mustDial("sato", nil)
		out, stderr, exit := run(t, c, tt.command)
		if !strings.Contains(out, tt.out) || !strings.Contains(stderr, tt.err) || exit != tt.exit || strings.Contains(stderr, "\x1b") {
			t.Errorf("%s: %q %q %d", tt.command, out, stderr, exit)
		}
		c.Close()
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
}

// terminal is a client's shell on a terminal.
type terminal struct {
	t   *testing.T
	s   *ssh.Session
	in  io.WriteCloser
	out chan string
	all strings.Builder

	readers sync.WaitGroup // of both outputs
}

func openTerminal(t *testing.T, c *ssh.Client, term string) *terminal {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, s: s, out: make(chan string, 1024)}
	if x.in, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []io.Reader{stdout, stderr} {
		x.readers.Go(func() {
			buf := make([]byte, 4096)
			for {
				n, err := r.Read(buf)
				if n > 0 {
					x.out <- string(buf[:n])
				}
				if err != nil {
					return
				}
			}
		})
	}
	if err := s.RequestPty(term, 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	return x
}

// expect reads until the text has come.
func (x *terminal) expect(text string) {
	x.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for !strings.Contains(x.all.String(), text) {
		select {
		case s := <-x.out:
			x.all.WriteString(s)
		case <-limit.C:
			x.t.Fatalf("no %q in:\n%s", text, x.all.String())
		}
	}
}

// expectTimes waits until the text was shown so often.
func (x *terminal) expectTimes(text string, n int) {
	x.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for strings.Count(x.all.String(), text) < n {
		select {
		case s := <-x.out:
			x.all.WriteString(s)
		case <-limit.C:
			x.t.Fatalf("not %d times %q in:\n%s", n, text, x.all.String())
		}
	}
}

func (x *terminal) typeIn(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.in, text); err != nil {
		x.t.Fatal(err)
	}
}

// exit waits for the end and gives the status.
func (x *terminal) exit() int {
	x.t.Helper()
	done := make(chan error, 1)
	go func() {
		err := x.s.Wait()
		x.readers.Wait() // the last text may come after the status
		done <- err
	}()
	for {
		select {
		case s := <-x.out:
			x.all.WriteString(s)
		case err := <-done:
			for len(x.out) > 0 {
				x.all.WriteString(<-x.out)
			}
			var status *ssh.ExitError
			switch {
			case err == nil:
				return 0
			case asError(err, &status):
				return status.ExitStatus()
			}
			x.t.Fatalf("wait: %v\n%s", err, x.all.String())
		case <-time.After(time.Minute):
			x.t.Fatalf("no end:\n%s", x.all.String())
		}
	}
}

func TestChooseAWindowOnATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	a := &answers{}
	x := openTerminal(t, e.mustDial("sato", a), "xterm")
	x.expect("番号を選んでください [1]: ")
	x.typeIn("1\r")
	x.expect("Continue? / 同意して進みますか? yes/no: ")
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached before consent")
	}
	x.typeIn("はい\r")
	x.expect("shell ready")
	x.typeIn("hello")
	x.expect("echo:hello")
	if n := len(a.seen()); n != 1 {
		t.Errorf("%d prompts before the choice", n)
	}
}

func TestConsentTypedAheadDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	x := openTerminal(t, e.mustDial("sato", nil), "xterm")
	x.expect("Choose [1]: ")
	x.typeIn("1\ryes\r")
	x.expect("Continue? yes/no: ")
	x.typeIn("\r")
	x.expect("? to see the text. yes/no: ")
	x.typeIn("\r")
	if exit := x.exit(); exit != 250 || !strings.Contains(x.all.String(), "[116]") {
		t.Errorf("exit %d:\n%s", exit, x.all.String())
	}
}

func TestWrongChoices(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int{"9\r": 250, "x\x1b[2J\r": 250, "0\r": 250, "\x03": 251} {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		x := openTerminal(t, e.mustDial("sato", nil), "xterm")
		x.expect("Choose [1]: ")
		x.typeIn(typed)
		for i := range choicesAgain {
			if want != 250 {
				break
			}
			x.expectTimes("Choose 1 to 1 [1]: ", i+1)
			x.typeIn(typed)
		}
		if exit := x.exit(); exit != want {
			t.Errorf("%q: exit %d:\n%s", typed, exit, x.all.String())
		}
	}
}

// A wrong number is asked for again: the third time is not too late.
func TestAWrongChoiceIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	x := openTerminal(t, e.mustDial("sato", nil), "xterm")
	x.expect("番号を選んでください [1]: ")
	for i, typed := range []string{"7\r", "one\r", "-1\r"} {
		x.typeIn(typed)
		x.expectTimes("1 から 1 の番号 [1]: ", i+1)
	}
	x.typeIn("１\r") // as an input method for Japanese leaves it
	x.expect("同意して進みますか? yes/no: ")
	x.typeIn("ｙ\r")
	x.expect("shell ready")
}

func TestNoWindowsOnATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	x := openTerminal(t, e.mustDial("sato", nil), "xterm")
	if exit := x.exit(); exit != 250 || !strings.Contains(x.all.String(), "[106]") {
		t.Errorf("exit %d:\n%s", exit, x.all.String())
	}
}

func TestNoChannelIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.FirstChannel = 50 * time.Millisecond })
	e := w.engineer("sato", "en")
	w.write(func(tx *store.Tx) error {
		s, err := tx.System("payroll")
		s.Idle = 50 * time.Millisecond
		return errors.Join(err, tx.PutSystem(s))
	})
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	c := e.mustDial("sato+hr-db", nil)
	if err := c.Wait(); err == nil {
		t.Error("ended in order?")
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
	refused := w.entries("session.refused")
	if len(refused) != 1 || refused[0]["reason"] != "idle-timeout" || refused[0]["number"] != float64(202) {
		t.Errorf("ledger: %v", refused)
	}
}

// TestAMasterMayWaitForItsFirstChannel: ssh -N and a ControlMaster open no channel until they are used, and were closed
// after 30 seconds. Only so many of a person may wait so.
func TestAMasterMayWaitForItsFirstChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.FirstChannel = 50 * time.Millisecond })
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	var waiting []*ssh.Client
	for range mostUnopened {
		waiting = append(waiting, e.mustDial("sato+hr-db", nil))
	}
	for counted := 0; counted < mostUnopened; <-time.After(time.Millisecond) { // the client knows of its login before the gate counts it
		w.gate.mu.Lock()
		counted = 0
		for _, n := range w.gate.unopened {
			counted += n
		}
		w.gate.mu.Unlock()
	}
	_ = e.mustDial("sato+hr-db", nil).Wait() // one too many: closed after FirstChannel, which the others have outlived
	for i, c := range waiting {
		if out, said, exit := run(t, c, "whoami"); exit != 7 || out != "ran whoami\n" {
			t.Errorf("connection %d: exit %d, %q, %q", i, exit, out, said)
		}
	}
	// A key that is taken away meanwhile opens nothing (see the attack of that name), and there is room again.
	again := e.mustDial("sato+hr-db", nil)
	_ = e.mustDial("sato+hr-db", nil)
	if out, _, exit := run(t, again, "whoami"); exit != 7 {
		t.Errorf("afterwards: exit %d, %q", exit, out)
	}
}

func TestStopTurnsAwayWhoWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(5*time.Minute), time.Hour, policy.WindowScheduled)
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "xterm")
	x.expect("Opens in 5 min")
	w.gate.Stop()
	if exit := x.exit(); exit != 254 || !strings.Contains(x.all.String(), "[216]") {
		t.Errorf("exit %d:\n%s", exit, x.all.String())
	}
	// A child process that another test starts at this moment has a copy of the listener until it runs its program. The system
	// then still completes connections, which nobody answers.
	c, err := net.DialTimeout("tcp", w.addr, time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("still served: %d bytes, %v", n, err)
	}
}

package gate

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/act"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/blank"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
)

// clock is a wall clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// world is a gate with everything behind it, on loopback: a real store, real keys, a real
// supervisor and a target that is a real SSH server.
type world struct {
	t      testing.TB
	dir    string
	clock  *clock
	zone   *time.Location
	ring   *keys.Ring
	db     *store.DB
	reg    *registry.Registry
	sup    *session.Supervisor
	gate   *Server
	addr   string
	target *target
	serial int
	pledge time.Time // end of the pledges of engineers; zero: in a year
}

// noon is when the tests begin.
var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

const factorSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &clock{now: noon}}
	var err error
	if w.zone, err = time.LoadLocation("Asia/Tokyo"); err != nil {
		t.Fatal(err)
	}
	master := make([]byte, 32)
	rand.Read(master)
	if w.ring, err = keys.Create(filepath.Join(w.dir, "keys"), master, "sekimori.test/ledger"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.dir, "sekimori.db")
	blank.Database(t, path)
	w.db, err = store.Open(context.Background(), path, store.Options{
		Clock: w.clock.Now, Signer: w.ring.LedgerSigner(), Origin: "sekimori.test/ledger", Zone: w.zone, Uncatalogued: testbed.Catalogued(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.target = startTarget(t)
	w.parts()
	w.seed()
	o := Options{
		HostSigner: w.ring.HostSigner(), Ring: w.ring, DB: w.db, Registry: w.reg, Sessions: w.sup, Clock: w.clock.Now, Zone: w.zone,
		Desk: requests.New(requests.Options{DB: w.db, Zone: w.zone}), Reports: reports.New(reports.Options{DB: w.db, Acts: act.New(act.Options{DB: w.db}), Zone: w.zone}),
		Notice:       Notice{Version: "3", URL: "https://gate.example.jp/notice", Contact: "0000-00-0000"},
		FactorMemory: FactorWindow, Log: hclog.NewNullLogger(),
	}
	for _, c := range change {
		c(&o)
	}
	if w.gate, err = New(o); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.gate.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		w.gate.Stop()
		w.closeParts()
		if err := w.gate.Close(context.Background()); err != nil {
			t.Errorf("close gate: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := w.db.Read(context.Background(), func(s *store.Snap) error { return s.VerifyLedger(nil, nil) }); err != nil {
			t.Errorf("ledger: %v", err)
		}
		if err := w.db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return w
}

func (w *world) write(fn func(tx *store.Tx) error) {
	w.t.Helper()
	err := w.db.Write(context.Background(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// seed registers one section, vendor, system and target; engineers are added by tests.
func (w *world) seed() {
	host, port, err := net.SplitHostPort(w.target.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSection(store.Section{ID: "hr", Name: "人事課", Phone: "内線1234"}),
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-001", Login: "gcc", Name: "例示保守",
				ContractFrom: noon.AddDate(-1, 0, 0), ContractUntil: noon.AddDate(1, 0, 0), Qualified: true}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "U-001", Login: "staffb", Kind: policy.Staff, Name: "職員B",
				Section: "hr", Roles: []policy.Role{policy.Attendant}}}),
			tx.PutSystem(store.System{System: policy.System{ID: "payroll", Name: "人事給与 本番", Section: "hr",
				Attendance: policy.AttendanceRequired, Line: policy.LineNone,
				PauseAfter: 9 * 24 * time.Hour, CutAfter: 10 * 24 * time.Hour}}),
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "payroll", Host: host, Port: n,
				HostKey: string(ssh.MarshalAuthorizedKey(w.target.host.PublicKey()))}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint",
				Note: "個人番号は閲覧不可"}, Credential: store.CredentialCertificate}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/backup", Target: "hr-db", Login: "backup"},
				Credential: store.CredentialCertificate}),
		)
	})
}

// engineer is an engineer with a key and a second factor.
type engineer struct {
	w         *world
	id, login string
	key       ssh.Signer
	private   ed25519.PrivateKey
	steps     int // codes used so far
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) engineer(login, lang string) *engineer {
	w.t.Helper()
	w.serial++
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		w.t.Fatal(err)
	}
	until := w.pledge
	if until.IsZero() {
		until = noon.AddDate(1, 0, 0)
	}
	e := &engineer{w: w, id: fmt.Sprintf("E-%04d", w.serial), login: login, key: signer, private: private}
	w.write(func(tx *store.Tx) error {
		if err := tx.PutPerson(store.Person{Person: policy.Person{ID: e.id, Login: login, Kind: policy.Engineer,
			Name: login, Vendor: "V-001", Lang: lang}}); err != nil {
			return err
		}
		if _, err := tx.AddKey(store.Key{Person: e.id, Fingerprint: ssh.FingerprintSHA256(e.key.PublicKey()),
			Public: string(ssh.MarshalAuthorizedKey(e.key.PublicKey()))}); err != nil {
			return err
		}
		if err := tx.AddPledge(store.Pledge{Person: e.id, FiledBy: "U-001",
			Pledge: policy.Pledge{Signed: noon.AddDate(0, -1, 0), Until: until}}); err != nil {
			return err
		}
		return w.putFactor(tx, e.id)
	})
	return e
}

// attending is when the attendant of the tests was last heard of: the system has the patience for it, whatever the clock does.
var attending = noon.AddDate(0, 0, -1)

// window grants the engineer an approved window on hr-db and returns it.
func (w *world) window(e *engineer, account string, start time.Time, length time.Duration, state policy.WindowState,
	change ...func(*store.Window, *store.Request),
) store.Window {
	w.t.Helper()
	w.serial++
	no := fmt.Sprintf("R8-%04d", w.serial)
	win := store.Window{Window: policy.Window{ID: no + "-1", Request: no, System: "payroll", Start: start, End: start.Add(length),
		State: state}}
	if state != policy.WindowScheduled {
		win.Attendant, win.Present = "U-001", attending
	}
	req := store.Request{No: no, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "payroll",
		Vendor: "V-001", Requester: "U-001", Start: start, End: start.Add(length), Body: store.RequestBody{
			Purpose: "端数誤りの調査", WorkType: "survey", ResponsibleParty: "V-001", Phone: "000-0000-0001", Files: policy.FilesNone,
			Engineers: []string{e.id}, Accounts: []string{"hr-db/" + account}}}
	for _, c := range change {
		c(&win, &req)
	}
	w.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.AddRequest(req),
			tx.AddWindow(win),
			tx.AddGrant(policy.Grant{ID: no + "-1-1", Person: e.id, Vendor: "V-001", Target: "hr-db", Account: "hr-db/" + account,
				Window: win.Window, Request: no, Files: policy.FilesNone, State: policy.GrantActive, PersonLimit: 9}),
		)
	})
	return win
}

func (w *world) setState(win store.Window, state policy.WindowState) {
	w.t.Helper()
	win.State = state
	if state != policy.WindowScheduled {
		win.Attendant, win.Present = "U-001", attending
	}
	w.write(func(tx *store.Tx) error { return tx.UpdateWindow(win) })
}

// code is the next unused one-time code: the wall clock moves on for each, as it would.
func (e *engineer) code() string {
	if e.steps > 0 {
		e.w.clock.set(e.w.clock.Now().Add(30 * time.Second))
	}
	e.steps++
	c, err := registry.CodeAt(factorSecret, e.w.clock.Now())
	if err != nil {
		e.w.t.Fatal(err)
	}
	return c
}

// entries are the payloads of one kind of ledger entry, oldest first.
func (w *world) entries(kind string) []map[string]any {
	w.t.Helper()
	var out []map[string]any
	err := w.db.Read(context.Background(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if e.Kind != kind {
				continue
			}
			m := map[string]any{}
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				return err
			}
			out = append(out, m)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// answers plays the engineer at the prompts.
type answers struct {
	mu      sync.Mutex
	prompts []string
	banners []string
	code    func() string
	consent string
	asked   func() // called when consent is asked for; nil: nothing
}

// banner keeps what was said beside the questions.
func (a *answers) banner(text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.banners = append(a.banners, text)
	return nil
}

// card is what was said last beside the questions.
func (a *answers) card() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.banners[len(a.banners)-1]
}

// said are the banners so far.
func (a *answers) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.banners, "")
}

func (a *answers) respond(_, _ string, questions []string, _ []bool) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, q := range questions {
		a.prompts = append(a.prompts, q)
		switch {
		case strings.Contains(q, "Enter to close"):
			out = append(out, "")
		case strings.Contains(q, "yes/no: "):
			if a.asked != nil {
				a.asked()
			}
			out = append(out, a.consent)
		default:
			out = append(out, a.code())
		}
	}
	return out, nil
}

func (a *answers) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.prompts...)
}

// dial logs in as user with the engineer's key, code and consent.
func (e *engineer) dial(user string, a *answers) (*ssh.Client, error) {
	if a == nil {
		a = &answers{consent: "yes"}
	}
	if a.code == nil {
		a.code = e.code
	}
	return ssh.Dial("tcp", e.w.addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(a.respond)},
		BannerCallback: a.banner, HostKeyCallback: ssh.FixedHostKey(e.w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second,
	})
}

func (e *engineer) mustDial(user string, a *answers) *ssh.Client {
	e.w.t.Helper()
	c, err := e.dial(user, a)
	if err != nil {
		e.w.t.Fatalf("login as %s: %v", user, err)
	}
	e.w.t.Cleanup(func() { c.Close() })
	return c
}

// run runs a command and returns both outputs and the exit status.
func run(t testing.TB, c *ssh.Client, command string) (stdout, stderr string, exit int) {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatalf("session: %v", err)
	}
	defer s.Close()
	var o, e strings.Builder
	s.Stdout, s.Stderr = &o, &e
	err = s.Run(command)
	var status *ssh.ExitError
	switch {
	case err == nil:
	case errors.As(err, &status):
		exit = status.ExitStatus()
	default:
		t.Fatalf("run %q: %v (stderr %q)", command, err, e.String())
	}
	return o.String(), e.String(), exit
}

// target is an SSH server that answers exec with "ran COMMAND" and status 7, and a shell with
// "shell ready" and an echo.
type target struct {
	addr  string
	host  ssh.Signer
	mu    sync.Mutex
	dials int
}

func startTarget(t testing.TB) *target {
	t.Helper()
	tg := &target{host: newSigner(t)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tg.addr = ln.Addr().String()
	t.Cleanup(func() { ln.Close() })
	cfg := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return &ssh.Permissions{}, nil
	}}
	cfg.AddHostKey(tg.host)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			tg.mu.Lock()
			tg.dials++
			tg.mu.Unlock()
			go tg.serve(nc, cfg)
		}
	}()
	return tg
}

func (tg *target) reached() int {
	tg.mu.Lock()
	defer tg.mu.Unlock()
	return tg.dials
}

func (tg *target) serve(nc net.Conn, cfg *ssh.ServerConfig) {
	conn, chans, reqs, err := ssh.NewServerConn(nc, cfg)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(reqs)
	for nch := range chans {
		if nch.ChannelType() != "session" {
			nch.Reject(ssh.Prohibited, "target: sessions only")
			continue
		}
		ch, creqs, err := nch.Accept()
		if err != nil {
			return
		}
		go serveTarget(ch, creqs)
	}
}

func serveTarget(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	for r := range reqs {
		_ = r.Reply(true, nil)
		switch r.Type {
		case "window-change":
			fmt.Fprintf(ch, "resized\r\n")
		case "exec":
			var c struct{ Line string }
			if ssh.Unmarshal(r.Payload, &c) != nil {
				return
			}
			fmt.Fprintf(ch, "ran %s\n", c.Line)
			fmt.Fprintf(ch.Stderr(), "warned\n")
			ch.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{7}))
			return
		case "shell":
			go func() {
				fmt.Fprintf(ch, "shell ready\r\n")
				buf := make([]byte, 256)
				for {
					n, err := ch.Read(buf)
					if err != nil {
						return
					}
					fmt.Fprintf(ch, "echo:%s\r\n", buf[:n])
				}
			}()
		}
	}
}

package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
)

// empty is a database with the schema of now and nothing in it. Each world begins with a copy: under the race
// detector migrations cost more than most tests.
var empty []byte

func TestMain(m *testing.M) {
	testrun.Waiting()
	if err := migrate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// migrate makes empty. It comes before the tests, so that no bubble of testing/synctest holds what others wait for.
func migrate() error {
	dir, err := os.MkdirTemp("", "sekimori-session")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ring, err := keys.Create(filepath.Join(dir, "keys"), make([]byte, keys.MasterSize), "sekimori.test/ledger")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "sekimori.db")
	db, err := store.Open(context.Background(), path, store.Options{Clock: testbed.At, Signer: ring.LedgerSigner(), Origin: "sekimori.test/ledger"})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	empty, err = os.ReadFile(path)
	return err
}

// world is a supervisor with a real store, real keys, real recordings, and a target that is an
// SSH server in this process. Connections are in memory, so that it also runs in a bubble of
// testing/synctest.
type world struct {
	t       testing.TB
	dir     string
	clock   *testbed.Clock
	disk    *testbed.Disk
	ring    *keys.Ring
	offline *age.X25519Identity
	db      *store.DB
	sup     *Supervisor
	target  *testbed.Target
	start   time.Time
	serial  int
	serving sync.WaitGroup   // of the target
	refuse  error            // when set, the target cannot be reached
	files   policy.FilesRule // of grants; empty: none
}

func newWorld(t testing.TB, length time.Duration, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: &testbed.Clock{}, disk: testbed.NewDisk()}
	master := make([]byte, 32)
	rand.Read(master)
	var err error
	if w.ring, err = keys.Create(filepath.Join(w.dir, "keys"), master, "sekimori.test/ledger"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.dir, "sekimori.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	w.db, err = store.Open(context.Background(), path, store.Options{
		Clock: w.clock.Now, Signer: w.ring.LedgerSigner(), Origin: "sekimori.test/ledger", Uncatalogued: testbed.Catalogued(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.offline, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	w.target = testbed.NewTarget(t, testbed.TargetOptions{})
	w.start = w.clock.Now().Add(-time.Second).Truncate(time.Millisecond)
	o := Options{
		DB: w.db, Ring: w.ring, Dir: filepath.Join(w.dir, "recordings"), FS: w.disk,
		Dialer:   &dial.Dialer{Connect: w.connect},
		OutputTo: []age.Recipient{w.ring.ViewingRecipient()}, InputTo: []age.Recipient{w.offline.Recipient()},
		Clock: w.clock.Now, SinceBoot: w.clock.SinceBoot, Zone: time.UTC, Log: hclog.NewNullLogger(),
		// A bubble's hours are a machine's seconds: to sync each second of them and to look every three is most of what a test takes. What
		// ends or pauses a session does so at its instant, or at the commit; tests of the regular look say often.
		Sync: time.Minute, Recheck: time.Minute,
	}
	for _, c := range change {
		c(&o)
	}
	w.register(length)
	if w.sup, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

// often is the regular look as it is without a setting.
func often(o *Options) { o.Recheck = 0 }

func (w *world) close() {
	if err := w.sup.Close(context.Background()); err != nil {
		w.t.Errorf("close supervisor: %v\n%s", err, testbed.Goroutines())
	}
	w.target.Close()
	w.serving.Wait()
	// The recorder's spare encoders hold channels of the bubble they were made in, and must not be lent to a test outside it: two
	// collections empty a sync.Pool.
	runtime.GC()
	runtime.GC()
	if err := w.db.Read(context.Background(), func(s *store.Snap) error { return s.VerifyLedger(nil, nil) }); err != nil {
		w.t.Errorf("ledger: %v", err)
	}
	if err := w.db.Close(); err != nil {
		w.t.Errorf("close store: %v", err)
	}
}

// connect is the dialer's way to the target.
func (w *world) connect(context.Context, string) (net.Conn, error) {
	if w.refuse != nil {
		return nil, w.refuse
	}
	a, b := testbed.Pipe()
	w.serving.Go(func() { w.target.ServeConn(b) })
	return a, nil
}

func (w *world) write(kind string, fn func(tx *store.Tx) error) {
	w.t.Helper()
	err := w.db.Write(context.Background(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// register sets up a section, vendor, system, target, account and a permitted window.
func (w *world) register(length time.Duration) {
	window := store.Window{Window: policy.Window{ID: "R8-0001-1", Request: "R8-0001", System: "hr", Start: w.start,
		End: w.start.Add(length), State: policy.WindowPermitted, Attendant: "U-001"}}
	w.write("test.registered", func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSection(store.Section{ID: "jinji", Name: "人事課", Phone: "内線1234"}),
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-001", Login: "reiji", Name: "例示", Qualified: true,
				ContractFrom: w.start.AddDate(-1, 0, 0), ContractUntil: w.start.AddDate(1, 0, 0)}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "U-001", Login: "tachiai", Kind: policy.Staff, Name: "職員B",
				Section: "jinji", Roles: []policy.Role{policy.Attendant}}}),
			tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji",
				Attendance: policy.AttendanceOnCall, Line: policy.LineNone, Idle: 15 * time.Minute}}),
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "target.test", Port: 22,
				HostKey: string(ssh.MarshalAuthorizedKey(w.target.HostKey))}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"},
				Credential: store.CredentialCertificate}),
			tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr",
				Vendor: "V-001", Requester: "U-001", Start: window.Start, End: window.End}),
			tx.AddWindow(window),
		)
	})
}

// engineer registers an engineer with a grant on the window.
func (w *world) engineer(limit int) policy.Person {
	w.t.Helper()
	w.serial++
	id := fmt.Sprintf("E-%04d", w.serial)
	p := policy.Person{ID: id, Login: strings.ToLower(id), Kind: policy.Engineer, Name: id, Vendor: "V-001", Lang: "en"}
	w.write("test.registered", func(tx *store.Tx) error {
		win, err := tx.Window("R8-0001-1")
		if err != nil {
			return err
		}
		if err := tx.PutPerson(store.Person{Person: p}); err != nil {
			return err
		}
		if _, err := tx.AddKey(store.Key{Person: id, Fingerprint: keyOf(p), Public: "a key of " + id}); err != nil {
			return err
		}
		return errors.Join(
			tx.AddPledge(store.Pledge{Person: id, FiledBy: "U-001", Pledge: policy.Pledge{
				Signed: w.start.AddDate(0, -1, 0), Until: w.start.AddDate(1, 0, 0)}}),
			tx.AddGrant(policy.Grant{ID: "R8-0001-1-" + id, Person: id, Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint",
				Window: win.Window, Request: "R8-0001", Files: cmp.Or(w.files, policy.FilesNone), State: policy.GrantActive, PersonLimit: limit}),
		)
	})
	return p
}

// keyOf is the fingerprint of the key that an engineer proves here.
func keyOf(p policy.Person) string { return "SHA256:" + p.ID }

// visit is one engineer's connection, admitted by a gate that only does the handshake.
type visit struct {
	w       *world
	id      string
	client  *ssh.Client
	conn    *testbed.PipeConn // the engineer's end
	hole    *hole             // the connection before it
	shells  []*ssh.Session    // the shells that shell opened
	over    chan error        // the error of Run
	endedAt time.Time         // valid after over was read
}

func (w *world) admit(p policy.Person) *visit {
	w.t.Helper()
	return w.admitAs(p, w.number())
}

// number allots a session's number.
func (w *world) number() (id string) {
	w.t.Helper()
	w.write("test.number", func(tx *store.Tx) (err error) {
		id, err = tx.NextSessionNo(tx.Now)
		return err
	})
	return id
}

func (w *world) admitAs(p policy.Person, id string) *visit {
	w.t.Helper()
	v := &visit{w: w, id: id, over: make(chan error, 1)}
	server, client := testbed.Pipe()
	v.conn, v.hole = client, &hole{Conn: client, gone: make(chan struct{})}
	admitted := make(chan error, 1)
	go func() {
		config := &ssh.ServerConfig{NoClientAuth: true}
		config.AddHostKey(w.ring.HostSigner())
		wired := wire.Wrap(server, wire.Options{})
		conn, chans, reqs, err := ssh.NewServerConn(wired, config)
		admitted <- err
		if err != nil {
			return
		}
		err = w.sup.Run(context.Background(), Admission{
			ID: v.id, Person: p, Fingerprint: keyOf(p), Source: netip.MustParseAddrPort("192.0.2.7:50022"),
			Attempt: policy.Attempt{Act: policy.ActConnect, Person: p.ID, Key: true, Print: keyOf(p), Factor: true, Consent: policy.ConsentGiven,
				Source: netip.MustParseAddr("192.0.2.7"), Target: "hr-db"},
			Factor: "code", FactorMark: w.db.FactorMark(), Lang: p.Lang, Notice: "1", ClientVersion: "SSH-2.0-test",
			Conn: conn, Chans: chans, Reqs: reqs, Wire: wired,
		})
		v.endedAt = time.Now()
		v.over <- err
	}()
	conn, chans, reqs, err := ssh.NewClientConn(v.hole, "gate", &ssh.ClientConfig{User: p.Login, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := <-admitted; err != nil {
		w.t.Fatal(err)
	}
	v.client = ssh.NewClient(conn, chans, reqs)
	return v
}

// screen is what the engineer sees.
type screen struct {
	mu    sync.Mutex // guards text
	text  strings.Builder
	grown chan struct{}
}

func newScreen() *screen { return &screen{grown: make(chan struct{}, 1)} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.text.Write(p)
	s.mu.Unlock()
	select {
	case s.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the screen shows what.
func (s *screen) await(t testing.TB, what string) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !strings.Contains(s.String(), what) {
		select {
		case <-s.grown:
		case <-limit.C:
			t.Fatalf("the screen never showed %q but:\n%s", what, s.String())
		}
	}
}

// shell opens a shell on a terminal.
func (v *visit) shell() (*ssh.Session, io.WriteCloser, *screen) {
	v.w.t.Helper()
	s, err := v.client.NewSession()
	if err != nil {
		v.w.t.Fatal(err)
	}
	out := newScreen()
	s.Stdout, s.Stderr = out, out
	in, err := s.StdinPipe()
	if err == nil {
		err = s.RequestPty("xterm", 24, 80, ssh.TerminalModes{})
	}
	if err == nil {
		err = s.Shell()
	}
	if err != nil {
		v.w.t.Fatal(err)
	}
	v.shells = append(v.shells, s)
	return s, in, out
}

// gone waits until the engineer's client is rid of the connection and has shown everything that came.
func (v *visit) gone() {
	v.client.Wait()
	for _, s := range v.shells {
		s.Wait() // the status, or that there was none, is what the screen tells too
	}
}

// run runs a command.
func (v *visit) run(command string) (stdout, stderr string, exit int) {
	v.w.t.Helper()
	s, err := v.client.NewSession()
	if err != nil {
		v.w.t.Fatal(err)
	}
	var out, problems strings.Builder
	s.Stdout, s.Stderr = &out, &problems
	var status *ssh.ExitError
	if err := s.Run(command); errors.As(err, &status) {
		exit = status.ExitStatus()
	} else if err != nil {
		v.w.t.Fatalf("run %q: %v (%s)", command, err, problems.String())
	}
	return out.String(), problems.String(), exit
}

// stored is the session's row and the payload of its last entry of the kind.
func (v *visit) stored(kind string) (store.Session, map[string]any) {
	v.w.t.Helper()
	var row store.Session
	var payload map[string]any
	err := v.w.db.Read(context.Background(), func(s *store.Snap) (err error) {
		if row, err = s.Session(v.id); err != nil {
			return err
		}
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if e.Kind == kind && len(e.Subjects) > 0 && e.Subjects[0] == v.id {
				if err := json.Unmarshal(e.Payload, &payload); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		v.w.t.Fatal(err)
	}
	return row, payload
}

// recorded verifies the sealed recording against the ledger and gives what it holds of stdout
// and stderr.
func (v *visit) recorded() string {
	v.w.t.Helper()
	row, payload := v.stored("session.ended")
	path := filepath.Join(v.w.dir, "recordings", filepath.FromSlash(row.Recording))
	report, err := recordings.Verify(path)
	if err != nil {
		v.w.t.Fatalf("recording %s: %v", path, err)
	}
	if got := payload["recording"].(map[string]any)["sha256"]; got != report.Digest.SHA256.String() {
		v.w.t.Fatalf("the ledger says %v, the recording is %s", got, report.Digest.SHA256)
	}
	return v.output(path)
}

// output reads stdout and stderr from a recording, as far as it reaches.
func (v *visit) output(path string) string {
	v.w.t.Helper()
	r, err := recordings.Open(path, v.w.ring.ViewingIdentity(), v.w.offline)
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer r.Close()
	var out strings.Builder
	for {
		f, err := r.Next()
		var torn *recordings.TruncatedError
		if err == io.EOF || errors.As(err, &torn) {
			return out.String()
		}
		if err != nil {
			v.w.t.Fatal(err)
		}
		if f.Stream == recordings.Stdout || f.Stream == recordings.Stderr {
			out.Write(f.Data)
		}
	}
}

// hole is a connection whose peer can vanish: no byte passes any more in either direction, and nothing is closed.
type hole struct {
	net.Conn
	vanished atomic.Bool
	once     sync.Once
	gone     chan struct{} // closed by Close
}

func (h *hole) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if h.vanished.Load() {
		<-h.gone
		return 0, net.ErrClosed
	}
	return n, err
}

func (h *hole) Write(p []byte) (int, error) {
	if h.vanished.Load() {
		return len(p), nil
	}
	return h.Conn.Write(p)
}

func (h *hole) Close() error {
	h.once.Do(func() { close(h.gone) })
	return h.Conn.Close()
}

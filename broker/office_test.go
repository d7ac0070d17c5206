package broker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// office is an institution around a broker: configuration, keys and data directory as `init`
// and `apply` leave them, a target, and a permitted window. start runs the broker in this process,
// spawn in one of its own.
type office struct {
	t       testing.TB
	dir     string
	file    string // of the configuration
	config  broker.Config
	ring    *keys.Ring
	offline *age.X25519Identity
	clock   *testbed.Clock
	disk    *testbed.Disk // faults for recordings of a broker in this process
	target  *testbed.Target
	end     time.Time // of the window
	people  int
	answer  time.Duration // broker.Options.Answer
	hash    registry.Cost // broker.Options.Hash
}

const (
	office1 = "R8-0001-1"       // the window's id
	token   = "attendant-token" // opens the API for the attendant
)

// cheap makes checking a password very cheap.
var cheap = registry.Cost{Passes: 1, MemoryKiB: 64, Lanes: 1}

// found makes an office. change may alter the configuration before anything is made from it.
func found(t testing.TB, length time.Duration, change ...func(*broker.Config)) *office {
	t.Helper()
	return foundAt(t, length, nil, change...)
}

// foundAt makes an office whose target calls connected for each connection.
func foundAt(t testing.TB, length time.Duration, connected func(*ssh.ServerConn), change ...func(*broker.Config)) *office {
	t.Helper()
	return foundWith(t, length, testbed.TargetOptions{Connected: connected}, change...)
}

// foundWith makes an office with such a target.
func foundWith(t testing.TB, length time.Duration, target testbed.TargetOptions, change ...func(*broker.Config)) *office {
	t.Helper()
	dir, err := os.MkdirTemp("", "office") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o := &office{
		t: t, dir: dir, file: filepath.Join(dir, "sekimori.yaml"), clock: testbed.NewClock(), disk: testbed.NewDisk(), hash: cheap,
		target: testbed.StartTarget(t, target),
	}
	if o.offline, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	c := broker.DefaultConfig()
	c.SSHListen, c.Recordings.MinFreeSpace, c.RecheckInterval = "127.0.0.1:0", 1<<20, broker.Duration(time.Second)
	c.Gate.Connections = 10_000 // tests of many have few people
	c.Recipients.Input = []broker.Recipient{broker.Recipient(o.offline.Recipient().String())}
	for _, fn := range change {
		fn(&c)
	}
	var text bytes.Buffer
	if err := c.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if o.config, err = broker.LoadConfig(o.file); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{o.config.DataDir, filepath.Dir(o.config.MasterKeyFile)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	master, err := keys.CreateMaster(o.config.MasterKeyFile)
	if err == nil {
		o.ring, err = keys.Create(o.config.KeysDir(), master, o.config.Ledger.Origin)
	}
	if err != nil {
		t.Fatal(err)
	}
	o.register(length)
	return o
}

// register stores the results of apply, approval and permission.
func (o *office) register(length time.Duration) {
	now := o.clock.Now()
	o.end = now.Add(length).Truncate(time.Millisecond)
	host, port, err := net.SplitHostPort(o.target.Addr)
	if err != nil {
		o.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		o.t.Fatal(err)
	}
	window := store.Window{Window: policy.Window{ID: office1, Request: "R8-0001", System: "hr", Start: now.Add(-time.Minute),
		End: o.end, State: policy.WindowPermitted, Attendant: "U-001"}}
	o.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSection(store.Section{ID: "jinji", Name: "人事課", Phone: "内線1234"}),
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-001", Login: "reiji", Name: "例示", Qualified: true,
				ContractFrom: now.AddDate(-1, 0, 0), ContractUntil: now.AddDate(1, 0, 0)}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "U-001", Login: "tachiai", Kind: policy.Staff, Name: "職員B",
				Section: "jinji", Roles: []policy.Role{policy.Attendant}}}),
			tx.AddToken(store.Token{Hash: store.HashToken(token), Person: "U-001", Created: now, Expires: now.Add(8 * time.Hour)}),
			tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji",
				Attendance: policy.AttendanceOnCall, Line: policy.LineNone, Idle: time.Hour}}),
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: host, Port: n,
				HostKey: string(ssh.MarshalAuthorizedKey(o.target.HostKey))}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"},
				Credential: store.CredentialCertificate}),
			tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr",
				Vendor: "V-001", Requester: "U-001", Start: window.Start, End: window.End}),
			tx.AddWindow(window),
		)
	})
}

// with opens the store as the broker does, even beside a running broker: SQLite admits one
// writer at a time. Tests use it to look, and for acts that have no door yet.
func (o *office) with(fn func(db *store.DB) error) {
	o.t.Helper()
	db, err := store.Open(context.Background(), o.config.DatabaseFile(), store.Options{
		Clock: o.clock.Now, Signer: o.ring.LedgerSigner(), Verifier: o.ring.LedgerVerifier(), Origin: o.config.Ledger.Origin, Told: notify.Tells, Zone: o.config.Location(),
		Uncatalogued: testbed.Catalogued(o.t),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := errors.Join(fn(db), db.Close()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) write(fn func(tx *store.Tx) error) {
	o.t.Helper()
	o.with(func(db *store.DB) error {
		return db.Write(context.Background(), func(tx *store.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return err
		})
	})
}

func (o *office) read(fn func(s *store.Snap) error) {
	o.t.Helper()
	o.with(func(db *store.DB) error { return db.Read(context.Background(), fn) })
}

// endsAt moves the window's end; a running broker notices within its recheck.
func (o *office) endsAt(end time.Time) {
	o.t.Helper()
	o.end = end.Truncate(time.Millisecond)
	o.write(func(tx *store.Tx) error {
		w, err := tx.Window(office1)
		if err != nil {
			return err
		}
		w.End = o.end
		return tx.UpdateWindow(w)
	})
}

// running is a broker in this process.
type running struct {
	*broker.Broker
	o    *office
	addr string
	once bool
}

// start starts a broker in this process. The test closes it, or its end does.
func (o *office) start() *running {
	o.t.Helper()
	b, err := o.tryStart()
	if err != nil {
		o.t.Fatal(err)
	}
	r := &running{Broker: b, o: o, addr: b.SSHAddr().String()}
	o.t.Cleanup(r.close)
	return r
}

// catalogued fails the test when its broker logs an entry outside the catalogue of kinds. The rest of the log is dropped.
type catalogued struct{ t testing.TB }

func (c catalogued) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("entry_not_in_catalogue")) {
		c.t.Errorf("%s", line)
	}
	return len(line), nil
}

func (o *office) tryStart() (*broker.Broker, error) {
	log := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: catalogued{o.t}})
	if testing.Verbose() && os.Getenv("SEKIMORI_TEST_LOG") != "" {
		log = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug})
	}
	return broker.Start(context.Background(), o.config, broker.Options{Clock: o.clock.Now, Hash: o.hash, FS: o.disk, Log: log, Answer: o.answer})
}

func (r *running) close() {
	if r.once {
		return
	}
	r.once = true
	if err := r.Close(context.Background()); err != nil {
		r.o.t.Errorf("close broker: %v\n%s", err, testbed.Goroutines())
	}
}

// engineer is a person with a key and a grant, whose second factor is remembered for this machine.
type engineer struct {
	o         *office
	id, login string
	signer    ssh.Signer
	file      string // the private key, for OpenSSH
}

// engineers registers n people.
func (o *office) engineers(n int) []*engineer {
	o.t.Helper()
	var out []*engineer
	for range n {
		o.people++
		e := &engineer{o: o, id: fmt.Sprintf("E-%04d", o.people), login: fmt.Sprintf("e%04d", o.people)}
		e.file = filepath.Join(o.dir, e.login)
		testbed.WriteKey(o.t, e.file)
		b, err := os.ReadFile(e.file)
		if err == nil {
			e.signer, err = ssh.ParsePrivateKey(b)
		}
		if err != nil {
			o.t.Fatal(err)
		}
		out = append(out, e)
	}
	o.write(func(tx *store.Tx) error {
		w, err := tx.Window(office1)
		if err != nil {
			return err
		}
		for _, e := range out {
			fingerprint := ssh.FingerprintSHA256(e.signer.PublicKey())
			// The key refers to the person: people first.
			if err := tx.PutPerson(store.Person{Person: policy.Person{ID: e.id, Login: e.login, Kind: policy.Engineer,
				Name: e.id, Vendor: "V-001", Lang: "en"}}); err != nil {
				return err
			}
			_, err := tx.AddKey(store.Key{Person: e.id, Fingerprint: fingerprint, Public: string(ssh.MarshalAuthorizedKey(e.signer.PublicKey()))})
			err = errors.Join(err,
				tx.AddPledge(store.Pledge{Person: e.id, FiledBy: "U-001", Pledge: policy.Pledge{
					Signed: tx.Now.AddDate(0, -1, 0), Until: tx.Now.AddDate(1, 0, 0)}}),
				tx.AddGrant(policy.Grant{ID: office1 + "-" + e.id, Person: e.id, Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint",
					Window: w.Window, Request: "R8-0001", Files: policy.FilesAllowed, State: policy.GrantActive, PersonLimit: 10_000}),
				tx.RememberFactor(store.Remembered{Person: e.id, Fingerprint: fingerprint, Source: netip.MustParseAddr("127.0.0.1"),
					Window: office1, Notice: strconv.Itoa(o.config.Notice.Version)}),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// client is one connection of an engineer.
type client struct {
	*ssh.Client
	wire *stallable
	gone chan struct{} // closed when the connection is over
	at   time.Time     // when it was over; valid after gone
}

// whileOpen runs a call of the library that opens a channel, and tells whether it has returned. Such a call never returns if the connection dies
// at the wrong moment: it is given up some seconds after the connection's end.
func (c *client) whileOpen(do func()) (returned bool) {
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
		return true
	case <-c.gone:
	}
	select { // an answer that came before the end counts
	case <-done:
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// OpenChannel is the library's, but always returns.
func (c *client) OpenChannel(kind string, payload []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	var ch ssh.Channel
	var reqs <-chan *ssh.Request
	var err error
	if !c.whileOpen(func() { ch, reqs, err = c.Client.OpenChannel(kind, payload) }) {
		return nil, nil, net.ErrClosed
	}
	return ch, reqs, err
}

// NewSession is the library's, but always returns.
func (c *client) NewSession() (*ssh.Session, error) {
	var s *ssh.Session
	var err error
	if !c.whileOpen(func() { s, err = c.Client.NewSession() }) {
		return nil, net.ErrClosed
	}
	return s, err
}

// dial logs in. The engineer has no code to give: the factor is remembered, and a denial
// asks for none.
func (e *engineer) dial(addr string) (*client, error) {
	nc, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	wire := &stallable{Conn: nc, closed: make(chan struct{})}
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	conn, chans, reqs, err := ssh.NewClientConn(wire, addr, &ssh.ClientConfig{
		User: e.login + "+hr-db", HostKeyCallback: ssh.FixedHostKey(e.o.ring.HostSigner().PublicKey()),
		Auth: []ssh.AuthMethod{ssh.PublicKeys(e.signer), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				if len(questions) > 0 {
					return nil, fmt.Errorf("asked %q", questions)
				}
				return nil, nil
			})},
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	c := &client{Client: ssh.NewClient(conn, chans, reqs), wire: wire, gone: make(chan struct{})}
	go func() {
		defer close(c.gone)
		_ = c.Wait() // its error tells how the connection ended; only the time counts here
		c.at = time.Now()
	}()
	return c, nil
}

func (e *engineer) mustDial(addr string) *client {
	e.o.t.Helper()
	c, err := e.dial(addr)
	if err != nil {
		e.o.t.Fatalf("login of %s: %v", e.id, err)
	}
	e.o.t.Cleanup(func() { c.Close(); <-c.gone })
	return c
}

// run runs a command to its end.
func (c *client) run(command string) (stdout, stderr string, exit int, err error) {
	s, err := c.NewSession()
	if err != nil {
		return "", "", 0, err
	}
	defer s.Close()
	var out, problems bytes.Buffer
	s.Stdout, s.Stderr = &out, &problems
	var status *ssh.ExitError
	if err = s.Run(command); errors.As(err, &status) {
		exit, err = status.ExitStatus(), nil
	}
	return out.String(), problems.String(), exit, err
}

// sessions lists the sessions of a person, newest first; an empty one means all.
func (o *office) sessions(person string) []store.Session {
	o.t.Helper()
	var out []store.Session
	o.read(func(s *store.Snap) (err error) {
		out, err = s.Sessions(store.SessionFilter{Person: person, Limit: 100_000})
		return err
	})
	return out
}

// ended gives the ledger's ends of sessions, by session; two ends of one are an error.
func (o *office) ended() map[string]endedEntry {
	o.t.Helper()
	out := map[string]endedEntry{}
	o.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "session.ended"}) {
			if err != nil {
				return err
			}
			var p endedEntry
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				return err
			}
			if _, twice := out[p.Session]; twice {
				return fmt.Errorf("session %s ended twice in the ledger", p.Session)
			}
			out[p.Session] = p
		}
		return nil
	})
	return out
}

type endedEntry struct {
	Session   string `json:"session_id"`
	Cause     string `json:"end_cause"`
	Number    int    `json:"number"`
	Recording *struct {
		SHA256 string `json:"sha256"`
		File   string `json:"file"`
	} `json:"recording"`
}

// verifyLedger verifies the whole ledger, and that it continues the published checkpoint.
func (o *office) verifyLedger() {
	o.t.Helper()
	latest, err := os.ReadFile(filepath.Join(o.config.Ledger.CheckpointDir, "latest"))
	if err != nil {
		o.t.Fatal(err)
	}
	o.read(func(s *store.Snap) error { return s.VerifyLedger(latest, nil) })
}

// sealed checks that a session ended for the reason, in its row and in the ledger, and that its
// recording is whole and the one that the ledger names. It returns the recorded output.
func (o *office) sealed(row store.Session, ended endedEntry, want policy.Reason) []byte {
	o.t.Helper()
	if row.State != store.SessionEnded || row.Reason != want || ended.Cause != string(want) || ended.Number != want.Number() {
		o.t.Errorf("session %s is %s, %s; the ledger says %s (%d); want %s", row.ID, row.State, row.Reason, ended.Cause, ended.Number, want)
	}
	path := filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording))
	report, err := recordings.Verify(path)
	if err != nil {
		o.t.Fatalf("recording of %s: %v", row.ID, err)
	}
	if ended.Recording == nil || ended.Recording.SHA256 != report.Digest.SHA256.String() {
		o.t.Errorf("session %s: the ledger names %v, the recording is %s", row.ID, ended.Recording, report.Digest.SHA256)
	}
	return o.recorded(row)
}

// recorded is a session's output, as far as the recording goes.
func (o *office) recorded(row store.Session) []byte {
	o.t.Helper()
	r, err := recordings.Open(filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording)), o.ring.ViewingIdentity())
	if err != nil {
		o.t.Fatal(err)
	}
	defer r.Close()
	var out []byte
	for {
		f, err := r.Next()
		if err != nil {
			return out // its end, or where it was torn: the caller notices missing output
		}
		if f.Stream == recordings.Stdout {
			out = append(out, f.Data...)
		}
	}
}

// post calls the API as the attendant.
func post[T any](o *office, path api.Path[T], body any) T {
	o.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", o.config.Socket)
	}}
	defer transport.CloseIdleConnections()
	v, err := api.Post(o.t.Context(), api.NewClient(transport, "http://sekimori", token, "ja"), path, body)
	if err != nil {
		o.t.Fatalf("POST %s: %v", path, err)
	}
	return v
}

// numbered is the form of a reason in the text for the engineer.
func numbered(r policy.Reason) string { return fmt.Sprintf("[%d]", r.Number()) }

// byMachine is the machine's time at which the broker's clock shows t.
func (o *office) byMachine(t time.Time) time.Time { return t.Add(-o.clock.Ahead()) }

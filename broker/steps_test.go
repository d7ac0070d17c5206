package broker_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
	"sekimori/recordings"
)

// sabotage makes the database itself refuse entries of a kind, as a failing disk would at
// that moment; mend undoes it.
func (o *office) sabotage(kind string) (mend func()) {
	o.t.Helper()
	o.sql(fmt.Sprintf(`CREATE TRIGGER sabotage BEFORE INSERT ON ledger_entries WHEN NEW.kind = '%s' BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END`, kind))
	return func() { o.sql(`DROP TRIGGER sabotage`) }
}

func (o *office) sql(statement string) {
	o.t.Helper()
	db, err := sql.Open("sqlite", "file:"+o.config.DatabaseFile()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		o.t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		o.t.Fatal(err)
	}
}

// stateBeside reads the state of a person's session without the store, which refuses to open a sabotaged database.
func (o *office) stateBeside(person string) (state store.SessionState) {
	o.t.Helper()
	db, err := sql.Open("sqlite", "file:"+o.config.DatabaseFile()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		o.t.Fatal(err)
	}
	err = db.QueryRow(`SELECT state FROM sessions WHERE person = ?`, person).Scan(&state)
	if err := errors.Join(err, db.Close()); err != nil {
		o.t.Fatal(err)
	}
	return state
}

// retarget changes the registry's row of the target.
func (o *office) retarget(change func(*store.Target)) (mend func()) {
	o.t.Helper()
	var was store.Target
	o.write(func(tx *store.Tx) (err error) {
		if was, err = tx.Target("hr-db"); err != nil {
			return err
		}
		is := was
		change(&is)
		return tx.PutTarget(is)
	})
	return func() { o.write(func(tx *store.Tx) error { return tx.PutTarget(was) }) }
}

// step is a fault at one step of a session's life.
type step struct {
	name string
	// spoil makes the fault: before the login, or, where during is set, in the middle of output.
	spoil  func(o *office) (mend func())
	during bool
	want   policy.Reason // the reason told to the engineer and stored; empty: not admitted at all
	owed   bool          // the end reaches the ledger only after the fault is mended
}

func steps(t testing.TB) []step {
	disk := func(spoil func(d *testbed.Disk), mend func(d *testbed.Disk)) func(o *office) func() {
		return func(o *office) func() {
			spoil(o.disk)
			return func() { mend(o.disk) }
		}
	}
	write := func(err error, after int64) func(o *office) func() {
		return disk(func(d *testbed.Disk) { d.Fail(err, after) }, func(d *testbed.Disk) { d.Fail(nil, 0) })
	}
	entry := func(kind string) func(o *office) func() {
		return func(o *office) func() { return o.sabotage(kind) }
	}
	return []step{
		{name: "the attempt cannot be written", spoil: entry("session.attempted")},
		{name: "the opening cannot be written", spoil: entry("session.opening"), want: policy.RecordingUnavailable},
		{name: "the recording cannot be created", want: policy.RecordingUnavailable,
			spoil: disk(func(d *testbed.Disk) { d.FailOpen(syscall.EROFS) }, func(d *testbed.Disk) { d.FailOpen(nil) })},
		{name: "the recording's header finds no room", want: policy.RecordingUnavailable, spoil: write(syscall.ENOSPC, 0)},
		{name: "the recording's header is cut short", want: policy.RecordingUnavailable, spoil: write(syscall.EIO, 100)},
		{name: "the target is down", want: policy.TargetUnreachable, spoil: func(o *office) func() {
			port := testrun.ClosedPort(t)
			return o.retarget(func(target *store.Target) { target.Port = port })
		}},
		{name: "the target shows another host key", want: policy.TargetKeyChanged, spoil: func(o *office) func() {
			return o.retarget(func(target *store.Target) {
				target.HostKey = string(ssh.MarshalAuthorizedKey(testbed.NewSigner(t).PublicKey()))
			})
		}},
		{name: "the registered host key does not parse", want: policy.TargetUnreachable, spoil: func(o *office) func() {
			return o.retarget(func(target *store.Target) { target.HostKey = "ssh-ed25519 AAAA" })
		}},
		{name: "the start cannot be written", want: policy.RecordingFailed, spoil: entry("session.started")},
		{name: "the disk fails during output", during: true, want: policy.RecordingFailed, spoil: write(syscall.EIO, 1000)},
		{name: "the quota is used up during output", during: true, want: policy.RecordingFailed, spoil: write(syscall.EDQUOT, 10)},
		{name: "the disk becomes read-only during output", during: true, want: policy.RecordingFailed, spoil: write(syscall.EROFS, 0)},
		{name: "syncing fails during output", during: true, want: policy.RecordingFailed,
			spoil: disk(func(d *testbed.Disk) { d.FailSync(syscall.EIO) }, func(d *testbed.Disk) { d.FailSync(nil) })},
		{name: "the target goes away during output", during: true, want: policy.TargetLost, spoil: func(o *office) func() {
			o.target.Break()
			return func() {}
		}},
		{name: "the end cannot be written", during: true, want: policy.TargetLost, owed: true, spoil: func(o *office) func() {
			mend := o.sabotage("session.ended")
			o.target.Break()
			return mend
		}},
	}
}

// TestFaultAtEveryStep lets each step of a session's life fail in turn, in one broker that stays
// up. Nothing hangs, no unrecorded byte is relayed, the session has exactly one end in
// the store and the ledger, and the next session works.
func TestFaultAtEveryStep(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	b := o.start()
	people := o.engineers(len(steps(t)))
	for i, c := range steps(t) {
		t.Run(c.name, func(t *testing.T) {
			o.t = t
			e := people[i]
			got, told := c.suffer(o, e, b.addr)
			if c.want != "" && !strings.Contains(told, numbered(c.want)) {
				t.Errorf("the engineer was told %q; want %s", told, c.want)
			}
			o.oneEnd(e, c.want, got)
			if out, said, _, err := e.mustDial(b.addr).run("print well"); out != "well" || err != nil {
				t.Errorf("afterwards: %q, %q, %v", out, said, err)
			}
		})
	}
	o.t = t
	b.close()
	for _, row := range o.sessions("") {
		if row.State.Live() {
			t.Errorf("session %s is left %s", row.ID, row.State)
		}
	}
	o.verifyLedger()
}

// suffer meets the fault and returns the received output and messages. The fault is mended.
func (c step) suffer(o *office, e *engineer, addr string) (got []byte, told string) {
	o.t.Helper()
	if !c.during {
		mend := c.spoil(o)
		defer mend()
		v, err := e.dial(addr)
		if c.want == "" {
			if err == nil {
				o.t.Error("let in")
			}
			return nil, ""
		}
		if err != nil {
			o.t.Fatalf("login: %v", err)
		}
		defer func() { v.Close(); <-v.gone }()
		return listen(o.t, v)
	}
	v := e.mustDial(addr)
	s := v.mustStream(o.t, "beat")
	s.await(10_000)
	o.awaitActive(e.id)
	began := time.Now()
	mend := c.spoil(o)
	<-s.over
	<-v.gone
	// A lost target may take two seconds to be drained; a failed recording ends things at once
	// when it is noticed: syncs are a second apart.
	if took := time.Since(began); took > 10*time.Second*slowness {
		o.t.Errorf("it took %s", took)
	}
	if c.owed {
		if state := o.stateBeside(e.id); !state.Live() {
			o.t.Errorf("the end could not be written, and the session is %s", state)
		}
	}
	mend()
	return s.bytes(), s.problems.String()
}

// listen asks for a command on a channel and reads all that comes, even where the request is
// never answered.
func listen(t testing.TB, v *client) (got []byte, told string) {
	t.Helper()
	ch, reqs, err := v.OpenChannel("session", nil)
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		return nil, refused.Message
	}
	if err != nil {
		t.Fatalf("channel: %v", err)
	}
	go ssh.DiscardRequests(reqs) // ends with the channel
	said := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(ch.Stderr()) // until the channel ends, however it does
		said <- string(b)
	}()
	go ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"beat"}))
	got, _ = io.ReadAll(ch)
	return got, <-said
}

// oneEnd checks the store, the ledger and the disk for the person's one session.
func (o *office) oneEnd(e *engineer, want policy.Reason, got []byte) {
	o.t.Helper()
	if want == "" {
		if rows := o.sessions(e.id); len(rows) != 0 {
			o.t.Errorf("an attempt that could not be written left %+v", rows)
		}
		return
	}
	var ends int
	o.read(func(s *store.Snap) error {
		for entry, err := range s.Entries(store.EntryFilter{Subject: e.id, Kind: "session.*"}) {
			if err != nil {
				return err
			}
			if entry.Kind == "session.opening" {
				ends++
			}
		}
		return nil
	})
	if ends == 0 { // never opened: then no row may say that it was
		if rows := o.sessions(e.id); len(rows) != 0 && rows[0].State != store.SessionRefused {
			o.t.Errorf("never opened, and stored as %s", rows[0].State)
		}
		if len(got) != 0 {
			o.t.Errorf("%d bytes came through a session that was never opened", len(got))
		}
		return
	}
	row := o.awaitEnd(e.id)
	ended, ok := o.ended()[row.ID] // fails on two ends of one session
	if !ok || row.Reason != want || ended.Number != want.Number() {
		o.t.Errorf("ended as %s, the ledger says %+v (%v); want %s", row.Reason, ended, ok, want)
	}
	path := filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording))
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if len(got) != 0 || ended.Recording != nil {
			o.t.Errorf("no recording; %d bytes came through, the ledger names %+v", len(got), ended.Recording)
		}
		return
	}
	if recorded := o.recorded(row); !bytes.HasPrefix(recorded, got) {
		o.t.Errorf("%d bytes were relayed, the recording of %d does not begin with them", len(got), len(recorded))
	}
	report, err := recordings.Verify(path)
	switch {
	case err != nil && want != policy.RecordingFailed && want != policy.RecordingUnavailable:
		o.t.Errorf("recording: %v", err)
	case err == nil && (ended.Recording == nil || ended.Recording.SHA256 != report.Digest.SHA256.String()):
		o.t.Errorf("the ledger names %+v, the recording is %s", ended.Recording, report.Digest.SHA256)
	}
}

package session

import (
	"context"
	"database/sql"
	"io/fs"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/dial"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// TestCutWhileTheTargetIsDialledKeepsItsName: a freeze that breaks off the dialling is no
// unreachable target.
func TestCutWhileTheTargetIsDialledKeepsItsName(t *testing.T) {
	dialling := make(chan struct{})
	w := newWorld(t, time.Hour, func(o *Options) {
		o.Dialer = &dial.Dialer{Connect: func(ctx context.Context, _ string) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			return nil, ctx.Err()
		}}
	})
	v := w.admit(w.engineer(0))
	told := make(chan string, 1)
	go func() {
		s, err := v.client.NewSession()
		if err != nil {
			told <- err.Error()
			return
		}
		out, _ := s.CombinedOutput("print never") // the status is the refusal's
		told <- string(out)
	}()
	<-dialling
	w.write("test.frozen", func(tx *store.Tx) error {
		return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "test"})
	})
	if seen := <-told; !strings.Contains(seen, "[205]") {
		t.Errorf("the engineer was told %q", seen)
	}
	<-v.over
	if row, _ := v.stored("session.ended"); row.Reason != policy.CutByFreeze {
		t.Errorf("ended as %s", row.Reason)
	}
}

// TestEndRightAfterTheOpening: the attendant's end is told to the supervisor once it is committed. It may find a session whose own opening was
// committed just before, without a recording or a target yet, or one that is under the supervisor's eyes and not committed yet: each ends in
// the attendant's name.
func TestEndRightAfterTheOpening(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour, func(o *Options) {
		o.Dialer = &dial.Dialer{Connect: func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done() // a session that is not ended waits here, and shows as hanging
			return nil, ctx.Err()
		}}
	})
	for range 10 {
		p := w.engineer(9)
		id := w.number()
		told := make(chan struct{})
		go func() {
			defer close(told)
			limit := time.Now().Add(30 * time.Second)
			for len(w.sup.Live()) == 0 && time.Now().Before(limit) { // it is put there before its opening is committed
				runtime.Gosched()
			}
			w.sup.EndWindow("R8-0001-1", policy.CutByAttendant, attendant, "予定外")
		}()
		v := w.admitAs(p, id)
		_, problems, exit := v.run("print never")
		<-told
		<-v.over
		if exit != policy.ExitStopped || !strings.Contains(problems, "[203]") {
			t.Errorf("exit %d: %s", exit, problems)
		}
		row, payload := v.stored("session.ended")
		if row.State != store.SessionEnded || row.Reason != policy.CutByAttendant || row.By != "U-001" || payload["note"] != "予定外" {
			t.Errorf("stored as %s, %s by %q: %v", row.State, row.Reason, row.By, payload)
		}
		if got := v.kinds(); !slices.Equal(got, []string{"opening person " + p.ID, "ended person U-001"}) {
			t.Errorf("the ledger tells %v", got)
		}
	}
}

// TestLineThatChangesRightAfterTheOpening: the watch over the lines tells of a change at any time. It may find a session at which the
// supervisor has not looked yet: that session is judged on the facts of its opening, and goes on where they allow it.
func TestLineThatChangesRightAfterTheOpening(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour)
	for range 20 {
		told := make(chan struct{})
		go func() {
			defer close(told)
			limit := time.Now().Add(30 * time.Second)
			for len(w.sup.Live()) == 0 && time.Now().Before(limit) {
				runtime.Gosched()
			}
			w.sup.LineChanged("hr")
		}()
		v := w.admit(w.engineer(9))
		out, problems, exit := v.run("print figures")
		<-told
		if out != "figures" || exit != 0 {
			t.Fatalf("%q, exit %d: %s", out, exit, problems)
		}
		v.client.Close()
		<-v.over
	}
}

// TestStopWhileASessionOpensEndsItToo: the supervisor goes through its sessions once; one whose
// opening is just being written must not escape.
func TestStopWhileASessionOpensEndsItToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		p := w.engineer(0)
		id := w.number()
		release, held := make(chan struct{}), make(chan struct{})
		writing := make(chan error, 1)
		go func() {
			writing <- w.db.Write(context.Background(), func(*store.Tx) error {
				close(held)
				<-release
				return nil
			})
		}()
		<-held
		v := w.admitAs(p, id)
		synctest.Wait() // the opening waits for its turn to write
		stopped := make(chan error, 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		go func() { stopped <- w.sup.Close(ctx) }()
		synctest.Wait()
		close(release)
		if err := <-writing; err != nil {
			t.Fatal(err)
		}
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		<-v.over
		if row, _ := v.stored("session.ended"); row.Reason != policy.BrokerStopped {
			t.Errorf("ended as %q", row.Reason)
		}
	})
}

// TestAttemptAtAStoppedBrokerIsLedgered: turned away, and written down.
func TestAttemptAtAStoppedBrokerIsLedgered(t *testing.T) {
	w := newWorld(t, time.Hour)
	p := w.engineer(0)
	if err := w.sup.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	v := w.admit(p)
	_, problems, exit := v.run("print never")
	if exit != policy.BrokerStopped.Exit() || !strings.Contains(problems, "[216]") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	<-v.over
	if row, payload := v.stored("session.refused"); row.Reason != policy.BrokerStopped || payload["session_id"] != v.id {
		t.Errorf("refused as %q: %v", row.Reason, payload)
	}
}

// TestOnePersonsBrokenRowEndsNobodyElsesSession: an unreadable row denies, but only for its own person.
func TestOnePersonsBrokenRowEndsNobodyElsesSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		broken := w.admit(w.engineer(9))
		_, _, first := broken.shell()
		first.await(t, "Started")
		var others []*visit
		for range 5 {
			v := w.admit(w.engineer(9))
			_, _, s := v.shell()
			s.await(t, "Started")
			others = append(others, v)
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "sekimori.db")+"?_pragma=busy_timeout(10000)") // the broker writes too
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var body string
		if err := db.QueryRow(`SELECT body FROM persons WHERE id = 'E-0001'`).Scan(&body); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`UPDATE persons SET body = '[]' WHERE id = 'E-0001'`); err != nil {
			t.Fatal(err)
		}
		<-broken.over
		if row, _ := broken.stored("session.ended"); row.Reason != policy.Locked {
			t.Errorf("ended as %s", row.Reason)
		}
		if live := w.sup.Live(); len(live) != len(others) {
			t.Errorf("%d of %d others go on", len(live), len(others))
		}
		for _, v := range others {
			v.client.Close()
			<-v.over
		}
		// The edit is taken back: verifying the ledger at the end of the test would name it.
		if _, err := db.Exec(`UPDATE persons SET body = ? WHERE id = 'E-0001'`, body); err != nil {
			t.Fatal(err)
		}
	})
}

// stuckLog is a log that never takes a line, from any writer.
type stuckLog struct {
	hclog.Logger
	line    string
	stuck   chan struct{} // closed when a writer waits
	release chan struct{}
}

func (l *stuckLog) With(...any) hclog.Logger { return l }

func (l *stuckLog) Info(line string, _ ...any) {
	if line == l.line {
		close(l.stuck)
		<-l.release
	}
}

// TestStuckRelayKeepsNoEndFromTheLedger: a goroutine of the relay that never ends is a fault of ours. The session's end is sealed and
// ledgered all the same, and the broker stops.
func TestStuckRelayKeepsNoEndFromTheLedger(t *testing.T) {
	t.Parallel()
	log := &stuckLog{Logger: hclog.NewNullLogger(), line: "feature_refused", stuck: make(chan struct{}), release: make(chan struct{})}
	w := newWorld(t, time.Hour, func(o *Options) { o.Log = log })
	v := w.admit(w.engineer(0))
	go v.client.Dial("tcp", "127.0.0.1:1") // refused, and never answered
	<-log.stuck
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	begun := time.Now()
	if err := w.sup.Close(ctx); err != nil {
		t.Errorf("stop after %s: %v", time.Since(begun), err)
	}
	if row, payload := v.stored("session.ended"); row.State != store.SessionEnded || row.Reason != policy.BrokerStopped || payload["recording"] == nil {
		t.Errorf("stored as %s, %s: %v", row.State, row.Reason, payload)
	}
	close(log.release)
	<-v.over
}

// TestStopReturnsThoughASessionDoesNotEnd: a disk that never answers must not hold up the stop, and the kept entries of other sessions
// are written first.
func TestStopReturnsThoughASessionDoesNotEnd(t *testing.T) {
	t.Parallel()
	disk := &stuckDisk{FS: recordings.OS(), release: make(chan struct{})}
	w := newWorld(t, time.Hour, func(o *Options) { o.FS = disk })
	v := w.admit(w.engineer(0))
	_, _, screen := v.shell()
	screen.await(t, "Started")
	disk.sync.Store(true)
	paid := false
	w.sup.mu.Lock()
	w.sup.pendingEnds["another"] = pendingEnd{write: func(ctx context.Context) error { paid = ctx.Err() == nil; return ctx.Err() }}
	w.sup.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	begun := time.Now()
	err := w.sup.Close(ctx)
	if want := "session " + v.id + ", step: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the stop says %v; want %q in it", err, want)
	}
	if took := time.Since(begun); took > time.Second+2*lastWrites+5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if !paid {
		t.Error("what was owed was not written")
	}
	close(disk.release)
	<-v.over
}

// panicking is a file system with a fault of the worst kind.
type panicking struct{ recordings.FS }

func (p panicking) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	if filepath.Base(name) == ".probe" { // of the admission before
		return p.FS.OpenFile(name, flag, perm)
	}
	panic("fault injected")
}

// TestPanicEndsOneSessionAndNotTheBroker: sealed and ledgered like any other end.
func TestPanicEndsOneSessionAndNotTheBroker(t *testing.T) {
	w := newWorld(t, time.Hour, func(o *Options) { o.FS = panicking{o.FS} })
	v := w.admit(w.engineer(0))
	_, problems, exit := v.run("print never")
	if exit != policy.BrokerCrashed.Exit() || !strings.Contains(problems, "[213]") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	<-v.over
	if row, _ := v.stored("session.ended"); row.State != store.SessionEnded || row.Reason != policy.BrokerCrashed {
		t.Errorf("stored as %s, %s", row.State, row.Reason)
	}
}

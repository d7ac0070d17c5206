package broker_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A planned stop with people at work: each is told, each session is sealed and ledgered, and
// the next start finds nothing to repair.
func TestStopWithLiveSessions(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	b := o.start()
	people := o.engineers(8)
	var streams []*stream
	for _, e := range people {
		st := e.mustDial(b.addr).mustStream(t, "beat")
		st.await(10_000)
		streams = append(streams, st)
	}
	began := time.Now()
	b.close()
	if took := time.Since(began); took > 10*time.Second*slowness { // no step came to its bound
		t.Errorf("the stop took %s", took)
	}
	ended := o.ended()
	for i, e := range people {
		<-streams[i].over
		row := o.sessions(e.id)[0]
		recorded := o.sealed(row, ended[row.ID], policy.BrokerStopped)
		if got := streams[i].bytes(); !bytes.HasPrefix(recorded, got) {
			t.Errorf("%s: received %d bytes that the recording of %d does not begin with", e.id, len(got), len(recorded))
		}
		if !strings.Contains(streams[i].problems.String(), "[216]") {
			t.Errorf("%s was told %q", e.id, streams[i].problems.String())
		}
	}
	o.verifyLedger()
	again := o.start()
	if left := again.EndedAfterCrash(); len(left) != 0 {
		t.Errorf("after a planned stop the next start ended %v", left)
	}
	if out, problems, exit, err := people[0].mustDial(again.addr).run("print back"); out != "back" || exit != 0 || err != nil {
		t.Errorf("after the restart: %q, %q, %d, %v", out, problems, exit, err)
	}
}

func TestSecondServeOnTheSameDirectory(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	b := o.start()
	e := o.engineers(1)[0]
	if second, err := o.tryStart(); !errors.Is(err, store.ErrInUse) {
		second.Close(context.Background())
		t.Errorf("a second start: %v", err)
	} else if !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("the error does not name who holds the directory: %v", err)
	}
	if out, problems, _, err := e.mustDial(b.addr).run("print unharmed"); out != "unharmed" || err != nil {
		t.Errorf("the first broker: %q, %q, %v", out, problems, err)
	}
	post(o, api.Freezes.New(), api.FreezeBody{Scope: "all", Reason: "the socket still is the first one's"})
}

// TestCheckTakesAndWritesNothing: a check beside a starting broker neither obstructs it nor reports an error about it, and the
// database is unchanged afterwards.
func TestCheckTakesAndWritesNothing(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	o.start().close()
	starting, err := store.LockDir(o.config.DataDir) // the socket does not answer yet
	if err != nil {
		t.Fatal(err)
	}
	defer starting()
	before := readFile(t, o.config.DatabaseFile())
	looked := false
	for _, f := range o.config.Check(o.clock.Now) {
		if f.Item == "ledger" {
			looked = true
			if f.Level != broker.LevelOK || !strings.Contains(f.EN, "holds") {
				t.Errorf("check says %s: %s", f.Level, f.EN)
			}
		}
		if f.Item == "database" {
			t.Errorf("nothing waits to be brought up to date: %s", f.EN)
		}
	}
	if !looked {
		t.Error("the ledger was not looked at")
	}
	if !bytes.Equal(readFile(t, o.config.DatabaseFile()), before) {
		t.Error("the check has written into the database")
	}
}

// A configuration without a directory is told who cannot sign in for it.
func TestCheckNamesPeopleWithoutADirectory(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	said := func() broker.Finding {
		for _, f := range o.config.Check(o.clock.Now) {
			if f.Item == "sign_in" {
				return f
			}
		}
		t.Fatal("sign_in was not looked at")
		return broker.Finding{}
	}
	if f := said(); f.Level != broker.LevelOK {
		t.Errorf("%+v", f)
	}
	var id string
	o.write(func(tx *store.Tx) error {
		people, err := tx.Persons(store.PersonFilter{Kind: policy.Staff})
		if err != nil {
			return err
		}
		people[0].SignIn, id = store.SignInDirectory, people[0].ID
		return tx.PutPerson(people[0])
	})
	if f := said(); f.Level != broker.LevelWarning || !strings.Contains(f.EN, "cannot sign in: "+id) || !strings.Contains(f.JA, id) {
		t.Errorf("%+v", f)
	}
}

// TestStartRefuses has a row for each state of the directory in which a start must fail. A refused
// start leaves nothing behind: the next one, with the fault repaired, works.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, o *office) (mend func())
		want  error
	}{
		"data directory open to others": {func(t *testing.T, o *office) func() {
			return chmod(t, o.config.DataDir, 0o750, 0o700)
		}, store.ErrLooseMode},
		"database readable by others": {func(t *testing.T, o *office) func() {
			return chmod(t, o.config.DatabaseFile(), 0o640, 0o600)
		}, store.ErrLooseMode},
		"keys open to others": {func(t *testing.T, o *office) func() {
			return chmod(t, o.config.KeysDir(), 0o711, 0o700)
		}, store.ErrLooseMode},
		"master key readable by others": {func(t *testing.T, o *office) func() {
			return chmod(t, o.config.MasterKeyFile, 0o644, 0o600)
		}, keys.ErrLooseMode},
		"another master key": {func(t *testing.T, o *office) func() {
			right := o.config.MasterKeyFile
			o.config.MasterKeyFile = filepath.Join(o.dir, "another")
			if _, err := keys.CreateMaster(o.config.MasterKeyFile); err != nil {
				t.Fatal(err)
			}
			return func() { o.config.MasterKeyFile = right }
		}, keys.ErrWrongMaster},
		"no master key": {func(t *testing.T, o *office) func() {
			right := o.config.MasterKeyFile
			o.config.MasterKeyFile = filepath.Join(o.dir, "nothing")
			return func() { o.config.MasterKeyFile = right }
		}, keys.ErrNoMaster},
	} {
		t.Run(name, func(t *testing.T) {
			o := found(t, time.Hour)
			mend := c.spoil(t, o)
			if b, err := o.tryStart(); !errors.Is(err, c.want) {
				if b != nil {
					b.Close(context.Background())
				}
				t.Fatalf("started with: %v; want %v", err, c.want)
			}
			if _, err := os.Stat(o.config.Socket); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the socket was left behind: %v", err)
			}
			mend()
			o.start()
		})
	}
}

func chmod(t *testing.T, path string, wrong, right os.FileMode) (mend func()) {
	t.Helper()
	if err := os.Chmod(path, wrong); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Chmod(path, right); err != nil {
			t.Fatal(err)
		}
	}
}

// copyDatabase takes a copy of the database at rest, as a backup would.
func (o *office) copyDatabase() []byte {
	o.t.Helper()
	b, err := os.ReadFile(o.config.DatabaseFile())
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *office) restoreDatabase(b []byte) {
	o.t.Helper()
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(o.config.DatabaseFile() + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			o.t.Fatal(err)
		}
	}
	if err := os.WriteFile(o.config.DatabaseFile(), b, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// TestDatabaseRestoredFromAnOlderCopyIsNoticed: the copy is consistent, with all its signatures;
// only the checkpoints outside show that entries are missing.
func TestDatabaseRestoredFromAnOlderCopyIsNoticed(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	work := func() {
		b := o.start()
		if _, _, _, err := o.engineers(1)[0].mustDial(b.addr).run("print work"); err != nil {
			t.Fatal(err)
		}
		b.close()
	}
	work()
	older := o.copyDatabase()
	earlier := readFile(t, filepath.Join(o.config.Ledger.CheckpointDir, "latest"))
	work()
	newer := o.copyDatabase()

	refused := func(t *testing.T, want error) {
		t.Helper()
		b, err := o.tryStart()
		if err == nil {
			b.Close(context.Background())
			t.Fatal("started")
		}
		var told *broker.ConfigError
		if !errors.As(err, &told) || told.HintEN == "" || told.HintJA == "" || want != nil && !errors.Is(err, want) {
			t.Errorf("refused without a hint, or for another reason: %v", err)
		}
		for _, f := range o.config.Check(o.clock.Now) {
			if f.Item == "ledger" && f.Level != broker.LevelError {
				t.Errorf("check says %s: %s", f.Level, f.EN)
			}
		}
	}
	o.restoreDatabase(older)
	t.Run("older copy", func(t *testing.T) { refused(t, store.ErrTampered) })
	t.Run("older copy with its own latest", func(t *testing.T) {
		// A person who restores the database may restore "latest" too; the day's file stays.
		latest := filepath.Join(o.config.Ledger.CheckpointDir, "latest")
		was := readFile(t, latest)
		writeFile(t, latest, earlier)
		refused(t, store.ErrTampered)
		writeFile(t, latest, was)
	})
	t.Run("older copy that went on", func(t *testing.T) {
		// A different history, longer than the published one: signed by the broker's own key, in
		// a place that no broker compares.
		elsewhere := o.config.Ledger.CheckpointDir
		o.config.Ledger.CheckpointDir = ""
		work()
		work()
		o.config.Ledger.CheckpointDir = elsewhere
		refused(t, store.ErrTampered)
	})
	t.Run("no database at all", func(t *testing.T) {
		if err := os.Remove(o.config.DatabaseFile()); err != nil {
			t.Fatal(err)
		}
		b, err := o.tryStart()
		if err == nil {
			b.Close(context.Background())
		}
		if !errors.Is(err, store.ErrTampered) {
			t.Errorf("a fresh database under old checkpoints: %v", err)
		}
	})
	o.restoreDatabase(newer)
	t.Run("checkpoint of another ledger", func(t *testing.T) {
		foreign := filepath.Join(o.config.Ledger.CheckpointDir, "2026-01-01.checkpoint")
		writeFile(t, foreign, foreignCheckpoint(t, o.config.Ledger.Origin))
		refused(t, ledger.ErrSignature)
		if err := os.Remove(foreign); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("the right one", func(t *testing.T) {
		o.start().close()
		o.verifyLedger()
	})
}

// foreignCheckpoint is signed by another key under the same name.
func foreignCheckpoint(t *testing.T, origin string) []byte {
	t.Helper()
	master := make([]byte, keys.MasterSize)
	rand.Read(master)
	ring, err := keys.Create(filepath.Join(t.TempDir(), "keys"), master, origin)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ledger.SignCheckpoint(origin, 1, [32]byte{1}, ring.LedgerSigner())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A checkpoint that could not be published is published after the next start, without any act.
func TestStartPublishesWhatACrashHeldBack(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour) // its entries were written without a broker
	o.start().close()
	o.verifyLedger()
	var latest []byte
	o.read(func(s *store.Snap) (err error) {
		latest, err = s.LatestCheckpoint()
		return err
	})
	if got := readFile(t, filepath.Join(o.config.Ledger.CheckpointDir, "latest")); !bytes.Equal(got, latest) {
		t.Errorf("outside stands\n%swhile the ledger has\n%s", got, latest)
	}
}

// A broker restarted on a clock that ran back refuses everyone until the clock has caught up with the ledger: otherwise a
// window that is over would open again.
func TestClockSetBackWhileTheBrokerWasDown(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	if out, said, exit, err := e.mustDial(b.addr).run("print here"); err != nil || exit != 0 {
		t.Fatalf("%q %q %d %v", out, said, exit, err)
	}
	b.close()
	o.clock.Step(-20 * time.Second) // the window has begun, and would not be over
	b = o.start()
	if v, err := e.dial(b.addr); err == nil {
		if _, said, exit, err := v.run("print here"); err == nil && exit == 0 || !strings.Contains(said, numbered(policy.ClockNotTrusted)) {
			t.Errorf("on a clock that ran back: exit %d, %v, %q", exit, err, said)
		}
		v.Close()
	} else if !strings.Contains(err.Error(), "asked") { // factors remembered under the other clock do not count either
		t.Fatal(err)
	}
	if n := len(o.sessions(e.id)); n != 1 {
		t.Errorf("%d sessions", n)
	}
	b.close()
	o.clock.Step(20 * time.Second)
	b = o.start()
	if _, said, exit, err := e.mustDial(b.addr).run("print here"); err != nil || exit != 0 {
		t.Errorf("once it has caught up: exit %d, %v, %q", exit, err, said)
	}
	b.close()
	o.verifyLedger()
}

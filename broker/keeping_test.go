package broker_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sekimori/broker"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// awaitAlarm waits for an alarm of a kind in the ledger, and gives its payload.
func (o *office) awaitAlarm(what store.AlarmKind) string {
	o.t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for {
		found := ""
		o.read(func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: "alarm.raised"}) {
				if err != nil {
					return err
				}
				if strings.Contains(string(e.Payload), `"what":"`+string(what)+`"`) {
					found = string(e.Payload)
				}
			}
			return nil
		})
		if found != "" {
			return found
		}
		select {
		case <-tick.C:
		case <-limit:
			o.t.Fatalf("no alarm %s", what)
		}
	}
}

// TestCheckpointsThatCannotBeWrittenRaiseAnAlarm: the ledger goes on, and staff are told that a cut of it would go unnoticed.
func TestCheckpointsThatCannotBeWrittenRaiseAnAlarm(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	b := o.start()
	// Root can write into any directory, but not into this. The broker writes there meanwhile, so that the two change places at once.
	file := filepath.Join(o.dir, "no-directory")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.MkdirAll(o.config.Ledger.CheckpointDir, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, file, unix.AT_FDCWD, o.config.Ledger.CheckpointDir, unix.RENAME_EXCHANGE); err != nil {
		t.Fatal(err)
	}
	e := o.engineers(1)[0]
	e.mustDial(b.addr) // an attempt makes an entry, and an entry a checkpoint
	if alarm := o.awaitAlarm(store.AlarmCheckpoint); !strings.Contains(alarm, o.config.Ledger.CheckpointDir) {
		t.Errorf("the alarm does not name the place: %s", alarm)
	}
}

// TestNobodyIsTurnedAwayUnnoticed: where nothing can be recorded [128], staff are told before the next engineer is.
func TestNobodyIsTurnedAwayUnnoticed(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour, func(c *broker.Config) { c.Recordings.MinFreeSpace = 1 << 60 })
	o.start()
	if alarm := o.awaitAlarm(store.AlarmUnrecordable); !strings.Contains(alarm, "min_free_space") {
		t.Error(alarm)
	}
}

// TestRoomThatLastsTooShortRaisesAnAlarm: the alarm comes before no one is admitted any more, and says for how
// many days there is room.
func TestRoomThatLastsTooShortRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	o.write(func(tx *store.Tx) error {
		err := tx.AddSession(store.Session{ID: "S-20261120-01", State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: o.clock.Now().Add(-4 * 24 * time.Hour), Ended: o.clock.Now(),
			System: "hr", Recording: "2026/11/S-20261120-01.skr", RecordingSize: 1 << 50})
		return errors.Join(err, tx.PutInstitution(policy.Institution{SpaceDays: 30}))
	})
	o.start()
	if alarm := o.awaitAlarm(store.AlarmSpaceShort); !strings.Contains(alarm, "room for 0 days of recordings is left, and 30 are wanted") {
		t.Error(alarm)
	}
}

// TestAttackALinkWhereACheckpointGoes: a person with write access to the checkpoint directory elsewhere cannot make the broker
// overwrite other files: it used to open its new file through a link.
func TestAttackALinkWhereACheckpointGoes(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	victim := filepath.Join(o.dir, "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("precious"), 0o600), os.MkdirAll(o.config.Ledger.CheckpointDir, 0o700)); err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(o.config.Ledger.CheckpointDir, "latest")
	for _, name := range []string{"latest.new", "next.new"} {
		if err := os.Symlink(victim, filepath.Join(o.config.Ledger.CheckpointDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b := o.start()
	e := o.engineers(1)[0]
	c := e.mustDial(b.addr)
	c.Close()
	<-c.gone
	b.once = true
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
		t.Errorf("the file behind the link holds %q, %v", got, err)
	}
	if info, err := os.Lstat(latest); err != nil || !info.Mode().IsRegular() {
		t.Errorf("latest: %v, %v", info, err)
	}
	note, err := os.ReadFile(latest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ReadCheckpoint(note); err != nil {
		t.Error(err)
	}
}

// TestRoomForRecordingsIsOneFigure: the check of the configuration, the rules in force and the day's page say the same figure as the alarm. It
// is told to the people who look after the broker, and to no one while there is room enough.
func TestRoomForRecordingsIsOneFigure(t *testing.T) {
	t.Parallel()
	o := pictured(t)
	recorded := func(size int64, wanted int) {
		o.write(func(tx *store.Tx) error {
			p, err := tx.Person("U-001")
			p.Roles = append(slices.Clone(p.Roles), policy.InformationSystems)
			return errors.Join(err, tx.PutPerson(p), tx.PutInstitution(policy.Institution{SpaceDays: wanted}),
				tx.AddSession(store.Session{ID: "S-20261120-0" + strconv.Itoa(wanted%10), State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: o.clock.Now().Add(-4 * 24 * time.Hour),
					Ended: o.clock.Now(), System: "hr", Recording: "2026/11/S-20261120-01.skr", RecordingSize: size}))
		})
	}
	found := func() (level broker.Level, said string) {
		for _, f := range o.config.Check(o.clock.Now) {
			if f.Item == "space_days" {
				return f.Level, f.JA
			}
		}
		return "", ""
	}
	recorded(1, 31)
	if level, said := found(); level != broker.LevelOK || said != "記録先の空き 36500日分" {
		t.Errorf("with room enough: %s, %q", level, said)
	}
	b := o.start()
	page := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.APIAddr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "sekimori="+token)
		req.Header.Set("Accept-Language", "ja")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
		}
		return string(body)
	}
	if today := page("/today"); strings.Contains(today, "記録先の空き") {
		t.Error("told although there is room enough")
	}
	if settings := page("/settings"); !strings.Contains(settings, "記録先の空き 36500日分") {
		t.Error("the rules in force do not say the figure")
	}
	b.close()
	recorded(1<<50, 32)
	if level, said := found(); level != broker.LevelWarning || said != "記録先の空き 0日分。決まりの32日分より少なくなっています" {
		t.Errorf("with too little: %s, %q", level, said)
	}
	b = o.start()
	if today := page("/today"); !strings.Contains(today, "記録先の空き 0日分(決まりは32日分)") {
		t.Error("the day's page does not say it")
	}
	if settings := page("/settings"); !strings.Contains(settings, "記録先の空き 0日分。決まりより少なくなっています") {
		t.Error("the rules in force do not say it")
	}
}

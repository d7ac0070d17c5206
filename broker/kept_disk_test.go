package broker_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"sekimori/broker"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

const (
	oneDay      = 24 * time.Hour
	privateWord = "PRIVATE-WORDS-OF-A-LOOK"
	paperFile   = "00112233445566778899aabbccddeeff.paper"
)

// TestNothingLiesBeyondItsTime walks every directory of the configuration: after work, after what a killed broker leaves, when the time of
// recordings is over, and when that of everything is. Every file belongs to a class whose rule says until when it may lie. A recording belongs
// to a session that ran inside its window; one on hold stays.
func TestNothingLiesBeyondItsTime(t *testing.T) {
	o := foundWith(t, time.Hour, testbed.TargetOptions{Files: holding("/kyuyo.csv")}, func(c *broker.Config) {
		c.Recordings.Retention, c.Recordings.Search = broker.Duration(30*oneDay), "index"
		c.Ledger.Retention, c.Ledger.LooksRetention = broker.Duration(365*oneDay), broker.Duration(365*oneDay)
	})
	o.exchangesFiles()
	people := o.engineers(2)
	b := o.start()
	for _, e := range people {
		c := e.mustDial(b.addr)
		if out, _, _, err := c.run("print figures"); err != nil || out != "figures" {
			t.Fatalf("%q, %v", out, err)
		}
		o.exchange(c)
		c.Close()
		<-c.gone
		o.awaitEnd(e.id)
	}
	b.close()
	all := o.sessions("")
	hold := all[0].ID
	o.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "vendor.viewed", Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "web"}, Subjects: []string{"V-001"}, Payload: map[string]string{"vendor": privateWord}})
		return errors.Join(err, tx.AddHold(store.Hold{Session: hold, By: "U-001", Reason: "照会"}), o.reviewed(tx, all),
			tx.AddPaper(store.Paper{ID: "P-0001", Kind: store.PaperOther, Vendor: "V-001", Name: "x", Until: tx.Now.Add(oneDay), State: store.PaperSubmitted, FiledBy: "U-001", Filed: tx.Now, File: paperFile, MediaType: "text/plain", Size: 1, SHA256: "00"}))
	})
	o.leave(map[string]string{"data/papers/" + paperFile: "sealed"})
	o.holds("after the work", nil, len(all), 4, 1)
	if got := o.walked([]byte(privateWord)).wrong; len(got) == 0 {
		t.Error("the words of the payload are not found while they are kept: the test finds nothing")
	}

	o.leave(map[string]string{ // as a killed broker leaves them
		"data/scratch/workbook-1/rows": "x", "data/papers/ffeeddccbbaa99887766554433221100.part": "x", "data/papers/ffeeddccbbaa99887766554433221100.paper": "x",
		"data/held/" + hold + "-9": "x", "data/recordings/.probe": "\x00", "checkpoints/next.new": "x",
	})
	o.start().close()
	o.holds("after a start that follows a kill", nil, len(all), 5, 1)

	o.clock.Step(30*oneDay + time.Minute)
	o.untilGone(hold, all, func(s *store.Snap) bool { // the other session's stopped file goes with its recording
		files, err := s.Files(store.FileFilter{Kept: true})
		return err == nil && len(files) == 4
	})
	w := o.holds("when the time of recordings is over", nil, 1, 4, 1)
	if got := slices.Collect(maps.Keys(w.sees)); !slices.Equal(got, []string{hold}) {
		t.Errorf("recordings of %v are there, want %s", got, hold)
	}
	o.write(func(tx *store.Tx) error { return tx.EndHold(1) })
	o.clock.Step(400 * oneDay)
	o.untilGone("", all, func(s *store.Snap) bool {
		p, err := s.Paper("P-0001")
		files, ferr := s.Files(store.FileFilter{Kept: true})
		gone := false
		for e, eerr := range s.Entries(store.EntryFilter{Kind: "vendor.viewed", Subject: "V-001"}) {
			gone = eerr == nil && e.Disposed()
		}
		return err == nil && ferr == nil && !p.Disposed.IsZero() && len(files) == 0 && gone
	})
	o.holds("when the time of everything is over", []byte(privateWord), 0, 0, 0)
	o.verifyLedger()
}

// TestAttackAFileOfNoClass: a file that no rule knows, a recording of no session and one beyond its time fail the walk.
func TestAttackAFileOfNoClass(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	o.start().close()
	if got := o.walked(nil).wrong; len(got) != 0 {
		t.Fatalf("before: %v", got)
	}
	for _, name := range []string{"data/notes.txt", "data/recordings/2026/11/S-20261120-01.skr", "data/recordings/2026/11/S-20261120-01.skr.thumbnail", "data/held/S-20261120-01-1", "data/outbox/x",
		"data/papers/ffeeddccbbaa99887766554433221100.paper", "data/scratch/workbook-1/rows", "data/search/S-20261120-01.index", "checkpoints/recording", "checkpoints/2026-11-20.checkpoint", "run/copy", "secret/master.key.bak"} {
		o.leave(map[string]string{name: "x"})
		if got := o.walked(nil).wrong; len(got) != 1 || !strings.HasPrefix(got[0], name) {
			t.Errorf("%s: %q", name, got)
		}
		if err := os.Remove(filepath.Join(o.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// holds fails for each file that must not lie there, and unless there are so many recordings, contents of files and copies of papers.
func (o *office) holds(when string, secret []byte, recordings, contents, papers int) *walk {
	o.t.Helper()
	w := o.walked(secret)
	for _, wrong := range w.wrong {
		o.t.Errorf("%s: %s", when, wrong)
	}
	if len(w.sees) != recordings || w.found[heldFiles] != contents || w.found[paperFiles] != papers {
		o.t.Errorf("%s: recordings of %d sessions, %d contents of files, %d copies of papers; want %d, %d, %d", when, len(w.sees), w.found[heldFiles], w.found[paperFiles], recordings, contents, papers)
	}
	return w
}

// leave puts files into the office's directories.
func (o *office) leave(files map[string]string) {
	o.t.Helper()
	for name, content := range files {
		path := filepath.Join(o.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			o.t.Fatal(err)
		}
	}
}

// holding puts a file on a target.
func holding(name string) func(sftp.Handlers) sftp.Handlers {
	return func(h sftp.Handlers) sftp.Handlers {
		put := sftp.NewRequest("Put", name)
		put.Flags = 0x02 | 0x08 // write, create
		w, err := h.FilePut.Filewrite(put)
		if err == nil {
			_, err = w.WriteAt([]byte("figures"), 0)
		}
		if err != nil {
			panic(err)
		}
		return h
	}
}

// exchangesFiles has files wait for approval in both directions.
func (o *office) exchangesFiles() {
	o.t.Helper()
	o.filesIn(policy.FileApprove)
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.FilesOut = policy.FileApprove
		return errors.Join(err, tx.PutSystem(s))
	})
}

// exchange sends a file, which waits, and asks for one of the target, which waits in the outbox.
func (o *office) exchange(c *client) {
	o.t.Helper()
	if err := c.upload("/tokyo.csv", "figures"); err == nil {
		o.t.Error("a file that waits for approval was delivered")
	}
	files, err := sftp.NewClient(c.Client)
	if err != nil {
		o.t.Fatal(err)
	}
	defer files.Close()
	if got, err := readAll(files, "/kyuyo.csv"); err == nil || bytes.Contains([]byte(got), []byte("figures")) {
		o.t.Errorf("a file that waits for approval came out: %q, %v", got, err)
	}
}

// untilGone runs the broker until the recordings are disposed of but for the held one, and more is so.
func (o *office) untilGone(held string, all []store.Session, more func(s *store.Snap) bool) {
	o.t.Helper()
	b := o.start()
	defer b.close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(patience); ; <-tick.C {
		done := true
		o.read(func(s *store.Snap) error {
			for _, v := range all {
				d, err := s.Disposal(v.ID)
				done = done && (v.ID == held || err == nil && !d.Done.IsZero())
			}
			files, err := s.Files(store.FileFilter{})
			for _, f := range files {
				done = done && (!f.State.Waits() || s.Now.Before(f.Until))
			}
			done = done && err == nil && more(s)
			return nil
		})
		if done {
			return
		}
		if time.Now().After(limit) {
			o.t.Fatal("not all that is over is gone")
		}
	}
}

// reviewed signs the reviews of the sessions' windows.
func (o *office) reviewed(tx *store.Tx, all []store.Session) error {
	for _, v := range all {
		r, err := tx.ReviewOf(v.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && r.Final() {
			continue
		}
		if err == nil {
			err = tx.SignReview(r.ID, "U-001", store.Signature{Verdict: "ok"})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

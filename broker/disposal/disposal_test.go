package disposal_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/disposal"
	"sekimori/broker/evidence"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/archive"
)

const (
	mine   = "S-20261124-01"
	others = "S-20261124-02"
)

func TestARecordingGoesWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.session(others, "water")
	run := func() []string {
		t.Helper()
		if err := r.archive().Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.there()
	}
	r.now = dawn.Add(90*day - 1e6)
	if left := run(); len(left) != 4 {
		t.Errorf("a millisecond before the time of the first is over: %v", left)
	}
	r.now = dawn.Add(90 * day)
	if left := strings.Join(run(), " "); left != mine+".skr "+mine+".skr.idx" {
		t.Errorf("ninety days later: %v", left)
	}
	r.now = dawn.Add(365 * day)
	for range 2 { // the second run finds nothing to do
		if left := run(); len(left) != 0 {
			t.Errorf("a year later: %v", left)
		}
	}
	began, done := r.entries("recording.disposing"), r.entries("recording.disposed")
	if len(began) != 2 || len(done) != 2 || done[0]["session_id"] != others || done[0]["days"] != 90.0 || done[1]["days"] != 365.0 || done[1]["sha256"] == "" || len(done[1]["files"].([]any)) != 2 {
		t.Errorf("%v\n%v", began, done)
	}
	var gone *evidence.DisposedError
	var denied *policy.Denied
	if err := r.opened(mine); !errors.As(err, &gone) || !errors.As(err, &denied) || denied.Reason.Number() != 142 || denied.Args["date"] != "2027-11-24" {
		t.Errorf("opened: %v", err)
	}
	if n := r.alarms(); n != 0 {
		t.Errorf("%d alarms about recordings that were disposed of by rule", n)
	}
	if err := r.db.Read(t.Context(), func(s *store.Snap) error { return s.VerifyLedger(nil, nil) }); err != nil {
		t.Error(err)
	}
}

func TestHoldsAndOpenReviewsKeepARecording(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.session(others, "hr")
	r.write(func(tx *store.Tx) error {
		return errors.Join(tx.AddHold(store.Hold{Session: mine, By: "U-TEN", Reason: "照会"}), tx.AddReview(store.Review{ID: others, Session: others, System: "hr", Created: r.now, Due: r.now}))
	})
	r.now = dawn.Add(400 * day)
	if err := r.archive().Due(t.Context()); err != nil || len(r.there()) != 4 {
		t.Errorf("left %v, %v", r.there(), err)
	}
	for session, why := range map[string]policy.Stays{mine: policy.StaysHeld, others: policy.StaysUnreviewed} {
		err := r.db.Write(t.Context(), func(tx *store.Tx) error {
			return r.archive().Order(tx, session, "U-TEN", "容量", person)
		})
		var stays *disposal.StaysError
		if !errors.As(err, &stays) || stays.Why != why {
			t.Errorf("%s: %v", session, err)
		}
	}
	r.write(func(tx *store.Tx) error { return tx.EndHold(1) })
	if err := r.archive().Due(t.Context()); err != nil || strings.Join(r.there(), " ") != others+".skr "+others+".skr.idx" {
		t.Errorf("after the release: %v, %v", r.there(), err)
	}
}

// Without a notice in force in the signed ledger nothing is disposed of.
func TestWithoutATimeInForceNothingGoes(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.byHand(`UPDATE ledger_entries SET kind = 'test.act' WHERE kind = 'notice.in-force'`)
	r.now = dawn.Add(4000 * day)
	_ = r.archive().Due(t.Context())
	if left := r.there(); len(left) != 2 {
		t.Errorf("left %v", left)
	}
}

// A row that was edited by hand neither brings an end forward nor leads to another session's file.
func TestAttackEditedRowDisposesOfNothing(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(r *room){
		"an earlier end": func(r *room) { r.byHand(`UPDATE sessions SET ended = 1, created = 1 WHERE id = ?`, mine) },
		"another session's file": func(r *room) {
			r.byHand(`UPDATE sessions SET recording = ?, ended = 1 WHERE id = ?`, file(others), mine)
		},
		"another session's file, in time": func(r *room) {
			r.byHand(`UPDATE sessions SET recording = ? WHERE id = ?`, file(others), mine)
			r.now = r.now.Add(300 * day)
		},
		"an end that the ledger lacks": func(r *room) {
			r.write(func(tx *store.Tx) error {
				return tx.AddSession(store.Session{ID: "S-20261124-09", State: store.SessionEnded, Reason: policy.EndedByEngineer, Ended: dawn.Add(-4000 * day), Created: dawn, System: "hr", Recording: file(others)})
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			r.session(mine, "hr")
			r.now = dawn.Add(100 * day)
			r.session(others, "hr")
			edit(r)
			_ = r.archive().Due(t.Context())
			if err := r.opened(others); err != nil || !slices.Contains(r.there(), mine+".skr") {
				t.Errorf("left %v, %v", r.there(), err)
			}
		})
	}
}

// A row about a disposal excuses no missing file: only an entry of the signed ledger does.
func TestAttackDisposalWithoutItsEntry(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.byHand(`INSERT INTO disposals (session, at, days, names, done) VALUES (?, 1, 365, '[]', 1)`, mine)
	if err := os.Remove(r.place(file(mine))); err != nil {
		t.Fatal(err)
	}
	var bad *evidence.BadError
	if err := r.opened(mine); !errors.As(err, &bad) || bad.Finding != evidence.Missing || r.alarms() != 1 {
		t.Errorf("%v, %d alarms", err, r.alarms())
	}
}

// failing is a file system on which every step from the nth on fails, as after a crash.
type failing struct {
	archive.FS
	left int
}

var errCrashed = errors.New("crashed")

func (f *failing) step() error {
	if f.left--; f.left < 0 {
		return errCrashed
	}
	return nil
}

func (f *failing) OpenFile(name string, flag int, perm fs.FileMode) (recordings.File, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	return f.FS.OpenFile(name, flag, perm)
}

func (f *failing) Remove(name string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *failing) SyncDir(dir string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

// TestABrokenOffDisposalGoesOn stops a disposal at each of its steps. From the order on the recording is not opened; the next start ends it,
// and one receipt names all that was there.
func TestABrokenOffDisposalGoesOn(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		r := newRoom(t)
		r.session(mine, "hr")
		r.now = dawn.Add(365 * day)
		err := disposal.New(disposal.Options{DB: r.db, Dir: r.dir, FS: &failing{archive.OS(), n}}).Due(t.Context())
		if err == nil {
			if n < 5 {
				t.Errorf("only %d steps", n)
			}
			return
		}
		var gone *evidence.DisposedError
		if !errors.Is(err, errCrashed) || !errors.As(r.opened(mine), &gone) || len(r.entries("recording.disposed")) != 0 {
			t.Fatalf("step %d: %v, then %v", n, err, r.opened(mine))
		}
		if err := r.archive().Resume(t.Context()); err != nil {
			t.Fatalf("step %d, at the next start: %v", n, err)
		}
		done := r.entries("recording.disposed")
		if len(r.there()) != 0 || len(done) != 1 || len(done[0]["files"].([]any)) != 2 {
			t.Fatalf("step %d: left %v, receipts %v", n, r.there(), done)
		}
	}
}

// A recording that cannot be removed, and an index elsewhere that cannot be cleared, have no receipt and keep no other from its end.
func TestOneStuckRecordingKeepsNoOther(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.session(others, "hr")
	r.now = dawn.Add(365 * day)
	var forgot []string
	stuck := true
	a := disposal.New(disposal.Options{DB: r.db, Dir: r.dir, Forget: []func(context.Context, string) error{func(_ context.Context, session string) error {
		if session == mine && stuck {
			return errCrashed
		}
		forgot = append(forgot, session)
		return nil
	}}})
	if err := a.Due(t.Context()); !errors.Is(err, errCrashed) {
		t.Errorf("%v", err)
	}
	if done := r.entries("recording.disposed"); len(done) != 1 || done[0]["session_id"] != others {
		t.Errorf("receipts %v", done)
	}
	stuck = false
	if err := a.Due(t.Context()); err != nil || len(r.entries("recording.disposed")) != 2 || strings.Join(forgot, " ") != others+" "+mine {
		t.Errorf("%v; forgot %v", err, forgot)
	}
}

// TestAttackTextOfAStuckRecording: where the disk refuses to remove a recording, what was derived from it elsewhere goes all the same.
func TestAttackTextOfAStuckRecording(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.now = dawn.Add(365 * day)
	forgot := 0
	a := disposal.New(disposal.Options{DB: r.db, Dir: r.dir, FS: &failing{archive.OS(), 1}, Forget: []func(context.Context, string) error{func(context.Context, string) error { forgot++; return nil }}})
	if err := a.Due(t.Context()); !errors.Is(err, errCrashed) || forgot != 1 || len(r.entries("recording.disposed")) != 0 {
		t.Errorf("%v; forgot %d times", err, forgot)
	}
}

// TestARecordingOfWorkThatNoOneReviewsGoes: a recording of work that the sampling plan leaves out is kept no longer than others. Work that an auditor took
// after all, and work that waits for the plan, keeps it.
func TestARecordingOfWorkThatNoOneReviewsGoes(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	const undrawn = "S-20261124-03"
	for _, id := range []string{mine, others, undrawn} {
		r.session(id, "hr")
		r.write(func(tx *store.Tx) error {
			return tx.AddReview(store.Review{ID: id, Session: id, System: "hr", Due: r.now})
		})
	}
	r.write(func(tx *store.Tx) error {
		return errors.Join(tx.DrawReview(mine, store.DrawnLeftOut, "1/10", 3), tx.DrawReview(others, store.DrawnLeftOut, "1/10", 4), tx.TakeReview(others, "U-TEN"))
	})
	r.now = dawn.Add(365 * day)
	if err := r.archive().Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := strings.Join(r.there(), " "); left != others+".skr "+others+".skr.idx "+undrawn+".skr "+undrawn+".skr.idx" {
		t.Errorf("left %s", left)
	}
}

// TestAttackKeysThatOutliveTheirRecording puts derived files beside a recording after its receipt, as a maker that a crash stops leaves them. The chore
// overwrites and removes them. Beside a recording without a receipt nothing is touched.
func TestAttackKeysThatOutliveTheirRecording(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.session(mine, "hr")
	r.now = dawn.Add(100 * day)
	r.session(others, "hr")
	r.now = dawn.Add(365 * day)
	if err := r.archive().Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	at, second := r.place(file(mine)), filepath.Join(t.TempDir(), "second")
	err := errors.Join(os.WriteFile(at+".keys", []byte("wrapped"), 0o600), os.WriteFile(at+".keys.new", []byte("wrapped"), 0o600), os.Link(at+".keys", second), os.Remove(r.place(file(others))))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.archive().Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := strings.Join(r.there(), " "); left != others+".skr.idx" {
		t.Errorf("left %s", left)
	}
	if b, err := os.ReadFile(second); err != nil || strings.Contains(string(b), "wrapped") {
		t.Errorf("a second name still has the keys: %q, %v", b, err)
	}
	if n := len(r.entries("recording.disposed")); n != 1 {
		t.Errorf("%d receipts", n)
	}
}

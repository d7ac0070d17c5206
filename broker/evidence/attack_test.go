package evidence

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
)

const (
	mine   = "S-20261124-01"
	others = "S-20261124-02"
)

// "another session's recording under this name; truncated; cut and ended anew; deleted … refused when opened, alarm": a file other than
// the one in the ledger is never opened without a warning.
func TestAttackAnotherFileUnderThisName(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*room)
		want  Finding
		opens bool // with OpenDamaged
	}{
		"the end taken out of the index, the row made live, the file made anew": {func(r *room) {
			r.remake(mine)
			r.byHand(`DELETE FROM ledger_subjects WHERE subject = ? AND idx IN (SELECT idx FROM ledger_entries WHERE kind = 'session.ended')`, mine)
			r.byHand(`UPDATE sessions SET state = 'active', recording = ? WHERE id = ?`, mine+".skr", mine)
		}, Differs, true},
		"taken out of index and kinds, the row made refused, the file deleted": {func(r *room) {
			r.byHand(`DELETE FROM ledger_subjects WHERE subject = ?`, mine)
			r.byHand(`UPDATE ledger_entries SET kind = 'session.viewed' WHERE idx = 0`)
			r.byHand(`UPDATE sessions SET state = 'refused', recording = '', recording_sum = '', recording_size = 0 WHERE id = ?`, mine)
			if err := os.Remove(r.file(mine)); err != nil {
				r.t.Fatal(err)
			}
		}, Missing, false},
		"the end's entry deleted, the row made refused": {func(r *room) {
			r.byHand(`DELETE FROM ledger_subjects WHERE subject = ?`, mine)
			r.byHand(`DELETE FROM ledger_entries WHERE idx = 0`)
			r.byHand(`UPDATE sessions SET state = 'refused', recording = '' WHERE id = ?`, mine)
			if err := os.Remove(r.file(mine)); err != nil {
				r.t.Fatal(err)
			}
		}, Unproved, false},
		"the row made refused": {func(r *room) {
			r.byHand(`UPDATE sessions SET state = 'refused' WHERE id = ?`, mine)
		}, "", true},
		"the row made refused, the end kept out of the index": {func(r *room) {
			r.byHand(`DELETE FROM ledger_subjects WHERE subject = ?`, mine)
			r.byHand(`UPDATE sessions SET state = 'refused', recording = '' WHERE id = ?`, mine)
		}, "", true},

		"another session's recording": {func(r *room) { r.write(mine, r.read(others)) }, OtherSession, true},
		"truncated":                   {func(r *room) { b := r.read(mine); r.write(mine, b[:len(b)-30]) }, CutShort, true},
		"cut and ended anew": {func(r *room) {
			b := r.read(mine)
			r.write(mine, b[:len(b)-30])
			if _, err := recordings.Seal(r.file(mine), nil, recordings.End{Cause: "broker-crashed", At: dawn}); err != nil {
				r.t.Fatal(err)
			}
		}, Differs, true},
		"made anew with the same number": {func(r *room) { r.remake(mine) }, Differs, true},
		"a byte flipped":                 {func(r *room) { b := bytes.Clone(r.read(mine)); b[len(b)/2] ^= 1; r.write(mine, b) }, Corrupt, false},
		"deleted": {func(r *room) {
			if err := os.Remove(r.file(mine)); err != nil {
				r.t.Fatal(err)
			}
		}, Missing, false},
		"a pipe": {func(r *room) {
			if err := errors.Join(os.Remove(r.file(mine)), syscall.Mkfifo(r.file(mine), 0o600)); err != nil {
				r.t.Fatal(err)
			}
		}, Unreadable, false},
		"a link to another": {func(r *room) {
			if err := errors.Join(os.Remove(r.file(mine)), os.Symlink(r.file(others), r.file(mine))); err != nil {
				r.t.Fatal(err)
			}
		}, Unreadable, false},
		"the row names another file, digest and all": {func(r *room) {
			r.byHand(`UPDATE sessions SET recording = ?1, recording_sum = (SELECT recording_sum FROM sessions WHERE id = ?2) WHERE id = ?3`, others+".skr", others, mine)
		}, "", true}, // the ledger names the file, so the row does not matter
		"the row says that there is none": {func(r *room) { r.byHand(`UPDATE sessions SET recording = '' WHERE id = ?`, mine) }, "", true},
		"the row says that it is under way, and the file was replaced": {func(r *room) {
			r.byHand(`UPDATE sessions SET state = 'active' WHERE id = ?`, mine)
			r.write(mine, r.read(others))
		}, OtherSession, true},
		"the end taken out of the index": {func(r *room) { r.byHand(`DELETE FROM ledger_subjects WHERE subject = ?`, mine) }, "", true}, // it is found by its header
		"another session's end put in its place": {func(r *room) {
			r.byHand(`UPDATE ledger_subjects SET subject = CASE subject WHEN ?1 THEN ?2 ELSE ?1 END`, mine, others)
		}, "", true},
		"payload erased": {func(r *room) { r.byHand(`UPDATE ledger_entries SET salt = NULL, payload = NULL WHERE idx = 0`) }, DigestGone, true},
		"payload rewritten": {func(r *room) {
			r.byHand(`UPDATE ledger_entries SET payload = CAST(replace(CAST(payload AS TEXT), '"size":', '"size":1') AS BLOB) WHERE idx = 0`)
		}, Unproved, true},
		"entry written anew, its leaf with it": {func(r *room) { r.forge(mine) }, Unproved, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.session(mine, "rm -rf /srv/evidence\n")
			r.session(others, "ls\n")
			c.spoil(r)
			held, err := r.k.Open(t.Context(), mine)
			var bad *BadError
			switch {
			case c.want == "":
				if err != nil {
					t.Fatal(err)
				}
				if out := r.output(held); out != "rm -rf /srv/evidence\n" {
					t.Errorf("played %q", out)
				}
				held.Close()
				if all := r.alarms(); len(all) != 1 || all[0].About != mine || all[0].Detail["finding"] != string(RowDiffers) {
					t.Errorf("alarms about what was edited: %+v", all)
				}
				return
			case !errors.As(err, &bad):
				t.Fatalf("opened, or failed otherwise: %v", err)
			case bad.Finding != c.want:
				t.Errorf("%v, want %s", err, c.want)
			}
			if said := bad.Text(); said.JA == "" || said.EN == "" || said.JA == said.EN {
				t.Errorf("said as %+v", said)
			}
			all := slices.DeleteFunc(r.alarms(), func(a store.Alarm) bool { return a.Detail["finding"] == string(RowDiffers) })
			if edited := len(r.alarms()) - len(all); edited > 1 || edited == 0 && strings.Contains(name, "the row") && c.want != Unproved {
				t.Errorf("%d alarms about a row that was edited", edited)
			}
			if len(all) != 1 || all[0].About != mine || all[0].Detail["finding"] != string(c.want) {
				t.Errorf("alarms: %+v", all)
			}
			held, err = r.k.OpenDamaged(t.Context(), mine)
			if c.opens {
				if err != nil || held.Bad == nil || held.Bad.Finding != c.want {
					t.Fatalf("--damaged: %v", err)
				}
				r.output(held)
				held.Close()
			} else if err == nil {
				held.Close()
			}
			if n := r.alarmsOf(c.want); n != 1 {
				t.Errorf("%d alarms of the same finding", n)
			}
			// Others are not affected.
			if held, err = r.k.Open(t.Context(), others); err == nil {
				held.Close()
			} else if c.want != Unproved { // its neighbours' proofs depend on a forged leaf
				t.Errorf("the other recording: %v", err)
			}
		})
	}
}

// forge rewrites entry 0 with a consistent digest, header and leaf.
func (r *room) forge(session string) {
	r.t.Helper()
	e, err := ledger.Seal(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", ID: "broker", Via: "timer"}, Subjects: []string{session},
		Payload: map[string]any{"session_id": session, "recording": map[string]any{"sha256": recordings.Sum{}, "size": 1}}}, 0, dawn, dawn, [32]byte{1})
	if err != nil {
		r.t.Fatal(err)
	}
	leaf := e.Leaf()
	r.byHand(`UPDATE ledger_entries SET header = ?, salt = ?, payload = ? WHERE idx = 0`, e.Header, e.Salt, e.Payload)
	r.byHand(`UPDATE ledger_hashes SET hash = ? WHERE idx = ?`, leaf[:], ledger.LeafRow(0))
}

// A file that changes between its verification and its playback is detected when it has been read.
func TestAttackFileChangedWhileItIsPlayed(t *testing.T) {
	r := newRoom(t)
	r.session(mine, "ls\n")
	held, err := r.k.Open(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	f, size, err := held.File()
	if err != nil || size == 0 {
		t.Fatal(err)
	}
	r.write(mine, append(r.read(mine), 0)) // the same inode
	var read recordings.Digest
	report, _ := recordings.VerifyReader(f)
	read = report.Digest
	var bad *BadError
	if err := held.Confirm(t.Context(), read); !errors.As(err, &bad) || bad.Finding != Differs {
		t.Errorf("%v", err)
	}
	if n := len(r.alarms()); n != 1 {
		t.Errorf("%d alarms", n)
	}
}

func TestALiveRecordingIsOpenedByItsNumber(t *testing.T) {
	r := newRoom(t)
	r.session(others, "ls\n")
	w := r.begin(mine, "half")
	r.row(store.Session{ID: mine, State: store.SessionActive, Recording: mine + ".skr"}, opening(mine))
	r.live.Store(mine, mine+".skr")
	held, err := r.k.Open(t.Context(), mine)
	if err != nil || !held.Live {
		t.Fatal(err)
	}
	if out := r.output(held); out != "half" {
		t.Errorf("played %q", out)
	}
	held.Close()
	if _, err := w.Close(recordings.End{Cause: "ended", At: dawn}); err != nil {
		t.Fatal(err)
	}
	r.write(mine, r.read(others))
	var bad *BadError
	if _, err := r.k.Open(t.Context(), mine); !errors.As(err, &bad) || bad.Finding != OtherSession {
		t.Errorf("%v", err)
	}
}

// Only the supervisor can say that a session is under way, and only for one that the ledger opened.
func TestAttackSessionSaidToBeLive(t *testing.T) {
	r := newRoom(t)
	r.begin(mine, "half")
	r.row(store.Session{ID: mine, State: store.SessionActive, Recording: mine + ".skr"}, opening(mine))
	var bad *BadError
	if _, err := r.k.Open(t.Context(), mine); !errors.As(err, &bad) || bad.Finding != Unledgered {
		t.Errorf("not among the live ones: %v", err)
	}
	r.begin(others, "made up")
	r.row(store.Session{ID: others, State: store.SessionActive, Recording: others + ".skr"}, nil)
	r.live.Store(others, others+".skr")
	if _, err := r.k.Open(t.Context(), others); !errors.As(err, &bad) || bad.Finding != Unproved {
		t.Errorf("never opened: %v", err)
	}
}

// The row of a live session cannot lead to another file.
func TestAttackRowOfALiveSessionNamesAnotherFile(t *testing.T) {
	r := newRoom(t)
	r.begin(mine, "half")
	r.row(store.Session{ID: mine, State: store.SessionActive, Recording: mine + ".skr"}, opening(mine))
	r.live.Store(mine, mine+".skr")
	r.write(others, r.read(mine))
	r.byHand(`UPDATE sessions SET recording = ? WHERE id = ?`, others+".skr", mine)
	held, err := r.k.Open(t.Context(), mine)
	if err != nil || !held.Live || held.p.file != mine+".skr" {
		t.Fatalf("%+v, %v", held, err)
	}
	held.Close()
	if r.alarmsOf(RowDiffers) != 1 {
		t.Errorf("alarms: %+v", r.alarms())
	}
}

// A session that ends between the snapshot and the check of the live list counts as over, without a finding.
func TestSessionEndsWhileItIsOpened(t *testing.T) {
	r := newRoom(t)
	r.row(store.Session{ID: mine, State: store.SessionActive, Recording: mine + ".skr"}, opening(mine))
	w := r.begin(mine, "whole")
	ended := false
	r.k.o.Live = func(string) (string, bool) {
		if !ended {
			ended = true
			d, err := w.Close(recordings.End{Cause: "ended", At: dawn})
			if err != nil {
				t.Error(err)
			}
			d.File = mine + ".skr"
			r.end(mine, d)
		}
		return "", false
	}
	held, err := r.k.Open(t.Context(), mine)
	if err != nil || held.Live {
		t.Fatal(err)
	}
	held.Close()
	if n := len(r.alarms()); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

func TestNoRecordingIsNoFinding(t *testing.T) {
	r := newRoom(t)
	r.row(store.Session{ID: mine, State: store.SessionRefused}, &ledger.Draft{Kind: "session.refused", Actor: timer, Subjects: []string{mine}, Payload: map[string]any{"session_id": mine}})
	r.row(store.Session{ID: others, State: store.SessionEnded, Recording: others + ".skr"}, // the broker died before the file was created
		&ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{others}, Payload: map[string]any{"session_id": others}})
	for _, id := range []string{mine, others} {
		if _, err := r.k.Open(t.Context(), id); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", id, err)
		}
	}
	r.write(others, nil) // or before it had a header
	if _, err := r.k.Open(t.Context(), others); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if _, err := r.k.Open(t.Context(), "S-20261124-99"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if n := len(r.alarms()); n != 0 {
		t.Errorf("%d alarms", n)
	}
	r.write(others, []byte("something after all"))
	var bad *BadError
	if _, err := r.k.Open(t.Context(), others); !errors.As(err, &bad) {
		t.Errorf("a file that the ledger does not know: %v", err)
	}
}

// Verifying ends with its caller.
func TestVerifyingEndsWithItsCaller(t *testing.T) {
	r := newRoom(t)
	r.session(mine, "ls\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.k.Open(ctx, mine); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range readers {
		r.k.reading <- struct{}{}
	}
	ctx, cancel = context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := r.k.Open(ctx, mine); done <- err }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := len(r.alarms()); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

// TestADamagedRecordingLastsAsTheLedgerSays: damage that hides the end of a recording does not let it last until now.
func TestADamagedRecordingLastsAsTheLedgerSays(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d, err := r.begin("S-20261124-01", "payroll").Close(recordings.End{Cause: "ended", At: r.clock().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	d.File = "S-20261124-01.skr"
	r.row(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size},
		&ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{"S-20261124-01"}, Payload: map[string]any{"session_id": "S-20261124-01", "ended_at": r.clock().Add(time.Minute), "recording": d}})
	r.ahead.Add(int64(24 * time.Hour))
	b := r.read("S-20261124-01")
	r.write("S-20261124-01", b[:len(b)-40])
	held, err := r.k.OpenDamaged(t.Context(), "S-20261124-01")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if held.Bad == nil || held.Length > 2*time.Minute {
		t.Errorf("%v, %s long", held.Bad, held.Length)
	}
}

package store

import (
	"errors"
	"slices"
	"testing"

	"sekimori/policy"
)

// A file that is being delivered is in a state of its own, which filters find and an end takes away.
func TestAFileOnItsWayHasItsState(t *testing.T) {
	db := open(t)
	states := func(want ...policy.FileState) (n int) {
		t.Helper()
		if err := db.Read(t.Context(), func(s *Snap) error {
			all, err := s.Files(FileFilter{States: want})
			n = len(all)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	db.write(func(tx *Tx) error {
		file := func(id string, state policy.FileState, via string) error {
			return tx.AddFile(File{ID: id, Direction: policy.FilesIn, State: state, Session: "S-1", Path: []byte("/a"), Findings: []byte("[]"), Kept: []string{id}, Content: id, Via: via})
		}
		return errors.Join(file("F-1", policy.FileApproved, ""), file("F-2", policy.FileDelivering, "S-1"), file("F-3", policy.FileHeld, ""))
	})
	for _, c := range []struct {
		want   int
		states []policy.FileState
	}{
		{1, []policy.FileState{policy.FileApproved}}, {1, []policy.FileState{policy.FileDelivering}}, {2, []policy.FileState{policy.FileApproved, policy.FileDelivering}},
		{2, []policy.FileState{policy.FileHeld, policy.FileDelivering}}, {3, nil}, {0, []policy.FileState{policy.FileReleased}},
	} {
		if n := states(c.states...); n != c.want {
			t.Errorf("%v: %d", c.states, n)
		}
	}
	db.write(func(tx *Tx) error { return tx.DeliverFile("F-1", "S-2", []byte("/srv/\x96\xbe")) })
	err := db.Write(t.Context(), func(tx *Tx) error { return tx.DeliverFile("F-1", "S-3", nil) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("delivered twice at once: %v", err)
	}
	if n := states(policy.FileDelivering); n != 2 {
		t.Errorf("%d on their way", n)
	}
	db.write(func(tx *Tx) error {
		return errors.Join(tx.NoteFile("F-1", "cut"), tx.EndFile("F-2", policy.FileReleased, "", "", ""))
	})
	if n := states(policy.FileApproved); n != 1 || states(policy.FileDelivering) != 0 {
		t.Errorf("%d approved", n)
	}
	db.write(func(tx *Tx) error { return tx.DisposeFile("F-2") })
	for _, id := range []string{"F-1", "F-2", "F-9"} {
		if err := db.Write(t.Context(), func(tx *Tx) error { return tx.DisposeFile(id) }); !errors.Is(err, ErrNotFound) {
			t.Errorf("the contents of %s are removed: %v", id, err)
		}
	}
}

// TestAttackReviewTheWorkWhoseFilesOneLetThrough: those who let files of a window through, and those for whom a deputy did, have a part in its work. They see no
// more of it for that.
func TestAttackReviewTheWorkWhoseFilesOneLetThrough(t *testing.T) {
	db := open(t)
	db.declare()
	window := ""
	db.write(func(tx *Tx) error {
		no, err := tx.grant(noon, "E-0031")
		window = no + "-1"
		for id, of := range map[string]string{"F-1": window, "F-2": window, "F-3": "R8-0002-1"} {
			err = errors.Join(err, tx.AddFile(File{ID: id, Direction: policy.FilesOut, State: policy.FileHeld, Session: "S-1", Window: of, Path: []byte("/a"), Findings: []byte("[]"), Kept: []string{id}, Content: id}))
		}
		return errors.Join(err, tx.ApproveFile("F-1", FileApproval{Stage: 1, By: "mori", OnBehalf: "head"}, policy.FileApproved),
			tx.ApproveFile("F-2", FileApproval{Stage: 1, By: "mori"}, policy.FileApproved), tx.ApproveFile("F-3", FileApproval{Stage: 1, By: "kato"}, policy.FileApproved))
	})
	if err := db.Read(t.Context(), func(s *Snap) error {
		on, err := s.WindowSubject(window)
		if slices.Sort(on.Parties); !slices.Equal(on.Parties, []string{"head", "mori"}) || !slices.Equal(on.Approvers, []string{"U-001"}) {
			t.Errorf("parties %v, approvers %v", on.Parties, on.Approvers)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestAttackAFreezeHoldsWhatIsBeingDisposedOf: a freeze counts no recording as kept whose disposal was ordered.
func TestAttackAFreezeHoldsWhatIsBeingDisposedOf(t *testing.T) {
	db := open(t)
	db.write(func(tx *Tx) error {
		err := tx.PutPerson(Person{Person: policy.Person{ID: "U-TEN", Login: "tenken", Kind: policy.Staff}})
		for _, id := range []string{"S-1", "S-2"} {
			err = errors.Join(err, tx.AddSession(Session{ID: id, State: SessionEnded, Reason: policy.EndedByEngineer, System: "hr", Created: tx.Now, Ended: tx.Now, Recording: id + ".skr"}))
		}
		err = errors.Join(err, tx.OrderDisposal(Disposal{Session: "S-1", Days: 1}))
		held, _, e := tx.HoldRecordings(HoldScope{System: "hr"}, "I-001", "U-TEN", "x")
		if !slices.Equal(held, []string{"S-2"}) {
			t.Errorf("held %v", held)
		}
		return errors.Join(err, e)
	})
}

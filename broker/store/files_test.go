package store

import (
	"errors"
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

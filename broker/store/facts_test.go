package store

import (
	"slices"
	"testing"
	"time"

	"sekimori/policy"
)

// Anyone of the vendor may propose. An engineer with more requests than the limit is told of the newest, in their order.
func TestOfManyProposalsTheNewestAreTold(t *testing.T) {
	o := open(t)
	o.declare()
	var made []string
	o.write(func(tx *Tx) error {
		for range mostUnissued + 1 {
			no, err := tx.NextRequestNo()
			r := aRequest(no, noon.Add(time.Hour))
			r.State, r.ApprovedVersion = policy.RequestProposed, 0
			if err := all(err, tx.AddRequest(r)); err != nil {
				return err
			}
			made = append(made, no)
		}
		return nil
	})
	o.read(func(s *Snap) error {
		f, err := s.Facts("sato")
		var told []string
		for _, g := range f.Grants {
			told = append(told, g.ID)
		}
		if !slices.Equal(told, made[1:]) {
			t.Errorf("told of %d: %v", len(told), told)
		}
		return err
	})
}

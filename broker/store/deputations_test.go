package store

import (
	"testing"
	"time"

	"sekimori/policy"
)

// Of two deputations for the same pair, the one that held at the time counts: one cleared earlier or beginning later appointed no one.
// Where both held, the approver's own comes first. Clearing it afterwards changes nothing.
func TestTheAppointerIsWhoseDeputationHeld(t *testing.T) {
	o := open(t)
	o.declare()
	set := func(by string, from time.Time) (id int64) {
		o.write(func(tx *Tx) (err error) {
			id, err = tx.AddDeputation(Deputation{Deputation: policy.Deputation{For: "U-001", Deputy: "U-002", From: from, Until: noon.AddDate(0, 0, 2), Reason: "出張", SetBy: by}})
			return err
		})
		return id
	}
	o.write(func(tx *Tx) error { return tx.PutPerson(staff("U-003", "kakaricho", policy.Approver)) })
	is := func(what string, at time.Time, want string) {
		t.Helper()
		o.read(func(s *Snap) error {
			got, err := s.appointer(Decision{By: "U-002", OnBehalf: "U-001", At: at})
			if got != want {
				t.Errorf("%s: appointed by %q, want %q", what, got, want)
			}
			return err
		})
	}
	own := set("U-001", noon)
	other := set("U-003", noon)
	is("both hold", noon.Add(time.Minute), "U-001")
	o.clock.set(noon.Add(time.Hour))
	o.write(func(tx *Tx) error { return tx.ClearDeputation(own, "U-001") })
	is("one was cleared later", noon.Add(30*time.Minute), "U-001")
	is("one was cleared before", noon.Add(2*time.Hour), "U-003")
	o.clock.set(noon.Add(3 * time.Hour))
	o.write(func(tx *Tx) error { return tx.ClearDeputation(other, "U-003") })
	set("U-001", noon.AddDate(0, 0, 1))
	is("the next begins after it", noon.Add(2*time.Hour), "U-003")
	is("none holds", noon.Add(4*time.Hour), "")
	is("before all of them", noon.Add(-time.Hour), "")
}

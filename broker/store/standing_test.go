package store

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"sekimori/policy"
)

// TestStandingOfMany: reading many people at once gives the same as reading each.
func TestStandingOfMany(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		if err := tx.PutPerson(engineer("E-0100", "other", "V-012")); err != nil {
			return err
		}
		_, err := tx.grant(noon, "E-0031")
		if err == nil {
			_, err = tx.grant(noon.AddDate(0, 0, 1), "E-0031")
		}
		if err == nil {
			_, err = tx.grant(noon, "E-0100")
		}
		return err
	})
	o.read(func(s *Snap) error {
		all, err := s.StandingOf([]string{"E-0031", "E-0100", "U-001", "nobody"})
		if err != nil {
			return err
		}
		if len(all["E-0031"].Grants) != 2 || len(all["E-0100"].Grants) != 1 || len(all) > 3 {
			t.Errorf("read %+v", all)
		}
		for id, got := range all {
			want, err := s.Standing(id)
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v\nalone: %+v", id, got, want)
			}
		}
		return nil
	})
}

// A subcontractor's people are judged by their prime contractor too: its lock and its papers are among their facts, read
// once for all of them.
func TestStandingOfASubcontractorsPeopleHasThePrime(t *testing.T) {
	o := open(t)
	o.declare()
	var people []string
	o.write(func(tx *Tx) error {
		prime, err := tx.Vendor("V-012")
		sub := prime
		sub.ID, sub.Login, sub.Prime, sub.PrimeApproved = "V-013", "saitaku", "V-012", true
		err = all(err, tx.PutVendor(sub), tx.LockVendor("V-012", "U-001", "漏えいの疑い"), tx.AddPaper(Paper{ID: "P-0001", Kind: PaperCertification,
			Vendor: "V-012", Name: "isms", State: PaperAccepted, From: noon.AddDate(-1, 0, 0), Until: noon.AddDate(1, 0, 0), FiledBy: "U-001", AcceptedBy: "U-001"}))
		for i := range 20 {
			id := fmt.Sprintf("E-01%02d", i)
			people = append(people, id)
			err = all(err, tx.PutPerson(engineer(id, "sub"+id, "V-013")))
		}
		return err
	})
	o.read(func(s *Snap) error {
		want, err := s.Vendor("V-012")
		if err != nil {
			return err
		}
		known, err := s.StandingOf(append(people, "E-0031"))
		if err != nil {
			return err
		}
		for _, id := range people {
			f := known[id]
			if f.Prime == nil || f.Prime.Locked == nil || len(f.Prime.Certifications) != 1 || !reflect.DeepEqual(*f.Prime, want.Vendor) {
				t.Errorf("%s: prime contractor %+v", id, f.Prime)
			}
		}
		if f := known["E-0031"]; f.Prime != nil {
			t.Errorf("the prime contractor's own engineer has one: %+v", f.Prime)
		}
		if _, ok := s.known["vendor V-012"].(Vendor); !ok {
			t.Error("the prime contractor is read for each of them")
		}
		alone, err := s.Facts(people[0])
		if !reflect.DeepEqual(alone.Prime, &want.Vendor) {
			t.Errorf("alone: %+v", alone.Prime)
		}
		return err
	})
}

// Facts tell which members of staff are locked, because an attendant may be one. Locked engineers are not among them.
func TestStandingKnowsWhichStaffAreLocked(t *testing.T) {
	o := open(t)
	o.declare()
	want := func(what string, want ...string) {
		t.Helper()
		o.read(func(s *Snap) error {
			all, err := s.StandingOf([]string{"E-0031", "E-0032"})
			if err != nil {
				return err
			}
			alone, err := s.Facts("E-0031")
			for _, f := range []policy.Facts{alone, all["E-0031"], all["E-0032"]} {
				if !slices.Equal(f.LockedStaff, want) {
					t.Errorf("%s, %s: %v, want %v", what, f.Person.ID, f.LockedStaff, want)
				}
			}
			return err
		})
	}
	want("nobody locked")
	o.write(func(tx *Tx) error {
		return all(tx.LockPerson("U-002", "U-001", "x"), tx.LockPerson("E-0032", "U-001", "x"), tx.LockVendor("V-012", "U-001", "x"))
	})
	want("locked", "U-002")
	o.write(func(tx *Tx) error { return tx.UnlockPerson("U-002", "U-001") })
	want("unlocked")
}

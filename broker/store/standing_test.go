package store

import (
	"reflect"
	"testing"
)

// TestStandingOfMany: what is read of many at once is what is read of each.
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

package store

import (
	"slices"
	"testing"
)

// A grant keeps the commands that the approvals left. One without commands of its own has those of its request, never a shell instead.
func TestAGrantKeepsItsCommands(t *testing.T) {
	o := open(t)
	o.declare()
	var no string
	o.write(func(tx *Tx) (err error) {
		if no, err = tx.grant(noon, "E-0031"); err != nil {
			return err
		}
		r, err := tx.Request(no)
		if err != nil {
			return err
		}
		r.Body.Commands = []string{"uptime", "id", "cat *"}
		first, err := tx.Grant(no + "-1-1")
		if err != nil {
			return err
		}
		second := first
		second.ID, second.Commands = no+"-1-2", []string{"cat *", "id"}
		return all(tx.UpdateRequest(r), tx.AddGrant(second))
	})
	o.read(func(s *Snap) error {
		first, err := s.Grant(no + "-1-1")
		second, err2 := s.Grant(no + "-1-2")
		if !slices.Equal(first.Commands, []string{"uptime", "id", "cat *"}) || !slices.Equal(second.Commands, []string{"cat *", "id"}) {
			t.Errorf("%q, %q", first.Commands, second.Commands)
		}
		return all(err, err2)
	})
	for _, wrong := range []string{"[]", "{}", "x", `"id"`} {
		err := o.DB.Write(t.Context(), func(tx *Tx) error {
			_, err := tx.exec(`UPDATE grants SET commands = ? WHERE id = ?`, wrong, no+"-1-2")
			return err
		})
		if err == nil {
			t.Errorf("%s is stored as a list of commands", wrong)
		}
	}
}

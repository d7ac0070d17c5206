package attendance

import (
	"errors"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// joined holds up a permission until the maintenance line is on (R5): the office network is cut, then the line is put on, then the start
// is permitted. Whether the office network is cut at this moment, the check items ask.
func joined(s *store.Snap, on store.OnWindow) error {
	if on.System.Line == policy.LineNone {
		return nil
	}
	row, err := s.WindowLine(on.Window.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("line of %s: %w", on.Window.ID, err)
	}
	if !row.Open() || !row.On() {
		return forms.Wrong("line", "line-not-on", "先に庁内網の切断を確かめ(line cut)、保守回線をつないでください(line on)。",
			"confirm first that the office network is cut (line cut), and connect the maintenance line (line on)")
	}
	return nil
}

// lined is identified, for a system with a line: the line first.
func lined(s *store.Snap, p policy.Person, on store.OnWindow) error {
	if err := joined(s, on); err != nil {
		return err
	}
	return identified(s, p, on)
}

// opened is ticked, for a system whose post's taking permits the start as well: the line first.
func opened(s *store.Snap, p policy.Person, on store.OnWindow) error {
	if !on.System.IdentityCheck {
		if err := joined(s, on); err != nil {
			return err
		}
	}
	return ticked(s, p, on)
}

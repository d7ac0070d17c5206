package view

import (
	"context"
	"errors"

	"sekimori/broker/store"
)

// SectionToCall is a section and its telephone.
type SectionToCall struct{ Name, Phone string }

// SectionToCall is the section that a reader calls: that of the system, or without one the reader's own. People of a vendor have none of
// their own; for them it is the section of the system of the vendor's newest request. Empty: no section is known.
func (v *Views) SectionToCall(ctx context.Context, by Reader, system string) (out SectionToCall, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		section := by.Section
		if system == "" && by.Vendor != "" {
			var err error
			if system, err = s.SystemOfNewestRequest(by.Vendor); errors.Is(err, store.ErrNotFound) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if system != "" {
			y, err := s.System(system)
			if err != nil {
				return err
			}
			section = y.Section
			out.Phone = y.Phone
		}
		if section == "" {
			return nil
		}
		c, err := s.Section(section)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if out.Name = c.Name; out.Phone == "" {
			out.Phone = c.Phone
		}
		return err
	})
	return out, err
}

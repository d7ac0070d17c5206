package requests

import (
	"context"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Copy is a form filled in from an earlier request, without times, reasons, declarations and the facts of that one fault. A reason is
// never used again. Each person who may own a request on the system may copy it, and so may the vendor. Errors: *policy.Denied;
// store.ErrNotFound.
func (d *Desk) Copy(ctx context.Context, no string, by ledger.Actor) (request.Form, error) {
	var f request.Form
	err := d.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := s.Person(by.ID)
		if err != nil {
			return fmt.Errorf("person %q: %w", by.ID, err)
		}
		r, sys, err := load(s, no)
		if err != nil {
			return err
		}
		if err := policy.MaySubmit(p.Person, sys.System, r.Vendor).Err(); err != nil {
			return err
		}
		last := request.Form{System: r.System, Body: r.Body}
		f = request.Fields.Copy(&last)
		return nil
	})
	return f, err
}

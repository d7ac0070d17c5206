package requests

import (
	"context"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Cancel takes a window back before or during its use; its grants are revoked with it.
func (d *Desk) Cancel(ctx context.Context, window, reason string, by ledger.Actor) error {
	if err := mustSay(reason); err != nil {
		return err
	}
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		w, err := tx.Window(window)
		if err != nil {
			return fmt.Errorf("window %q: %w", window, err)
		}
		r, sys, err := load(tx.Snap, w.Request)
		if err != nil {
			return err
		}
		if !usable(w.State) {
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.ClosedAt.In(d.o.Zone).Format("2006-01-02 15:04")}}
		}
		if !tx.Now.Before(w.End) {
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.End.In(d.o.Zone).Format("2006-01-02 15:04")}}
		}
		if !mayStop(p, sys) && p.ID != r.Requester && !(w.Attendant != "" && w.Attendant == p.ID) {
			return forbidden(policy.Requester)
		}
		reason := forms.Printable(reason)
		if _, err := d.endWindow(tx, w, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason); err != nil {
			return err
		}
		payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": policy.WindowCancelled, "start": w.Start, "end": w.End,
			"attendant": w.Attendant, "reason": reason}
		if _, err := tx.Append(ledger.Draft{Kind: "window.cancelled", Actor: by, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
			return fmt.Errorf("ledger window.cancelled: %w", err)
		}
		return nil
	})
}

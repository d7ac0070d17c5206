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
		if !mayStop(p, sys) && p.ID != r.Requester && !(w.Attendant != "" && w.Attendant == p.ID) {
			return forbidden(policy.Requester)
		}
		grants, err := tx.GrantsWhere(store.GrantFilter{Window: w.ID})
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		for _, g := range grants {
			if g.State == policy.GrantActive {
				if err := tx.SetGrantState(g.ID, policy.GrantRevoked, p.ID, reason); err != nil {
					return fmt.Errorf("revoke grant %s: %w", g.ID, err)
				}
			}
		}
		w.State, w.ClosedBy, w.ClosedAt, w.Reason = policy.WindowCancelled, by.ID, tx.Now, forms.Printable(reason)
		if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		if err := tx.UpdateWindow(w); err != nil {
			return fmt.Errorf("store window: %w", err)
		}
		payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": w.State, "start": w.Start, "end": w.End,
			"attendant": w.Attendant, "reason": w.Reason}
		if _, err := tx.Append(ledger.Draft{Kind: "window.cancelled", Actor: by, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
			return fmt.Errorf("ledger window.cancelled: %w", err)
		}
		return nil
	})
}

package requests

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Cancel takes a window back before or during its use; its grants are revoked with it.
func (d *Desk) Cancel(ctx context.Context, window, reason string, by act.Caller) error {
	if err := forms.Reason(reason, true); err != nil {
		return err
	}
	return act.Do(ctx, d.o.Acts, OnWindow, cancel, window, by, func(tx *store.Tx, p act.Person, on store.OnWindow) error {
		w, reason := on.Window, forms.Printable(reason)
		if _, err := d.endWindow(tx, w, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason); err != nil {
			return err
		}
		payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": policy.WindowCancelled, "start": w.Start, "end": w.End,
			"attendant": w.Attendant, "reason": reason}
		if _, err := tx.Append(ledger.Draft{Kind: "window.cancelled", Actor: p.By, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
			return fmt.Errorf("ledger window.cancelled: %w", err)
		}
		return nil
	})
}

package attendance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Backup states, before the start, when the system was last backed up and how that is known (R19). Whoever may attend
// the window states it, and what a person states is by hand. Whether it is young enough is asked at the opening, at the permission, and at every connection.
// Errors: *policy.Denied, *forms.Invalid.
func (a *Post) Backup(ctx context.Context, window string, b policy.Backup, note string, by ledger.Actor) error {
	if err := sayable(note); err != nil {
		return err
	}
	switch {
	case b.At.IsZero():
		return invalid("at", "time-required", "バックアップの日時を書いてください。", "say when the backup was made")
	case b.How == policy.BackupAutomatic:
		return invalid("how", "no-sensor", "連動(automatic)は人が記すものではありません。by-hand(手入力)としてください。",
			"automatic is what a sensor says, not a person; it is by-hand")
	case b.How != policy.BackupByHand:
		return invalid("how", "unknown-word", "by-hand(手入力)です。", "it is by-hand")
	case !b.OK && note == "":
		return invalid("reason", "reason-required", "失敗の理由を書いてください。", "say why it failed")
	}
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if err := a.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if !usable(w.State) {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if b.At.After(tx.Now) {
			return invalid("at", "in-the-future", "バックアップの日時が未来です。", "the time of the backup lies ahead")
		}
		b.By = p.ID
		if err := tx.AddBackup(store.Backup{Window: w.ID, System: w.System, Backup: b, Note: note}); err != nil {
			return fmt.Errorf("store the backup's statement: %w", err)
		}
		if w.BackupAt = b.At; !b.OK {
			w.BackupAt = time.Time{}
		}
		return a.windowEntry(tx, "window.backup-stated", by, *w, map[string]any{"at": b.At, "how": b.How, "ok": b.OK, "note": note})
	})
}

// overridden is the kind of entry of an override.
const overridden = "window.overridden"

// Override lets the work start although a check item is unmet, for a stated reason. code is one of the Override… constants
// of policy. An approver of the section or the second approver does, never the attendant; the door has authenticated
// them afresh. Errors: *policy.Denied, *forms.Invalid.
func (a *Post) Override(ctx context.Context, window, code, reason string, by ledger.Actor) error {
	if err := mustSay(reason); err != nil {
		return err
	}
	if !slices.Contains([]string{policy.OverrideBackup, policy.OverrideFollowUp, policy.OverrideReviews}, code) {
		return invalid("item", "unknown-word", "backup、follow-up、reviews のどれかです。", "it is backup, follow-up or reviews")
	}
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if !mayOverride(p, *w, r, sys) {
			return forbidden(policy.Approver)
		}
		if !usable(w.State) {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if !slices.Contains(w.Overrides, code) {
			w.Overrides = append(w.Overrides, code)
		}
		return a.windowEntry(tx, overridden, by, *w, map[string]any{"item": code, "reason": reason})
	})
}

package attendance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Backup states, before the start, when the system was last backed up and how that is known (R19). Every person who may attend
// the window may state it, and the statement counts as by hand. Its age is checked at the opening, at the permission, and at every connection.
// Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Backup(ctx context.Context, window string, b policy.Backup, note string, by act.Caller) error {
	if err := forms.Reason(note, false); err != nil {
		return err
	}
	switch {
	case b.At.IsZero():
		return forms.Wrong("at", "time-required", "バックアップの日時を書いてください。", "say when the backup was made")
	case b.How == policy.BackupAutomatic:
		return forms.Wrong("how", "no-sensor", "連動(automatic)は人が記すものではありません。by-hand(手入力)としてください。",
			"automatic is what a sensor says, not a person; it is by-hand")
	case b.How != policy.BackupByHand:
		return forms.Wrong("how", "unknown-word", "by-hand(手入力)です。", "it is by-hand")
	case !b.OK && note == "":
		return forms.Wrong("reason", "reason-required", "失敗の理由を書いてください。", "say why it failed")
	}
	return a.onWindow(ctx, backup, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		w := &on.Window
		if b.At.After(tx.Now) {
			return forms.Wrong("at", "in-the-future", "バックアップの日時が未来です。", "the time of the backup lies ahead")
		}
		b.By = p.ID
		if err := tx.AddBackup(store.Backup{Window: w.ID, System: w.System, Backup: b, Note: note}); err != nil {
			return fmt.Errorf("store the backup's statement: %w", err)
		}
		if w.BackupAt = b.At; !b.OK {
			w.BackupAt = time.Time{}
		}
		return a.windowEntry(tx, "window.backup-stated", p.By, *w, map[string]any{"at": b.At, "how": b.How, "ok": b.OK, "note": note})
	})
}

// Override lets the work start although a check item is unmet, for a stated reason. code is one of the Override… constants
// of policy. An approver of the section or the second approver may do it, never the attendant. It asks for the
// proof each time. Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Override(ctx context.Context, window, code, reason string, by act.Caller) error {
	if err := forms.Reason(reason, true); err != nil {
		return err
	}
	if !slices.Contains([]string{policy.OverrideBackup, policy.OverrideFollowUp, policy.OverrideReviews}, code) {
		return forms.Wrong("item", "unknown-word", "backup、follow-up、reviews のどれかです。", "it is backup, follow-up or reviews")
	}
	return a.onWindow(ctx, override, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		w := &on.Window
		if !slices.Contains(w.Overrides, code) {
			w.Overrides = append(w.Overrides, code)
		}
		return a.windowEntry(tx, store.EntryOverridden, p.By, *w, map[string]any{"item": code, "reason": reason})
	})
}

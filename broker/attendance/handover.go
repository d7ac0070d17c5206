package attendance

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Handover offers the post of a window to another person, who must take it by an act of their own. A later offer replaces an earlier
// one. Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Handover(ctx context.Context, window, to string, by act.Caller) error {
	return a.onWindow(ctx, handover, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		w := on.Window
		next, err := tx.Person(to)
		if err != nil {
			return fmt.Errorf("person %q: %w", to, err)
		}
		switch {
		case next.ID == w.Attendant:
			return forms.Wrong("person", "same-person", "すでにこの人が立会者です。", "this person has the post already")
		case next.Locked != nil || !policy.MayTakeOver(next.Person, on.Facts, tx.Now).Allow:
			return forms.Wrong("person", "attendant-not-eligible", "この人はこの時間枠の立会者になれません。", "this person may not attend the window")
		}
		if err := tx.OfferHandover(store.Handover{Window: w.ID, From: w.Attendant, To: next.ID, By: p.ID}); err != nil {
			return fmt.Errorf("store the offer: %w", err)
		}
		return a.handEntry(tx, "window.handover-offered", p.By, w, w.Attendant, next.ID, p.ID)
	})
}

// offered refuses the taking of a post that was not offered to the person.
func offered(_ *store.Snap, p policy.Person, on store.OnWindow) error {
	if on.Facts.Offered == "" || on.Facts.Offered != p.ID {
		return forms.Wrong("window", "nothing-offered", "この時間枠の立会いは、あなたに引き継がれていません。", "the post of this window was not offered to you")
	}
	return nil
}

// Take takes the post that was offered. From then on the other person's heartbeats are refused and the taker's are needed; the act
// counts as the first, so that there is no gap. Errors: *policy.Denied, *forms.Invalid.
func (a *Service) Take(ctx context.Context, window string, by act.Caller) error {
	return a.onWindow(ctx, take, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		if err := tx.TakeHandover(window); err != nil {
			return fmt.Errorf("store the taking: %w", err)
		}
		on.Window.Attendant = p.ID
		return a.handEntry(tx, "window.handed-over", p.By, on.Window, on.Facts.From, p.ID, on.Facts.OfferedBy)
	})
}

// handEntry names both people, so that the entries of each show it.
func (a *Service) handEntry(tx *store.Tx, kind string, by ledger.Actor, w store.Window, from, to, offered string) error {
	payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "from": from, "to": to, "offered_by": offered}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{w.ID, w.Request, w.System, from, to}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

package attendance

import (
	"context"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Handover offers the post of a window to another person, who must take it by an act of their own. The attendant offers it,
// or, where they are away, an approver of the section assigns it. A later offer replaces an earlier one. Errors:
// *policy.Denied, *forms.Invalid.
func (a *Post) Handover(ctx context.Context, window, to string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if w.Attendant != p.ID && !(ofSection(p, sys) && p.Has(policy.Approver)) {
			return forbidden(policy.Attendant)
		}
		if !manned(*w) {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		next, err := tx.Person(to)
		if err != nil {
			return fmt.Errorf("person %q: %w", to, err)
		}
		switch {
		case next.ID == w.Attendant:
			return invalid("person", "same-person", "すでにこの人が立会者です。", "this person has the post already")
		case next.Locked != nil || a.fit(tx.Snap, next.Person, *w, r, sys) != nil:
			return invalid("person", "attendant-not-eligible", "この人はこの時間枠の立会者になれません。", "this person may not attend the window")
		}
		if err := tx.OfferHandover(store.Handover{Window: w.ID, From: w.Attendant, To: next.ID, By: p.ID}); err != nil {
			return fmt.Errorf("store the offer: %w", err)
		}
		return a.handEntry(tx, "window.handover-offered", by, *w, w.Attendant, next.ID, p.ID)
	})
}

// Take takes the post that was offered. From here the other's heartbeats are refused and one's own are needed; the act itself
// is the first, so that there is no gap. Errors: *policy.Denied, *forms.Invalid.
func (a *Post) Take(ctx context.Context, window string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		all, err := tx.Handovers(w.ID)
		if err != nil {
			return fmt.Errorf("read handovers: %w", err)
		}
		if len(all) == 0 || !all[len(all)-1].Taken.IsZero() || all[len(all)-1].To != p.ID {
			return invalid("window", "nothing-offered", "この時間枠の立会いは、あなたに引き継がれていません。", "the post of this window was not offered to you")
		}
		offer := all[len(all)-1]
		if !manned(*w) || w.Attendant != offer.From {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if err := a.fit(tx.Snap, p, *w, r, sys); err != nil { // what held at the offer may hold no more
			return err
		}
		if err := tx.TakeHandover(w.ID); err != nil {
			return fmt.Errorf("store the taking: %w", err)
		}
		w.Attendant = p.ID
		return a.handEntry(tx, "window.handed-over", by, *w, offer.From, offer.To, offer.By)
	})
}

// handEntry names both people, so that each one's entries tell it.
func (a *Post) handEntry(tx *store.Tx, kind string, by ledger.Actor, w store.Window, from, to, offered string) error {
	payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "from": from, "to": to, "offered_by": offered}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{w.ID, w.Request, w.System, from, to}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/store"
)

// IdentityNumber is what an engineer in the waiting room sees and reads back on the registered telephone.
type IdentityNumber struct {
	Session string    `json:"session_id"`
	Person  string    `json:"person"`
	Digits  string    `json:"digits"`
	At      time.Time `json:"-"`
}

// identityNumber is the kind of entry in which the gate writes what it shows.
const identityNumber = "window.identity-number"

// IdentityNumbers are the numbers that engineers on a window were shown since its attendant took the
// post: the newest of each, oldest first. They are for the attendant alone, who holds them against what is read back.
func (d *Desk) IdentityNumbers(ctx context.Context, window string) ([]IdentityNumber, error) {
	var list []IdentityNumber
	err := d.o.DB.Read(ctx, func(s *store.Snap) error {
		w, err := s.Window(window)
		if err != nil {
			return fmt.Errorf("window %q: %w", window, err)
		}
		if w.OpenedAt.IsZero() {
			return nil
		}
		seen := map[string]bool{}
		for e, err := range s.Entries(store.EntryFilter{Kind: identityNumber, Subject: w.ID, Newest: true, Limit: 50}) {
			if err != nil {
				return fmt.Errorf("read identity numbers: %w", err)
			}
			if e.Time.Before(w.OpenedAt) {
				break
			}
			n := IdentityNumber{At: e.Time}
			if err := json.Unmarshal(e.Payload, &n); err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
			if !seen[n.Person] {
				seen[n.Person] = true
				list = append(list, n)
			}
		}
		return nil
	})
	slices.Reverse(list)
	return list, err
}

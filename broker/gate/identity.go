package gate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"

	"sekimori/broker/store"
)

// Kinds of entry of the identity check, which the ledger keeps: the gate draws the three digits,
// the attendant says what was heard on the registered telephone (requests.Desk.Identity), and
// the newest entry of a person on a window counts.
const (
	identityNumber = "window.identity-number"
	identityFailed = "window.identity-failed"
)

// identityPayload is that entry.
type identityPayload struct {
	Session string `json:"session_id"`
	Person  string `json:"person"`
	Window  string `json:"window"`
	Digits  string `json:"digits"`
}

// digits gives the three digits of this visit to the waiting room: drawn once, and shown only
// after they were written where the attendant sees them. Empty: not possible now.
func (c *caller) digits(ctx context.Context, pass *passage) string {
	window := pass.decision.Grant.Window.ID
	if c.identity.Window == window {
		return c.identity.Digits
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1000))
	if err != nil {
		c.log.Error("no_random_number", "error", err)
		return ""
	}
	p := identityPayload{Session: pass.number, Person: pass.person.ID, Window: window, Digits: fmt.Sprintf("%03d", n.Int64())}
	err = c.s.o.DB.Write(ctx, func(tx *store.Tx) error {
		d := c.draft(identityNumber, pass, p)
		d.Actor.Kind, d.Actor.ID = "broker", ""
		e, err := tx.Append(d)
		c.drawn = e.Index
		return err
	})
	if err != nil {
		c.log.Error("identity_number_not_written", "error", err)
		return ""
	}
	c.identity = p
	return p.Digits
}

// misidentified says whether the attendant called this engineer about the digits of this visit and did
// not hear them.
func (c *caller) misidentified(ctx context.Context, pass *passage) (bool, error) {
	window := pass.decision.Grant.Window.ID
	if c.identity.Window == "" || c.identity.Window != window {
		return false, nil
	}
	failed := false
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		for e, err := range snap.Entries(store.EntryFilter{Kind: identityFailed, Subject: window, From: c.drawn + 1}) {
			if err != nil {
				return err
			}
			var p identityPayload
			if err := json.Unmarshal(e.Payload, &p); err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
			failed = failed || p.Person == pass.person.ID
		}
		return nil
	})
	return failed, err
}

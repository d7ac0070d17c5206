package gate

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"sekimori/broker/store"
)

// identityNumber is the kind of entry that tells the attendant which three digits the engineer
// sees. The ledger is where the check is kept (requests.Desk.IdentityOf); the newest entry of a
// person on a window counts.
const identityNumber = "window.identity-number"

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
		_, err := tx.Append(d)
		return err
	})
	if err != nil {
		c.log.Error("identity_number_not_written", "error", err)
		return ""
	}
	c.identity = p
	return p.Digits
}

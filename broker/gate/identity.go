package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"sekimori/broker/attendance"
	"sekimori/broker/store"
	"sekimori/policy"
)

// identityNumber is the kind of entry in which the gate writes the three digits that it shows. The
// attendant says what was heard on the registered telephone (attendance.Post.Identity), and the newest
// entry of a person on a window counts.
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

// identified holds a decision against the identity check where the system asks for one. The permission
// to start is given for the window; this is for each engineer on it. It only ever takes away.
func (c *caller) identified(ctx context.Context, pass *passage) error {
	g := pass.decision.Grant
	if g.ID == "" || !pass.facts.Systems[pass.facts.Targets[g.Target].System].IdentityCheck {
		return nil
	}
	var check attendance.IdentityCheck
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := attendance.IdentityChecks(snap, g.Window.ID)
		for _, one := range all {
			if one.Person == pass.person.ID {
				check = one
			}
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound): // no window yet, and so no permission either
		if pass.decision.Allow {
			return err
		}
	case err != nil:
		return err
	case check.Failed && c.identity.Window == g.Window.ID: // called in this visit, and not heard
		pass.decision = policy.Decision{Reason: policy.IdentityFailed, Grant: g}
	case pass.decision.Allow && !check.Matched:
		pass.decision = policy.Decision{Reason: policy.AttendantAbsent, Grant: g, Wait: true,
			Args: map[string]string{"request": g.Request, "time": g.Window.End.In(c.s.o.Zone).Format("2006-01-02 15:04")}}
	}
	return nil
}

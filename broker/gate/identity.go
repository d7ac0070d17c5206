package gate

import (
	"context"
	"errors"

	"sekimori/broker/attendance"
	"sekimori/broker/store"
	"sekimori/policy"
)

// identityNumber is the kind of entry in which the gate writes, sealed, the three digits that it shows. The
// attendant says what was heard on the registered telephone (attendance.Post.Identity), and the newest
// entry of a session on a window counts.
const identityNumber = "window.identity-number"

// drawn is the number of a visit to the waiting room.
type drawn struct{ window, digits string }

// digits gives the three digits of this visit to the waiting room: drawn once, and shown only
// after they were written where they are held against what the attendant heard. Empty: not possible now.
func (c *caller) digits(ctx context.Context, pass *passage) string {
	window := pass.decision.Grant.Window.ID
	if c.identity.window == window {
		return c.identity.digits
	}
	var digits string
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if digits, err = attendance.DrawNumber(c.s.o.Ring, tx.Snap, window); err != nil {
			return err
		}
		shown, err := attendance.ShowNumber(c.s.o.Ring, window, pass.number, pass.person.ID, digits)
		if err != nil {
			return err
		}
		if c.source.IsValid() {
			shown.Source = c.source.Addr().String()
		}
		d := c.draft(identityNumber, pass, shown)
		d.Actor.Kind, d.Actor.ID = "broker", ""
		_, err = tx.Append(d)
		return err
	})
	if err != nil {
		c.log.Error("identity_number_not_written", "error", err)
		return ""
	}
	c.identity = drawn{window, digits}
	return digits
}

// identified holds a decision against the identity check where the system asks for one. The permission
// to start is given for the window; this is for each session number on it, since another connection of the person's may be somebody
// else's. It only ever takes away. A connection that is let in without a code, beside an identified session that is still open with the same
// key from the same address, counts as that session's: scp beside a shell needs no second telephone call.
func (c *caller) identified(ctx context.Context, pass *passage) error {
	g := pass.decision.Grant
	if g.ID == "" || !pass.facts.Systems[pass.facts.Targets[g.Target].System].IdentityCheck {
		return nil
	}
	var check attendance.IdentityCheck
	beside := false
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := attendance.IdentityChecks(snap, g.Window.ID)
		matched := map[string]bool{}
		for _, one := range all {
			if one.Session == pass.number && one.Person == pass.person.ID {
				check = one
			}
			matched[one.Session] = one.Matched && one.Person == pass.person.ID
		}
		if err != nil || pass.factor != factorRemembered {
			return err
		}
		beside, err = c.besideOneOf(snap, pass, g.Window.ID, matched)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound): // no window yet, and so no permission either
		if pass.decision.Allow {
			return err
		}
	case err != nil:
		return err
	case check.Failed && c.identity.window == g.Window.ID: // called in this visit, and not heard
		pass.decision = policy.Decision{Reason: policy.IdentityFailed, Grant: g}
	case pass.decision.Allow && !check.Matched && !beside:
		pass.decision = policy.Decision{Reason: policy.AttendantAbsent, Grant: g, Wait: true,
			Args: map[string]string{"request": g.Request, "time": g.Window.End.In(c.s.o.Zone).Format("2006-01-02 15:04")}}
	}
	return nil
}

// besideOneOf tells that one of the identified sessions is open with the person's same key from the same address.
func (c *caller) besideOneOf(snap *store.Snap, pass *passage, window string, matched map[string]bool) (bool, error) {
	if !c.source.IsValid() {
		return false, nil
	}
	live, err := snap.Sessions(store.SessionFilter{Live: true, Person: pass.person.ID, Window: window, Limit: 1000})
	for _, s := range live {
		if matched[s.ID] && s.Fingerprint == pass.fingerprint && s.Source.Addr() == c.source.Addr() {
			return true, err
		}
	}
	return false, err
}

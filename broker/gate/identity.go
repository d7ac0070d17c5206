package gate

import (
	"context"
	"errors"

	"sekimori/broker/attendance"
	"sekimori/broker/store"
	"sekimori/policy"
)

// identityNumber is the kind of entry in which the gate writes, sealed, the three digits that it shows. The
// attendant enters the digits heard on the registered telephone (attendance.Service.Identity). The newest
// entry of a session on a window counts.
const identityNumber = "window.identity-number"

// identityDigits is the number of a visit to the waiting room.
type identityDigits struct{ window, digits string }

// digits gives the three digits of this visit to the waiting room. They are drawn once, and shown only
// after the entry holds them. Empty: not possible now.
func (c *caller) digits(ctx context.Context, auth *authResult) string {
	window := auth.decision.Grant.Window.ID
	if c.identity.window == window {
		return c.identity.digits
	}
	var digits string
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if digits, err = attendance.DrawNumber(c.s.o.Ring, tx.Snap, window); err != nil {
			return err
		}
		shown, err := attendance.ShowNumber(c.s.o.Ring, window, auth.number, auth.person.ID, digits)
		if err != nil {
			return err
		}
		if c.source.IsValid() {
			shown.Source = c.source.Addr().String()
		}
		d := c.draft(identityNumber, auth, shown)
		d.Actor.Kind, d.Actor.ID = "broker", ""
		_, err = tx.Append(d)
		return err
	})
	if err != nil {
		c.log.Error("identity_number_not_written", "error", err)
		return ""
	}
	c.identity = identityDigits{window, digits}
	return digits
}

// identified compares a decision with the identity check where the system asks for one. The permission
// to start covers the window; this check covers each session number, since another connection of the person's may be a
// thief's. It can only turn a yes into a no. A connection without a code, beside an open identified session with the same
// key and address, counts as that session's: scp beside a shell needs no second telephone call.
func (c *caller) identified(ctx context.Context, auth *authResult) error {
	g := auth.decision.Grant
	if g.ID == "" || !auth.facts.Systems[auth.facts.Targets[g.Target].System].IdentityCheck {
		return nil
	}
	var check attendance.IdentityCheck
	beside := false
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := attendance.IdentityChecks(snap, g.Window.ID)
		matched := map[string]bool{}
		for _, one := range all {
			if one.Session == auth.number && one.Person == auth.person.ID {
				check = one
			}
			matched[one.Session] = one.Matched && one.Person == auth.person.ID
		}
		if err != nil || auth.factor != factorRemembered {
			return err
		}
		beside, err = c.besideOneOf(snap, auth, g.Window.ID, matched)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound): // no window yet, and so no permission either
		if auth.decision.Allow {
			return err
		}
	case err != nil:
		return err
	case check.Failed && c.identity.window == g.Window.ID: // called in this visit, and the digits were not heard
		auth.decision = policy.Decision{Reason: policy.IdentityFailed, Grant: g}
	case auth.decision.Allow && !check.Matched && !beside:
		auth.decision = policy.Decision{Reason: policy.AttendantAbsent, Grant: g, Wait: true,
			Args: map[string]string{"request": g.Request, "time": g.Window.End.In(c.s.o.Zone).Format("2006-01-02 15:04")}}
	}
	return nil
}

// besideOneOf reports whether one of the identified sessions is open with the same key from the same address.
func (c *caller) besideOneOf(snap *store.Snap, auth *authResult, window string, matched map[string]bool) (bool, error) {
	if !c.source.IsValid() {
		return false, nil
	}
	live, err := snap.Sessions(store.SessionFilter{Live: true, Person: auth.person.ID, Window: window, Limit: 1000})
	for _, s := range live {
		if matched[s.ID] && s.Fingerprint == auth.fingerprint && s.Source.Addr() == c.source.Addr() {
			return true, err
		}
	}
	return false, err
}

package gate

import (
	"context"
	"fmt"
	"strconv"

	"sekimori/broker/store"
	"sekimori/policy"
)

// attempt turns a proven person's login into a decision: it reads the facts, asks Decide and puts a session number into the
// ledger. It gives the card to agree to, after which answered goes on. The card is empty where the attempt ends here: auth then
// holds a denial, or a fault of ours, which denies too.
func (c *caller) attempt(ctx context.Context, auth *authResult) (card string) {
	if auth.login.Unknown {
		c.denyForm(ctx, auth)
		return ""
	}
	auth.attempt = c.attemptOf(auth, policy.ConsentPending)
	if err := c.decide(ctx, auth); err != nil {
		c.denyFault(auth, err)
		return ""
	}
	if !c.mayWait(auth.decision) {
		c.deny(ctx, auth)
		return ""
	}
	if err := c.begin(ctx, auth); err != nil {
		c.denyFault(auth, err)
		return ""
	}
	return c.card(ctx, auth)
}

// answered goes on with an attempt after the card: consent, then Decide again. gone is the reason why there was no answer. auth
// holds the outcome; an error means that the client has gone.
func (c *caller) answered(ctx context.Context, auth *authResult, yes bool, gone error) error {
	if err := gone; err != nil {
		c.recordRefusal(ctx, auth, policy.ClientLost, nil)
		return err
	}
	if !yes {
		auth.attempt.Consent = policy.ConsentDeclined
		auth.decision = policy.Decision{Reason: policy.ConsentRefused, Grant: auth.decision.Grant}
		c.deny(ctx, auth)
		return nil
	}
	if err := c.consented(ctx, auth); err != nil {
		c.denyFault(auth, err)
		return nil
	}
	auth.attempt.Consent = policy.ConsentGiven
	auth.attempt.Grant = auth.decision.Grant.ID // consent to the card opens the grant on it and no other
	if err := c.decide(ctx, auth); err != nil {
		c.denyFault(auth, err)
		return nil
	}
	if !c.mayWait(auth.decision) {
		c.deny(ctx, auth)
	}
	return nil
}

// recall completes an attempt without prompts where factor and consent are remembered for
// this person, key, address, window and notice. With onlyAllowed it does so for a plain yes
// alone; otherwise for a denial too, which the channel then shows. Nil: the person has to give the factor. The error refuses
// authentication.
func (c *caller) recall(ctx context.Context, p proof, onlyAllowed bool) (*authResult, error) {
	if c.s.o.FactorMemory != FactorWindow || p.login.Choose || p.login.Unknown {
		return nil, nil
	}
	auth := &authResult{login: p.login, person: p.person, fingerprint: p.fingerprint, factor: factorRemembered, mark: c.s.o.DB.FactorMark()}
	auth.attempt = c.attemptOf(auth, policy.ConsentGiven)
	err := c.decide(ctx, auth)
	if err == nil {
		var ok bool
		if ok, err = c.s.isRemembered(ctx, c.memory(auth)); err == nil && !ok {
			return nil, nil
		}
	}
	if err == nil && onlyAllowed && !auth.decision.Allow {
		c.remembered = true
		return nil, nil
	}
	if err == nil {
		if err := c.arrive(ctx, auth); err != nil {
			return nil, err
		}
		// Other connections may have come since the decision.
		if most := c.s.o.Sessions.MostConnections(); c.s.beside(c, p.person.ID) >= most && auth.attempt.Beside < most {
			err = c.decide(ctx, auth)
		}
	}
	if err == nil {
		if c.mayWait(auth.decision) {
			err = c.begin(ctx, auth)
		} else {
			c.deny(ctx, auth)
		}
	}
	if err != nil {
		c.log.Error("remembered_factor_not_used", "error", err)
		return nil, nil
	}
	return auth, nil
}

// attemptOf describes the attempt. Both factors are proven at every call, or, in
// recall, about to be looked up.
func (c *caller) attemptOf(auth *authResult, consent policy.Consent) policy.Attempt {
	return policy.Attempt{
		Act: policy.ActConnect, Person: auth.person.ID, Key: true, Print: auth.fingerprint, Factor: true, Consent: consent,
		Source: c.source.Addr(), Target: auth.login.Target, Account: auth.login.Account,
		Channel: policy.ChannelAdmission, Session: auth.number, Grant: auth.grant,
	}
}

// decide asks policy.Decide, on the facts of now.
func (c *caller) decide(ctx context.Context, auth *authResult) error {
	_ = c.s.o.Sessions.Preflight(ctx) // the facts hold what it found
	f, err := c.s.o.Sessions.Facts(ctx, auth.person.ID)
	if err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	auth.facts = f
	auth.attempt.Session, auth.attempt.Beside = auth.number, c.s.beside(c, auth.person.ID)
	auth.attempt.Dropped = false
	auth.decision = policy.Decide(f, auth.attempt, c.s.o.Clock())
	if auth.decision.Allow || auth.decision.Wait {
		if auth.attempt.Dropped, err = c.dropped(ctx, auth); err != nil {
			return err
		}
		auth.decision = policy.Decide(f, auth.attempt, c.s.o.Clock())
	}
	return c.identified(ctx, auth)
}

// dropped reports whether a forced end or the like dropped the second factor after it was given.
func (c *caller) dropped(ctx context.Context, auth *authResult) (yes bool, err error) {
	if c.s.o.DB.FactorMark() == auth.mark {
		return false, nil
	}
	err = c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		yes, err = snap.Dropped(c.memory(auth), auth.mark)
		return err
	})
	if err != nil {
		return true, fmt.Errorf("second factor: %w", err)
	}
	return yes, nil
}

// overConnectionLimit denies a reader of the list one connection too many. Reading is no attempt, so nothing else decides.
func (c *caller) overConnectionLimit(ctx context.Context, auth *authResult) bool {
	limit := c.s.o.Sessions.MostConnections()
	if c.s.beside(c, auth.person.ID) < limit {
		return false
	}
	auth.decision = policy.Decision{Reason: policy.OwnConnections, Args: map[string]string{"limit": strconv.Itoa(limit)}}
	c.deny(ctx, auth)
	return true
}

// mayWait says whether the attempt can go on, now or after waiting. It cannot while an approval is not
// final.
func (c *caller) mayWait(d policy.Decision) bool {
	if d.Allow {
		return true
	}
	switch d.Reason {
	case policy.TooEarly, policy.AttendantAbsent, policy.InterlockNotReady, policy.BackupTooOld:
		return d.Wait
	}
	return false
}

// deny marks the result as denied and writes the refusal. The zero decision denies too.
func (c *caller) deny(ctx context.Context, auth *authResult) {
	auth.denied = true
	c.s.refusedConnection(c)
	if auth.decision.Reason == "" {
		auth.decision.Reason = policy.AuthFailed
	}
	if auth.decision.Reason == policy.OwnConnections && auth.number == "" && !c.firstOverLimit(ctx, auth.person.ID) {
		return
	}
	c.recordRefusal(ctx, auth, auth.decision.Reason, auth.decision.Args)
}

// denyFault denies because something of ours failed: an act that cannot be recorded does not
// happen.
func (c *caller) denyFault(auth *authResult, err error) {
	c.log.Error("attempt_failed", "error", err)
	auth.denied = true
	c.s.refusedConnection(c)
	auth.decision = policy.Decision{Reason: policy.RecordingUnavailable, Grant: auth.decision.Grant}
}

// denyForm refuses a login in none of the forms: a typing fault, answered with the forms.
func (c *caller) denyForm(ctx context.Context, auth *authResult) {
	auth.attempt = c.attemptOf(auth, policy.ConsentPending)
	auth.decision = policy.Decision{Reason: policy.TargetNotGranted,
		Args: map[string]string{"granted": "-"}}
	auth.note = policy.Text{
		JA: "ログイン名の形が違います: " + auth.login.Typed + "\n" + formsJA(auth.person.Login),
		EN: "Unknown form of login: " + auth.login.Typed + "\n" + formsEN(auth.person.Login),
	}
	c.deny(ctx, auth)
}

func formsJA(login string) string {
	return "使える形: " + login + " / " + login + "+接続先 / " + login + "+アカウント@接続先"
}

func formsEN(login string) string {
	return "Forms: " + login + " | " + login + "+TARGET | " + login + "+ACCOUNT@TARGET"
}

package gate

import (
	"context"
	"fmt"
	"strconv"

	"sekimori/broker/store"
	"sekimori/policy"
)

// attempt turns a proven person's wish into a decision: facts, Decide, a session number in the
// ledger. It gives the card that is to be agreed to, for answered to go on; empty where it ends here: a denial,
// and a fault of ours, which denies, stand in pass.
func (c *caller) attempt(ctx context.Context, pass *passage) (card string) {
	if pass.login.Unknown {
		c.denyForm(ctx, pass)
		return ""
	}
	pass.attempt = c.attemptOf(pass, policy.ConsentPending)
	if err := c.decide(ctx, pass); err != nil {
		c.denyFault(pass, err)
		return ""
	}
	if !c.mayWait(pass.decision) {
		c.deny(ctx, pass)
		return ""
	}
	if err := c.begin(ctx, pass); err != nil {
		c.denyFault(pass, err)
		return ""
	}
	return c.card(ctx, pass)
}

// answered goes on with an attempt after the card: consent, Decide again. gone is why there was no answer. The outcome stands in pass;
// an error means that the client has gone.
func (c *caller) answered(ctx context.Context, pass *passage, yes bool, gone error) error {
	if err := gone; err != nil {
		c.recordRefusal(ctx, pass, policy.ClientLost, nil)
		return err
	}
	if !yes {
		pass.attempt.Consent = policy.ConsentDeclined
		pass.decision = policy.Decision{Reason: policy.ConsentRefused, Grant: pass.decision.Grant}
		c.deny(ctx, pass)
		return nil
	}
	if err := c.consented(ctx, pass); err != nil {
		c.denyFault(pass, err)
		return nil
	}
	pass.attempt.Consent = policy.ConsentGiven
	pass.attempt.Grant = pass.decision.Grant.ID // what the card showed: consent to it opens nothing else
	if err := c.decide(ctx, pass); err != nil {
		c.denyFault(pass, err)
		return nil
	}
	if !c.mayWait(pass.decision) {
		c.deny(ctx, pass)
	}
	return nil
}

// recall completes an attempt without prompts where factor and consent are remembered for
// this person, key, address, window and notice. With onlyAllowed it does so for a plain yes
// alone; otherwise for a denial too, which is then told on the channel. Nil: the factor has to be given. The error refuses
// authentication.
func (c *caller) recall(ctx context.Context, p proof, onlyAllowed bool) (*passage, error) {
	if c.s.o.FactorMemory != FactorWindow || p.login.Choose || p.login.Unknown {
		return nil, nil
	}
	pass := &passage{login: p.login, person: p.person, fingerprint: p.fingerprint, factor: factorRemembered, mark: c.s.o.DB.FactorMark()}
	pass.attempt = c.attemptOf(pass, policy.ConsentGiven)
	err := c.decide(ctx, pass)
	if err == nil {
		var ok bool
		if ok, err = c.s.isRemembered(ctx, c.memory(pass)); err == nil && !ok {
			return nil, nil
		}
	}
	if err == nil && onlyAllowed && !pass.decision.Allow {
		return nil, nil
	}
	if err == nil {
		if err := c.arrive(ctx, pass); err != nil {
			return nil, err
		}
		// Others may have come since the decision.
		if most := c.s.o.Sessions.MostConnections(); c.s.beside(c, p.person.ID) >= most && pass.attempt.Beside < most {
			err = c.decide(ctx, pass)
		}
	}
	if err == nil {
		if c.mayWait(pass.decision) {
			err = c.begin(ctx, pass)
		} else {
			c.deny(ctx, pass)
		}
	}
	if err != nil {
		c.log.Error("remembered_factor_not_used", "error", err)
		return nil, nil
	}
	return pass, nil
}

// attemptOf says what is tried. Both factors are proven wherever this is called from, or, in
// recall, about to be looked up.
func (c *caller) attemptOf(pass *passage, consent policy.Consent) policy.Attempt {
	return policy.Attempt{
		Act: policy.ActConnect, Person: pass.person.ID, Key: true, Print: pass.fingerprint, Factor: true, Consent: consent,
		Source: c.source.Addr(), Target: pass.login.Target, Account: pass.login.Account,
		Channel: policy.ChannelAdmission, Session: pass.number, Grant: pass.grant,
	}
}

// decide asks the one decision function, on the facts of now.
func (c *caller) decide(ctx context.Context, pass *passage) error {
	f, err := c.s.o.Sessions.Facts(ctx, pass.person.ID)
	if err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	pass.facts = f
	pass.attempt.Session, pass.attempt.Beside = pass.number, c.s.beside(c, pass.person.ID)
	pass.attempt.Dropped = false
	pass.decision = policy.Decide(f, pass.attempt, c.s.o.Clock())
	if pass.decision.Allow || pass.decision.Wait {
		if pass.attempt.Dropped, err = c.dropped(ctx, pass); err != nil {
			return err
		}
		pass.decision = policy.Decide(f, pass.attempt, c.s.o.Clock())
	}
	return c.identified(ctx, pass)
}

// dropped tells whether the second factor was dropped since it was given, by a forced end or the like.
func (c *caller) dropped(ctx context.Context, pass *passage) (yes bool, err error) {
	if c.s.o.DB.FactorMark() == pass.mark {
		return false, nil
	}
	err = c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		yes, err = snap.Dropped(c.memory(pass), pass.mark)
		return err
	})
	if err != nil {
		return true, fmt.Errorf("second factor: %w", err)
	}
	return yes, nil
}

// crowded denies whoever would read the list on one connection too many: reading it is no attempt, so nothing else decides.
func (c *caller) crowded(ctx context.Context, pass *passage) bool {
	limit := c.s.o.Sessions.MostConnections()
	if c.s.beside(c, pass.person.ID) < limit {
		return false
	}
	pass.decision = policy.Decision{Reason: policy.OwnConnections, Args: map[string]string{"limit": strconv.Itoa(limit)}}
	c.deny(ctx, pass)
	return true
}

// mayWait says whether the attempt can go on: allowed now, or by waiting. Approval that is not
// final is not waited for.
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

// deny marks the passage as denied and writes the refusal. The zero decision denies too.
func (c *caller) deny(ctx context.Context, pass *passage) {
	pass.denied = true
	c.s.told(c)
	if pass.decision.Reason == "" {
		pass.decision.Reason = policy.AuthFailed
	}
	if pass.decision.Reason == policy.OwnConnections && pass.number == "" && !c.firstCrowded(ctx, pass.person.ID) {
		return
	}
	c.recordRefusal(ctx, pass, pass.decision.Reason, pass.decision.Args)
}

// denyFault denies because something of ours failed: what cannot be written down does not
// happen.
func (c *caller) denyFault(pass *passage, err error) {
	c.log.Error("attempt_failed", "error", err)
	pass.denied = true
	c.s.told(c)
	pass.decision = policy.Decision{Reason: policy.RecordingUnavailable, Grant: pass.decision.Grant}
}

// denyForm refuses a login that is none of the forms: a fault of typing, said with the forms.
func (c *caller) denyForm(ctx context.Context, pass *passage) {
	pass.attempt = c.attemptOf(pass, policy.ConsentPending)
	pass.decision = policy.Decision{Reason: policy.TargetNotGranted,
		Args: map[string]string{"granted": "-"}}
	pass.note = policy.Text{
		JA: "ログイン名の形が違います: " + pass.login.Typed + "\n" + formsJA(pass.person.Login),
		EN: "Unknown form of login: " + pass.login.Typed + "\n" + formsEN(pass.person.Login),
	}
	c.deny(ctx, pass)
}

func formsJA(login string) string {
	return "使える形: " + login + " / " + login + "+接続先 / " + login + "+アカウント@接続先"
}

func formsEN(login string) string {
	return "Forms: " + login + " | " + login + "+TARGET | " + login + "+ACCOUNT@TARGET"
}

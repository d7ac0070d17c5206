package view

import (
	"context"

	"sekimori/broker/store"
	"sekimori/policy"
)

// May asks policy whether the person may look at (or cut, or sign) the thing that the attempt names, and ledgers a refusal: refused
// looks count as much as granted ones. what is of a bounded list. Errors: *policy.Denied, ledgered; store.ErrNotFound.
func (v *Views) May(ctx context.Context, by Reader, a policy.Attempt, what string) (policy.Facts, error) {
	a.Person, a.Key, a.Factor = by.ID, true, true // a token is issued only for both
	facts, d, err := v.Ruled(ctx, a)
	if err != nil || d.Allow {
		return facts, err
	}
	return facts, v.Refused(ctx, by, a.Act, what, facts, d)
}

// Refused ledgers a refusal by policy, and returns it as an error.
func (v *Views) Refused(ctx context.Context, by Reader, act policy.Act, what string, facts policy.Facts, d policy.Decision) error {
	subjects := []string{by.ID}
	if facts.Subject != nil {
		subjects = append(subjects, facts.Subject.Session)
	}
	payload := map[string]string{"act": string(act), "reason": string(d.Reason), "what": what}
	if err := v.RefusedOnce(ctx, by, string(act)+" "+what, subjects, payload); err != nil {
		return err
	}
	return &policy.Denied{Reason: d.Reason, Args: d.Args, Ledgered: true}
}

// Ruled gives policy's decision on the present facts. Attempt.Session names the session to look at.
func (v *Views) Ruled(ctx context.Context, a policy.Attempt) (policy.Facts, policy.Decision, error) {
	facts, err := v.o.Sessions.Facts(ctx, a.Person)
	if err != nil {
		return facts, policy.Decision{}, err
	}
	if a.Session != "" {
		err := v.o.DB.Read(ctx, func(snap *store.Snap) error {
			subject, err := snap.Subject(a.Session)
			if err != nil {
				return err
			}
			facts.Subject = &subject
			return nil
		})
		if err != nil {
			return facts, policy.Decision{}, err
		}
		a.Session = "" // policy takes it for the person's own session, which a viewer does not have
	}
	return facts, policy.Decide(facts, a, v.o.Clock()), nil
}

package requests

import (
	"context"
	"fmt"
	"slices"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Seen notes that an approver has read what a deputy decided in their stead (後閲). With object they object, which
// needs a reason: what was granted and not used yet is revoked, and a request still awaiting its second stage goes back to
// its requester. Errors: *policy.Denied, *forms.Invalid.
func (d *Desk) Seen(ctx context.Context, no string, object bool, reason string, by ledger.Actor) error {
	if object || reason != "" {
		if err := mustSay(reason); err != nil {
			return err
		}
	}
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, _, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		due, err := tx.Requests(store.RequestFilter{SeenDue: p.ID, Limit: busiest})
		if err != nil {
			return fmt.Errorf("read what is to be seen: %w", err)
		}
		if !slices.ContainsFunc(due, func(o store.Request) bool { return o.No == r.No }) {
			return seenBy(tx.Snap, r, p)
		}
		verdict, kind := store.VerdictSeen, "request.seen"
		if object {
			verdict, kind = store.VerdictObject, "request.objected"
		}
		if err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: verdict, Reason: reason}); err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		more := map[string]any{"reason": reason}
		var windows []string
		if object {
			var revoked []string
			if revoked, windows, err = d.objected(tx, &r, p, reason); err != nil {
				return err
			}
			more["revoked_grants"], more["cancelled_windows"] = revoked, windows
		}
		return d.entry(tx, kind, by, r, more, windows...)
	})
}

// seenBy is why somebody has nothing to see here: they did already, or nobody decided for them.
func seenBy(s *store.Snap, r store.Request, p policy.Person) error {
	decisions, err := s.Decisions(r.No)
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	if slices.ContainsFunc(decisions, func(made store.Decision) bool { return made.OnBehalf == p.ID }) {
		return decided(r.No)
	}
	return forbidden(policy.Approver)
}

// objected takes back what was not used yet.
func (d *Desk) objected(tx *store.Tx, r *store.Request, p policy.Person, reason string) (revoked, cancelled []string, err error) {
	if r.State == policy.PendingSecond || r.State == policy.PendingFirst {
		r.State = policy.RequestReturned
		if err := tx.UpdateRequest(*r); err != nil {
			return nil, nil, fmt.Errorf("store request: %w", err)
		}
		return nil, nil, nil
	}
	windows, err := tx.Windows(store.WindowFilter{Request: r.No, Limit: busiest})
	if err != nil {
		return nil, nil, fmt.Errorf("read windows: %w", err)
	}
	used := false
	for _, w := range windows {
		sessions, err := tx.Sessions(store.SessionFilter{Window: w.ID, States: []store.SessionState{store.SessionOpening, store.SessionActive, store.SessionEnded}, Limit: 1})
		if err != nil {
			return nil, nil, fmt.Errorf("read sessions of %s: %w", w.ID, err)
		}
		if len(sessions) > 0 {
			used = true
			continue
		}
		if !usable(w.State) {
			continue
		}
		ended, err := d.endWindow(tx, w, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason)
		if err != nil {
			return nil, nil, err
		}
		revoked, cancelled = append(revoked, ended...), append(cancelled, w.ID)
	}
	// What an emergency owes afterwards cannot be taken back: it goes on to its follow-up.
	if !used && r.State.Final() && r.Body.Emergency == nil && len(cancelled) > 0 {
		r.State = policy.RequestRevoked
		if err := tx.UpdateRequest(*r); err != nil {
			return nil, nil, fmt.Errorf("store request: %w", err)
		}
	}
	return revoked, cancelled, nil
}

// endWindow takes one window and its grants out of use. Remembered second factors go with it.
func (d *Desk) endWindow(tx *store.Tx, w store.Window, to policy.GrantState, state policy.WindowState, by, reason string) (ended []string, err error) {
	grants, err := tx.GrantsWhere(store.GrantFilter{Window: w.ID})
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	for _, g := range grants {
		if g.State != policy.GrantActive {
			continue
		}
		if err := tx.SetGrantState(g.ID, to, by, reason); err != nil {
			return nil, fmt.Errorf("end grant %s: %w", g.ID, err)
		}
		ended = append(ended, g.ID)
	}
	w.State, w.ClosedBy, w.ClosedAt, w.Reason = state, by, tx.Now, reason
	if err := tx.UpdateWindow(w); err != nil {
		return nil, fmt.Errorf("end window %s: %w", w.ID, err)
	}
	if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
		return nil, fmt.Errorf("forget remembered factors: %w", err)
	}
	return ended, nil
}

package requests

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// SeenBody says that the approver read a deputy's decision. With Object the approver objects, which needs a reason.
type SeenBody struct {
	Object bool   `json:"object,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Seen notes that an approver has read what a deputy decided in their stead (後閲). With Object they object: granted and unused windows
// are revoked, and a request that awaits its second stage goes back to its requester. Errors: *policy.Denied, *forms.Invalid.
func (d *Desk) Seen(ctx context.Context, no string, in SeenBody, by act.Caller) error {
	if in.Object || in.Reason != "" {
		if err := forms.Reason(in.Reason, true); err != nil {
			return err
		}
	}
	return d.onRequest(ctx, seen, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		r, verdict, kind := on.Request, store.VerdictSeen, "request.seen"
		if in.Object {
			verdict, kind = store.VerdictObject, "request.objected"
		}
		err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: verdict, Reason: in.Reason})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		more := map[string]any{"reason": in.Reason}
		var windows []string
		if in.Object {
			if more["revoked_grants"], windows, err = d.objected(tx, &r, p.ID, in.Reason); err != nil {
				return err
			}
			more["cancelled_windows"] = windows
		}
		return d.entry(tx, kind, p.By, r, more, windows...)
	})
}

// objected takes back the unused windows and grants.
func (d *Desk) objected(tx *store.Tx, r *store.Request, by, reason string) (revoked, cancelled []string, err error) {
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
		if !w.State.Usable() {
			continue
		}
		ended, err := d.endWindow(tx, w, policy.GrantRevoked, policy.WindowCancelled, by, reason)
		if err != nil {
			return nil, nil, err
		}
		revoked, cancelled = append(revoked, ended...), append(cancelled, w.ID)
	}
	// An emergency's duties afterwards remain: it goes on to its follow-up.
	if !used && r.State.Final() && r.Body.Emergency == nil && len(cancelled) > 0 {
		r.State = policy.RequestRevoked
		if err := tx.UpdateRequest(*r); err != nil {
			return nil, nil, fmt.Errorf("store request: %w", err)
		}
	}
	return revoked, cancelled, nil
}

// endWindow takes one window and its grants out of use. Remembered second factors are dropped.
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

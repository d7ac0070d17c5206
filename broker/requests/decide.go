package requests

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Return sends an application back to its requester, who may edit it.
func (d *Desk) Return(ctx context.Context, no, reason string, by act.Caller) error {
	return d.refuse(ctx, giveBack, no, reason, by, store.VerdictReturn, policy.RequestReturned, "request.returned")
}

// Reject refuses an application for good.
func (d *Desk) Reject(ctx context.Context, no, reason string, by act.Caller) error {
	return d.refuse(ctx, reject, no, reason, by, store.VerdictReject, policy.RequestRejected, "request.rejected")
}

func (d *Desk) refuse(ctx context.Context, a requestAct, no, reason string, by act.Caller, v store.Verdict, to policy.RequestState, kind string) error {
	if err := forms.Reason(reason, true); err != nil {
		return err
	}
	return d.onRequest(ctx, a, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		r, stage, behalf := on.Request, on.Facts.Stage(), p.Decision.OnBehalf
		err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, Stage: stage, By: p.ID, OnBehalf: behalf, Verdict: v, Reason: reason})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		if err := noteDone(tx, p.ID, r.No); err != nil {
			return err
		}
		if r.State = to; to == policy.RequestRejected {
			if r.State, err = ended(tx, r.No, to); err != nil {
				return err
			}
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, p.By, r, map[string]any{"stage": stage, "reason": reason, "on_behalf": behalf})
	})
}

// Withdraw takes an application back: by its requester, or by its proposer while it is proposed. Its grants end.
func (d *Desk) Withdraw(ctx context.Context, no, reason string, by act.Caller) error {
	return d.stop(ctx, withdraw, no, reason, by, store.VerdictWithdraw, policy.RequestWithdrawn, "request.withdrawn")
}

// Revoke takes an approved request and its grants back; their sessions end. An emergency can be stopped, but its duties afterwards
// remain.
func (d *Desk) Revoke(ctx context.Context, no, reason string, by act.Caller) error {
	return d.stop(ctx, revoke, no, reason, by, store.VerdictRevoke, policy.RequestRevoked, "request.revoked")
}

func (d *Desk) stop(ctx context.Context, a requestAct, no, reason string, by act.Caller, v store.Verdict, to policy.RequestState, kind string) error {
	if err := forms.Reason(reason, true); err != nil {
		return err
	}
	return d.onRequest(ctx, a, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) error {
		r := on.Request
		if err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: v, Reason: reason}); err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		grants, windows, err := d.end(tx, r.No, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason)
		if err != nil {
			return err
		}
		if r.State != policy.EmergencyOpen {
			if r.State, err = ended(tx, r.No, to); err != nil {
				return err
			}
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, p.By, r, map[string]any{"reason": reason, "revoked_grants": grants, "cancelled_windows": windows}, windows...)
	})
}

// ended is the state of a request after its end. It is as, unless its windows were used and a duty is still open for that: then report
// and attendance record are awaited. The request may have been edited after its use, and await another approval by then.
func ended(tx *store.Tx, no string, as policy.RequestState) (policy.RequestState, error) {
	o, err := tx.Outstanding(no)
	if err != nil {
		return as, fmt.Errorf("what request %s owes: %w", no, err)
	}
	if len(o.Sessions) == 0 || o.State() == policy.RequestClosed {
		return as, nil
	}
	return policy.ReportDue, nil
}

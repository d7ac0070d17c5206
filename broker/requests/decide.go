package requests

import (
	"context"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Return sends an application back to its requester, who may edit it.
func (d *Desk) Return(ctx context.Context, no, reason string, by ledger.Actor) error {
	return d.refuse(ctx, no, reason, by, store.VerdictReturn, policy.RequestReturned, "request.returned")
}

// Reject refuses an application for good.
func (d *Desk) Reject(ctx context.Context, no, reason string, by ledger.Actor) error {
	return d.refuse(ctx, no, reason, by, store.VerdictReject, policy.RequestRejected, "request.rejected")
}

// refuse: who may approve now may refuse. What only an approval needs — a freeze lifted, a reason for root — does
// not stand in the way of a refusal.
func (d *Desk) refuse(ctx context.Context, no, reason string, by ledger.Actor, v store.Verdict, to policy.RequestState, kind string) error {
	if err := mustSay(reason); err != nil {
		return err
	}
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, _, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		if r.State == policy.RequestProposed {
			return untaken(r.No)
		}
		facts, err := tx.PolicyRequest(r.No)
		if err != nil {
			return fmt.Errorf("facts of request %s: %w", r.No, err)
		}
		facts.Frozen, facts.Root = false, false
		decision := policy.CanApprove(p, facts, tx.Now)
		if err := decision.Err(); err != nil {
			return whoDecided(tx.Snap, r, err, d.o.Zone)
		}
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, Stage: facts.Stage(), By: p.ID, OnBehalf: decision.OnBehalf, Verdict: v, Reason: reason})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		if r.State = to; to == policy.RequestRejected {
			if r.State, err = ended(tx, r.No, to); err != nil {
				return err
			}
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, by, r, map[string]any{"stage": facts.Stage(), "reason": reason, "on_behalf": decision.OnBehalf})
	})
}

// Withdraw takes an application back: by its requester, or by its proposer while it is proposed. Grants
// that were made end.
func (d *Desk) Withdraw(ctx context.Context, no, reason string, by ledger.Actor) error {
	return d.stop(ctx, no, reason, by, store.VerdictWithdraw, policy.RequestWithdrawn, "request.withdrawn",
		func(p policy.Person, r store.Request, _ store.System) bool {
			return p.ID == r.Requester || r.State == policy.RequestProposed && p.ID == r.Proposer
		})
}

// Revoke takes an approved request and its grants back; sessions of them end. The owning section's approvers and
// requester may, and the information-systems section.
func (d *Desk) Revoke(ctx context.Context, no, reason string, by ledger.Actor) error {
	return d.stop(ctx, no, reason, by, store.VerdictRevoke, policy.RequestRevoked, "request.revoked",
		func(p policy.Person, r store.Request, sys store.System) bool {
			return r.State.Final() && (mayStop(p, sys) || p.ID == r.Requester)
		})
}

// mayStop: whose business it is to take a right away again.
func mayStop(p policy.Person, sys store.System) bool {
	return p.Kind == policy.Staff && (ofSection(p, sys) && p.Has(policy.Approver) || p.Has(policy.SecondApprover) || p.Has(policy.InformationSystems))
}

func (d *Desk) stop(ctx context.Context, no, reason string, by ledger.Actor, v store.Verdict, to policy.RequestState, kind string,
	may func(policy.Person, store.Request, store.System) bool,
) error {
	if err := mustSay(reason); err != nil {
		return err
	}
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, sys, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		switch r.State {
		case policy.RequestRejected, policy.RequestWithdrawn, policy.RequestLapsed, policy.RequestRevoked, policy.RequestClosed,
			policy.FollowUpDue, policy.ReportDue:
			return decided(r.No)
		case policy.EmergencyOpen:
			// It can be stopped, but what it owes afterwards cannot be taken back.
			if v != store.VerdictRevoke {
				return decided(r.No)
			}
			to = policy.EmergencyOpen
		}
		if !may(p, r, sys) {
			return forbidden(policy.Requester)
		}
		if err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: v, Reason: reason}); err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		grants, windows, err := d.end(tx, r.No, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason)
		if err != nil {
			return err
		}
		if r.State = to; to != policy.EmergencyOpen {
			if r.State, err = ended(tx, r.No, to); err != nil {
				return err
			}
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, by, r, map[string]any{"reason": reason, "revoked_grants": grants, "cancelled_windows": windows}, windows...)
	})
}

// ended is where a request stands that goes no further, whatever ended it: as said, or, where its windows were used and something is
// still owed for that, where report and attendance record are awaited. A request that was used may have been edited since, and awaits
// another approval by then.
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

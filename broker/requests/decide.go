package requests

import (
	"context"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Outcome is where an approval left the request. Windows and Grants are named by the final one only.
type Outcome struct {
	State   policy.RequestState `json:"state"`
	Windows []string            `json:"windows,omitempty"`
	Grants  []string            `json:"grants,omitempty"`
}

// Approval is what an approver decides, and on what.
type Approval struct {
	Version    int               // that the approver read; another one is refused as stale-page. 0: whatever stands now
	Reason     string            // a message; may be empty
	Because    map[string]string // code of a check item → why it is acceptable
	Conditions store.Conditions  // narrow what was asked for; zero: as asked
}

// Approve takes the stage that the request awaits. The final approval makes window and
// grants in the same transaction. The door has authenticated the approver afresh. Errors: *policy.Denied; *forms.Invalid
// when an exclusive system has another window then.
func (d *Desk) Approve(ctx context.Context, no string, a Approval, by ledger.Actor) (Outcome, error) {
	var out Outcome
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, sys, stage, err := d.undecided(tx.Snap, no, a.Version, p)
		if err != nil {
			return err
		}
		// Another request may have been approved since this one was handed in, or the rule have changed.
		if err := d.mustBeFree(tx.Snap, r, sys, false); err != nil {
			return err
		}
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, Stage: stage, By: p.ID, Verdict: store.VerdictApprove, Reason: a.Reason,
			Conditions: a.Conditions, Because: a.Because})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		second, err := needsSecond(tx.Snap, r, sys)
		if err != nil {
			return err
		}
		if stage == 1 && second {
			r.State = policy.PendingSecond
		} else {
			r.State, r.ApprovedVersion = policy.RequestApproved, r.Version
		}
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		out.State = r.State
		if r.State.Final() {
			if out.Windows, out.Grants, err = grant(tx, r); err != nil {
				return err
			}
		}
		return d.entry(tx, "request.approved", by, r, map[string]any{"stage": stage, "reason": a.Reason, "windows": out.Windows, "grants": out.Grants}, out.Windows...)
	})
	if err != nil {
		return Outcome{}, err
	}
	return out, nil
}

// undecided loads a request on which the person may decide now, and the stage.
func (d *Desk) undecided(s *store.Snap, no string, version int, p policy.Person) (store.Request, store.System, int, error) {
	r, sys, err := load(s, no)
	if err != nil {
		return r, sys, 0, err
	}
	if version != 0 && version != r.Version {
		return r, sys, 0, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": r.No}}
	}
	facts, err := s.PolicyRequest(r.No)
	if err != nil {
		return r, sys, 0, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	// A root-equivalent account brings a second stage to a system that asks for none.
	facts.System.SecondStage = facts.System.SecondStage || facts.Root
	return r, sys, facts.Stage(), policy.CanApprove(p, facts, s.Now).Err()
}

func needsSecond(s *store.Snap, r store.Request, sys store.System) (bool, error) {
	facts, err := s.PolicyRequest(r.No)
	if err != nil {
		return false, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	return sys.SecondStage || facts.Root, nil
}

// grant makes the window and one grant per engineer and account.
func grant(tx *store.Tx, r store.Request) (windows, grants []string, err error) {
	before, err := tx.Windows(store.WindowFilter{Request: r.No})
	if err != nil {
		return nil, nil, fmt.Errorf("read windows: %w", err)
	}
	w := store.Window{Window: policy.Window{
		ID: fmt.Sprintf("%s-%d", r.No, len(before)+1), Request: r.No, System: r.System, Start: r.Start, End: r.End, State: policy.WindowScheduled,
	}}
	if err := tx.AddWindow(w); err != nil {
		return nil, nil, fmt.Errorf("store window: %w", err)
	}
	for _, person := range r.Body.Engineers {
		for _, id := range r.Body.Accounts {
			a, err := tx.Account(id)
			if err != nil {
				return nil, nil, fmt.Errorf("account %q: %w", id, err)
			}
			g := policy.Grant{
				ID: fmt.Sprintf("%s-%d", w.ID, len(grants)+1), Person: person, Vendor: r.Vendor, Target: a.Target, Account: a.ID,
				Window: w.Window, Request: r.No, Files: r.Body.Files, State: policy.GrantActive, PersonLimit: r.Body.PersonLimit,
			}
			if err := tx.AddGrant(g); err != nil {
				return nil, nil, fmt.Errorf("store grant: %w", err)
			}
			grants = append(grants, g.ID)
		}
	}
	return []string{w.ID}, grants, nil
}

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
		facts, err := tx.PolicyRequest(r.No)
		if err != nil {
			return fmt.Errorf("facts of request %s: %w", r.No, err)
		}
		facts.Frozen, facts.Root = false, false
		if err := policy.CanApprove(p, facts, tx.Now).Err(); err != nil {
			return err
		}
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, Stage: facts.Stage(), By: p.ID, Verdict: v, Reason: reason})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		r.State = to
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, by, r, map[string]any{"stage": facts.Stage(), "reason": reason})
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
		case policy.RequestRejected, policy.RequestWithdrawn, policy.RequestLapsed, policy.RequestRevoked, policy.RequestClosed:
			return decided(r.No)
		}
		if !may(p, r, sys) {
			return forbidden(policy.Requester)
		}
		if err := tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: v, Reason: reason}); err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		ended, windows, err := d.end(tx, r.No, policy.GrantRevoked, policy.WindowCancelled, p.ID, reason)
		if err != nil {
			return err
		}
		r.State = to
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		return d.entry(tx, kind, by, r, map[string]any{"reason": reason, "revoked_grants": ended, "cancelled_windows": windows}, windows...)
	})
}

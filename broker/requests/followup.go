package requests

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// FollowUpsDue moves emergencies whose window is over to where their follow-up is awaited, or where nothing was used,
// the later approval alone. It also raises what is overdue, once. The numbers that it moved come back. The broker's
// timer calls it.
func (d *Desk) FollowUpsDue(ctx context.Context) ([]string, error) {
	var moved []string
	over := func(s *store.Snap) ([]store.Request, error) { return s.OverRequests(policy.EmergencyOpen) }
	err := d.sweep(ctx, over, func(tx *store.Tx, r store.Request) error {
		o, err := tx.Outstanding(r.No)
		if err != nil {
			return fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		due, err := d.nextOpenDay(tx.Snap, o.Ended)
		if err != nil {
			return err
		}
		r.State, r.Body.Emergency.Due = o.State(), due
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		moved = append(moved, r.No)
		return d.entry(tx, "emergency.follow-up-due", byTimer(), r, map[string]any{"due": due, "unreported": o.Unreported})
	})
	if err != nil {
		return nil, err
	}
	return moved, d.raiseFollowUps(ctx)
}

// raiseFollowUps writes an entry for each follow-up that is missing at its due time.
func (d *Desk) raiseFollowUps(ctx context.Context) error {
	late := func(s *store.Snap) ([]store.Request, error) { return s.LateFollowUps() }
	return d.sweep(ctx, late, func(tx *store.Tx, r store.Request) error {
		if err := tx.RaiseOverdue(store.OverdueFollowUp, r.No); err != nil {
			return fmt.Errorf("raise follow-up of %s: %w", r.No, err)
		}
		o, err := tx.Outstanding(r.No)
		if err != nil {
			return fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		return d.entry(tx, "followup.overdue", byTimer(), r, map[string]any{"due": r.Body.Emergency.Due, "unreported": o.Unreported, "approval_missing": o.Approval})
	})
}

// ApproveAfter is the later approval of an emergency (事後承認), once its window is over. The door has authenticated the
// approver afresh. Errors: *policy.Denied.
func (d *Desk) ApproveAfter(ctx context.Context, no, reason string, by ledger.Actor) (policy.RequestState, error) {
	if err := mustSay(reason); err != nil {
		return "", err
	}
	var state policy.RequestState
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		r, _, err := load(tx.Snap, no)
		if err != nil {
			return err
		}
		facts, err := tx.PolicyRequest(r.No)
		if err != nil {
			return fmt.Errorf("facts of request %s: %w", r.No, err)
		}
		ruling := policy.CanApproveAfter(p, facts, tx.Now)
		if err := ruling.Err(); err != nil {
			return err
		}
		before, err := tx.Outstanding(r.No)
		if err != nil {
			return fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		if r.State != policy.FollowUpDue || !before.Approval {
			return decided(r.No)
		}
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: store.VerdictAfter, Reason: reason, OnBehalf: ruling.OnBehalf})
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		o, err := tx.Outstanding(r.No)
		if err != nil {
			return fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		r.State = o.State()
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		state = r.State
		return d.entry(tx, "emergency.approved-after", by, r, map[string]any{"reason": reason, "on_behalf": ruling.OnBehalf, "unreported": o.Unreported})
	})
	return state, err
}

// Due does everything that falls due by the clock at this desk: undecided applications, wishes for more time, emergencies. Errors
// are joined; one does not keep the rest from being done.
func (d *Desk) Due(ctx context.Context) error {
	_, _, undecided := d.LapseDue(ctx)
	_, wishes := d.LapseExtensions(ctx)
	_, asked := d.LapseEmergencies(ctx)
	_, over := d.FollowUpsDue(ctx)
	return errors.Join(undecided, wishes, asked, over)
}

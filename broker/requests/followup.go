package requests

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// FollowUpsDue moves emergencies whose window is over to the state that awaits the follow-up; if nothing was used, only the later
// approval is awaited. It also raises overdue follow-ups, once. It returns the numbers that it moved. The broker's timer calls it.
func (d *Desk) FollowUpsDue(ctx context.Context) ([]string, error) {
	over := func(s *store.Snap) ([]store.Request, error) { return s.OverRequests(policy.EmergencyOpen) }
	moved, err := d.sweep(ctx, over, func(tx *store.Tx, r store.Request) error {
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
		return d.entry(tx, "emergency.follow-up-due", byTimer(), r, map[string]any{"due": due, "unreported": o.Unreported})
	})
	if err != nil {
		return nil, err
	}
	return moved, d.raiseFollowUps(ctx)
}

// raiseFollowUps writes an entry for each follow-up missing at its due time.
func (d *Desk) raiseFollowUps(ctx context.Context) error {
	late := func(s *store.Snap) ([]store.Request, error) { return s.LateFollowUps() }
	_, err := d.sweep(ctx, late, func(tx *store.Tx, r store.Request) error {
		if err := tx.RaiseOverdue(store.OverdueFollowUp, r.No); err != nil {
			return fmt.Errorf("raise follow-up of %s: %w", r.No, err)
		}
		o, err := tx.Outstanding(r.No)
		if err != nil {
			return fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		return d.entry(tx, "followup.overdue", byTimer(), r, map[string]any{"due": r.Body.Emergency.Due, "unreported": o.Unreported, "approval_missing": o.Approval})
	})
	return err
}

// ApproveAfter is the later approval of an emergency (事後承認), once its window is over. It asks for the proof each time. Errors:
// *policy.Denied.
func (d *Desk) ApproveAfter(ctx context.Context, no, reason string, by act.Caller) (policy.RequestState, error) {
	if err := forms.Reason(reason, true); err != nil {
		return "", err
	}
	return act.Run(ctx, d.o.Acts, OnRequest, approveAfter, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) (policy.RequestState, error) {
		r, behalf := on.Request, p.Decision.OnBehalf
		before, err := tx.Outstanding(r.No)
		if err != nil {
			return "", fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		if r.State != policy.FollowUpDue || !before.Approval {
			return "", decided(r.No)
		}
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, Verdict: store.VerdictAfter, Reason: reason, OnBehalf: behalf})
		if err != nil {
			return "", fmt.Errorf("store decision: %w", err)
		}
		o, err := tx.Outstanding(r.No)
		if err != nil {
			return "", fmt.Errorf("what request %s owes: %w", r.No, err)
		}
		r.State = o.State()
		if err := tx.UpdateRequest(r); err != nil {
			return "", fmt.Errorf("store request: %w", err)
		}
		return r.State, d.entry(tx, "emergency.approved-after", p.By, r, map[string]any{"reason": reason, "on_behalf": behalf, "unreported": o.Unreported})
	})
}

// Due does everything that falls due by the clock at this desk: undecided applications, wishes for more time, emergencies. Errors are
// joined; one does not stop the rest.
func (d *Desk) Due(ctx context.Context) error {
	_, _, undecided := d.LapseDue(ctx)
	_, wishes := d.LapseExtensions(ctx)
	_, asked := d.LapseEmergencies(ctx)
	_, over := d.FollowUpsDue(ctx)
	return errors.Join(undecided, wishes, asked, over)
}

package reports

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Accept is the section's word that it has read the report and takes it. ref is the report's number, or a session it covers. Errors:
// *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (c *Cabinet) Accept(ctx context.Context, ref, reason string, by ledger.Actor) (store.WorkReport, error) {
	return c.look(ctx, ref, reason, false, store.ReportAccepted, "report.accepted", by)
}

// Return sends a report back: a correction is awaited. It needs a reason. Errors as of Accept.
func (c *Cabinet) Return(ctx context.Context, ref, reason string, by ledger.Actor) (store.WorkReport, error) {
	return c.look(ctx, ref, reason, true, store.ReportReturned, "report.returned", by)
}

func (c *Cabinet) look(ctx context.Context, ref, reason string, must bool, to store.ReportState, kind string, by ledger.Actor) (store.WorkReport, error) {
	var p store.WorkReport
	if err := sayable("reason", reason, must); err != nil {
		return p, err
	}
	err := c.act(ctx, by, func(tx *store.Tx, person policy.Person) error {
		var err error
		if p, err = newest(tx.Snap, ref); err != nil {
			return err
		}
		sys, err := tx.System(p.System)
		if err != nil {
			return fmt.Errorf("system %s: %w", p.System, err)
		}
		if !ofSection(person, sys) {
			return forbidden(string(policy.Requester))
		}
		if p.State != store.ReportSubmitted {
			return decided(p.ID)
		}
		if err := tx.SettleReport(p.ID, to, person.ID, reason); err != nil {
			return fmt.Errorf("settle report %s: %w", p.ID, err)
		}
		p.State, p.SettledBy, p.SettledAt, p.Answer = to, person.ID, tx.Now, reason
		if err := reportEntry(tx, kind, by, p, map[string]any{"reason": reason}); err != nil {
			return err
		}
		return settle(tx, p.Request, by)
	})
	return p, err
}

// ofSection: requester, approvers and attendants of the section that owns the system.
func ofSection(p policy.Person, s store.System) bool {
	return p.Kind == policy.Staff && p.Section != "" && p.Section == s.Section &&
		(p.Has(policy.Requester) || p.Has(policy.Approver) || p.Has(policy.Attendant))
}

// newest finds the report that a reference means. One that was corrected is decided on no more.
func newest(s *store.Snap, ref string) (store.WorkReport, error) {
	p, err := s.WorkReport(ref)
	if errors.Is(err, store.ErrNotFound) {
		p, err = s.ReportOf(ref)
	}
	if err != nil {
		return p, fmt.Errorf("report of %q: %w", ref, err)
	}
	for _, session := range p.Sessions {
		last, err := s.ReportOf(session)
		if err != nil {
			return p, fmt.Errorf("report of session %s: %w", session, err)
		}
		if last.ID != p.ID {
			return p, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": p.ID}}
		}
	}
	return p, nil
}

// List gives work reports, newest first.
func (c *Cabinet) List(ctx context.Context, f store.ReportFilter) ([]store.WorkReport, error) {
	var all []store.WorkReport
	err := c.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		all, err = s.WorkReports(f)
		return err
	})
	return all, err
}

// Shown is a report with everything that was handed in about its sessions, newest first: what it corrects, and what
// corrects it.
type Shown struct {
	Report  store.WorkReport
	History []store.WorkReport
}

// Show gives one report, by its number or a session. Error: store.ErrNotFound.
func (c *Cabinet) Show(ctx context.Context, ref string) (Shown, error) {
	var out Shown
	err := c.o.DB.Read(ctx, func(s *store.Snap) error {
		var err error
		out.Report, err = s.WorkReport(ref)
		if errors.Is(err, store.ErrNotFound) {
			out.Report, err = s.ReportOf(ref)
		}
		if err != nil {
			return fmt.Errorf("report of %q: %w", ref, err)
		}
		out.History, err = s.WorkReports(store.ReportFilter{Session: out.Report.Sessions[0]})
		return err
	})
	return out, err
}

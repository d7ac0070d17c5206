package reports

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Accept records that the section has read the report and accepts it. ref is the report's number, or a session it covers. Errors:
// *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (c *Service) Accept(ctx context.Context, ref, reason string, by act.Caller) (store.WorkReport, error) {
	return c.settle(ctx, accept, ref, reason, false, store.ReportAccepted, "report.accepted", by)
}

// Return sends a report back for a correction. It needs a reason. Errors as of Accept.
func (c *Service) Return(ctx context.Context, ref, reason string, by act.Caller) (store.WorkReport, error) {
	return c.settle(ctx, back, ref, reason, true, store.ReportReturned, "report.returned", by)
}

func (c *Service) settle(ctx context.Context, a act.Act[onReport], ref, reason string, must bool, to store.ReportState, kind string, by act.Caller) (store.WorkReport, error) {
	if err := sayable("reason", reason, must); err != nil {
		return store.WorkReport{}, err
	}
	return act.Run(ctx, c.o.Acts, OnReport, a, ref, by, func(tx *store.Tx, person act.Person, on onReport) (store.WorkReport, error) {
		p := on.Report
		if err := tx.SettleReport(p.ID, to, person.ID, reason); err != nil {
			return p, fmt.Errorf("settle report %s: %w", p.ID, err)
		}
		p.State, p.SettledBy, p.SettledAt, p.Answer = to, person.ID, tx.Now, reason
		if err := reportEntry(tx, kind, person.By, p, map[string]any{"reason": reason}); err != nil {
			return p, err
		}
		return p, settle(tx, p.Request, person.By)
	})
}

// newest finds the report for a reference. A corrected report can no longer be decided on.
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

// Shown is a report with all reports of its sessions, newest first: those it corrects, and those that correct it.
type Shown struct {
	Report  store.WorkReport
	History []store.WorkReport
}

// Show gives one report, by its number or a session. Error: store.ErrNotFound.
func (c *Service) Show(ctx context.Context, ref string) (Shown, error) {
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

package reports

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

func byTimer() ledger.Actor { return ledger.Actor{Kind: "broker", Via: "timer"} }

// Due does the work that falls due by the clock: a request whose windows are over goes to report-due, or is closed if none was used; a
// session with an overdue report is raised, once. It names the requests that it moved. The broker's timer calls it. The requests' desk
// moves emergencies first.
func (c *Service) Due(ctx context.Context) (moved []string, err error) {
	over := func(s *store.Snap) ([]store.Request, error) {
		return s.OverRequests(policy.RequestApproved, policy.RequestConditional)
	}
	waiting, late := false, false
	err = c.o.DB.Read(ctx, func(s *store.Snap) error {
		list, err := over(s)
		if err != nil {
			return fmt.Errorf("read requests that are over: %w", err)
		}
		sessions, err := overdue(s)
		waiting, late = len(list) > 0, len(sessions) > 0
		return err
	})
	if err != nil {
		return nil, err
	}
	if waiting {
		if moved, err = c.conclude(ctx, over); err != nil {
			return nil, err
		}
	}
	if late {
		err = c.raise(ctx)
	}
	return moved, err
}

func (c *Service) conclude(ctx context.Context, over func(*store.Snap) ([]store.Request, error)) (moved []string, err error) {
	err = c.o.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := over(tx.Snap)
		if err != nil {
			return fmt.Errorf("read requests that are over: %w", err)
		}
		moved = nil
		for _, r := range list {
			o, err := tx.Outstanding(r.No)
			if err != nil {
				return fmt.Errorf("what request %s owes: %w", r.No, err)
			}
			if err := move(tx, r, o, byTimer()); err != nil {
				return err
			}
			moved = append(moved, r.No)
		}
		return nil
	})
	return moved, err
}

// overdue lists sessions whose report is late.
func overdue(s *store.Snap) ([]store.Session, error) {
	candidates, err := s.LateSessions()
	if err != nil {
		return nil, fmt.Errorf("read sessions without report: %w", err)
	}
	systems := map[string]store.System{}
	var late []store.Session
	for _, v := range candidates {
		sys, known := systems[v.System]
		if !known {
			if sys, err = s.System(v.System); err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, fmt.Errorf("system %s: %w", v.System, err)
			}
			systems[v.System] = sys
		}
		if !s.Now.Before(dueOf(v, sys)) {
			late = append(late, v)
		}
	}
	return late, nil
}

func (c *Service) raise(ctx context.Context) error {
	return c.o.DB.Write(ctx, func(tx *store.Tx) error {
		late, err := overdue(tx.Snap)
		if err != nil {
			return err
		}
		for _, v := range late {
			sys, err := tx.System(v.System)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("system %s: %w", v.System, err)
			}
			if err := tx.RaiseOverdue(store.OverdueReport, v.ID); err != nil {
				return fmt.Errorf("raise report of %s: %w", v.ID, err)
			}
			_, err = tx.Append(ledger.Draft{
				Kind: "report.overdue", Actor: byTimer(), Subjects: []string{v.ID, v.Window, v.Request, v.System, v.Vendor, v.Person},
				Payload: map[string]any{"session_id": v.ID, "window": v.Window, "request": v.Request, "ended": v.Ended, "due": dueOf(v, sys)},
			})
			if err != nil {
				return fmt.Errorf("ledger report.overdue: %w", err)
			}
		}
		return nil
	})
}

// Records lists attendance records, newest first.
func (c *Service) Records(ctx context.Context, f store.ReportFilter) ([]store.AttendanceRecord, error) {
	var all []store.AttendanceRecord
	err := c.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		all, err = s.AttendanceRecords(f)
		return err
	})
	return all, err
}

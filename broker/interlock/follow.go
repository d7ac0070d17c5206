package interlock

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// follow writes down what the watch found: a separation that was lost, a driven line whose window is over, a maintenance line that was
// left on.
func (s *Switch) follow(ctx context.Context, l *line) error {
	l.mu.Lock()
	st, lost, isLost := l.st, l.lost, l.isLost()
	verdict, pending := l.line, l.pending != nil
	l.mu.Unlock()
	if isLost {
		return s.writeLost(ctx, lost)
	}
	if !st.row.Open() || pending {
		return nil
	}
	over := st.over(s.o.Clock())
	switch {
	case over.IsZero() || st.live:
		return nil
	case l.driver != nil && st.row.On():
		return s.lineEntry(ctx, st.row, "line.off", broker, verdict, func(row *store.WindowLine, now time.Time) error {
			row.OffAt, row.OffBy = now, "broker"
			return nil
		})
	case l.driver != nil && verdict.Maintenance == policy.SideDown:
		// The office network is ordered back with this entry: the watch puts it back, and does so again after a crash.
		return s.lineEntry(ctx, st.row, "line.restored", broker, verdict, func(row *store.WindowLine, now time.Time) error {
			row.RestoredAt, row.RestoredBy = now, "broker"
			return nil
		})
	case st.row.On() || l.driver != nil:
		return s.leftOn(ctx, st, over)
	}
	return nil
}

// writeLost notes that the separation was lost. A driven maintenance line is off from then on; the attendant has to begin again.
func (s *Switch) writeLost(ctx context.Context, lost store.WindowLine) error {
	l := s.line(lost.System)
	if l == nil {
		return nil
	}
	verdict := l.verdict()
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.WindowLine(lost.Window)
		if err != nil {
			return fmt.Errorf("line of %s: %w", lost.Window, err)
		}
		if row.Lost() || !row.CutAt.Equal(lost.CutAt) {
			return nil // it says so, or was cut anew
		}
		row.LostAt = tx.Now
		if row.LostAt.Before(row.CutAt) {
			row.LostAt = row.CutAt
		}
		if l.driver != nil && row.On() {
			row.OffAt, row.OffBy = tx.Now, "broker"
		}
		if err := tx.UpdateWindowLine(row); err != nil {
			return fmt.Errorf("store the line: %w", err)
		}
		if err := entry(tx, "line.lost", row, broker, verdict); err != nil {
			return err
		}
		_, err = tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmLineLost, About: row.System, Detail: map[string]any{"window": row.Window, "state": verdict.State}}, policy.LineLeftAfter, sectionOf(tx.Snap, row.System), broker)
		return err
	})
}

// leftOn raises the alarm a quarter of an hour after the window, and again every quarter.
func (s *Switch) leftOn(ctx context.Context, st state, over time.Time) error {
	now := s.o.Clock()
	if now.Before(over.Add(policy.LineLeftAfter)) || now.Before(st.row.Raised.Add(policy.LineLeftAfter)) {
		return nil
	}
	return s.lineEntry(ctx, st.row, "line.left-on", broker, policy.Line{}, func(row *store.WindowLine, now time.Time) error {
		row.Raised = now
		return nil
	}, func(tx *store.Tx, row store.WindowLine) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmLineLeft, About: row.System, Detail: map[string]any{"window": row.Window, "over": over}}, sectionOf(tx.Snap, row.System), broker)
		return err
	})
}

// lineEntry changes the row of a line where it is still as it was read, with one entry.
func (s *Switch) lineEntry(ctx context.Context, was store.WindowLine, kind string, by ledger.Actor, verdict policy.Line, do func(*store.WindowLine, time.Time) error, more ...func(*store.Tx, store.WindowLine) error) error {
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.WindowLine(was.Window)
		if err != nil {
			return fmt.Errorf("line of %s: %w", was.Window, err)
		}
		if row != was {
			return nil // someone else was quicker; the next look sees it
		}
		if err := do(&row, tx.Now); err != nil {
			return err
		}
		if err := tx.UpdateWindowLine(row); err != nil {
			return fmt.Errorf("store the line: %w", err)
		}
		for _, f := range more {
			if err := f(tx, row); err != nil {
				return err
			}
		}
		return entry(tx, kind, row, by, verdict)
	})
}

// entry appends the entry of a step of a window's line.
func entry(tx *store.Tx, kind string, row store.WindowLine, by ledger.Actor, verdict policy.Line) error {
	w, err := tx.Window(row.Window)
	if err != nil {
		return fmt.Errorf("window %s: %w", row.Window, err)
	}
	_, err = tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{row.Window, w.Request, row.System}, Payload: map[string]any{
		"window": row.Window, "request": w.Request, "system": row.System, "how": row.How, "limit": row.How.Limit().JA,
		"state": stateWord(verdict.State), "internal": sideWord(verdict.Internal), "maintenance": sideWord(verdict.Maintenance),
	}})
	if err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

func stateWord(s policy.LineState) string {
	if s == policy.LineUnknown {
		return "unknown"
	}
	return string(s)
}

func sideWord(s policy.LineSide) string {
	if s == policy.SideUnknown {
		return "unknown"
	}
	return string(s)
}

// sectionOf is the desk of the section that owns a system; none where it is not known: the central desk is told anyway.
func sectionOf(s *store.Snap, system string) []string {
	sys, err := s.System(system)
	if err != nil {
		return nil
	}
	return []string{sys.Section}
}

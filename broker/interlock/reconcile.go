package interlock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Reconcile brings the lines into a known state before anyone is admitted: every maintenance line that a driver moves is taken off, and
// an open row whose line was on says so. The office network of a window that still runs stays cut; of one that is over the watch puts it
// back. A line whose driver does not obey is unknown, which admits no one, and has an alarm. Reconcile returns the systems whose line was
// on. All drivers are asked at once, so that one that hangs does not hold up the start for the others.
func (s *Switch) Reconcile(ctx context.Context) ([]string, error) {
	var all map[string]*state
	if err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		all, _, err = s.states(snap)
		return err
	}); err != nil {
		return nil, err
	}
	var mu sync.Mutex // guards the following
	var were []string
	var errs []error
	var asked sync.WaitGroup
	for id, st := range all {
		if st.system.Line != policy.LineInterlocked {
			continue
		}
		asked.Go(func() {
			read, err := s.takeOff(ctx, st)
			if err != nil {
				s.o.Log.Error("line_not_reconciled", "system", id, "error", err)
			}
			if !st.row.On() {
				return
			}
			err = s.reconciled(ctx, st.row, read)
			mu.Lock()
			defer mu.Unlock()
			were, errs = append(were, id), append(errs, err)
		})
	}
	asked.Wait()
	slices.Sort(were)
	return were, errors.Join(errs...)
}

// takeOff takes a maintenance line off and reads the line back. With an error nothing is known of it.
func (s *Switch) takeOff(ctx context.Context, st *state) (Reading, error) {
	driver, err := s.o.Drive(&st.system)
	if err != nil || driver == nil {
		return Reading{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if err := driver.Do(bounded, Off, 0); err != nil {
		return Reading{}, err
	}
	return driver.Look(bounded)
}

// reconciled notes that a line that was on is to be off. The attendant has to put it on anew.
func (s *Switch) reconciled(ctx context.Context, row store.WindowLine, read Reading) error {
	known := policy.Line{Internal: read.Internal, Maintenance: read.Maintenance}
	off := func(row *store.WindowLine, now time.Time) error {
		row.OffAt, row.OffBy = now, "broker"
		return nil
	}
	if read.Maintenance == policy.SideDown {
		return s.lineEntry(ctx, row, "line.reconciled", broker, known, off)
	}
	return s.lineEntry(ctx, row, "line.reconciled", broker, known, off, func(tx *store.Tx, row store.WindowLine) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmLineLeft, About: row.System, Detail: map[string]any{"window": row.Window, "maintenance": sideWord(read.Maintenance)}}, sectionOf(tx.Snap, row.System), broker)
		if err != nil {
			return fmt.Errorf("raise the alarm: %w", err)
		}
		return nil
	})
}

package attendance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// StepShown is a step of the checklist in force, with its tick.
type StepShown struct {
	store.Step
	Tick *store.Tick // nil: not yet
}

// Shown is an attendant's whole view of a window.
type Shown struct {
	Now       time.Time
	Window    store.Window
	System    store.System
	Steps     []StepShown
	Voided    int // ticks of older versions of the checklist, which do not count
	Backup    *store.Backup
	Items     []policy.CheckItem
	Checks    []IdentityCheck
	Asked     []store.Extension // that wait for an answer
	Sessions  []store.Session   // under way
	Handover  *store.Handover   // offered and not taken yet
	NeedsBeat bool              // sessions pause and end without the attendant's heartbeat
}

// Show gives an attendant's view. It computes the check items, which take longest, only where they are wanted. The caller
// decides whether the reader may see it. Errors: store.ErrNotFound.
func (a *Service) Show(ctx context.Context, window string, items bool) (Shown, error) {
	var v Shown
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		v, err = a.show(s, window, items)
		return err
	})
	return v, err
}

func (a *Service) show(s *store.Snap, window string, items bool) (v Shown, err error) {
	v.Now = s.Now
	if v.Window, err = s.Window(window); err != nil {
		return v, fmt.Errorf("window %q: %w", window, err)
	}
	if v.System, err = s.System(v.Window.System); err != nil {
		return v, fmt.Errorf("system %s: %w", v.Window.System, err)
	}
	v.NeedsBeat = v.System.PersonalData || v.System.Attendance != policy.AttendanceOnCall && v.System.Attendance != policy.AttendanceNone
	if err = v.steps(s); err != nil {
		return v, err
	}
	b, err := s.WindowBackup(window)
	switch {
	case err == nil:
		v.Backup = &b
	case !errors.Is(err, store.ErrNotFound):
		return v, fmt.Errorf("read the backup's statement: %w", err)
	}
	var attendant *policy.Person
	if v.Window.Attendant != "" {
		p, err := s.Person(v.Window.Attendant)
		if err != nil {
			return v, fmt.Errorf("attendant: %w", err)
		}
		attendant = &p.Person
	}
	if items {
		if v.Items, err = a.items(s, attendant, v.Window); err != nil {
			return v, err
		}
	}
	return v, v.goings(s)
}

// steps joins the checklist in force with its ticks.
func (v *Shown) steps(s *store.Snap) error {
	all, err := s.Ticks(v.Window.ID)
	if err != nil {
		return fmt.Errorf("read ticks: %w", err)
	}
	done := map[string]*store.Tick{}
	for _, t := range all {
		if t.Version == v.System.Checklist.Version {
			done[t.Step] = &t
		} else {
			v.Voided++
		}
	}
	for _, step := range v.System.Checklist.Steps {
		v.Steps = append(v.Steps, StepShown{Step: step, Tick: done[step.ID]})
	}
	return nil
}

// goings adds the current events: calls, requests for more time, connections, a handover.
func (v *Shown) goings(s *store.Snap) (err error) {
	if v.Checks, err = checksOf(s, v.Window); err != nil {
		return err
	}
	if v.Asked, err = s.Extensions(store.ExtensionFilter{Window: v.Window.ID, States: []store.ExtensionState{store.ExtensionAsked}}); err != nil {
		return fmt.Errorf("read extensions: %w", err)
	}
	if v.Sessions, err = s.Sessions(store.SessionFilter{Window: v.Window.ID, Live: true, Limit: 1000}); err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	handed, err := s.Handovers(v.Window.ID)
	if err != nil {
		return fmt.Errorf("read handovers: %w", err)
	}
	if n := len(handed); n > 0 && handed[n-1].Taken.IsZero() {
		v.Handover = &handed[n-1]
	}
	return nil
}

package attendance

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Open takes the post. Where the system asks for no identity check, it permits the start as well, and asks for the
// proof. Every mandatory step of the checklist must be ticked, and no check item may have turned unmet. Errors: *policy.Denied, *Stopped,
// *forms.Invalid, act.ErrProofNeeded.
func (a *Service) Open(ctx context.Context, window string, by act.Caller) error {
	var stopped *Stopped
	err := a.onWindow(ctx, open, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) (err error) {
		stopped = nil
		w := &on.Window
		if !on.System.IdentityCheck {
			if err := p.MustProve(); err != nil {
				return err
			}
		}
		if stopped, err = a.ready(tx, p, *w, "open"); err != nil || stopped != nil {
			return err
		}
		w.State, w.Attendant, w.OpenedAt = policy.WindowAttended, p.ID, tx.Now
		if err := a.windowEntry(tx, "window.opened", p.By, *w, map[string]any{"checklist_version": on.System.Checklist.Version}); err != nil {
			return err
		}
		if on.System.IdentityCheck {
			return nil
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", p.By, *w, map[string]any{"implied": "the system asks for no identity check"})
	})
	return stopped.or(err)
}

// Permit permits the start. Where the system asks for an identity check, it must have matched. The code of the opening checks the
// checklist and the check items again. It asks for the proof, unless the one of the opening is
// kept. Errors: as Open.
func (a *Service) Permit(ctx context.Context, window string, by act.Caller) error {
	var stopped *Stopped
	err := a.onWindow(ctx, permit, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) (err error) {
		w := &on.Window
		if stopped, err = a.ready(tx, p, *w, "permit"); err != nil || stopped != nil {
			return err
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", p.By, *w, map[string]any{"checklist_version": on.System.Checklist.Version})
	})
	return stopped.or(err)
}

// Unpermit takes the permission to start back and cuts the live sessions of the window. The attendant keeps the post, may permit the
// start again, and answers for the work already done.
func (a *Service) Unpermit(ctx context.Context, window, reason string, by act.Caller) error {
	reason = forms.Kept(reason)
	var cause policy.Reason
	done := func() {}
	defer func() { done() }()
	err := a.onWindow(ctx, unpermit, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		w := &on.Window
		more := map[string]any{"reason": reason, "permitted_by": w.PermittedBy, "permitted_at": w.PermittedAt}
		cause = cutBy(p.ID, *w)
		done()
		done = a.o.Ending(w.ID, cause, by.Actor, reason)
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowAttended, time.Time{}, ""
		if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		return a.windowEntry(tx, "window.unpermitted", p.By, *w, more)
	})
	return a.ended(err, window, cause, by.Actor, reason)
}

// ended ends the sessions of a window once the act on it is committed. A failed act ends nothing, and no caller waits for the
// writer while connections are closed.
func (a *Service) ended(err error, window string, cause policy.Reason, by ledger.Actor, note string) error {
	if err == nil {
		a.o.End(window, cause, by, note)
	}
	return err
}

// cutBy is the cause of the end of sessions that a person cuts.
func cutBy(person string, w store.Window) policy.Reason {
	if person == w.Attendant {
		return policy.CutByAttendant
	}
	return policy.CutByAuthority
}

// Close is the attendant's ordinary end of the work before the window's. Sessions end.
func (a *Service) Close(ctx context.Context, window, reason string, by act.Caller) error {
	reason = forms.Kept(reason)
	done := func() {}
	defer func() { done() }()
	err := a.onWindow(ctx, shutting, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		done()
		done = a.o.Ending(on.Window.ID, policy.WindowWasClosed, by.Actor, reason)
		return a.shut(tx, &on.Window, policy.WindowClosed, "window.closed", reason, p.By)
	})
	return a.ended(err, window, policy.WindowWasClosed, by.Actor, reason)
}

// Cut ends the window by force, at one key press: the reason may follow later.
func (a *Service) Cut(ctx context.Context, window, reason string, by act.Caller) error {
	reason = forms.Kept(reason)
	cause, done := policy.CutByAttendant, func() {}
	defer func() { done() }()
	err := a.onWindow(ctx, cut, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		if cause = policy.CutByAttendant; on.Window.Attendant != p.ID && policy.MayStop(p.Person, on.System.System) {
			cause = policy.CutByAuthority
		}
		done()
		done = a.o.Ending(on.Window.ID, cause, by.Actor, reason)
		return a.shut(tx, &on.Window, policy.WindowCut, "window.cut", reason, p.By)
	})
	return a.ended(err, window, cause, by.Actor, reason)
}

// shut ends a window. Remembered second factors go with it.
func (a *Service) shut(tx *store.Tx, w *store.Window, to policy.WindowState, kind, reason string, by ledger.Actor) error {
	w.State, w.ClosedBy, w.ClosedAt, w.Reason = to, by.ID, tx.Now, reason
	if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	return a.windowEntry(tx, kind, by, *w, map[string]any{"reason": w.Reason})
}

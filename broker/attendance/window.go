package attendance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Open is the attendant taking the post. Where the system asks for no identity check, it permits the start
// as well. An attendant who is named in the request is the only one who may. The approver may not,
// unless the system allows it. Every mandatory step of the checklist must be ticked, and no check item may have turned
// unmet. The door has authenticated the attendant afresh. Errors: *policy.Denied, *Stopped, *forms.Invalid.
func (a *Post) Open(ctx context.Context, window string, by ledger.Actor) error {
	return a.open(ctx, window, true, by)
}

// ErrUnproven is the taking of a post that would permit the start, by somebody who was not authenticated afresh.
var ErrUnproven = errors.New("opening permits the start, which needs a fresh proof")

// OpenUnproven is Open for somebody who was not authenticated afresh: it takes the post and never permits the start. What the
// system asks for is read where the post is taken, so that no change of the rule slips in between a look and the act. Errors: as
// Open, and ErrUnproven where opening would permit; nothing is written then.
func (a *Post) OpenUnproven(ctx context.Context, window string, by ledger.Actor) error {
	return a.open(ctx, window, false, by)
}

func (a *Post) open(ctx context.Context, window string, proven bool, by ledger.Actor) error {
	var stopped *Stopped
	err := a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if !r.State.Final() || r.ApprovedVersion != r.Version {
			return &policy.Denied{Reason: policy.RequestChanged, Args: map[string]string{"request": r.No}}
		}
		if err := a.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if w.State != policy.WindowScheduled {
			return a.wrongState(*w)
		}
		if !proven && !sys.IdentityCheck {
			return ErrUnproven
		}
		var err error
		if stopped, err = a.ready(tx, p, *w, sys, by, "open"); err != nil || stopped != nil {
			return err
		}
		w.State, w.Attendant, w.OpenedAt = policy.WindowAttended, p.ID, tx.Now
		if err := a.windowEntry(tx, "window.opened", by, *w, map[string]any{"checklist_version": sys.Checklist.Version}); err != nil {
			return err
		}
		if sys.IdentityCheck {
			return nil
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", by, *w, map[string]any{"implied": "the system asks for no identity check"})
	})
	return stopped.or(err)
}

// Permit is the permission to start. Where the system asks for an identity check, it must have matched. The checklist and
// the check items are looked at again, with the same code as at the opening. The door has authenticated the
// attendant afresh. Errors: as Open.
func (a *Post) Permit(ctx context.Context, window string, by ledger.Actor) error {
	var stopped *Stopped
	err := a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		switch {
		case w.State == policy.WindowScheduled:
			return &policy.Denied{Reason: policy.AttendantAbsent, Args: map[string]string{"request": w.Request}}
		case w.State != policy.WindowAttended:
			return a.wrongState(*w)
		case w.Attendant != p.ID:
			return forbidden(policy.Attendant)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if err := a.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if sys.IdentityCheck {
			if err := identityDone(tx.Snap, *w); err != nil {
				return err
			}
		}
		var err error
		if stopped, err = a.ready(tx, p, *w, sys, by, "permit"); err != nil || stopped != nil {
			return err
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", by, *w, map[string]any{"checklist_version": sys.Checklist.Version})
	})
	return stopped.or(err)
}

// Unpermit takes the permission to start back: live sessions of the window are cut. The attendant keeps the post, from which the start may be
// permitted again, and answers for the work that was done. The attendant may, and whoever may stop the work.
func (a *Post) Unpermit(ctx context.Context, window, reason string, by ledger.Actor) error {
	reason = forms.Kept(reason)
	var cause policy.Reason
	err := a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if w.State != policy.WindowPermitted {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if w.Attendant != p.ID && !mayStop(p, sys) {
			return forbidden(policy.Attendant)
		}
		more := map[string]any{"reason": reason, "permitted_by": w.PermittedBy, "permitted_at": w.PermittedAt}
		cause = cutBy(p, *w)
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowAttended, time.Time{}, ""
		if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		return a.windowEntry(tx, "window.unpermitted", by, *w, more)
	})
	return a.ended(err, window, cause, by, reason)
}

// ended ends the sessions of a window once the act on it is committed: what failed ends nothing, and nobody waits for the
// writer while connections are closed.
func (a *Post) ended(err error, window string, cause policy.Reason, by ledger.Actor, note string) error {
	if err == nil {
		a.o.End(window, cause, by, note)
	}
	return err
}

// cutBy is the cause of the end of sessions that p cuts.
func cutBy(p policy.Person, w store.Window) policy.Reason {
	if p.ID == w.Attendant {
		return policy.CutByAttendant
	}
	return policy.CutByAuthority
}

// Close is the attendant's ordinary end of the work before the window's. Sessions end.
func (a *Post) Close(ctx context.Context, window, reason string, by ledger.Actor) error {
	reason = forms.Kept(reason)
	err := a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if w.State != policy.WindowAttended && w.State != policy.WindowPermitted {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil {
			return err
		}
		if w.Attendant != p.ID && !mayStop(p, sys) {
			return forbidden(policy.Attendant)
		}
		return a.shut(tx, w, policy.WindowClosed, "window.closed", reason, by)
	})
	return a.ended(err, window, policy.WindowWasClosed, by, reason)
}

// Cut ends the window by force, in one press: the reason may follow later. Any attendant of the section,
// its approvers and the information-systems section may.
func (a *Post) Cut(ctx context.Context, window, reason string, by ledger.Actor) error {
	reason = forms.Kept(reason)
	cause := policy.CutByAttendant
	err := a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if !usable(w.State) {
			return a.wrongState(*w)
		}
		if err := a.over(*w, tx.Now); err != nil { // its sessions have ended; each can still be cut by its number
			return err
		}
		if !mayStop(p, sys) && !(ofSection(p, sys) && p.Has(policy.Attendant)) {
			return forbidden(policy.Attendant)
		}
		if w.Attendant != p.ID && mayStop(p, sys) {
			cause = policy.CutByAuthority
		}
		return a.shut(tx, w, policy.WindowCut, "window.cut", reason, by)
	})
	return a.ended(err, window, cause, by, reason)
}

// shut ends a window. Remembered second factors go with it.
func (a *Post) shut(tx *store.Tx, w *store.Window, to policy.WindowState, kind, reason string, by ledger.Actor) error {
	w.State, w.ClosedBy, w.ClosedAt, w.Reason = to, by.ID, tx.Now, reason
	if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	return a.windowEntry(tx, kind, by, *w, map[string]any{"reason": w.Reason})
}

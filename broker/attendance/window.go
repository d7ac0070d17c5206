package attendance

import (
	"context"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Open is the attendant taking the post. Where the system asks for no identity check, it permits the start
// as well. An attendant who is named in the request is the only one who may. The approver may not,
// unless the system allows it. Errors: *policy.Denied, *forms.Invalid.
func (a *Post) Open(ctx context.Context, window string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if !r.State.Final() || r.ApprovedVersion != r.Version {
			return &policy.Denied{Reason: policy.RequestChanged, Args: map[string]string{"request": r.No}}
		}
		if err := a.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if !tx.Now.Before(w.End) {
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": r.No, "time": w.End.In(a.o.Zone).Format("2006-01-02 15:04")}}
		}
		if w.State != policy.WindowScheduled {
			return a.wrongState(*w)
		}
		w.State, w.Attendant, w.OpenedAt = policy.WindowAttended, p.ID, tx.Now
		if err := a.windowEntry(tx, "window.opened", by, *w, nil); err != nil {
			return err
		}
		if sys.IdentityCheck {
			return nil
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", by, *w, map[string]any{"implied": "the system asks for no identity check"})
	})
}

func (a *Post) mayAttend(s *store.Snap, p policy.Person, w store.Window, r store.Request, sys store.System) error {
	if !ofSection(p, sys) || !p.Has(policy.Attendant) {
		return forbidden(policy.Attendant)
	}
	if r.Body.Attendant != "" && r.Body.Attendant != p.ID {
		return forbidden(policy.Attendant)
	}
	if sys.ApproverMayAttend {
		return nil
	}
	decisions, err := s.Decisions(r.No)
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	for _, made := range decisions {
		if made.By == p.ID && made.Verdict == store.VerdictApprove && made.Version == r.Version {
			return forbidden("approver-not-attending")
		}
	}
	return nil
}

// Permit is the permission to start. Where the system asks for an identity check, it must have matched. The
// door has authenticated the attendant afresh. A window permitted already stays so.
func (a *Post) Permit(ctx context.Context, window string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		switch {
		case w.State == policy.WindowScheduled:
			return &policy.Denied{Reason: policy.AttendantAbsent, Args: map[string]string{"request": w.Request}}
		case w.State != policy.WindowAttended:
			return a.wrongState(*w)
		case w.Attendant != p.ID:
			return forbidden(policy.Attendant)
		case !tx.Now.Before(w.End):
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.End.In(a.o.Zone).Format("2006-01-02 15:04")}}
		}
		if err := a.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if sys.IdentityCheck {
			if err := identityDone(tx.Snap, *w); err != nil {
				return err
			}
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return a.windowEntry(tx, "window.permitted", by, *w, nil)
	})
}

// Close is the attendant's ordinary end of the work before the window's. Sessions end.
func (a *Post) Close(ctx context.Context, window, reason string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if w.State != policy.WindowAttended && w.State != policy.WindowPermitted {
			return a.wrongState(*w)
		}
		if w.Attendant != p.ID && !mayStop(p, sys) {
			return forbidden(policy.Attendant)
		}
		return a.shut(tx, w, policy.WindowClosed, "window.closed", reason, by)
	})
}

// Cut ends the window by force, in one press: the reason may follow later. Any attendant of the section,
// its approvers and the information-systems section may.
func (a *Post) Cut(ctx context.Context, window, reason string, by ledger.Actor) error {
	return a.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if !usable(w.State) {
			return a.wrongState(*w)
		}
		if !mayStop(p, sys) && !(ofSection(p, sys) && p.Has(policy.Attendant)) {
			return forbidden(policy.Attendant)
		}
		return a.shut(tx, w, policy.WindowCut, "window.cut", reason, by)
	})
}

// shut ends a window. Remembered second factors go with it.
func (a *Post) shut(tx *store.Tx, w *store.Window, to policy.WindowState, kind, reason string, by ledger.Actor) error {
	w.State, w.ClosedBy, w.ClosedAt, w.Reason = to, by.ID, tx.Now, forms.Printable(reason)
	if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	return a.windowEntry(tx, kind, by, *w, map[string]any{"reason": w.Reason})
}

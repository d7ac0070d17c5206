package requests

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
func (d *Desk) Open(ctx context.Context, window string, by ledger.Actor) error {
	return d.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if !r.State.Final() || r.ApprovedVersion != r.Version {
			return &policy.Denied{Reason: policy.RequestChanged, Args: map[string]string{"request": r.No}}
		}
		if err := d.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if !tx.Now.Before(w.End) {
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": r.No, "time": w.End.In(d.o.Zone).Format("2006-01-02 15:04")}}
		}
		if w.State != policy.WindowScheduled {
			return d.wrongState(*w)
		}
		w.State, w.Attendant, w.OpenedAt = policy.WindowAttended, p.ID, tx.Now
		if err := d.windowEntry(tx, "window.opened", by, *w, nil); err != nil {
			return err
		}
		if sys.IdentityCheck {
			return nil
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return d.windowEntry(tx, "window.permitted", by, *w, map[string]any{"implied": "the system asks for no identity check"})
	})
}

func (d *Desk) mayAttend(s *store.Snap, p policy.Person, w store.Window, r store.Request, sys store.System) error {
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
func (d *Desk) Permit(ctx context.Context, window string, by ledger.Actor) error {
	return d.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		switch {
		case w.State == policy.WindowScheduled:
			return &policy.Denied{Reason: policy.AttendantAbsent, Args: map[string]string{"request": w.Request}}
		case w.State != policy.WindowAttended:
			return d.wrongState(*w)
		case w.Attendant != p.ID:
			return forbidden(policy.Attendant)
		case !tx.Now.Before(w.End):
			return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.End.In(d.o.Zone).Format("2006-01-02 15:04")}}
		}
		if err := d.mayAttend(tx.Snap, p, *w, r, sys); err != nil {
			return err
		}
		if sys.IdentityCheck {
			if err := identityDone(tx.Snap, *w); err != nil {
				return err
			}
		}
		w.State, w.PermittedAt, w.PermittedBy = policy.WindowPermitted, tx.Now, p.ID
		return d.windowEntry(tx, "window.permitted", by, *w, nil)
	})
}

// Close is the attendant's ordinary end of the work before the window's. Sessions end.
func (d *Desk) Close(ctx context.Context, window, reason string, by ledger.Actor) error {
	return d.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if w.State != policy.WindowAttended && w.State != policy.WindowPermitted {
			return d.wrongState(*w)
		}
		if w.Attendant != p.ID && !mayStop(p, sys) {
			return forbidden(policy.Attendant)
		}
		return d.shut(tx, w, policy.WindowClosed, "window.closed", reason, by)
	})
}

// Cut ends the window by force, in one press: the reason may follow later. Any attendant of the section,
// its approvers and the information-systems section may.
func (d *Desk) Cut(ctx context.Context, window, reason string, by ledger.Actor) error {
	return d.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, _ store.Request, sys store.System) error {
		if !usable(w.State) {
			return d.wrongState(*w)
		}
		if !mayStop(p, sys) && !(ofSection(p, sys) && p.Has(policy.Attendant)) {
			return forbidden(policy.Attendant)
		}
		return d.shut(tx, w, policy.WindowCut, "window.cut", reason, by)
	})
}

// Cancel takes a window back before or during its use; its grants are revoked with it.
func (d *Desk) Cancel(ctx context.Context, window, reason string, by ledger.Actor) error {
	if err := mustSay(reason); err != nil {
		return err
	}
	return d.onWindow(ctx, window, by, func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error {
		if !usable(w.State) {
			return d.wrongState(*w)
		}
		if !mayStop(p, sys) && p.ID != r.Requester && !(w.Attendant != "" && w.Attendant == p.ID) {
			return forbidden(policy.Requester)
		}
		grants, err := tx.GrantsWhere(store.GrantFilter{Window: w.ID})
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		for _, g := range grants {
			if g.State == policy.GrantActive {
				if err := tx.SetGrantState(g.ID, policy.GrantRevoked, p.ID, reason); err != nil {
					return fmt.Errorf("revoke grant %s: %w", g.ID, err)
				}
			}
		}
		return d.shut(tx, w, policy.WindowCancelled, "window.cancelled", reason, by)
	})
}

// shut ends a window. Remembered second factors go with it.
func (d *Desk) shut(tx *store.Tx, w *store.Window, to policy.WindowState, kind, reason string, by ledger.Actor) error {
	w.State, w.ClosedBy, w.ClosedAt, w.Reason = to, by.ID, tx.Now, forms.Printable(reason)
	if err := tx.ForgetFactors(store.FactorFilter{Window: w.ID}); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	return d.windowEntry(tx, kind, by, *w, map[string]any{"reason": w.Reason})
}

// onWindow runs one act on a window and stores it.
func (d *Desk) onWindow(ctx context.Context, id string, by ledger.Actor,
	fn func(tx *store.Tx, p policy.Person, w *store.Window, r store.Request, sys store.System) error,
) error {
	return d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		w, err := tx.Window(id)
		if err != nil {
			return fmt.Errorf("window %q: %w", id, err)
		}
		r, sys, err := load(tx.Snap, w.Request)
		if err != nil {
			return err
		}
		if err := fn(tx, p, &w, r, sys); err != nil {
			return err
		}
		if err := tx.UpdateWindow(w); err != nil {
			return fmt.Errorf("store window: %w", err)
		}
		return nil
	})
}

func (d *Desk) windowEntry(tx *store.Tx, kind string, by ledger.Actor, w store.Window, more map[string]any) error {
	payload := map[string]any{"window": w.ID, "request": w.Request, "system": w.System, "state": w.State, "start": w.Start, "end": w.End, "attendant": w.Attendant}
	for k, v := range more {
		payload[k] = v
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{w.ID, w.Request, w.System}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// wrongState says where a window stands when an act does not fit.
func (d *Desk) wrongState(w store.Window) error {
	switch w.State {
	case policy.WindowClosed, policy.WindowCut, policy.WindowCancelled:
		return &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": w.Request, "time": w.ClosedAt.In(d.o.Zone).Format("2006-01-02 15:04")}}
	}
	return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": w.Request}}
}

package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A wish for more time is at least a minute and at most eight hours.
const (
	shortestExtension = time.Minute
	longestExtension  = 8 * time.Hour
)

// Answer is what somebody answers to a wish for more time.
type Answer struct {
	Reason string // needed to deny
	Fresh  bool   // the door has authenticated the person afresh
}

// ErrFreshNeeded: an extension beyond what was delegated to the attendant needs fresh authentication, as every
// approval does. The door asks for it and comes again.
var ErrFreshNeeded = errors.New("fresh authentication needed")

// AskExtension asks for a window to end later: by an engineer of the window or a contact of the vendor, or by staff of the owning
// section. One question at a time; silence until the window's end is no. It may be asked from the start until the end, which
// is too late already. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (d *Desk) AskExtension(ctx context.Context, window string, by time.Duration, reason string, actor ledger.Actor) (store.Extension, error) {
	var x store.Extension
	if err := mustSay(reason); err != nil {
		return x, err
	}
	by = by.Truncate(time.Millisecond)
	if by < shortestExtension || by > longestExtension {
		return x, extensionProblem("by", "extension-length", "延長は1分から8時間までです。", "an extension is from one minute to eight hours")
	}
	err := d.act(ctx, actor, func(tx *store.Tx, p policy.Person) error {
		w, r, sys, err := d.inUse(tx.Snap, window)
		if err != nil {
			return err
		}
		if err := mayAsk(tx.Snap, p, w, r, sys); err != nil {
			return err
		}
		if tx.Now.Before(w.Start) {
			return &policy.Denied{Reason: policy.TooEarly, Args: map[string]string{"request": r.No, "time": d.said(w.Start)}}
		}
		open, err := tx.Extensions(store.ExtensionFilter{Window: w.ID, States: []store.ExtensionState{store.ExtensionAsked}})
		if err != nil {
			return fmt.Errorf("read extensions: %w", err)
		}
		if len(open) > 0 {
			return extensionProblem("window", "extension-open", "すでに延長の申請があります("+open[0].ID+")。答えをお待ちください。",
				"an extension is asked for already ("+open[0].ID+"); wait for its answer")
		}
		if err := d.roomFor(tx.Snap, w, sys, w.End.Add(by)); err != nil {
			return err
		}
		x = store.Extension{Window: w.ID, Request: r.No, System: w.System, AskedBy: p.ID, Via: actor.Via, By: by, Reason: reason, Ends: w.End,
			State: store.ExtensionAsked, AskedAt: tx.Now}
		wish, err := d.wishOf(tx.Snap, x, w, r, sys)
		if err != nil {
			return err
		}
		if longest := wish.Longest(w.Window, sys.System); !w.Emergency && by > longest-w.End.Sub(w.Start) {
			ja, en := sayLength(longest)
			return extensionProblem("by", codeTooLong, "時間枠は、延長を入れて"+ja+"までです。続きは新しく申請してください。",
				"a window is at most "+en+", extensions included; file a new request for the rest")
		}
		if x.ID, err = tx.NextExtensionNo(); err != nil {
			return fmt.Errorf("number the extension: %w", err)
		}
		if err := tx.AddExtension(x); err != nil {
			return fmt.Errorf("store extension: %w", err)
		}
		return d.extensionEntry(tx, "extension.asked", actor, x, r)
	})
	return x, err
}

// mayAsk: engineers that the window's grants name, contacts of their vendor, and staff of the section.
func mayAsk(s *store.Snap, p policy.Person, w store.Window, r store.Request, sys store.System) error {
	switch p.Kind {
	case policy.Staff:
		if ofSection(p, sys) && (p.Has(policy.Requester) || p.Has(policy.Attendant) || p.Has(policy.Approver)) {
			return nil
		}
	case policy.Contact:
		if p.Vendor != "" && p.Vendor == r.Vendor {
			return nil
		}
	case policy.Engineer:
		grants, err := s.GrantsWhere(store.GrantFilter{Window: w.ID, Person: p.ID})
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		if slices.ContainsFunc(grants, func(g policy.Grant) bool { return g.State == policy.GrantActive }) {
			return nil
		}
	}
	return forbidden("engineer")
}

// GrantExtension moves the window's end: by its attendant within what is delegated, by the head, a deputy or the second approver beyond
// it (policy.CanExtend). The grants' end moves in the same transaction, and running sessions go on without a gap. At the window's
// end it is too late. Errors: ErrFreshNeeded; *policy.Denied; *forms.Invalid when the longer window would run into another one of an exclusive
// system or into a no-work time.
func (d *Desk) GrantExtension(ctx context.Context, id string, a Answer, by ledger.Actor) (store.Extension, error) {
	if a.Reason != "" {
		if err := mustSay(a.Reason); err != nil {
			return store.Extension{}, err
		}
	}
	return d.answer(ctx, id, by, func(tx *store.Tx, p policy.Person, x *store.Extension, w store.Window, r store.Request, sys store.System) error {
		wish, err := d.wishOf(tx.Snap, *x, w, r, sys)
		if err != nil {
			return err
		}
		ruling := policy.CanExtend(p, w.Window, sys.System, wish, tx.Now)
		if err := ruling.Err(); err != nil {
			return err
		}
		if ruling.Role != policy.Attendant && !a.Fresh {
			return ErrFreshNeeded
		}
		x.Role, x.OnBehalf = ruling.Role, ruling.OnBehalf
		x.NewEnd = w.End.Add(x.By)
		if err := d.roomFor(tx.Snap, w, sys, x.NewEnd); err != nil {
			return err
		}
		w.End = x.NewEnd
		if err := tx.UpdateWindow(w); err != nil {
			return fmt.Errorf("move the end of window %s: %w", w.ID, err)
		}
		x.State, x.Answer = store.ExtensionGranted, a.Reason
		return nil
	})
}

// DenyExtension says no, with a reason: whoever may grant some extension of the window may.
func (d *Desk) DenyExtension(ctx context.Context, id, reason string, by ledger.Actor) (store.Extension, error) {
	if err := mustSay(reason); err != nil {
		return store.Extension{}, err
	}
	return d.answer(ctx, id, by, func(tx *store.Tx, p policy.Person, x *store.Extension, w store.Window, r store.Request, sys store.System) error {
		wish, err := d.wishOf(tx.Snap, *x, w, r, sys)
		if err != nil {
			return err
		}
		if p.ID == w.Attendant {
			x.Role = policy.Attendant
		} else {
			// A refusal makes nothing longer, is nobody's approval of their own, and no freeze stands in its way.
			shorter, roomy := w.Window, sys.System
			shorter.Emergency, wish.Requester, wish.Frozen, wish.SecondMissing = false, "", false, false
			roomy.MaxWindow = w.End.Sub(w.Start) + x.By
			ruling := policy.CanExtend(p, shorter, roomy, wish, tx.Now)
			if err := ruling.Err(); err != nil {
				return err
			}
			x.Role, x.OnBehalf = ruling.Role, ruling.OnBehalf
		}
		x.State, x.Answer = store.ExtensionDenied, reason
		return nil
	})
}

// answer runs one answer to a wish that is open, on a window that is not over.
func (d *Desk) answer(ctx context.Context, id string, by ledger.Actor,
	fn func(tx *store.Tx, p policy.Person, x *store.Extension, w store.Window, r store.Request, sys store.System) error,
) (store.Extension, error) {
	var x store.Extension
	err := d.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		var err error
		if x, err = tx.Extension(id); err != nil {
			return fmt.Errorf("extension %q: %w", id, err)
		}
		if x.State != store.ExtensionAsked {
			return decided(x.ID)
		}
		w, r, sys, err := d.inUse(tx.Snap, x.Window)
		if err != nil {
			return err
		}
		if err := fn(tx, p, &x, w, r, sys); err != nil {
			return err
		}
		x.Decider, x.Decided = p.ID, tx.Now
		if err := tx.SettleExtension(x); err != nil {
			return fmt.Errorf("store answer: %w", err)
		}
		return d.extensionEntry(tx, "extension."+string(x.State), by, x, r)
	})
	return x, err
}

// inUse reads a window that may still be used, at this very instant: its end is exclusive.
func (d *Desk) inUse(s *store.Snap, id string) (store.Window, store.Request, store.System, error) {
	w, err := s.Window(id)
	if err != nil {
		return w, store.Request{}, store.System{}, fmt.Errorf("window %q: %w", id, err)
	}
	r, sys, err := load(s, w.Request)
	if err != nil {
		return w, r, sys, err
	}
	switch {
	case !usable(w.State) || !s.Now.Before(w.End):
		err = &policy.Denied{Reason: policy.WindowOver, Args: map[string]string{"request": r.No, "time": d.said(w.End)}}
	case !r.State.Final() || r.ApprovedVersion != r.Version:
		err = &policy.Denied{Reason: policy.RequestChanged, Args: map[string]string{"request": r.No}}
	}
	return w, r, sys, err
}

// wishOf is what policy needs to know of a wish: how much was granted so far, how much is delegated, who stands in for whom.
func (d *Desk) wishOf(s *store.Snap, x store.Extension, w store.Window, r store.Request, sys store.System) (policy.Extension, error) {
	wish := policy.Extension{By: x.By, Limit: sys.Delegated, AskedBy: x.AskedBy}
	if r.Body.Emergency == nil { // whose requester is one of the two who opened it
		wish.Requester = r.Requester
	}
	if limit := r.Body.ExtensionLimitMS; limit != nil {
		wish.Limit = min(wish.Limit, time.Duration(*limit)*time.Millisecond)
	}
	granted, err := s.Extensions(store.ExtensionFilter{Window: x.Window, States: []store.ExtensionState{store.ExtensionGranted}, Limit: 1000})
	if err != nil {
		return wish, fmt.Errorf("read extensions: %w", err)
	}
	for _, g := range granted {
		if g.Role == policy.Attendant {
			wish.Granted += g.By
		}
	}
	facts, err := s.PolicyRequest(r.No)
	if err != nil {
		return wish, fmt.Errorf("facts of request %s: %w", r.No, err)
	}
	wish.Deputations, wish.Approvals, wish.Frozen = facts.Deputations, facts.Approvals, facts.Frozen
	if r.Body.Emergency == nil && !slices.ContainsFunc(facts.Approvals, func(a policy.Approval) bool { return a.Stage == 2 }) {
		wish.SecondMissing, err = d.secondMissing(s, facts, policy.Span{Start: w.End, End: w.End.Add(x.By)})
	}
	return wish, err
}

// secondMissing tells whether the time that is added to a window lies where the rules want a second approver: of all that they look at,
// only office hours change with the time.
func (d *Desk) secondMissing(s *store.Snap, facts policy.Request, added policy.Span) (bool, error) {
	c, err := d.checking(s, Form{})
	if err != nil {
		return false, err
	}
	facts.OutsideHours = c.calendar(added).Outside(added.Start, added.End)
	return slices.Contains(policy.SecondNeeded(facts), policy.SecondOutsideHours), nil
}

// roomFor refuses a longer window where another one of an exclusive system, or a no-work time, comes next. What the papers
// allow is the deadline's to hold: a session ends with its contract or pledge however long the window is.
func (d *Desk) roomFor(s *store.Snap, w store.Window, sys store.System, until time.Time) error {
	if sys.Exclusive {
		next, err := s.Windows(store.WindowFilter{System: sys.ID, EndAfter: w.End, StartBefore: until, Limit: 1000})
		if err != nil {
			return fmt.Errorf("read windows: %w", err)
		}
		for _, n := range next {
			if n.ID != w.ID && usable(n.State) {
				o := &taken{n.Request, n.Start, n.End}
				return extensionProblem("by", codeOverlap, o.ja(d.o.Zone), o.en(d.o.Zone))
			}
		}
	}
	times, err := s.NoWork()
	if err != nil {
		return fmt.Errorf("read no-work times: %w", err)
	}
	if n, found := (policy.Calendar{Zone: d.o.Zone, NoWork: times}).NoWorkIn(sys.ID, w.End, until); found {
		return extensionProblem("by", "no-work", fmt.Sprintf("%s から作業しない日時です(%s)。", d.said(n.From), n.Reason),
			fmt.Sprintf("no work from %s (%s)", d.said(n.From), n.Reason))
	}
	return nil
}

// LapseExtensions notes what nobody answered by the window's end. It names them. The broker's timer calls it; a late answer is
// refused in any case.
func (d *Desk) LapseExtensions(ctx context.Context) ([]string, error) {
	var stale []store.Extension
	if err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		stale, err = s.StaleExtensions()
		return err
	}); err != nil || len(stale) == 0 {
		return nil, err
	}
	var lapsed []string
	err := d.o.DB.Write(ctx, func(tx *store.Tx) error {
		stale, err := tx.StaleExtensions()
		if err != nil {
			return fmt.Errorf("read stale extensions: %w", err)
		}
		lapsed = nil
		for _, x := range stale {
			r, err := tx.Request(x.Request)
			if err != nil {
				return fmt.Errorf("request %s: %w", x.Request, err)
			}
			x.State, x.Decided = store.ExtensionLapsed, tx.Now
			if err := tx.SettleExtension(x); err != nil {
				return fmt.Errorf("lapse extension %s: %w", x.ID, err)
			}
			if err := d.extensionEntry(tx, "extension.lapsed", byTimer(), x, r); err != nil {
				return err
			}
			lapsed = append(lapsed, x.ID)
		}
		return nil
	})
	return lapsed, err
}

// Extensions lists wishes for more time and their answers, newest first.
func (d *Desk) Extensions(ctx context.Context, f store.ExtensionFilter) ([]store.Extension, error) {
	var all []store.Extension
	err := d.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		all, err = s.Extensions(f)
		return err
	})
	return all, err
}

func (d *Desk) extensionEntry(tx *store.Tx, kind string, by ledger.Actor, x store.Extension, r store.Request) error {
	payload := map[string]any{"extension": x.ID, "window": x.Window, "request": x.Request, "by_ms": x.By.Milliseconds(), "reason": x.Reason,
		"asked_by": x.AskedBy, "asked_at": x.AskedAt, "end": x.Ends}
	if x.Decider != "" {
		payload["role"], payload["answer"] = x.Role, x.Answer
	}
	if x.OnBehalf != "" {
		payload["on_behalf"] = x.OnBehalf
	}
	if !x.NewEnd.IsZero() {
		payload["new_end"] = x.NewEnd
	}
	subjects := []string{x.ID, x.Window, x.Request, x.System, r.Vendor, x.AskedBy}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, OnBehalf: x.OnBehalf, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// said is an instant as people read it.
func (d *Desk) said(t time.Time) string { return t.In(d.o.Zone).Format("2006-01-02 15:04") }

func byTimer() ledger.Actor { return ledger.Actor{Kind: "broker", Via: "timer"} }

func extensionProblem(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}

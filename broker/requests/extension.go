package requests

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// A wish for more time is at least a minute and at most eight hours.
const (
	shortestExtension = time.Minute
	longestExtension  = 8 * time.Hour
)

// AskExtension asks for a later end of a window: by an engineer of the window, a contact of the vendor, or staff of the owning
// section. One wish at a time; silence until the window's end means no. It may be asked from the start until before the end. Errors:
// *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (d *Desk) AskExtension(ctx context.Context, window string, by time.Duration, reason string, caller act.Caller) (store.Extension, error) {
	if err := forms.Reason(reason, true); err != nil {
		return store.Extension{}, err
	}
	by = by.Truncate(time.Millisecond)
	if by < shortestExtension || by > longestExtension {
		return store.Extension{}, forms.Wrong("by", "extension-length", "延長は1分から8時間までです。", "an extension is from one minute to eight hours")
	}
	return act.Run(ctx, d.o.Acts, OnWindow, askExtension, window, caller, func(tx *store.Tx, p act.Person, on store.OnWindow) (x store.Extension, err error) {
		w, r, sys := on.Window, on.Request, on.System
		if err := roomFor(tx.Snap, w, sys, w.End.Add(by)); err != nil {
			return x, err
		}
		x = store.Extension{Window: w.ID, Request: r.No, System: w.System, AskedBy: p.ID, Via: p.By.Via, By: by, Reason: reason, Ends: w.End,
			State: store.ExtensionAsked, AskedAt: tx.Now}
		wish, err := wishOf(tx.Snap, x, on)
		if err != nil {
			return x, err
		}
		if longest := wish.Longest(w.Window, sys.System); !w.Emergency && by > longest-w.End.Sub(w.Start) {
			said := text.Length(longest)
			return x, forms.Wrong("by", codeTooLong, "時間枠は、延長を入れて"+said.JA+"までです。続きは新しく申請してください。",
				"a window is at most "+said.EN+", extensions included; file a new request for the rest")
		}
		if x.ID, err = tx.NextExtensionNo(); err != nil {
			return x, fmt.Errorf("number the extension: %w", err)
		}
		if err := tx.AddExtension(x); err != nil {
			return x, fmt.Errorf("store extension: %w", err)
		}
		return x, d.extensionEntry(tx, "extension.asked", p.By, x, r)
	})
}

// noneAsked stops a wish while another one on the window awaits its answer.
func noneAsked(s *store.Snap, _ policy.Person, on store.OnWindow) error {
	open, err := s.Extensions(store.ExtensionFilter{Window: on.Window.ID, States: []store.ExtensionState{store.ExtensionAsked}})
	if err != nil {
		return fmt.Errorf("read extensions: %w", err)
	}
	if len(open) > 0 {
		return forms.Wrong("window", "extension-open", "すでに延長の申請があります("+open[0].ID+")。答えをお待ちください。",
			"an extension is asked for already ("+open[0].ID+"); wait for its answer")
	}
	return nil
}

// onExtension is a wish for more time and its window.
type onExtension struct {
	store.OnWindow
	wish  store.Extension
	facts policy.Extension // of the wish, while it is open
}

func loadExtension(s *store.Snap, id string) (on onExtension, err error) {
	if on.wish, err = s.Extension(id); err != nil {
		return on, fmt.Errorf("extension %q: %w", id, err)
	}
	if on.OnWindow, err = s.OnWindow(on.wish.Window); err != nil || on.wish.State != store.ExtensionAsked {
		return on, err
	}
	on.facts, err = wishOf(s, on.wish, on.OnWindow)
	return on, err
}

// mayAnswer checks that the wish is open and its window is not over, for any person.
func mayAnswer(p policy.Person, on onExtension, now time.Time) policy.Decision {
	if on.wish.State != store.ExtensionAsked {
		return policy.Decision{Reason: policy.AlreadyDecided, Args: map[string]string{"request": on.wish.ID}}
	}
	return policy.MayChangeEnd(p, on.Facts, now)
}

// mayGrant is the rule of GrantExtension, by which an offer shows it too.
func mayGrant(p policy.Person, on onExtension, now time.Time) policy.Decision {
	if d := mayAnswer(p, on, now); !d.Allow {
		return d
	}
	return policy.CanExtend(p, on.Window.Window, on.System.System, on.facts, now)
}

// mayDeny is the rule of DenyExtension.
func mayDeny(p policy.Person, on onExtension, now time.Time) policy.Decision {
	if d := mayAnswer(p, on, now); !d.Allow {
		return d
	}
	return policy.MayDenyExtension(p, on.Window.Window, on.System.System, on.facts, now)
}

// roomToGrant stops a grant while the longer window would run into another one or into a no-work time.
func roomToGrant(s *store.Snap, _ policy.Person, on onExtension) error {
	return roomFor(s, on.Window, on.System, on.Window.End.Add(on.wish.By))
}

// GrantExtension moves the window's end. Its attendant may, within the delegated time; beyond it the head, a deputy or the second
// approver (policy.CanExtend), who give the proof each time. The grants' end moves in the same transaction, and running sessions go on
// without a gap. At the window's end it is too late. Errors: act.ErrProofNeeded; *policy.Denied; *forms.Invalid if the longer window
// would run into another one of an exclusive system or into a no-work time.
func (d *Desk) GrantExtension(ctx context.Context, id, reason string, by act.Caller) (store.Extension, error) {
	if reason != "" {
		if err := forms.Reason(reason, true); err != nil {
			return store.Extension{}, err
		}
	}
	return d.answer(ctx, grantExtension, id, by, func(tx *store.Tx, p act.Person, x *store.Extension, on store.OnWindow) error {
		w, ruling := on.Window, p.Decision
		if ruling.Role != policy.Attendant {
			if err := p.MustProve(); err != nil {
				return err
			}
		}
		x.Role, x.OnBehalf = ruling.Role, ruling.OnBehalf
		x.NewEnd = w.End.Add(x.By)
		w.End = x.NewEnd
		if err := tx.UpdateWindow(w); err != nil {
			return fmt.Errorf("move the end of window %s: %w", w.ID, err)
		}
		x.State, x.Answer = store.ExtensionGranted, reason
		return nil
	})
}

// DenyExtension declines, with a reason. Each person who may grant some extension of the window may.
func (d *Desk) DenyExtension(ctx context.Context, id, reason string, by act.Caller) (store.Extension, error) {
	if err := forms.Reason(reason, true); err != nil {
		return store.Extension{}, err
	}
	return d.answer(ctx, denyExtension, id, by, func(_ *store.Tx, p act.Person, x *store.Extension, _ store.OnWindow) error {
		x.Role, x.OnBehalf = p.Decision.Role, p.Decision.OnBehalf
		x.State, x.Answer = store.ExtensionDenied, reason
		return nil
	})
}

// answer runs one answer to a wish that is open, on a window that is not over.
func (d *Desk) answer(ctx context.Context, a extensionAct, id string, by act.Caller, do func(*store.Tx, act.Person, *store.Extension, store.OnWindow) error) (store.Extension, error) {
	return act.Run(ctx, d.o.Acts, OnExtension, a, id, by, func(tx *store.Tx, p act.Person, on onExtension) (store.Extension, error) {
		x := on.wish
		if err := do(tx, p, &x, on.OnWindow); err != nil {
			return x, err
		}
		x.Decider, x.Decided = p.ID, tx.Now
		if err := tx.SettleExtension(x); err != nil {
			return x, fmt.Errorf("store answer: %w", err)
		}
		return x, d.extensionEntry(tx, "extension."+string(x.State), p.By, x, on.Request)
	})
}

// LeftToAttendant is the time by which the attendants of a window may still extend it.
func LeftToAttendant(s *store.Snap, w store.Window, r store.Request, sys store.System) (time.Duration, error) {
	limit, granted, err := delegated(s, w, r, sys)
	return max(limit-granted, 0), err
}

// delegated is the time that the attendants of a window may grant in all, and the time that they granted.
func delegated(s *store.Snap, w store.Window, r store.Request, sys store.System) (limit, granted time.Duration, err error) {
	limit = sys.Delegated
	if ms := r.Body.ExtensionLimitMS; ms != nil {
		limit = min(limit, time.Duration(*ms)*time.Millisecond)
	}
	list, err := s.Extensions(store.ExtensionFilter{Window: w.ID, States: []store.ExtensionState{store.ExtensionGranted}, Limit: 1000})
	if err != nil {
		return 0, 0, fmt.Errorf("read extensions: %w", err)
	}
	for _, g := range list {
		if g.Role == policy.Attendant {
			granted += g.By
		}
	}
	return limit, granted, nil
}

// wishOf gives policy the facts of a wish: the time granted so far, the delegated time, the deputations.
func wishOf(s *store.Snap, x store.Extension, on store.OnWindow) (policy.Extension, error) {
	w, r, sys := on.Window, on.Request, on.System
	wish := policy.Extension{By: x.By, AskedBy: x.AskedBy}
	if r.Body.Emergency == nil { // its requester is one of the two who opened it
		wish.Requester = r.Requester
	}
	var err error
	if wish.Limit, wish.Granted, err = delegated(s, w, r, sys); err != nil {
		return wish, err
	}
	facts := on.Facts.Request
	wish.Deputations, wish.Approvals, wish.Frozen = facts.Deputations, facts.Approvals, facts.Frozen
	if r.Body.Emergency == nil && !slices.ContainsFunc(facts.Approvals, func(a policy.Approval) bool { return a.Stage == 2 }) {
		wish.SecondMissing, err = secondMissing(s, facts, policy.Span{Start: w.End, End: w.End.Add(x.By)})
	}
	if err != nil {
		return wish, err
	}
	wish.Outside, err = beyondPermit(s, on, w.End.Add(x.By))
	return wish, err
}

// beyondPermit gives the part of the standing permits that the longer window would exceed; empty: none.
func beyondPermit(s *store.Snap, on store.OnWindow, until time.Time) (string, error) {
	institution, err := s.Institution()
	if err != nil || !institution.StandingPermits {
		return "", err
	}
	r := on.Request
	r.Start, r.End, r.Body.Occurrences = on.Window.Start, on.Window.End, nil
	a, err := applicationOf(s, r, on.System, s.Zone())
	if err != nil {
		return "", fmt.Errorf("read standing permits: %w", err)
	}
	return policy.PermitForLonger(a, until), nil
}

// secondMissing tells whether the added time lies where the rules want a second approver. Of all that the rules look at, only office
// hours change with the time.
func secondMissing(s *store.Snap, facts policy.Request, added policy.Span) (bool, error) {
	c, err := checkingIn(s, request.Form{}, s.Zone())
	if err != nil {
		return false, err
	}
	facts.OutsideHours = c.calendar(added).Outside(added.Start, added.End)
	return slices.Contains(policy.SecondNeeded(facts), policy.SecondOutsideHours), nil
}

// roomFor refuses a longer window that runs into another one of an exclusive system or into a no-work time. Papers need no check: a
// session ends with its contract or pledge however long the window is.
func roomFor(s *store.Snap, w store.Window, sys store.System, until time.Time) error {
	if sys.Exclusive {
		next, err := s.Windows(store.WindowFilter{System: sys.ID, EndAfter: w.End, StartBefore: until, Limit: 1000})
		if err != nil {
			return fmt.Errorf("read windows: %w", err)
		}
		for _, n := range next {
			if n.ID != w.ID && n.State.Usable() {
				o := &taken{n.Request, n.Start, n.End}
				return forms.Wrong("by", codeOverlap, o.ja(s.Zone()), o.en(s.Zone()))
			}
		}
	}
	times, err := s.NoWork()
	if err != nil {
		return fmt.Errorf("read no-work times: %w", err)
	}
	if n, found := (policy.Calendar{Zone: s.Zone(), NoWork: times}).NoWorkIn(sys.ID, w.End, until); found {
		return forms.Wrong("by", "no-work", fmt.Sprintf("%s から作業しない日時です(%s)。", n.From.In(s.Zone()).Format(minute), n.Reason),
			fmt.Sprintf("no work from %s (%s)", n.From.In(s.Zone()).Format(minute), n.Reason))
	}
	return nil
}

// LapseExtensions notes wishes without an answer by the window's end, and names them. The broker's timer calls it; a late answer is
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

// minute is how texts write an instant.
const minute = "2006-01-02 15:04"

func byTimer() ledger.Actor { return ledger.Actor{Kind: "broker", Via: "timer"} }

package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/calendar"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
)

// phonedWithin bounds the age of the telephone call behind an emergency.
const phonedWithin = 24 * time.Hour

// EmergencyForm is the first person's statement beside the form (R22).
type EmergencyForm struct {
	Reason   string    // why it cannot wait
	Phoned   string    // the person who was telephoned
	PhonedAt time.Time // time of the call: within the last day
}

// Emergency opens an emergency window by the first of two named people. Nothing is open yet: a second, different person must agree
// within half an hour. The form's start does not matter, only its length: at most two hours, counted from the agreement. An emergency
// replaces only the stages of approval and their time. It asks for the proof each time. Errors: *policy.Denied, *forms.Invalid.
func (d *Desk) Emergency(ctx context.Context, f request.Form, e EmergencyForm, by act.Caller) (no string, err error) {
	err = act.Do(ctx, d.o.Acts, nothingYet, emergency, "", by, func(tx *store.Tx, p act.Person, _ struct{}) error {
		f, length := f, lengthOf(f, tx.Now)
		f.Start, f.StartIn, f.End, f.Length, f.Urgent, f.Recurrence = time.Time{}, time.Millisecond, time.Time{}, length, e.Reason, ""
		r, _, err := d.check(tx.Snap, f, p.Person, "")
		var found *forms.Invalid
		if errors.As(err, &found) {
			err = nil
		} else if err != nil {
			return err
		}
		bad := e.problems(tx.Now, length, r)
		if found != nil {
			bad.Name, bad.Problems = found.Name, append(bad.Problems, found.Problems...)
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		if err := oneEmergency(tx.Snap, r); err != nil {
			return err
		}
		r.Version, r.State, r.Requester = 1, policy.EmergencyAsked, p.ID
		r.Body.Emergency = &store.Emergency{Reason: e.Reason, Phoned: e.Phoned, PhonedAt: e.PhonedAt.UTC().Truncate(time.Millisecond), Length: length, First: p.ID}
		if r.No, err = tx.NextRequestNo(); err != nil {
			return fmt.Errorf("number the request: %w", err)
		}
		if err := tx.AddRequest(r); err != nil {
			return fmt.Errorf("store request: %w", err)
		}
		facts, err := tx.PolicyRequestOf(r)
		if err != nil {
			return fmt.Errorf("facts of request %s: %w", r.No, err)
		}
		facts.Openers = nil // it already has the person whom the rule is asked about
		ruling := policy.CanOpenEmergency(p.Person, facts, "", tx.Now)
		if err := ruling.Err(); err != nil {
			return err
		}
		if err := tx.AddDecision(store.Decision{Request: r.No, Version: 1, By: p.ID, OnBehalf: ruling.OnBehalf, Verdict: store.VerdictOpen, Reason: e.Reason}); err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		no = r.No
		if err := d.entry(tx, "request.submitted", p.By, r, map[string]any{"as": asEmergency}); err != nil {
			return err
		}
		return d.entry(tx, "emergency.asked", p.By, r, map[string]any{"on_behalf": ruling.OnBehalf})
	})
	return no, err
}

// lengthOf is the length of the window that a form asks for. Without a start only a length gives it.
func lengthOf(f request.Form, now time.Time) time.Duration {
	start, end := f.Window(now)
	if f.Length > 0 || start.IsZero() || end.IsZero() {
		return f.Length.Truncate(time.Millisecond)
	}
	return end.Sub(start).Truncate(time.Millisecond)
}

func (e EmergencyForm) problems(now time.Time, length time.Duration, r store.Request) *forms.Invalid {
	bad := &forms.Invalid{}
	problem := func(field, code, ja, en string) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
	}
	for _, said := range []struct{ field, text, ja, en string }{
		{"reason", e.Reason, "緊急の理由を書いてください。", "say why it cannot wait"},
		{"phoned", e.Phoned, "電話の相手を書いてください。", "say who was telephoned"},
	} {
		switch {
		case policy.Blank(said.text):
			problem(said.field, said.field+"-required", said.ja, said.en)
		case forms.Printable(said.text) != said.text || len(said.text) > 4*forms.MaxText:
			problem(said.field, "control-character", "表示できない文字があるか、長すぎます。", "contains characters that cannot be shown, or is too long")
		}
	}
	switch {
	case e.PhonedAt.IsZero():
		problem("phoned_at", "phoned-at-required", "電話した日時を書いてください。", "say when they were telephoned")
	case e.PhonedAt.After(now):
		problem("phoned_at", "in-the-future", "電話した日時が先の時刻です。", "the call lies in the future")
	case !now.Before(e.PhonedAt.Add(phonedWithin)):
		problem("phoned_at", "too-long-ago", "電話から24時間を過ぎています。もう一度電話で確かめてください。", "the call was more than a day ago; telephone again")
	}
	if length <= 0 || length > policy.LongestEmergency {
		problem("end", "emergency-too-long", "緊急利用は2時間までです。", "an emergency window is at most two hours")
	}
	if r.Body.Attendant == "" {
		problem("attendant", "attendant-required", "立会者を書いてください。開く二人は立会えません。", "name an attendant, who is neither of the two who open it")
	}
	return bad
}

// oneEmergency refuses a second emergency of a vendor and system at a time, and one while the follow-up of the last is missing.
func oneEmergency(s *store.Snap, r store.Request) error {
	open, err := s.Requests(store.RequestFilter{System: r.System, Vendor: r.Vendor, States: []policy.RequestState{policy.EmergencyAsked, policy.EmergencyOpen}, Limit: 1000})
	if err != nil {
		return fmt.Errorf("read open emergencies: %w", err)
	}
	due, err := s.FollowUps(r.Vendor)
	if err != nil {
		return fmt.Errorf("read follow-ups: %w", err)
	}
	for _, f := range due {
		if f.System == r.System && f.Request != r.No {
			return &policy.Denied{Reason: policy.FollowUpMissing, Args: map[string]string{"request": f.Request, "n": f.Request}}
		}
	}
	for _, o := range open {
		if o.State == policy.EmergencyAsked && o.No != r.No && o.Body.Emergency != nil {
			// No one can agree to an emergency with a void first opening, so it does not stop another.
			facts, err := s.PolicyRequestOf(o)
			if err != nil {
				return fmt.Errorf("facts of request %s: %w", o.No, err)
			}
			if !facts.FirstStands(o.Body.Emergency.First) {
				continue
			}
		}
		if o.No != r.No && (o.State == policy.EmergencyOpen || s.Now.Before(o.Created.Add(policy.AgreeWithin))) {
			return &forms.Invalid{Problems: []forms.Problem{{Field: "system", Code: "emergency-open",
				JA: "この保守事業者とシステムの緊急利用がすでにあります(" + o.No + ")。", EN: "there is an emergency of this vendor and system already (" + o.No + ")"}}}
		}
	}
	return nil
}

// AgreeEmergency is the second person's agreement: the window starts at this instant, for the length asked. It checks everything an
// approval checks; the reason of the two overrides each overridable item. It asks for the proof each time. Errors: *policy.Denied,
// *forms.Invalid.
func (d *Desk) AgreeEmergency(ctx context.Context, no, reason string, by act.Caller) (Outcome, error) {
	if err := forms.Reason(reason, true); err != nil {
		return Outcome{}, err
	}
	return act.Run(ctx, d.o.Acts, OnRequest, agree, no, by, func(tx *store.Tx, p act.Person, on store.OnRequest) (out Outcome, err error) {
		r, sys, e := on.Request, on.System, on.Request.Body.Emergency
		if err := oneEmergency(tx.Snap, r); err != nil {
			return out, err
		}
		r.Start, r.End = tx.Now, tx.Now.Add(e.Length)
		if err := d.mustBeFree(tx.Snap, r, sys, false); err != nil {
			return out, err
		}
		due, err := d.nextOpenDay(tx.Snap, r.End)
		if err != nil {
			return out, err
		}
		e.Second, e.Due = p.ID, due
		r.State, r.ApprovedVersion = policy.EmergencyOpen, r.Version
		if err := tx.UpdateRequest(r); err != nil {
			return out, fmt.Errorf("store request: %w", err)
		}
		because, overrides, err := d.emergencyItems(tx.Snap, r, sys)
		if err != nil {
			return out, err
		}
		behalf := p.Decision.OnBehalf
		err = tx.AddDecision(store.Decision{Request: r.No, Version: r.Version, By: p.ID, OnBehalf: behalf, Verdict: store.VerdictOpen, Reason: reason, Because: because})
		if err != nil {
			return out, fmt.Errorf("store decision: %w", err)
		}
		out.State = r.State
		if out.Windows, out.Grants, err = grant(tx, r, overrides...); err != nil {
			return out, err
		}
		return out, d.entry(tx, "emergency.opened", p.By, r, map[string]any{"reason": reason, "on_behalf": behalf, "because": because, "overrides": overrides, "windows": out.Windows, "grants": out.Grants, "due": due}, out.Windows...)
	})
}

// nextOpenDay is when a follow-up is due: the end of the next day on which the institution works.
func (d *Desk) nextOpenDay(s *store.Snap, ended time.Time) (time.Time, error) {
	i, err := s.Institution()
	if err != nil {
		return time.Time{}, fmt.Errorf("read institution: %w", err)
	}
	days, err := s.Holidays()
	if err != nil {
		return time.Time{}, fmt.Errorf("read holidays: %w", err)
	}
	return calendar.Of(i, days, nil, d.o.Zone, ended, ended.AddDate(0, 2, 0)).NextOpenDay(ended).UTC(), nil
}

// LapseEmergencies lapses emergencies without a second person in time, and names them. The broker's timer calls it; a later agreement
// is refused in any case.
func (d *Desk) LapseEmergencies(ctx context.Context) ([]string, error) {
	stale := func(s *store.Snap) ([]store.Request, error) {
		open, err := s.Requests(store.RequestFilter{States: []policy.RequestState{policy.EmergencyAsked}, Limit: 1000})
		if err != nil {
			return nil, fmt.Errorf("read asked emergencies: %w", err)
		}
		return slices.DeleteFunc(open, func(r store.Request) bool { return s.Now.Before(r.Created.Add(policy.AgreeWithin)) }), nil
	}
	return d.sweep(ctx, stale, func(tx *store.Tx, r store.Request) error {
		r.State = policy.RequestLapsed
		if err := tx.UpdateRequest(r); err != nil {
			return fmt.Errorf("lapse emergency %s: %w", r.No, err)
		}
		return d.entry(tx, "emergency.lapsed", byTimer(), r, nil)
	})
}

// sweep reads first, because mostly there is nothing to do. Then it does the work in one transaction, on facts read again, and gives the
// numbers of the requests. The transaction may run twice (store.DB.WhenFull): do may keep nothing outside it.
func (d *Desk) sweep(ctx context.Context, find func(*store.Snap) ([]store.Request, error), do func(*store.Tx, store.Request) error) ([]string, error) {
	waiting := false
	if err := d.o.DB.Read(ctx, func(s *store.Snap) error {
		list, err := find(s)
		waiting = len(list) > 0
		return err
	}); err != nil || !waiting {
		return nil, err
	}
	var done []string
	err := d.o.DB.Write(ctx, func(tx *store.Tx) error {
		list, err := find(tx.Snap)
		if err != nil {
			return err
		}
		done = nil
		for _, r := range list {
			if err := do(tx, r); err != nil {
				return err
			}
			done = append(done, r.No)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

package freeze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// do runs an act on the thing with this id.
func do[F any](ctx context.Context, f *Freezer, s act.Subject[F], a act.Act[F], id string, by act.Caller, fn func(*store.Tx, act.Person) error) error {
	return act.Do(ctx, f.o.Acts, s, a, id, by, func(tx *store.Tx, p act.Person, _ F) error { return fn(tx, p) })
}

// may makes a rule of one that looks only at the person.
func may[F any](rule func(policy.Person) policy.Decision) func(policy.Person, F, time.Time) policy.Decision {
	return func(p policy.Person, _ F, _ time.Time) policy.Decision { return rule(p) }
}

// onFreeze is a freeze, or a drill that was asked for.
type onFreeze struct{ Status }

func loadFreeze(s *store.Snap, id string) (on onFreeze, err error) {
	if on.Status, err = one(s, id); err != nil {
		return on, fmt.Errorf("freeze %q: %w", id, err)
	}
	return on, nil
}

func mayLift(p policy.Person, on onFreeze, _ time.Time) policy.Decision {
	d := policy.MayRelease(p)
	switch {
	case !d.Allow:
		return d
	case !on.Lifted.IsZero():
		return policy.Decision{Reason: policy.AlreadyDecided, Args: map[string]string{"request": on.ID}}
	}
	return onceEach(p, on.Lifts, on.ID)
}

// onceEach refuses a second agreement by the same person.
func onceEach(p policy.Person, before []store.Lift, id string) policy.Decision {
	if slices.ContainsFunc(before, func(l store.Lift) bool { return l.By == p.ID }) {
		return policy.Decision{Reason: policy.LiftNeedsSecond, Args: map[string]string{"incident": id}}
	}
	return policy.Decision{Allow: true}
}

// begun holds up acts on a drill that no one has agreed to yet.
func begun(_ *store.Snap, _ policy.Person, on onFreeze) error {
	if on.State() == DrillAsked || on.State() == DrillLapsed {
		return fmt.Errorf("freeze %q: %w", on.ID, store.ErrNotFound)
	}
	return nil
}

func mayAgree(p policy.Person, on onFreeze, _ time.Time) policy.Decision {
	d := policy.MayPress(p)
	args := map[string]string{"request": on.ID}
	switch {
	case !d.Allow || !on.Drill:
		return d
	case on.By == p.ID:
		return policy.Decision{Reason: policy.SelfApproval, Args: args}
	case on.State() != DrillAsked:
		return policy.Decision{Reason: policy.AlreadyDecided, Args: args}
	}
	return d
}

func isDrill(_ *store.Snap, _ policy.Person, on onFreeze) error {
	if !on.Drill {
		return fmt.Errorf("drill %q: %w", on.ID, store.ErrNotFound)
	}
	return nil
}

// onLock is a person or a vendor, and the lock in force on it.
type onLock struct {
	id     string
	locked bool
	lifts  []store.Lift
}

func loadPerson(s *store.Snap, ref string) (onLock, error) {
	on, err := stopPerson(s, ref)
	if err != nil {
		return on, err
	}
	return withLifts(s, store.LockOfPerson, on)
}

// stopPerson leaves out the agreements to release, which a lock does not need.
func stopPerson(s *store.Snap, ref string) (onLock, error) {
	p, err := s.Person(ref)
	if err != nil {
		return onLock{}, fmt.Errorf("person %q: %w", ref, err)
	}
	return onLock{id: p.ID, locked: p.Locked != nil}, nil
}

func loadVendor(s *store.Snap, ref string) (onLock, error) {
	on, err := stopVendor(s, ref)
	if err != nil {
		return on, err
	}
	return withLifts(s, store.LockOfVendor, on)
}

// stopVendor is stopPerson for a vendor.
func stopVendor(s *store.Snap, ref string) (onLock, error) {
	v, err := s.Vendor(ref)
	if err != nil {
		return onLock{}, fmt.Errorf("vendor %q: %w", ref, err)
	}
	return onLock{id: v.ID, locked: v.Locked != nil}, nil
}

func withLifts(s *store.Snap, kind store.LockKind, on onLock) (onLock, error) {
	if !on.locked {
		return on, nil
	}
	row, err := s.LockInForce(kind, on.id)
	if err != nil {
		return on, fmt.Errorf("lock of %s: %w", on.id, err)
	}
	on.lifts = row.Lifts
	return on, nil
}

func mayLock(p policy.Person, on onLock, _ time.Time) policy.Decision {
	return settledBefore(policy.MayPress(p), on.locked, on)
}

func mayUnlock(p policy.Person, on onLock, _ time.Time) policy.Decision {
	if d := settledBefore(policy.MayRelease(p), !on.locked, on); !d.Allow {
		return d
	}
	return onceEach(p, on.lifts, on.id)
}

func mayNoteLock(p policy.Person, on onLock, _ time.Time) policy.Decision {
	return settledBefore(policy.MayPress(p), !on.locked, on)
}

// settledBefore turns a permission into "already decided" where the lock already is as the act would leave it.
func settledBefore(d policy.Decision, settled bool, on onLock) policy.Decision {
	if d.Allow && settled {
		return policy.Decision{Reason: policy.AlreadyDecided, Args: map[string]string{"request": on.id}}
	}
	return d
}

func another(_ *store.Snap, p policy.Person, on onLock) error {
	if on.id == p.ID {
		return forms.Wrong("person", "own-lock", "自分自身は利用停止にできません。", "nobody locks themselves")
	}
	return nil
}

// onRecording is a session with its recording and the holds on it.
type onRecording struct {
	session store.Session
	owner   policy.Owner
	holds   []store.Hold
	keeping policy.RecordingFacts
}

func loadRecording(s *store.Snap, id string) (on onRecording, err error) {
	if on.session, err = s.Session(id); err != nil {
		return on, fmt.Errorf("session %q: %w", id, err)
	}
	if on.owner, err = s.Owner(on.session.System, on.session.Vendor); err != nil {
		return on, fmt.Errorf("owner of %s: %w", id, err)
	}
	if on.holds, err = s.Holds(on.session.ID); err != nil {
		return on, fmt.Errorf("holds of %s: %w", id, err)
	}
	if on.keeping, err = s.RecordingFacts(on.session); err != nil {
		return on, fmt.Errorf("keeping of %s: %w", id, err)
	}
	return on, nil
}

// errUnseen is store.ErrNotFound for a recording that exists and that the person does not see.
var errUnseen = fmt.Errorf("a recording that the person does not see: %w", store.ErrNotFound)

func seen(_ *store.Snap, p policy.Person, on onRecording) error {
	if !policy.SeeRecords(p).Sees(on.owner) {
		return errUnseen
	}
	return nil
}

// left holds up a hold on a recording that is disposed of: nothing is left to keep.
func left(s *store.Snap, p policy.Person, on onRecording) error {
	if err := seen(s, p, on); err != nil || !on.keeping.Disposed {
		return err
	}
	d, err := s.Disposal(on.session.ID)
	if err != nil {
		return fmt.Errorf("disposal of %s: %w", on.session.ID, err)
	}
	return &policy.Denied{Reason: policy.RecordingDisposed, Args: map[string]string{"date": d.At.In(s.Zone()).Format(time.DateOnly)}}
}

// held holds up a release where nothing is on hold, or where the cause of a hold is in force.
func held(s *store.Snap, p policy.Person, on onRecording) error {
	if err := seen(s, p, on); err != nil {
		return err
	}
	if len(on.holds) == 0 {
		return fmt.Errorf("hold on %q: %w", on.session.ID, store.ErrNotFound)
	}
	for _, h := range on.holds {
		if err := causeOver(s, h); err != nil {
			return err
		}
	}
	return nil
}

// refusedUnseen makes the entry of an attempt on a recording that the person does not see, like that of a refused look, and of other
// refusals.
func refusedUnseen(name string) func(act.Caller, string, error) (act.Refusal, bool) {
	return func(by act.Caller, id string, err error) (act.Refusal, bool) {
		e := act.Refusal{Kind: "access.refused", Subjects: []string{by.ID, id}}
		var denied *policy.Denied
		switch {
		case errors.Is(err, errUnseen):
			e.What, e.Why = "look recording", string(policy.Forbidden)
			e.Payload = map[string]string{"act": "look", "reason": e.Why, "what": "recording"}
		case errors.As(err, &denied) && !denied.Ledgered && denied.Reason != policy.AlreadyDecided:
			e.What, e.Why = "POST "+api.Recordings.Pattern("id", name), string(denied.Reason)
			e.Payload = map[string]string{"reason": e.Why, "route": e.What}
		default:
			return act.Refusal{}, false
		}
		return e, true
	}
}

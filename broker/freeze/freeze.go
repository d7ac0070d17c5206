package freeze

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB  *store.DB
	Log hclog.Logger // nil: none
}

// Freezer is safe for concurrent use.
type Freezer struct{ o Options }

// New makes a freezer on an open store.
func New(o Options) *Freezer {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Freezer{o: o}
}

// On freezes and gives the incident's number. subject is the id (or a vendor's login) of what is frozen; empty
// for everything. The reason may be empty: it can follow later (Note). A freeze of what is frozen already
// is another freeze: each needs its own lift.
func (f *Freezer) On(ctx context.Context, scope policy.FreezeScope, subject, reason string, by ledger.Actor) (string, error) {
	id := ""
	err := f.act(ctx, by, anybody, func(tx *store.Tx, p policy.Person) (err error) {
		if reason, err = said(reason, false); err != nil {
			return err
		}
		if subject, err = covered(tx, scope, subject); err != nil {
			return err
		}
		if id, err = tx.NextIncidentNo(); err != nil {
			return fmt.Errorf("number the freeze: %w", err)
		}
		return begin(tx, policy.Freeze{ID: id, Scope: scope, Subject: subject, By: p.ID, Since: tx.Now, Reason: reason}, by)
	})
	return id, err
}

// covered gives the id of what is to be frozen.
func covered(tx *store.Tx, scope policy.FreezeScope, subject string) (string, error) {
	switch scope {
	case policy.FreezeAll:
		return "", nil
	case policy.FreezeVendor:
		v, err := tx.Vendor(subject)
		if err != nil {
			return "", fmt.Errorf("vendor %q: %w", subject, err)
		}
		return v.ID, nil
	case policy.FreezeSystem:
		v, err := tx.System(subject)
		if err != nil {
			return "", fmt.Errorf("system %q: %w", subject, err)
		}
		return v.ID, nil
	}
	return "", invalid("scope", "unknown-word", "範囲は all、vendor、system のどれかです。", "the scope is all, vendor or system")
}

// begin puts a freeze into force, with everything that goes with it: remembered factors go, evidence is held, the desks
// are told.
func begin(tx *store.Tx, z policy.Freeze, by ledger.Actor) error {
	if err := tx.AddFreeze(z); err != nil {
		return fmt.Errorf("store freeze: %w", err)
	}
	forget := store.FactorFilter{Drill: z.Drill}
	switch z.Scope {
	case policy.FreezeVendor:
		forget.Vendor = z.Subject
	case policy.FreezeSystem:
		forget.System = z.Subject
	}
	if err := tx.ForgetFactors(forget); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	payload := map[string]any{"incident": z.ID, "scope": z.Scope, "subject": z.Subject, "reason": z.Reason}
	if z.Drill {
		payload["drill"] = true
	}
	if err := entry(tx, "freeze.on", by, []string{z.ID, z.Subject}, payload); err != nil {
		return err
	}
	if err := hold(tx, store.HoldScopeOf(z), z.ID, z.Reason, by); err != nil {
		return err
	}
	sections, err := concerned(tx, z)
	if err != nil {
		return err
	}
	return alarm(tx, store.AlarmFreeze, z.ID, sections, payload, by)
}

// concerned lists the sections whose systems a freeze stops.
func concerned(tx *store.Tx, z policy.Freeze) ([]string, error) {
	switch z.Scope {
	case policy.FreezeSystem:
		v, err := tx.System(z.Subject)
		return []string{v.Section}, err
	case policy.FreezeVendor:
		return tx.SectionsAboutVendor(z.Subject)
	}
	all, err := tx.Systems()
	var out []string
	for _, v := range all {
		out = append(out, v.Section)
	}
	return out, err
}

// Note adds the reason of a freeze, or more of it. Any staff may, also after the lift: what was found out is
// often known only then.
func (f *Freezer) Note(ctx context.Context, id, reason string, by ledger.Actor) error {
	return f.act(ctx, by, anybody, func(tx *store.Tx, p policy.Person) error {
		z, err := tx.Freeze(id)
		if err != nil {
			return fmt.Errorf("freeze %q: %w", id, err)
		}
		whole, err := added(z.Reason, reason)
		if err != nil {
			return err
		}
		if err := tx.SetFreezeReason(id, whole); err != nil {
			return fmt.Errorf("note on %s: %w", id, err)
		}
		return entry(tx, "freeze.noted", by, []string{id, z.Subject}, map[string]any{"incident": id, "reason": forms.Printable(reason)})
	})
}

// Lift agrees to end a freeze, a real one or a drill. The second agreement by another person ends it,
// provided that one of the two is of the information-systems section; the door has authenticated each afresh.
// Agreeing twice, or a second agreement without that section, is *policy.Denied lift-needs-second.
func (f *Freezer) Lift(ctx context.Context, id, reason string, by ledger.Actor) (Status, error) {
	var out Status
	err := f.act(ctx, by, releasers, func(tx *store.Tx, p policy.Person) error {
		z, err := tx.Freeze(id)
		if err != nil {
			return fmt.Errorf("freeze %q: %w", id, err)
		}
		if !z.Lifted.IsZero() {
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
		}
		if reason, err = said(reason, false); err != nil {
			return err
		}
		last, err := agreed(tx, z.Lifts, p, id, func() error { return tx.AddLift(id, p.ID, reason) })
		if err != nil {
			return err
		}
		kind := "freeze.lift-agreed"
		if last {
			kind = "freeze.lifted"
			if err := tx.EndFreeze(id); err != nil {
				return fmt.Errorf("end freeze: %w", err)
			}
		}
		if out, err = status(tx.Snap, id); err != nil {
			return err
		}
		payload := map[string]any{"incident": id, "scope": z.Scope, "subject": z.Subject, "reason": reason}
		if z.Drill {
			payload["drill"] = true
		}
		return entry(tx, kind, by, []string{id, z.Subject}, payload)
	})
	if err != nil {
		return Status{}, err
	}
	return out, nil
}

// agreed adds one agreement to release and tells whether it is the last: two different people, one of them of the
// information-systems section.
func agreed(tx *store.Tx, before []store.Lift, p policy.Person, id string, add func() error) (last bool, err error) {
	needsSecond := &policy.Denied{Reason: policy.LiftNeedsSecond, Args: map[string]string{"incident": id}}
	switch err := add(); {
	case errors.Is(err, store.ErrExists):
		return false, needsSecond
	case err != nil:
		return false, fmt.Errorf("store agreement: %w", err)
	}
	if len(before) == 0 {
		return false, nil
	}
	section := p.Has(policy.InformationSystems)
	count := 1
	for _, l := range before {
		// As they stand now: who was locked or lost the role since agreeing does not count.
		other, err := tx.Person(l.By)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", l.By, err)
		}
		if other.Locked != nil || !holds(other.Person, releasers) {
			continue
		}
		count++
		section = section || other.Has(policy.InformationSystems)
	}
	if count < 2 {
		return false, nil
	}
	if !section {
		return false, needsSecond
	}
	return true, nil
}

func invalid(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}

func entry(tx *store.Tx, kind string, by ledger.Actor, subjects []string, payload map[string]any) error {
	named := slices.DeleteFunc(subjects, func(s string) bool { return s == "" })
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: named, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

func alarm(tx *store.Tx, what store.AlarmKind, about string, sections []string, detail map[string]any, by ledger.Actor) error {
	if _, err := tx.RaiseAlarm(store.Alarm{What: what, About: about, Detail: detail}, sections, by); err != nil {
		return fmt.Errorf("raise alarm: %w", err)
	}
	return nil
}

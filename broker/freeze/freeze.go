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

// Status is a freeze and the agreements to lift it.
type Status struct{ store.Freeze }

// The states of a freeze, as screens §6 names them.
const (
	Frozen  = "frozen"
	LiftOne = "lift-one" // one of two agreed
	Lifted  = "lifted"
)

// State says where the freeze stands.
func (s Status) State() string {
	switch {
	case !s.Lifted.IsZero():
		return Lifted
	case len(s.Lifts) > 0:
		return LiftOne
	}
	return Frozen
}

// stoppers are the roles of those who may stop. One of them alone is enough.
var stoppers = []policy.Role{policy.Attendant, policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Administrator}

// releasers are the roles of those whose agreement counts towards a lift.
var releasers = []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems}

func holds(p policy.Person, any []policy.Role) bool {
	return p.Kind == policy.Staff && slices.ContainsFunc(any, p.Has)
}

func forbidden(role policy.Role) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(role)}}
}

// On freezes and gives the incident's number. subject is the id (or a vendor's login) of what is frozen; empty
// for everything. The reason may be empty: it can follow later. A freeze of what is frozen already
// is another freeze: each needs its own lift.
func (f *Freezer) On(ctx context.Context, scope policy.FreezeScope, subject, reason string, by ledger.Actor) (string, error) {
	id := ""
	err := f.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		if !holds(p, stoppers) {
			return forbidden("staff")
		}
		filter := store.FactorFilter{}
		switch scope {
		case policy.FreezeAll:
			subject = ""
		case policy.FreezeVendor:
			v, err := tx.Vendor(subject)
			if err != nil {
				return fmt.Errorf("vendor %q: %w", subject, err)
			}
			subject, filter.Vendor = v.ID, v.ID
		case policy.FreezeSystem:
			if _, err := tx.System(subject); err != nil {
				return fmt.Errorf("system %q: %w", subject, err)
			}
			filter.System = subject
		default:
			return invalid("scope", "unknown-word", "範囲は all、vendor、system のどれかです。", "the scope is all, vendor or system")
		}
		if id, err = tx.NextIncidentNo(); err != nil {
			return fmt.Errorf("number the freeze: %w", err)
		}
		reason = forms.Printable(reason)
		err = tx.AddFreeze(policy.Freeze{ID: id, Scope: scope, Subject: subject, By: p.ID, Since: tx.Now, Reason: reason})
		if err != nil {
			return fmt.Errorf("store freeze: %w", err)
		}
		if err := tx.ForgetFactors(filter); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		return entry(tx, "freeze.on", by, []string{id, subject}, map[string]any{"incident": id, "scope": scope, "subject": subject, "reason": reason})
	})
	return id, err
}

// Lift agrees to end a freeze. The second agreement by another person ends it, provided that one of the two is of
// the information-systems section; the door has authenticated each afresh. Agreeing twice, or a
// second agreement without that section, is *policy.Denied lift-needs-second.
func (f *Freezer) Lift(ctx context.Context, id, reason string, by ledger.Actor) (Status, error) {
	var out Status
	err := f.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		if !holds(p, releasers) {
			return forbidden(policy.InformationSystems)
		}
		frozen, err := tx.Freeze(id)
		if err != nil {
			return fmt.Errorf("freeze %q: %w", id, err)
		}
		if !frozen.Lifted.IsZero() {
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
		}
		needsSecond := &policy.Denied{Reason: policy.LiftNeedsSecond, Args: map[string]string{"incident": id}}
		switch err := tx.AddLift(id, p.ID, forms.Printable(reason)); {
		case errors.Is(err, store.ErrExists):
			return needsSecond
		case err != nil:
			return fmt.Errorf("store agreement: %w", err)
		}
		section := p.Has(policy.InformationSystems)
		for _, l := range frozen.Lifts {
			// As they stand now: who lost the role since agreeing does not count for the section.
			other, err := tx.Person(l.By)
			if err != nil {
				return fmt.Errorf("read %s: %w", l.By, err)
			}
			section = section || other.Has(policy.InformationSystems) && other.Locked == nil
		}
		if len(frozen.Lifts) > 0 && !section {
			return needsSecond
		}
		kind := "freeze.lift-agreed"
		if len(frozen.Lifts) > 0 {
			kind = "freeze.lifted"
			if err := tx.EndFreeze(id); err != nil {
				return fmt.Errorf("end freeze: %w", err)
			}
		}
		if out.Freeze, err = tx.Freeze(id); err != nil {
			return err
		}
		return entry(tx, kind, by, []string{id, frozen.Subject}, map[string]any{"incident": id, "scope": frozen.Scope, "subject": frozen.Subject, "reason": reason})
	})
	if err != nil {
		return Status{}, err
	}
	return out, nil
}

// Status lists the freezes in force, oldest first.
func (f *Freezer) Status(ctx context.Context) ([]Status, error) { return f.list(ctx, true) }

// All lists every freeze there ever was, oldest first.
func (f *Freezer) All(ctx context.Context) ([]Status, error) { return f.list(ctx, false) }

func (f *Freezer) list(ctx context.Context, inForce bool) ([]Status, error) {
	var list []Status
	err := f.o.DB.Read(ctx, func(s *store.Snap) error {
		all, err := s.Freezes(inForce)
		for _, one := range all {
			list = append(list, Status{one})
		}
		return err
	})
	return list, err
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

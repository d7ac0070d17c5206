package freeze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/disposal"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB and Acts are required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner
	// Archive disposes of recordings; nil: none is disposed of by hand.
	Archive *disposal.Archive
	Log     hclog.Logger // nil: none
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

// On freezes and gives the incident's number. subject is the id (or a vendor's login) of the frozen thing; empty for everything. The
// reason may be empty and follow later (Note). Freezing a frozen thing makes another freeze: each needs its own lift. A button
// pressed twice makes one.
func (f *Freezer) On(ctx context.Context, scope policy.FreezeScope, subject, reason string, by act.Caller) (string, error) {
	return f.Declare(ctx, policy.Freeze{Scope: scope, Subject: subject, Reason: reason}, by)
}

// Declare is On for a freeze of any scope, also of a vendor on one system only (z.System), and asks for a drill where z.Drill. It takes what is
// frozen and why; the rest of z does not count.
func (f *Freezer) Declare(ctx context.Context, z policy.Freeze, by act.Caller) (string, error) {
	if z.Drill {
		return f.askDrill(ctx, z, by)
	}
	id := ""
	err := do(ctx, f, Anew, freezeOn, "", by, func(tx *store.Tx, p act.Person) (err error) {
		if z.Reason, err = reasonText(z.Reason, false); err != nil {
			return err
		}
		if err = covered(tx, &z); err != nil {
			return err
		}
		z.By, z.Since = p.ID, tx.Now
		if id = pressedTwice(tx, z); id != "" {
			return nil
		}
		if id, err = tx.NextIncidentNo(); err != nil {
			return fmt.Errorf("number the freeze: %w", err)
		}
		z.ID = id
		return begin(tx, z, p.By)
	})
	return id, err
}

// ByRule freezes a vendor on a system where the system's rule says so, in the transaction that found the reason. A vendor that is frozen there
// already stays as it is.
func ByRule(tx *store.Tx, vendor, system, reason string, by ledger.Actor) error {
	list, err := tx.Freezes(true)
	if err != nil {
		return fmt.Errorf("read freezes: %w", err)
	}
	for _, old := range list {
		if old.Scope == policy.FreezeVendor && old.Subject == vendor && (old.System == "" || old.System == system) && !old.Drill {
			return nil
		}
	}
	id, err := tx.NextIncidentNo()
	if err != nil {
		return fmt.Errorf("number the freeze: %w", err)
	}
	return begin(tx, policy.Freeze{ID: id, Scope: policy.FreezeVendor, Subject: vendor, System: system, By: by.ID, Since: tx.Now, Reason: reason}, by)
}

// samePress is how long a second press of the same person for the same thing is the first one's.
const samePress = 10 * time.Second

// pressedTwice is the same freeze, made a moment ago; empty: there is none. A freeze that cannot be read keeps nobody from freezing.
func pressedTwice(tx *store.Tx, z policy.Freeze) string {
	list, err := tx.Freezes(true)
	if err != nil {
		return ""
	}
	for _, old := range list {
		if old.Scope == z.Scope && old.Subject == z.Subject && old.System == z.System && old.By == z.By && old.Reason == z.Reason && !old.Drill && len(old.Lifts) == 0 && tx.Now.Sub(old.Since).Abs() < samePress {
			return old.ID
		}
	}
	return ""
}

// covered puts the ids of the things to freeze in place of what a person named.
func covered(tx *store.Tx, z *policy.Freeze) error {
	if z.Scope != policy.FreezeVendor && z.System != "" {
		return forms.Wrong("system", "not-here", "対象システムを添えられるのは、保守事業者の凍結だけです。", "a system beside the scope is for a vendor only")
	}
	if z.System != "" {
		v, err := tx.System(z.System)
		if err != nil {
			return fmt.Errorf("system %q: %w", z.System, err)
		}
		z.System = v.ID
	}
	switch z.Scope {
	case policy.FreezeAll:
		z.Subject = ""
		return nil
	case policy.FreezeVendor:
		v, err := tx.Vendor(z.Subject)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", z.Subject, err)
		}
		z.Subject = v.ID
		return nil
	case policy.FreezeSystem:
		v, err := tx.System(z.Subject)
		if err != nil {
			return fmt.Errorf("system %q: %w", z.Subject, err)
		}
		z.Subject = v.ID
		return nil
	}
	return forms.Wrong("scope", "unknown-word", "範囲は all、vendor、system のどれかです。", "the scope is all, vendor or system")
}

// subjects are the subjects of a freeze's entries.
func subjects(z policy.Freeze) []string {
	if z.System != "" {
		return []string{z.ID, z.Subject, z.System}
	}
	return []string{z.ID, z.Subject}
}

// payload is what a freeze's entries say of it.
func payload(z policy.Freeze) map[string]any {
	p := map[string]any{"incident": z.ID, "scope": z.Scope, "subject": z.Subject, "reason": z.Reason}
	if z.System != "" {
		p["system"] = z.System
	}
	if z.Drill {
		p["drill"] = true
	}
	return p
}

// begin puts a freeze into force with its consequences: remembered factors are dropped, recordings are held, the desks are alarmed.
func begin(tx *store.Tx, z policy.Freeze, by ledger.Actor) error {
	if err := tx.AddFreeze(z); err != nil {
		return fmt.Errorf("store freeze: %w", err)
	}
	forget := store.FactorFilter{Drill: z.Drill}
	switch z.Scope {
	case policy.FreezeVendor:
		forget.Vendor, forget.System = z.Subject, z.System
	case policy.FreezeSystem:
		forget.System = z.Subject
	}
	if err := tx.ForgetFactors(forget); err != nil {
		return fmt.Errorf("forget remembered factors: %w", err)
	}
	said := payload(z)
	declared := payload(z)
	if due, err := list(tx, z); err != nil {
		return err
	} else if len(due) > 0 {
		declared["tell"] = due
	}
	if err := entry(tx, "freeze.on", by, subjects(z), declared); err != nil {
		return err
	}
	if err := hold(tx, store.HoldScopeOf(z), z.ID, z.Reason, by); err != nil {
		return err
	}
	sections, err := concerned(tx, z)
	if err != nil {
		return err
	}
	return alarm(tx, store.AlarmFreeze, z.ID, sections, said, by)
}

// concerned lists the sections whose systems a freeze stops.
func concerned(tx *store.Tx, z policy.Freeze) ([]string, error) {
	switch z.Scope {
	case policy.FreezeSystem:
		v, err := tx.System(z.Subject)
		return []string{v.Section}, err
	case policy.FreezeVendor:
		if z.System != "" {
			v, err := tx.System(z.System)
			return []string{v.Section}, err
		}
		return tx.SectionsAboutVendor(z.Subject)
	}
	all, err := tx.Systems()
	var out []string
	for _, v := range all {
		out = append(out, v.Section)
	}
	return out, err
}

// Note adds the reason of a freeze, or more of it. Any member of staff may, also after the lift: the cause is often known only then.
func (f *Freezer) Note(ctx context.Context, id, reason string, by act.Caller) error {
	return do(ctx, f, OnFreeze, noteFreeze, id, by, func(tx *store.Tx, p act.Person) error {
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
		return entry(tx, "freeze.noted", p.By, []string{id, z.Subject}, map[string]any{"incident": id, "reason": forms.Printable(reason)})
	})
}

// Lift agrees to end a freeze, a real one or a drill. The second agreement by another person ends it, if one of the two is of the
// information-systems section. The act asks each for the proof. Agreeing twice, or a second agreement without that section, is
// *policy.Denied lift-needs-second.
func (f *Freezer) Lift(ctx context.Context, id, reason string, by act.Caller) (Status, error) {
	var out Status
	err := do(ctx, f, OnFreeze, lift, id, by, func(tx *store.Tx, p act.Person) error {
		z, err := tx.Freeze(id)
		if err != nil {
			return fmt.Errorf("freeze %q: %w", id, err)
		}
		if !z.Lifted.IsZero() {
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": id}}
		}
		if reason, err = reasonText(reason, false); err != nil {
			return err
		}
		last, err := agreed(tx, z.Lifts, p.Person, id, func() error { return tx.AddLift(id, p.ID, reason) })
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
		z.Reason = reason
		return entry(tx, kind, p.By, subjects(z.Freeze), payload(z.Freeze))
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
	others, err := agreedBefore(tx, before)
	if err != nil {
		return false, err
	}
	second, section := policy.EndsStop(p, others)
	if second && !section {
		return false, needsSecond
	}
	return second, nil
}

// agreedBefore reads those who agreed, as they are now: the agreement of a person who was locked or lost the role since does not
// count.
func agreedBefore(tx *store.Tx, before []store.Lift) ([]policy.Person, error) {
	var all []policy.Person
	for _, l := range before {
		p, err := tx.Person(l.By)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", l.By, err)
		}
		all = append(all, p.Person)
	}
	return all, nil
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

// longest is the most characters of a reason, later additions included.
const longest = 1000

// reasonText is a reason for keeping. If it is needed, an empty one is *forms.Invalid.
func reasonText(reason string, needed bool) (string, error) {
	reason = forms.Printable(strings.TrimSpace(reason))
	switch {
	case needed && policy.Blank(reason):
		return "", forms.Wrong("reason", "required", "理由を書いてください。", "say why")
	case !needed && utf8.RuneCountInString(reason) > longest: // the reason of a stop, which must not fail over it
		return string([]rune(reason)[:longest]), nil
	case utf8.RuneCountInString(reason) > longest:
		return "", forms.Wrong("reason", "too-long", fmt.Sprintf("理由は%d字までです。", longest), fmt.Sprintf("a reason has at most %d characters", longest))
	}
	return reason, nil
}

// added appends text to the reason before. It removes nothing.
func added(before, more string) (string, error) {
	more, err := reasonText(more, true)
	if err != nil {
		return "", err
	}
	if before != "" {
		more = before + " / " + more
	}
	return reasonText(more, true)
}

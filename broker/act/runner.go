package act

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB is required.
type Options struct {
	DB *store.DB
	// Prove checks password and code of the person (registry.Fresh). Nil: every proof is wrong.
	Prove func(ctx context.Context, person, password, code, source string) error
	// LockedOut tells whether the person gave too many wrong proofs (registry.LockedOut). Nil: no person is locked out.
	LockedOut func(ctx context.Context, person string) (bool, error)
	First     First // nil: each refusal gets an entry
}

// First counts a refusal and tells whether it is the first of its like, which gets an entry (refusals.Tally.First).
type First func(ctx context.Context, by ledger.Actor, kind, what, reason string, subjects ...string) (bool, error)

// Runner runs acts. It is safe for concurrent use. It keeps proofs in memory only.
type Runner struct {
	o      Options
	proofs proofs
}

// New makes a runner on an open store.
func New(o Options) *Runner {
	if o.Prove == nil {
		o.Prove = func(context.Context, string, string, string, string) error {
			return &policy.Denied{Reason: policy.AuthFailed}
		}
	}
	if o.LockedOut == nil {
		o.LockedOut = func(context.Context, string) (bool, error) { return false, nil }
	}
	if o.First == nil {
		o.First = func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) { return true, nil }
	}
	return &Runner{o: o, proofs: proofs{kept: map[proven]kept{}}}
}

// Caller is the acting person, as the door knows them, and the proof that they offer.
type Caller struct {
	ledger.Actor
	Token    string // names the token, without its secret; empty: no proof is kept
	Source   string // address of the call, for counting wrong proofs
	Password string
	Code     string
}

// Refusal is the entry of an act that was refused.
type Refusal struct {
	Kind     string
	What     string // the refused act, from a list: refusals of one kind, one What and one Why are counted together
	Why      string // codes of the reason
	Subjects []string
	Payload  any
}

// refused ledgers or counts a refusal, and returns the error. Other errors pass. The SSH door ledgers its own refusals, with address
// and key.
func (r *Runner) refused(ctx context.Context, route, id string, by Caller, err error, entry func(Caller, string, error) (Refusal, bool)) error {
	if by.Kind != "person" || by.Via == "ssh" {
		return err
	}
	if entry == nil {
		entry = func(by Caller, id string, err error) (Refusal, bool) { return ordinary(route, by, err, id) }
	}
	e, ok := entry(by, id, err)
	if !ok {
		return err
	}
	ctx = context.WithoutCancel(ctx) // it is counted as written: a caller who hangs up meanwhile must not leave it out of the ledger
	first, ledgered := r.o.First(ctx, by.Actor, e.Kind, e.What, e.Why, e.Subjects...)
	if ledgered == nil && first {
		ledgered = r.o.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: e.Kind, Actor: by.Actor, Subjects: e.Subjects, Payload: e.Payload})
			return err
		})
	}
	if ledgered != nil {
		return errors.Join(err, fmt.Errorf("ledger a refused act: %w", ledgered))
	}
	var denied *policy.Denied
	if errors.As(err, &denied) {
		denied.Ledgered = true
	}
	return err
}

// Refused ledgers or counts a refusal that a door met without Run: a route that the person may not call, or an act that its package
// runs itself. It returns the error.
func (r *Runner) Refused(ctx context.Context, route string, by Caller, err error, subjects ...string) error {
	return r.refused(ctx, route, "", by, err, func(by Caller, _ string, err error) (Refusal, bool) { return ordinary(route, by, err, subjects...) })
}

// ordinary is the entry of most refusals. Losing a race against another person is not a refusal.
func ordinary(route string, by Caller, err error, subjects ...string) (Refusal, bool) {
	var denied *policy.Denied
	if !errors.As(err, &denied) || denied.Ledgered || denied.Reason == policy.AlreadyDecided || denied.Reason == policy.StalePage {
		return Refusal{}, false
	}
	about := slices.DeleteFunc(append([]string{by.ID}, subjects...), func(id string) bool { return id == "" })
	return Refusal{Kind: "access.refused", What: route, Why: string(denied.Reason), Subjects: about,
		Payload: map[string]string{"reason": string(denied.Reason), "route": route}}, true
}

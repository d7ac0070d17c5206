package act

import (
	"context"
	"errors"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Act is one act on a subject with the facts F.
type Act[F any] struct {
	Spec
	// Stops marks an act that takes a right away. It is judged by the facts of Subject.Stop.
	Stops bool
	// May is the rule, from policy. Nil: all callers may act, or the act judges more than the facts (conditions, a form).
	May func(policy.Person, F, time.Time) policy.Decision
	// Ready tells what must be done first and what else stops a permitted person for now. Nil: nothing.
	Ready func(*store.Snap, policy.Person, F) error
	// Refused makes the entry of a refusal. Nil: access.refused, for a *policy.Denied.
	Refused func(by Caller, id string, err error) (Refusal, bool)
}

// Rule makes a rule on F from policy's rule on the facts P.
func Rule[F interface{ Rules() P }, P any](rule func(policy.Person, P, time.Time) policy.Decision) func(policy.Person, F, time.Time) policy.Decision {
	return func(p policy.Person, f F, now time.Time) policy.Decision { return rule(p, f.Rules(), now) }
}

// Subject is a kind of thing that acts work on. Its facts are loaded once for all rules.
type Subject[F any] struct {
	Load func(*store.Snap, string) (F, error) // store.ErrNotFound if there is none; nil: the acts make their subject
	// Stop is Load for acts that stop something: it reads only what their rules need, so that no other damaged row keeps them from
	// being done. Nil: Load.
	Stop func(*store.Snap, string) (F, error)
	Acts []Act[F] // for Offers
}

// load reads the facts for the act.
func (s Subject[F]) load(snap *store.Snap, a Act[F], id string) (facts F, err error) {
	switch {
	case a.Stops && s.Stop != nil:
		return s.Stop(snap, id)
	case s.Load != nil:
		return s.Load(snap, id)
	}
	return facts, nil
}

// Person is the acting person, as read in the act's transaction.
type Person struct {
	policy.Person
	By       ledger.Actor    // for entries
	Decision policy.Decision // of the act's rule
	proven   bool
}

// MustProve is the error of an act that needs a proof in this case and has none.
func (p Person) MustProve() error {
	if p.proven {
		return nil
	}
	return ErrProofNeeded
}

// Run runs one act: proof, then in one transaction the person, the facts, the rule, and do. id names the subject; it is empty if do
// makes one. Errors: ErrProofNeeded; *policy.Denied, which is ledgered; the errors of Load and do.
func Run[F, R any](ctx context.Context, r *Runner, s Subject[F], a Act[F], id string, by Caller, do func(*store.Tx, Person, F) (R, error)) (R, error) {
	return runAfter(ctx, r, s, a, id, by, nil, do)
}

// DoAfter is Do with work that is too long for the transaction, such as reading a large file. prepare runs before it, and only for a caller who
// has proven to be the person: a stolen token alone causes none of that work. An error of prepare is the act's.
func DoAfter[F any](ctx context.Context, r *Runner, s Subject[F], a Act[F], id string, by Caller, prepare func(context.Context) error, do func(*store.Tx, Person, F) error) error {
	_, err := runAfter(ctx, r, s, a, id, by, prepare, func(tx *store.Tx, p Person, f F) (struct{}, error) { return struct{}{}, do(tx, p, f) })
	return err
}

func runAfter[F, R any](ctx context.Context, r *Runner, s Subject[F], a Act[F], id string, by Caller, prepare func(context.Context) error, do func(*store.Tx, Person, F) (R, error)) (R, error) {
	var out R
	if a.Stops { // once asked for, a stop is done, also when the caller is gone
		ctx = context.WithoutCancel(ctx)
	}
	proven, err := r.prove(ctx, a.Proof, id, by)
	if err != nil {
		return out, r.refused(ctx, a.Route(), id, by, err, nil)
	}
	if prepare != nil && proven {
		if err := prepare(ctx); err != nil {
			return out, err
		}
	}
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		who, facts, err := judge(r, tx.Snap, tx.Clock, s, a, id, by, proven)
		if err == nil {
			out, err = do(tx, who, facts)
		}
		return err
	})
	if err != nil {
		var none R
		return none, r.refused(ctx, a.Route(), id, by, err, a.Refused)
	}
	return out, nil
}

// Do is Run for an act without a result.
func Do[F any](ctx context.Context, r *Runner, s Subject[F], a Act[F], id string, by Caller, do func(*store.Tx, Person, F) error) error {
	_, err := Run(ctx, r, s, a, id, by, func(tx *store.Tx, p Person, f F) (struct{}, error) { return struct{}{}, do(tx, p, f) })
	return err
}

// Judge is Run for an act on a thing outside the store, such as a live session. It asks for no proof, decides in a snapshot and waits
// for no writer. The caller then acts and writes the entry. Errors: *policy.Denied, which is ledgered; the errors of Load and Ready.
func Judge[F any](ctx context.Context, r *Runner, s Subject[F], a Act[F], id string, by Caller) (facts F, err error) {
	if a.Stops {
		ctx = context.WithoutCancel(ctx)
	}
	err = r.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		_, facts, err = judge(r, snap, snap.Now, s, a, id, by, false)
		return err
	})
	if err != nil {
		return facts, r.refused(ctx, a.Route(), id, by, err, a.Refused)
	}
	return facts, nil
}

// judge reads person and facts, and asks every rule.
func judge[F any](r *Runner, snap *store.Snap, clock time.Time, s Subject[F], a Act[F], id string, by Caller, proven bool) (who Person, facts F, err error) {
	p, err := snap.ActingPerson(by.Actor)
	if err != nil {
		return who, facts, err
	}
	proven, unproven := r.stillProven(snap, clock, proven, a.Proof, id, by)
	if unproven != nil && !errors.Is(unproven, ErrProofNeeded) {
		return who, facts, unproven
	}
	if facts, err = s.load(snap, a, id); err != nil {
		return who, facts, err
	}
	who = Person{Person: p, By: by.Actor, proven: proven}
	if a.May != nil {
		who.Decision = a.May(p, facts, snap.Now)
		if err := who.Decision.Err(); err != nil {
			return who, facts, err
		}
	}
	if err := a.admits(snap, p); err != nil { // the door asked before it read a byte; asking again protects against a door that forgot
		return who, facts, err
	}
	if a.Ready != nil {
		if err := a.Ready(snap, p, facts); err != nil {
			return who, facts, err
		}
	}
	return who, facts, unproven // last: no one types a code for an act that is refused anyway
}

// admits refuses a person who may not call the act at all.
func (s Spec) admits(snap *store.Snap, p policy.Person) error {
	ok, err := s.Callers.AllowNow(snap, p)
	if err != nil || ok {
		return err
	}
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": s.Callers.String()}}
}

// Offers tells for each act on the subject whether it is open to the person now, or why not. It asks for no proof. An error closes the
// one offer, with the code internal: what keeps a person from one act must not hide the others.
func (s Subject[F]) Offers(snap *store.Snap, p policy.Person, id string) []api.Offer {
	var all F
	var failed error
	if s.Load != nil {
		all, failed = s.Load(snap, id)
	}
	offers := make([]api.Offer, 0, len(s.Acts))
	for _, a := range s.Acts {
		facts, err := all, failed
		if a.Stops {
			facts, err = s.load(snap, a, id)
		}
		if err == nil {
			err = a.admits(snap, p)
		}
		if err == nil && a.May != nil {
			err = a.May(p, facts, snap.Now).Err()
		}
		if err == nil && a.Ready != nil {
			err = a.Ready(snap, p, facts)
		}
		offers = append(offers, a.offer(err))
	}
	return offers
}

// offer is open unless an error stands against the act.
func (s Spec) offer(err error) api.Offer {
	o := api.Offer{Act: s.Name, Command: s.Command, Open: err == nil}
	var denied *policy.Denied
	var first *forms.Invalid
	switch {
	case err == nil:
	case errors.As(err, &denied):
		o.Reason, o.Number = string(denied.Reason), denied.Reason.Number()
	case errors.As(err, &first) && len(first.Problems) > 0:
		o.Reason, o.Why = first.Problems[0].Code, text.Of(first.Problems[0].JA, first.Problems[0].EN)
	case errors.Is(err, store.ErrNotLive):
		o.Reason, o.Why = api.CodeNotLive, text.Of("接続中ではありません", "the session is not under way")
	case errors.Is(err, store.ErrNotFound): // there is nothing that the act could work on
		o.Reason = api.CodeNotFound
	default:
		o.Reason, o.Why = api.CodeInternal, text.Of("いまは判断できません", "it cannot be judged now")
	}
	return o
}

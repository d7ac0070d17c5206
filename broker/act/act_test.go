package act_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// doing is an act on a system, of the attendants of its section.
type doing = act.Act[store.System]

func spec(name string, proof act.Proof) act.Spec {
	return act.Spec{Name: name, Path: api.Systems.Pattern("id", name), Proof: proof, Callers: act.Those(policy.Attendant, policy.Requester)}
}

// anyone is a rule that lets every person act on any system.
func anyone(policy.Person, store.System, time.Time) policy.Decision {
	return policy.Decision{Allow: true}
}

func attendants(p policy.Person, s store.System, _ time.Time) policy.Decision {
	if !p.Has(policy.Attendant) || s.ID != "map" {
		return policy.Decision{Reason: policy.Forbidden}
	}
	return policy.Decision{Allow: true}
}

var (
	subject = act.Subject[store.System]{Load: (*store.Snap).System, Acts: []doing{touch, open}}
	touch   = doing{Spec: spec("touch", act.NoProof), May: attendants}
	open    = doing{Spec: spec("open", act.Kept), May: attendants}
	approve = doing{Spec: spec("approve", act.EachTime), May: attendants}
)

func run(t *testing.T, r *act.Runner, a doing, id string, by act.Caller) error {
	t.Helper()
	return act.Do(t.Context(), r, subject, a, id, by, func(tx *store.Tx, p act.Person, s store.System) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.done", Actor: p.By, Subjects: []string{s.ID, p.ID}})
		return err
	})
}

func TestAnActOfOnePersonIsOneTransaction(t *testing.T) {
	h := townhall.Found(t)
	if err := run(t, h.Runner(), touch, "map", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	if got := h.Kinds(t, "map"); !slices.Equal(got[len(got)-1:], []string{"test.done"}) {
		t.Errorf("entries: %v", got)
	}
}

// A person who is refused has an entry, with the route.
func TestARefusedActIsLedgeredByTheRunner(t *testing.T) {
	h := townhall.Found(t)
	r := h.Runner()
	for _, one := range []struct{ who, id, want string }{
		{"kato", "map", "forbidden"}, {"ito", "hr", "forbidden"}, {"mori", "map", "forbidden"}, {"nobody", "map", "forbidden"},
	} {
		err := run(t, r, touch, one.id, townhall.Caller(one.who))
		var denied *policy.Denied
		if townhall.Reason(err) != one.want || !errors.As(err, &denied) || !denied.Ledgered {
			t.Errorf("%s on %s: %v", one.who, one.id, err)
		}
	}
	if err := run(t, r, touch, "nowhere", townhall.Caller("ito")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an act on nothing: %v", err)
	}
	if got := h.Kinds(t, "kato"); !slices.Contains(got, "access.refused") {
		t.Errorf("entries about who was refused: %v", got)
	}
}

// The act's callers count also if its rule forgot the role.
func TestAttackCallAnActThatNamesOthers(t *testing.T) {
	h := townhall.Found(t)
	a := doing{Spec: spec("touch", act.NoProof), May: anyone}
	if err := run(t, h.Runner(), a, "map", townhall.Caller("mori")); townhall.Reason(err) != "forbidden" {
		t.Error(err)
	}
}

// The SSH door ledgers its own refusals.
func TestARefusalThroughSSHIsLeftToItsDoor(t *testing.T) {
	h := townhall.Found(t)
	by := townhall.Caller("kato")
	by.Via = "ssh"
	if err := run(t, h.Runner(), touch, "map", by); townhall.Reason(err) != "forbidden" {
		t.Fatal(err)
	}
	if got := h.Kinds(t, "kato"); slices.Contains(got, "access.refused") {
		t.Errorf("entries: %v", got)
	}
}

func bare(id string) act.Caller {
	by := townhall.Caller(id)
	by.Password, by.Code = "", ""
	return by
}

// One proof covers one person's acts with one token on one subject for five minutes, but no act that asks each time.
func TestAProofIsKeptForOneWindow(t *testing.T) {
	h := townhall.Found(t)
	r := h.Runner()
	want := func(what string, err, wanted error) {
		t.Helper()
		if !errors.Is(err, wanted) || wanted == nil && err != nil {
			t.Errorf("%s: %v, want %v", what, err, wanted)
		}
	}
	want("before any proof", run(t, r, open, "map", bare("ito")), act.ErrProofNeeded)
	want("a proof is kept by no act that asks each time", run(t, r, approve, "map", townhall.Caller("ito")), nil)
	want("after it", run(t, r, open, "map", bare("ito")), act.ErrProofNeeded)
	want("with the proof", run(t, r, open, "map", townhall.Caller("ito")), nil)
	h.Pass(5*time.Minute - time.Nanosecond)
	want("a nanosecond before five minutes are over", run(t, r, open, "map", bare("ito")), nil)
	want("what asks each time", run(t, r, approve, "map", bare("ito")), act.ErrProofNeeded)
	anyone := open // the same act with a rule that refuses no one
	anyone.May = func(policy.Person, store.System, time.Time) policy.Decision { return policy.Decision{Allow: true} }
	anyone.Callers = act.Everyone()
	want("the same with another rule", run(t, r, anyone, "map", bare("ito")), nil)
	want("another subject", run(t, r, anyone, "hr", bare("ito")), act.ErrProofNeeded)
	want("another person", run(t, r, anyone, "map", bare("kato")), act.ErrProofNeeded)
	if err := run(t, r, open, "map", bare("kato")); townhall.Reason(err) != "forbidden" { // no one types a code to be refused
		t.Errorf("a person whom the rule refuses: %v", err)
	}
	other := bare("ito")
	other.Token = "another"
	want("another token", run(t, r, open, "map", other), act.ErrProofNeeded)
	want("another broker", run(t, h.Runner(), open, "map", bare("ito")), act.ErrProofNeeded)
	h.Pass(time.Nanosecond)
	want("after five minutes", run(t, r, open, "map", bare("ito")), act.ErrProofNeeded)

	wrong := townhall.Caller("ito")
	wrong.Password = "wrong"
	if err := run(t, r, open, "map", wrong); townhall.Reason(err) != "auth-failed" {
		t.Errorf("a wrong proof: %v", err)
	}
	want("after a wrong proof", run(t, r, open, "map", bare("ito")), act.ErrProofNeeded)
}

// A lock, a new password or factor, and signing out end earlier proofs, also if the person may act again later.
func TestAKeptProofEndsWithWhatItRestedOn(t *testing.T) {
	for _, kind := range []string{"person.locked", "password.changed", "factor.renewed", "signout", "tokens.revoked", "enrolment.finished"} {
		h := townhall.Found(t)
		r := h.Runner()
		if err := run(t, r, open, "map", townhall.Caller("ito")); err != nil {
			t.Fatal(err)
		}
		h.Pass(time.Second)
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: kind, Actor: townhall.By("admin"), Subjects: []string{"ito"},
				Payload: map[string]any{}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t, r, open, "map", bare("ito")); !errors.Is(err, act.ErrProofNeeded) {
			t.Errorf("after %s: %v", kind, err)
		}
	}
}

func TestOffersTellWhatIsOpenAndWhyNot(t *testing.T) {
	h := townhall.Found(t)
	for _, one := range []struct {
		who  string
		open bool
	}{{"ito", true}, {"kato", false}, {"mori", false}} {
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			p, err := s.Person(one.who)
			if err != nil {
				return err
			}
			offers := subject.Offers(s, p.Person, "map")
			if len(offers) != 2 {
				t.Fatalf("offers: %v", offers)
			}
			for _, o := range offers {
				if o.Open != one.open || o.Open != (o.Reason == "") || o.Open != (o.Number == 0) {
					t.Errorf("%s: %+v", one.who, o)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhyHoldsItsBody(t *testing.T) { fieldtest.Holds(t, act.Why) }

func TestParameterIsTheFirstInThePath(t *testing.T) {
	for path, want := range map[string]string{api.Windows.Pattern("id", "open"): "id", api.Requests.Pattern("no", "take"): "no", string(api.Requests): ""} {
		if got := (act.Spec{Path: path}).Parameter(); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// A caller hangs up between the count of a refusal and its entry: the refusal counted as written and was in no entry and no summary.
func TestAttackARefusalWhoseCallerHangsUp(t *testing.T) {
	t.Parallel()
	h := townhall.Found(t)
	ctx, hangUp := context.WithCancel(t.Context())
	r := act.New(act.Options{DB: h.DB, First: func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) {
		hangUp()
		return true, nil
	}})
	err := act.Do(ctx, r, subject, touch, "map", townhall.Caller("kato"), func(*store.Tx, act.Person, store.System) error { return nil })
	if townhall.Reason(err) != "forbidden" {
		t.Fatalf("refused with %v", err)
	}
	if got := h.Kinds(t, "map"); len(got) == 0 || got[len(got)-1] != "access.refused" {
		t.Errorf("entries: %v", got)
	}
}

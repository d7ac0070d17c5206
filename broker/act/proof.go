package act

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// ErrProofNeeded: the act needs password and code, and the caller gave none. The door asks and calls again.
var ErrProofNeeded = errors.New("this act needs password and code")

// keptFor is how long one proof covers the acts of one person with one token on one window.
const keptFor = 5 * time.Minute

// maxProofs bounds the memory. Beyond it a proof is not kept, and the next act asks again.
const maxProofs = 4096

type proven struct{ person, token, window string }

// kept is a proof. Its age is measured twice, and five minutes by either end it: by the clock, which goes on while the machine sleeps, and by
// time.Since, which goes on while the clock is set back.
type kept struct {
	at      time.Time // by the clock, before the proof was checked
	began   time.Time // the same moment, for time.Since
	entries int64     // of the ledger at that moment: later ones may end the proof
}

func (k kept) holds(clock time.Time) bool {
	return !clock.Before(k.at) && clock.Before(k.at.Add(keptFor)) && time.Since(k.began) < keptFor
}

// proofs holds the kept proofs.
type proofs struct {
	mu   sync.Mutex
	kept map[proven]kept
}

// prove checks the proof that the caller offers. It runs outside any transaction, because the check is slow on purpose. proven tells
// whether there is a proof. Without one, an act that always needs it gets ErrProofNeeded.
func (r *Runner) prove(ctx context.Context, rule Proof, id string, by Caller) (bool, error) {
	if rule == NoProof {
		return false, nil
	}
	keeps := rule.keeps() && by.Token != ""
	if by.Password == "" || by.Code == "" {
		switch {
		case keeps:
			return false, r.dropIfLockedOut(ctx, by.ID) // stillProven looks for a kept one
		case rule.byCase() || rule.keeps():
			return false, nil
		}
		return false, ErrProofNeeded
	}
	var began kept
	if keeps { // a change while the proof is checked must end it
		err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
			began = kept{at: s.Now, began: time.Now()} // the second for its monotonic clock, which no one can set back
			began.entries, err = s.LedgerSize()
			return err
		})
		if err != nil {
			return false, err
		}
	}
	if err := r.o.Prove(ctx, by.ID, by.Password, by.Code, by.Source); err != nil {
		var wrong *policy.Denied
		if errors.As(err, &wrong) {
			r.proofs.drop(by.ID)
		}
		return false, err
	}
	if keeps {
		r.proofs.keep(proven{by.ID, by.Token, id}, began)
	}
	return true, nil
}

// dropIfLockedOut ends the kept proofs of a person who guessed too often, also through calls that are no acts.
func (r *Runner) dropIfLockedOut(ctx context.Context, person string) error {
	locked, err := r.o.LockedOut(ctx, person)
	if locked {
		r.proofs.drop(person)
	}
	return err
}

// stillProven adds a kept proof, unless an event since then has ended it. clock is the clock's reading: the time of a transaction stands still
// while the clock is set back.
func (r *Runner) stillProven(s *store.Snap, clock time.Time, proved bool, rule Proof, id string, by Caller) (bool, error) {
	if proved || rule == NoProof {
		return proved, nil
	}
	if rule.keeps() && by.Token != "" {
		if k, ok := r.proofs.find(proven{by.ID, by.Token, id}, clock); ok {
			ended, err := endedSince(s, by.ID, k.entries)
			if err != nil || !ended {
				return err == nil, err
			}
		}
	}
	if rule.byCase() {
		return false, nil
	}
	return false, ErrProofNeeded
}

func (p *proofs) keep(of proven, k kept) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.kept, func(_ proven, v kept) bool { return !v.holds(k.at) })
	if len(p.kept) < maxProofs {
		p.kept[of] = k
	}
}

// find gives a kept proof. One that no longer holds is dropped, so that it does not come back when the clock is set.
func (p *proofs) find(of proven, clock time.Time) (kept, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.kept[of]
	if ok && !k.holds(clock) {
		delete(p.kept, of)
		ok = false
	}
	return k, ok
}

// drop ends all kept proofs of a person.
func (p *proofs) drop(person string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.kept, func(of proven, _ kept) bool { return of.person == person })
}

// endsProofs tells whether an entry of this kind about a person ends their earlier proofs.
func endsProofs(kind string) bool {
	switch kind {
	case "person.locked", "password.changed", "factor.renewed", "passkey.ended", "signout", "tokens.revoked":
		return true
	}
	return strings.HasPrefix(kind, "enrolment.")
}

// endedSince tells whether such an entry was made after the first entries of the ledger. It asks the ledger, so no act can forget to report
// one.
func endedSince(s *store.Snap, person string, entries int64) (bool, error) {
	for e, err := range s.Entries(store.EntryFilter{From: entries, Subject: person}) {
		if err != nil {
			return true, fmt.Errorf("read entries about %s: %w", person, err)
		}
		if endsProofs(e.Kind) {
			return true, nil
		}
	}
	return false, nil
}

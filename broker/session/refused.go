package session

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// refusedFeature is one kind of feature that the engineer asked for within a session and did not get. Its fields are part
// of the ledger's format.
type refusedFeature struct {
	Feature string `json:"feature"` // a name from relay.Config.OnRefused
	Reason  string `json:"reason"`
	Number  int    `json:"number"`
	Count   int64  `json:"count"`
}

// refusedFeatures counts the refusals of one session. Features and reasons come from lists, so there are few kinds.
type refusedFeatures struct {
	mu   sync.Mutex // guards list
	list []refusedFeature
}

// add counts one refusal and reports whether it is the first of its kind.
func (r *refusedFeatures) add(feature string, reason policy.Reason) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.list {
		if f := &r.list[i]; f.Feature == feature && f.Reason == string(reason) {
			f.Count++
			return false
		}
	}
	r.list = append(r.list, refusedFeature{Feature: feature, Reason: string(reason), Number: reason.Number(), Count: 1})
	return true
}

// sums are all kinds with their counts, sorted.
func (r *refusedFeatures) sums() []refusedFeature {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(slices.Values(r.list), func(a, b refusedFeature) int {
		return cmp.Or(cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Number, b.Number))
	})
}

// featureRefused takes a refusal from the relay. The first of each kind gets its entry at once, beside the relay; the
// entry of the session's end holds the counts.
func (l *session) featureRefused(feature string, reason policy.Reason) {
	if !l.refused.add(feature, reason) {
		return
	}
	l.beside.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 5*time.Second)
		defer cancel()
		err := l.sup.o.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{
				Kind: "session.feature-refused", Actor: l.engineer(), Subjects: l.subjects(),
				Payload: featureRefusedPayload{Session: l.a.ID, Feature: feature, Reason: string(reason), Number: reason.Number()},
			})
			return err
		})
		if err != nil { // the entry of the end still holds it
			l.log.Error("feature_refused_not_ledgered", "feature", feature, "error", err)
		}
	})
}

type featureRefusedPayload struct {
	Session string `json:"session_id"`
	Feature string `json:"feature"`
	Reason  string `json:"reason"`
	Number  int    `json:"number"`
}

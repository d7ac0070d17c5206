package refusals

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

const (
	period = 10 * time.Minute
	// maxSums bounds memory; further refusals share one summary without a name.
	maxSums = 4096
	// maxSubjects are named with their counts in a summary; further ones are counted together.
	maxSubjects = 64
)

// Tally counts refusals by person, kind and refused act. It is safe for concurrent use.
type Tally struct {
	db *store.DB

	mu   sync.Mutex // guards the fields below
	sums map[key]*sum
	ripe []*sum // over, and not written yet
}

type key struct{ kind, person, what, reason string }

// sum is the payload of a summary.
type sum struct {
	Kind     string         `json:"kind"`   // of the entries that it replaces
	Person   string         `json:"person"` // empty: people beyond the counted ones
	What     string         `json:"what"`   // the route or the act
	Reason   string         `json:"reason"` // codes of the reason, separated by spaces
	From     time.Time      `json:"from"`   // of the first, which has its own entry
	Until    time.Time      `json:"until"`
	Count    int            `json:"count"` // after the first
	Subjects map[string]int `json:"subjects,omitempty"`
	More     int            `json:"more_subjects,omitempty"` // mentions of subjects beyond those named
}

// New makes a tally on an open store.
func New(db *store.DB) *Tally { return &Tally{db: db, sums: map[key]*sum{}} }

// First counts a refusal and tells whether the caller must write its entry: it is the first of its like within ten minutes. what is
// the route or act, reason the codes. Both come from a list, never from the caller of the API.
func (t *Tally) First(ctx context.Context, by ledger.Actor, kind, what, reason string, subjects ...string) (bool, error) {
	var now time.Time
	if err := t.db.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return false, fmt.Errorf("clock: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	k := key{kind, by.ID, what, reason}
	v := t.sums[k]
	if v == nil && len(t.sums) >= maxSums {
		k = key{kind: kind}
		v = t.sums[k]
	}
	if v != nil && over(v, now) {
		if v.Count > 0 {
			t.ripe = append(t.ripe, v)
		}
		v = nil
	}
	if v == nil {
		t.sums[k] = &sum{Kind: kind, Person: k.person, What: k.what, Reason: k.reason, From: now, Until: now, Subjects: map[string]int{}}
		return true, nil
	}
	v.Count++
	v.Until = now
	for _, s := range subjects {
		if _, named := v.Subjects[s]; named || len(v.Subjects) < maxSubjects {
			v.Subjects[s]++
		} else {
			v.More++
		}
	}
	return false, nil
}

func over(v *sum, now time.Time) bool { return now.Sub(v.From) >= period || now.Before(v.From) }

// Due writes the summaries whose ten minutes are over; with all, every one.
func (t *Tally) Due(ctx context.Context, all bool) error {
	var now time.Time
	if err := t.db.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	due := t.take(now, all)
	if len(due) == 0 {
		return nil
	}
	err := t.db.Write(ctx, func(tx *store.Tx) error {
		for _, v := range due {
			d := ledger.Draft{Kind: "refusals.summed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: v}
			if v.Person != "" {
				d.Subjects = []string{v.Person}
			}
			if _, err := tx.Append(d); err != nil {
				return fmt.Errorf("ledger refusals: %w", err)
			}
		}
		return nil
	})
	if err != nil { // kept for the next time
		t.mu.Lock()
		t.ripe = append(due, t.ripe...)
		t.mu.Unlock()
	}
	return err
}

// take removes and gives the sums to write, the earliest first.
func (t *Tally) take(now time.Time, all bool) []*sum {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := t.ripe
	t.ripe = nil
	for k, v := range t.sums {
		if !all && !over(v, now) {
			continue
		}
		delete(t.sums, k)
		if v.Count > 0 {
			due = append(due, v)
		}
	}
	slices.SortFunc(due, func(a, b *sum) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What))
	})
	return due
}

package registry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

const (
	// One source with alarmAfter failures within a period raises one alarm.
	alarmAfter  = 5
	tallyPeriod = 10 * time.Minute
	// tallyEntries bounds memory; further sources share one summary without a name.
	tallyEntries = 4096
)

// tally gathers failures by source, so that guessing costs the ledger one entry per source and ten minutes. The gate
// sums up failures over SSH; here they count for the alarm only.
type tally struct {
	mu     sync.Mutex // guards counts
	counts map[tallyKey]*failures
}

type tallyKey struct {
	source string
	ssh    bool
}

// failures is the summary of one source, and the payload of its entry.
type failures struct {
	Source string         `json:"source"` // empty: sources beyond those counted singly
	From   time.Time      `json:"from"`
	Until  time.Time      `json:"until"`
	Count  int            `json:"count"`
	Kinds  map[string]int `json:"kinds"` // login, fresh, code, enrolment, factor
}

func newTally() *tally { return &tally{counts: map[tallyKey]*failures{}} }

// add counts one failure. many is true for the failure that reaches alarmAfter.
func (t *tally) add(source, via, what string, now time.Time) (many bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := tallyKey{source, via == "ssh"}
	f := t.counts[key]
	if f != nil && key.ssh && (now.Sub(f.From) >= tallyPeriod || now.Before(f.From)) {
		f = nil // the gate writes its entry
	}
	if f == nil && len(t.counts) >= tallyEntries {
		key.source = ""
		f = t.counts[key]
	}
	if f == nil {
		f = &failures{Source: key.source, From: now, Kinds: map[string]int{}}
		t.counts[key] = f
	}
	f.Count++
	f.Kinds[what]++
	f.Until = now
	return f.Count == alarmAfter
}

// due removes and returns the summaries whose ten minutes are over; with all, every summary.
func (t *tally) due(now time.Time, all bool) []*failures {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*failures
	for key, f := range t.counts {
		if all || now.Sub(f.From) >= tallyPeriod || now.Before(f.From) {
			delete(t.counts, key)
			if !key.ssh {
				out = append(out, f)
			}
		}
	}
	return out
}

// LedgerFailures writes the summaries of failed sign-ins at the API that are due, one per source and ten minutes; with all, it writes
// every summary. The broker calls it now and then, and when it stops.
func (r *Registry) LedgerFailures(ctx context.Context, all bool) error {
	var now time.Time
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		now = s.Now
		return nil
	})
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	due := r.tally.due(now, all)
	if len(due) == 0 {
		return nil
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, f := range due {
			d := ledger.Draft{Kind: "signin.failures", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: f}
			if _, err := tx.Append(d); err != nil {
				return fmt.Errorf("ledger failures: %w", err)
			}
		}
		return nil
	})
}

// NobodyPresent records a security key's signature that was made without a touch. The gate calls it. The gate did not check the
// signature further, so it proves nothing against the person. It raises one alarm per person, source and ten minutes.
func (r *Registry) NobodyPresent(ctx context.Context, person, fingerprint, source string) error {
	var now time.Time
	if err := r.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	if !r.tally.first(strings.Join([]string{"presence", person, source}, " "), now) {
		return nil
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		return alarm(tx, store.AlarmNobodyPresent, person, map[string]any{"fingerprint": fingerprint, "source": source})
	})
}

// ClientTooOld records a client with which the gate could agree on no algorithms. It tells the central desk: the client may show
// its user no reason, and the user will call. The gate has made detail safe.
func (r *Registry) ClientTooOld(ctx context.Context, detail map[string]any) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error { return alarm(tx, store.AlarmClientTooOld, "", detail) })
}

// first is true for an event that was not seen within the period.
func (t *tally) first(what string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := tallyKey{what, true}
	f := t.counts[key]
	if f != nil && now.Sub(f.From) < tallyPeriod && !now.Before(f.From) || f == nil && len(t.counts) >= tallyEntries {
		return false
	}
	t.counts[key] = &failures{From: now, Kinds: map[string]int{}}
	return true
}

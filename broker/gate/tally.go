package gate

import (
	"net/netip"
	"sync"
	"time"
)

// Ways to fail before anything is proven.
const (
	failHandshake  = "handshake"   // never got as far as a key: scanners, slow handshakes
	failAlgorithms = "algorithms"  // nothing in common with the client's algorithms
	failUnproven   = "unproven"    // no registered key, or not this engineer's, or no signature
	failUntouched  = "untouched"   // signature of a security key without a touch
	failNoCode     = "no-code"     // key proven, code not given or wrong
	failTurnedAway = "turned-away" // over a limit before the first byte
)

const (
	tallyPeriod = 10 * time.Minute
	// tallyEntries bounds memory; further addresses share one summary without an address.
	tallyEntries = 4096
)

// tally gathers unproven failures: a scan costs the ledger one entry per address and
// ten minutes, and the broker a bounded amount of memory.
type tally struct {
	mu     sync.Mutex // guards counts
	counts map[netip.Addr]*failures
}

// failures is the summary of one address, and the payload of its entry.
type failures struct {
	Address string         `json:"address"` // empty: addresses beyond those counted singly
	From    time.Time      `json:"from"`
	Until   time.Time      `json:"until"`
	Count   int            `json:"count"`
	Kinds   map[string]int `json:"kinds"`
}

func newTally() *tally { return &tally{counts: map[netip.Addr]*failures{}} }

// add counts one failed connection.
func (t *tally) add(a netip.Addr, kind string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.counts[a]
	if f == nil && len(t.counts) >= tallyEntries {
		a = netip.Addr{}
		f = t.counts[a]
	}
	if f == nil {
		f = &failures{From: now, Kinds: map[string]int{}}
		if a.IsValid() {
			f.Address = a.String()
		}
		t.counts[a] = f
	}
	f.Count++
	f.Kinds[kind]++
	f.Until = now
}

// due removes and returns the summaries whose ten minutes are over; with all, every summary.
func (t *tally) due(now time.Time, all bool) []*failures {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*failures
	for a, f := range t.counts {
		if all || now.Sub(f.From) >= tallyPeriod || now.Before(f.From) {
			out = append(out, f)
			delete(t.counts, a)
		}
	}
	return out
}

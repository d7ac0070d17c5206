package connlimit

import (
	"net/netip"
	"strings"
	"sync"
)

// knownEntries bounds how many addresses are remembered as known.
const knownEntries = 4096

// Known are the addresses from which people proved to be themselves. Its methods may be called from any goroutine; a nil *Known
// knows none.
type Known struct {
	mu    sync.Mutex // guards what follows
	turns uint64
	at    map[netip.Prefix]uint64 // the turn at which it was added last
}

// NewKnown begins with the sources that the store remembers (store.Snap.ProvedSources), the latest first. Those that are no
// address, such as of the socket, are left out.
func NewKnown(sources []string) *Known {
	k := &Known{at: map[netip.Prefix]uint64{}}
	for i := len(sources) - 1; i >= 0; i-- {
		k.Add(sources[i])
	}
	return k
}

// Add remembers a source: an address, a prefix, or either after "addr:", as the registry counts it.
func (k *Known) Add(source string) {
	source = strings.TrimPrefix(source, "addr:")
	p, err := netip.ParsePrefix(source)
	if err != nil {
		a, err := netip.ParseAddr(source)
		if err != nil {
			return
		}
		p = Vicinity(a)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.turns++
	if _, there := k.at[p]; !there && len(k.at) >= knownEntries {
		var oldest netip.Prefix
		turn := k.turns
		for other, t := range k.at {
			if t < turn {
				oldest, turn = other, t
			}
		}
		delete(k.at, oldest)
	}
	k.at[p] = k.turns
}

func (k *Known) has(p netip.Prefix) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.at[p]
	return ok
}

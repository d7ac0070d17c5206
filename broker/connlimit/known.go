package connlimit

import (
	"net/netip"
	"strings"
	"sync"
)

// knownEntries bounds the remembered known addresses.
const knownEntries = 4096

// Known holds the addresses from which people authenticated. Its methods may be called from any goroutine; a nil *Known is
// empty.
type Known struct {
	mu    sync.Mutex // guards what follows
	turns uint64
	at    map[netip.Prefix]uint64 // the turn of its last addition
}

// NewKnown starts with the store's sources (store.Snap.ProvedSources), the latest first. It leaves out sources that are not
// addresses, such as the socket's.
func NewKnown(sources []string) *Known {
	k := &Known{at: map[netip.Prefix]uint64{}}
	for i := len(sources) - 1; i >= 0; i-- {
		k.Add(sources[i])
	}
	return k
}

// Add remembers a source: an address, a prefix, or either after "addr:", the registry's notation.
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

package pages

import (
	"sync"
	"time"
)

// lately remembers which pages people opened, so that a page that refreshes itself is one look in the ledger.
type lately struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// sameLook is how long a page may rest and still be the same look.
const sameLook = 2 * time.Minute

// The bounds of the memory. A look beyond them counts as a new one each time.
const (
	mostLooks   = 4096
	longestLook = 256 // bytes
)

// known reports that the page was opened a moment ago, and is refreshed.
func (l *lately) known(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.seen[key]
	return known && now.Sub(at) <= sameLook
}

// opened notes that the page was shown. A look that failed is not noted: it may have no entry.
func (l *lately) opened(key string, now time.Time) {
	if len(key) > longestLook {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]time.Time{}
	}
	for k, at := range l.seen {
		if now.Sub(at) > sameLook {
			delete(l.seen, k)
		}
	}
	if _, known := l.seen[key]; known || len(l.seen) < mostLooks {
		l.seen[key] = now
	}
}

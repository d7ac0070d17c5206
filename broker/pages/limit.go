package pages

import (
	"sync"
	"time"
)

// The rate of requests: a person at a page with all its parts stays far below it.
const (
	perSecond = 20
	burst     = 200
	// mostCallers bounds the memory. Beyond it the fullest buckets, which say least, are forgotten.
	mostCallers = 4096
)

// limiter counts requests by person, or by address without a sign-in.
type limiter struct {
	clock func() time.Time

	mu      sync.Mutex // guards the fields below
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// full tells whether the bucket has nothing to say any more.
func (b bucket) full(now time.Time) bool {
	return b.left+now.Sub(b.at).Seconds()*perSecond >= burst
}

// allow takes one request of the caller; false: too many.
func (l *limiter) allow(caller string) bool {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[caller]
	if !ok {
		b = bucket{burst, now}
	}
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(burst, b.left+passed*perSecond)
		b.at = now
	}
	if b.left < 1 {
		l.buckets[caller] = b
		return false
	}
	b.left--
	if !ok && len(l.buckets) >= mostCallers {
		l.forget(now)
	}
	l.buckets[caller] = b
	return true
}

// forget drops full buckets, and one other if there are none.
func (l *limiter) forget(now time.Time) {
	one := ""
	for name, b := range l.buckets {
		if b.full(now) {
			delete(l.buckets, name)
		} else if one == "" || b.left > l.buckets[one].left {
			one = name
		}
	}
	if len(l.buckets) >= mostCallers {
		delete(l.buckets, one)
	}
}

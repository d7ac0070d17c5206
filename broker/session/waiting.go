package session

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Waiting is an engineer in the waiting room: approved, proved, and not admitted yet.
type Waiting struct {
	Session string // the number that the connection has
	Window  string
	Person  string
	Name    string
	Source  string // the address without its port
	Since   time.Time
	State   string // the cause of waiting, as screens §6 names it, such as waiting-attendant
}

// waitingRoom holds the waiting engineers. It lives in memory only: a waiting connection ends with the broker.
type waitingRoom struct {
	mu  sync.Mutex // guards all
	all map[*Waiting]Waiting
}

// Waits notes a waiting engineer. The gate calls state when the cause of waiting may have changed, and leave when the waiting is over.
func (s *Supervisor) Waits(w Waiting) (state func(string), leave func()) {
	r, key := &s.waiting, &w
	state = func(name string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.State = name
		if r.all == nil {
			r.all = map[*Waiting]Waiting{}
		}
		r.all[key] = w
	}
	return state, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.all, key)
	}
}

// WaitingFor lists the engineers who wait for a window, the earliest first.
func (s *Supervisor) WaitingFor(window string) (list []Waiting) {
	s.waiting.mu.Lock()
	for _, w := range s.waiting.all {
		if w.Window == window {
			list = append(list, w)
		}
	}
	s.waiting.mu.Unlock()
	slices.SortFunc(list, func(a, b Waiting) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Session, b.Session))
	})
	return list
}

package web

import (
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// closingAt is how long before its end a window that is in use is said to be closing (screens §6).
const closingAt = 10 * time.Minute

// windowState is the state as people see it (screens §6): what is stored, what the clock adds, and what happens on the window.
func windowState(w store.Window, is store.WindowNow, now time.Time) string {
	open := w.State == policy.WindowScheduled || w.State == policy.WindowAttended || w.State == policy.WindowPermitted
	left := w.End.Sub(now)
	switch {
	case !open:
		return string(w.State)
	case left <= 0 && !is.Used:
		return "unused"
	case left <= 0:
		return "ended"
	case is.Frozen:
		return "frozen"
	case is.Live && left <= closingAt:
		return "closing"
	case is.Live && is.Extended:
		return "extended"
	case is.Live:
		return "in-use"
	case w.State == policy.WindowScheduled && !now.Before(w.Start):
		return "ready-wait-attendant"
	}
	return string(w.State)
}

// asActed leaves out what happens on a window: the answer to an act says what the act made of it, though a session may begin before
// the answer is written, and the attendant's console tells the sessions themselves. That nobody worked in a window that was attended is
// for the lists to say (unused).
func asActed(w store.Window) store.WindowNow {
	return store.WindowNow{Used: w.State != policy.WindowScheduled}
}

// windowNow reads how one window stands.
func (s *Server) windowNow(c *call, id string) (store.WindowNow, error) {
	var is store.WindowNow
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		all, err := snap.WindowsNow(id)
		is = all[id]
		return err
	})
	return is, err
}

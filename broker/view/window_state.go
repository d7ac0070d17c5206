package view

import (
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// closingAt is the time before its end at which a window in use is shown as closing (screens §6).
const closingAt = 10 * time.Minute

// windowState is the state shown to people (screens §6), from the stored state, the clock, and the sessions and stops on the window.
func windowState(w store.Window, is store.WindowNow, now time.Time) policy.WindowState {
	open := w.State == policy.WindowScheduled || w.State == policy.WindowAttended || w.State == policy.WindowPermitted
	left := w.End.Sub(now)
	switch {
	case !open:
		return w.State
	case left <= 0 && !is.Used:
		return policy.WindowUnused
	case left <= 0:
		return policy.WindowFinished
	case is.Frozen:
		return policy.WindowFrozen
	case is.Live && left <= closingAt:
		return policy.WindowClosing
	case is.Live && is.Extended:
		return policy.WindowExtended
	case is.Live:
		return policy.WindowInUse
	case w.State == policy.WindowScheduled && !now.Before(w.Start):
		return policy.WindowReady
	}
	return w.State
}

// asActed leaves the sessions and stops out: the answer to an act shows the act's own result, even if a session begins before the
// answer is written, and the attendant's console shows the sessions separately. The state "unused" appears only in
// lists.
func asActed(w store.Window) store.WindowNow {
	return store.WindowNow{Used: w.State != policy.WindowScheduled}
}

package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

// settle is how long close waits for a piece that is being relayed. A piece that takes longer waits inside the SSH library
// for the peer. It was relayed before the cut, and dies with the connection.
const settle = time.Millisecond

// valve guards all data, requests and channels. Once closed it stays closed.
type valve struct {
	// inTime reports whether the session's time is not over; nil: no limit. It reads the clock at the moment of relaying,
	// because timers fire too late after a process was stopped or a machine slept.
	inTime  func() bool
	passing atomic.Int64 // pieces between enter and leave
	shut    atomic.Bool
	held    atomic.Bool // release is not nil
	stalled atomic.Bool // flows is not nil

	mu      sync.Mutex
	settled chan struct{} // closed by the last leave after close
	release chan struct{} // closed when held input may pass; nil: not held
	flows   chan struct{} // closed when data of either direction may pass; nil: not stalled
	closed  chan struct{} // closed by close; made on demand
}

// enter asks for permission to relay one piece. It waits while the relay is stalled. After true, leave must follow.
func (v *valve) enter() bool {
	for v.enterNow() {
		if !v.stalled.Load() {
			return true
		}
		v.leave()
		if !v.awaitFlow() {
			return false
		}
	}
	return false
}

// enterFlowing is enter without waiting: it also returns false while the relay is stalled.
func (v *valve) enterFlowing() bool {
	if !v.enterNow() {
		return false
	}
	if v.stalled.Load() {
		v.leave()
		return false
	}
	return true
}

// enterNow is enter without waiting, also while the relay is stalled: for the broker's own words.
func (v *valve) enterNow() bool {
	v.passing.Add(1)
	if !v.open() {
		v.leave()
		return false
	}
	return true
}

// enterInput is enter for data that acts on the target: it waits while input is held back.
func (v *valve) enterInput() bool { return v.enterInputOr(nil) }

// enterInputOr is enterInput, but returns false once given is closed.
func (v *valve) enterInputOr(given <-chan struct{}) bool {
	for v.awaitInputOr(given) {
		if v.enterUnheld() {
			return true
		}
	}
	return false
}

// enterUnheld is enter for data that acts on the target, without waiting: it also returns false while input is held back.
func (v *valve) enterUnheld() bool {
	if !v.enterFlowing() {
		return false
	}
	if v.held.Load() {
		v.leave()
		return false
	}
	return true
}

func (v *valve) leave() {
	if v.passing.Add(-1) == 0 && v.shut.Load() {
		v.mu.Lock()
		if v.settled != nil {
			close(v.settled)
			v.settled = nil
		}
		v.mu.Unlock()
	}
}

// open reports whether the valve is open and the session's time is not over.
func (v *valve) open() bool { return !v.shut.Load() && (v.inTime == nil || v.inTime()) }

// ended is closed when the valve is.
func (v *valve) ended() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed == nil {
		v.closed = make(chan struct{})
		if v.shut.Load() {
			close(v.closed)
		}
	}
	return v.closed
}

func (v *valve) close() {
	v.mu.Lock()
	first := !v.shut.Swap(true)
	if first && v.closed != nil {
		close(v.closed)
	}
	if v.passing.Load() == 0 {
		v.mu.Unlock()
		return
	}
	if v.settled == nil {
		v.settled = make(chan struct{})
	}
	settled := v.settled
	v.mu.Unlock()
	limit := time.NewTimer(settle)
	defer limit.Stop()
	select {
	case <-settled:
	case <-limit.C:
	}
}

// hold makes awaitInput wait, or releases it.
func (v *valve) hold(held bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case held && v.release == nil:
		v.release = make(chan struct{})
		v.held.Store(true)
	case !held && v.release != nil:
		v.held.Store(false)
		close(v.release)
		v.release = nil
	}
}

// stall makes enter and awaitInput wait, or releases them.
func (v *valve) stall(stalled bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case stalled && v.flows == nil:
		v.flows = make(chan struct{})
		v.stalled.Store(true)
	case !stalled && v.flows != nil:
		v.stalled.Store(false)
		close(v.flows)
		v.flows = nil
	}
}

// awaitFlow returns when data may pass; false: never again.
func (v *valve) awaitFlow() bool {
	for v.open() {
		if !v.stalled.Load() {
			return true
		}
		v.mu.Lock()
		flows := v.flows
		v.mu.Unlock()
		if flows == nil {
			return true
		}
		select {
		case <-flows:
		case <-v.ended():
		}
	}
	return false
}

// awaitInput returns when input may pass; false: never again. enterUnheld checks again at the moment of relaying.
func (v *valve) awaitInput() bool { return v.awaitInputOr(nil) }

// awaitInputOr is awaitInput, but returns false once given is closed, even if input may pass.
func (v *valve) awaitInputOr(given <-chan struct{}) bool {
	for v.open() {
		select {
		case <-given:
			return false
		default:
		}
		if !v.held.Load() && !v.stalled.Load() {
			return true
		}
		v.mu.Lock()
		release := v.release
		if release == nil {
			release = v.flows
		}
		v.mu.Unlock()
		if release == nil {
			return true
		}
		select {
		case <-release:
		case <-given:
		case <-v.ended():
		}
	}
	return false
}

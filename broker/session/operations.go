package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekimori/policy"
	"sekimori/recordings"
)

// Told is one operation in a session of a window, as the window's attendant sees it.
type Told struct {
	No      int64 // grows; also over a start of the broker
	At      time.Time
	Session string
	Person  string
	recordings.Operation
}

// Bounds on the operations kept for attendants who look away.
const (
	mostOperations     = 1000      // of a window
	mostOperationBytes = 256 << 10 // of a window, of text
	mostWindows        = 256       // those without a live session go first
)

// windows keeps the newest operations of each window, for their attendants: a session of two seconds is over before they
// see it in a list.
type windows struct {
	mu   sync.Mutex // guards the rest
	next int64
	all  map[string]*windowLog
}

// windowLog holds the operations of one window.
type windowLog struct {
	list    []Told
	bytes   int
	dropped int64 // No of the newest that is not kept any more
	live    int   // sessions under way
	changed chan struct{}
}

// window gives the log of a window. The caller holds mu.
func (w *windows) window(id string) *windowLog {
	t := w.all[id]
	if t == nil {
		t = &windowLog{changed: make(chan struct{})}
		w.all[id] = t
	}
	return t
}

// begin notes that a session of the window is under way.
func (w *windows) begin(window string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.window(window).live++
}

// end notes that it is over, and forgets the windows that have been quiet for longest.
func (w *windows) end(window string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.window(window).live--
	for len(w.all) > mostWindows {
		oldest, at := "", int64(0)
		for id, t := range w.all {
			if n := len(t.list); t.live == 0 && (oldest == "" || n == 0 || t.list[n-1].No < at) {
				if oldest, at = id, 0; n > 0 {
					at = t.list[n-1].No
				}
			}
		}
		if oldest == "" {
			return // every one has a live session
		}
		close(w.all[oldest].changed) // a waiting reader looks again, at a new one
		delete(w.all, oldest)
	}
}

// add tells the window's attendant. It does not wait.
func (w *windows) add(window string, v Told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.window(window)
	w.next = max(w.next+1, v.At.UnixMicro()) // beyond the numbers of an earlier run of the broker
	v.No = w.next
	t.list = append(t.list, v)
	t.bytes += len(v.JA) + len(v.EN)
	drop := 0
	for t.bytes > mostOperationBytes && drop < len(t.list)-1 || len(t.list)-drop > mostOperations {
		t.bytes -= len(t.list[drop].JA) + len(t.list[drop].EN)
		t.dropped = t.list[drop].No
		drop++
	}
	if drop > 0 {
		t.list = slices.Delete(t.list, 0, drop)
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// since gives the operations after a number, and the channel to wait on for more.
func (w *windows) since(window string, after int64) (list []Told, missed bool, more <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.window(window)
	i, _ := slices.BinarySearchFunc(t.list, after, func(v Told, n int64) int {
		if v.No <= n {
			return -1
		}
		return 1
	})
	return slices.Clone(t.list[i:]), after > 0 && t.dropped > after, t.changed
}

// Operations waits for the operations of a window's sessions after the number after; 0: all that are kept. missed
// reports that some were dropped. The caller has decided that the reader may see it.
func (s *Supervisor) Operations(ctx context.Context, window string, after int64) (list []Told, missed bool, err error) {
	for {
		list, missed, more := s.windows.since(window, after)
		if len(list) > 0 {
			return list, missed, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// Newest gives the newest operations of a window's sessions, at most most of them, in order. It does not wait. The caller has decided that the
// reader may see them.
func (s *Supervisor) Newest(window string, most int) []Told {
	list, _, _ := s.windows.since(window, 0)
	return list[max(len(list)-most, 0):]
}

// operations reads the events of a session for its window's attendant.
type operations struct {
	mu  sync.Mutex // guards ops: close ends what the recording's tap began
	ops *recordings.Operations
}

// tap sees each frame when it is recorded. It never waits.
func (l *session) tap(f recordings.Frame) {
	l.feed.Tap(f)
	if f.Event == "" || f.Input {
		return
	}
	l.done.mu.Lock()
	list := l.done.ops.Take(f)
	l.done.mu.Unlock()
	l.tellWindow(list)
}

func (l *session) tellWindow(list []recordings.Operation) {
	for _, o := range list {
		l.sup.windows.add(l.grant.Window.ID, Told{
			At: l.opened.Add(o.Elapsed).In(l.sup.o.Zone), Session: l.a.ID, Person: l.a.Person.ID, Operation: o,
		})
	}
}

// tellBegin tells the attendant that a session has begun.
func (l *session) tellBegin() {
	l.tellWindow([]recordings.Operation{{
		Channel: recordings.SessionChannel, Kind: "begin",
		JA: "接続開始 " + l.a.Person.Login + " → " + l.grant.Account, EN: "session begun, " + l.a.Person.Login + " → " + l.grant.Account,
	}})
}

// tellEnd tells the operations that had begun and not ended, and why the session is over.
func (l *session) tellEnd(c Cause, at time.Time) {
	body, err := json.Marshal(recordings.End{Cause: string(c.Reason), At: at})
	if err != nil {
		l.log.Error("end_not_told", "error", err)
		return
	}
	l.done.mu.Lock()
	list := l.done.ops.Take(recordings.Frame{
		Channel: recordings.SessionChannel, Event: recordings.EventEnd, Elapsed: max(at.Sub(l.opened), 0), Data: body,
	})
	l.done.mu.Unlock()
	for i := range list {
		if list[i].Kind == recordings.EventEnd {
			list[i].JA = fmt.Sprintf("接続終了 [%d] %s", c.Reason.Number(), policy.Headline(c.Reason, "ja"))
			list[i].EN = fmt.Sprintf("session ended [%d] %s", c.Reason.Number(), policy.Headline(c.Reason, "en"))
		}
	}
	l.tellWindow(list)
}

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

// Told is one thing that was done in a session of a window, as the window's attendant is told of it.
type Told struct {
	No      int64 // grows; also over a start of the broker
	At      time.Time
	Session string
	Person  string
	recordings.Operation
}

// Bounds of what is kept for attendants who look away.
const (
	mostTold      = 1000      // of a window
	mostToldBytes = 256 << 10 // of a window, of text
	mostWindows   = 256       // those without a live session go first
)

// windows keeps the newest operations of each window, for their attendants: a session of two seconds is over before they
// would see it in a list.
type windows struct {
	mu   sync.Mutex // guards the rest
	next int64
	all  map[string]*told
}

// told is what was done in one window.
type told struct {
	list    []Told
	bytes   int
	dropped int64 // No of the newest that is not kept any more
	live    int   // sessions under way
	changed chan struct{}
}

// window gives the log of a window. The caller holds mu.
func (w *windows) window(id string) *told {
	t := w.all[id]
	if t == nil {
		t = &told{changed: make(chan struct{})}
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
		close(w.all[oldest].changed) // who waits looks again, at a new one
		delete(w.all, oldest)
	}
}

// add tells the window's attendant. It does not wait.
func (w *windows) add(window string, v Told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.window(window)
	w.next = max(w.next+1, v.At.UnixMicro()) // beyond what a broker that ran before has told
	v.No = w.next
	t.list = append(t.list, v)
	t.bytes += len(v.JA) + len(v.EN)
	drop := 0
	for t.bytes > mostToldBytes && drop < len(t.list)-1 || len(t.list)-drop > mostTold {
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

// since gives what came after a number, and what to wait on for more.
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

// Operations waits for what was done in a window's sessions after the one with the number after, 0: what is kept. missed
// tells that more was done than is kept. The caller has decided that whoever asks may see it.
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

// operations reads the events of a session for its window's attendant.
type operations struct {
	mu  sync.Mutex // guards ops: close ends what the recording's tap began
	ops *recordings.Operations
}

// tap sees each frame when it is recorded. It never waits for anybody.
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

// tellEnd tells what had begun and not ended, and why the session is over.
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

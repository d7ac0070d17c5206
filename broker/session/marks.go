package session

import (
	"sync"

	"sekimori/policy"
	"sekimori/recordings"
)

// mostMarks are kept while the disk takes nothing; a session whose recording fails has ended by then.
const mostMarks = 4096

// mark is an event of the session as a whole: a pause, its end, an extension.
type mark struct {
	kind string
	body any
}

// marks are the events that the recording does not hold yet. Their maker may hold a lock, or be judging a thousand
// sessions, so watch writes them, and close at the latest.
type marks struct {
	mu   sync.Mutex // guards list
	list []mark
	wake chan struct{} // capacity 1
}

// mark keeps an event for the recording. It does not wait.
func (l *session) mark(kind string, body any) {
	l.marks.mu.Lock()
	if len(l.marks.list) < mostMarks {
		l.marks.list = append(l.marks.list, mark{kind, body})
	}
	l.marks.mu.Unlock()
	select {
	case l.marks.wake <- struct{}{}:
	default:
	}
}

// writeMarks records the kept marks. One goroutine at a time calls it.
func (l *session) writeMarks() error {
	l.marks.mu.Lock()
	list := l.marks.list
	l.marks.list = nil
	l.marks.mu.Unlock()
	rec := l.rec.Load()
	for _, m := range list {
		if rec == nil {
			return nil // it ended before there was a recording
		}
		if err := rec.Event(recordings.SessionChannel, m.kind, m.body); err != nil {
			return err
		}
	}
	return nil
}

// markPause records that input is held back, or passes again, and by whose act. The caller holds mu.
func (l *session) markPause(from, to policy.PauseCause) {
	body := l.acted
	l.acted = recordings.Pause{}
	kind := recordings.EventPause
	switch {
	case to == "":
		kind = recordings.EventResume
	case body.By == "":
		body.Reason = string(to)
	}
	if to == "" && body.By == "" {
		body.Reason = string(from) // the kind of pause that ended by itself
	}
	l.mark(kind, body)
}

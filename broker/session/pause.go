package session

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// setPause holds the engineer's input back or releases it, and tells the engineer. Output and clock go on. The
// broker's own pauses are noted for the ledger; a person's act writes its own entry. The caller holds mu.
func (l *session) setPause(to policy.PauseCause, now time.Time) {
	from := l.pause
	if to == from {
		return
	}
	l.pause = to
	l.markPause(from, to)
	if r := l.relay.Load(); r != nil {
		r.Pause(to != "")
	}
	switch {
	case from == "":
		l.freed = make(chan struct{})
		l.say("paused", pausedNotice())
	case to == "":
		l.lastInput.Store(now.UnixNano()) // an engineer whose input was held back was not idle
		close(l.freed)
		l.freed = nil
		if l.behindSince().IsZero() { // else the end of that says so
			l.say("resumed", resumedNotice(l.deadline().Sub(now)))
		}
	}
	switch {
	case to == policy.PausedUnattended:
		l.sup.note(pauseNote{session: l.a.ID, kind: "session.paused", at: now})
	case to == "" && from == policy.PausedUnattended:
		l.sup.note(pauseNote{session: l.a.ID, kind: "session.resumed", at: now})
	}
}

// paused gives the reason why input is held back.
func (l *session) paused() policy.PauseCause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pause
}

// awaitFree waits until input may pass, or the session is over.
func (l *session) awaitFree() {
	for {
		l.mu.Lock()
		freed := l.freed
		l.mu.Unlock()
		if freed == nil {
			return
		}
		select {
		case <-freed:
		case <-l.ctx.Done():
			return
		}
	}
}

// pausedPayload is the entry of a pause and of its end.
type pausedPayload struct {
	Session string `json:"session_id"`
	Window  string `json:"window"`
	Cause   string `json:"cause"` // attendant: a person pressed pause; attendant-absent; recording-behind
	At      string `json:"at"`
	Note    string `json:"note,omitempty"`
}

// Pause holds the engineer's input back. The caller has decided that by may do so. It takes effect before it is written,
// and is undone where the write fails. A session that a person paused already stays paused. Errors: store.ErrNotLive.
func (s *Supervisor) Pause(ctx context.Context, id string, by ledger.Actor, note string) error {
	l := s.find(id)
	if l == nil {
		return store.ErrNotLive
	}
	now := s.o.Clock()
	l.mu.Lock()
	if l.manual {
		l.mu.Unlock()
		return nil
	}
	l.manual = true
	l.acted = recordings.Pause{By: by.ID, Reason: note}
	l.setPause(policy.PausedByAttendant, now)
	l.acted = recordings.Pause{}
	l.mu.Unlock()
	err := s.writePause(ctx, l, "session.paused", by, note)
	if err != nil {
		s.release(l, recordings.Pause{})
	}
	return err
}

// Resume ends a person's pause. While the attendant is away the input stays held back all the
// same. Errors: store.ErrNotLive.
func (s *Supervisor) Resume(ctx context.Context, id string, by ledger.Actor, note string) error {
	l := s.find(id)
	if l == nil {
		return store.ErrNotLive
	}
	l.mu.Lock()
	manual := l.manual
	l.mu.Unlock()
	if !manual {
		return nil
	}
	if err := s.writePause(ctx, l, "session.resumed", by, note); err != nil {
		return err
	}
	s.release(l, recordings.Pause{By: by.ID, Reason: note})
	return nil
}

// release ends a person's pause and judges the session anew. acted is the person who released it; empty: the broker.
func (s *Supervisor) release(l *session, acted recordings.Pause) {
	l.mu.Lock()
	l.manual = false
	l.acted = acted
	now := s.o.Clock()
	if v := l.verdict(now); v.Keep { // on the facts known; the supervisor reads new ones
		l.setPause(v.Pause, now)
	}
	l.acted = recordings.Pause{}
	l.mu.Unlock()
	s.Heard(l.grant.Window.ID)
}

// writePause stores a person's pause or its end, with its entry.
func (s *Supervisor) writePause(ctx context.Context, l *session, kind string, by ledger.Actor, note string) error {
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Session(l.a.ID)
		if err != nil {
			return err
		}
		if !row.State.Live() {
			return store.ErrNotLive
		}
		row.Paused, row.PausedBy = time.Time{}, ""
		if kind == "session.paused" {
			row.Paused, row.PausedBy = tx.Now, by.ID
		}
		if err := tx.UpdateSession(row); err != nil {
			return err
		}
		return appendPause(tx, kind, by, row, pausedPayload{
			Session: row.ID, Window: row.Window, Cause: string(policy.PausedByAttendant), At: tx.Now.Format(time.RFC3339Nano), Note: note,
		})
	})
}

func appendPause(tx *store.Tx, kind string, by ledger.Actor, row store.Session, p pausedPayload) error {
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{row.ID, row.Person, row.Request, row.System, row.Window}, Payload: p})
	return err
}

// pauseNote is a pause by the broker itself, or its end: the attendant is away, or back; the recording lags, or has caught up.
type pauseNote struct {
	session string
	kind    string
	at      time.Time
	cause   policy.PauseCause // empty: PausedUnattended
	tries   int               // that failed although others could be written
}

const (
	noteTries = 3    // then only the log tells of it
	maxNotes  = 8192 // kept while the store takes nothing; the oldest go first
)

// note keeps a note for writePauses. It does not wait.
func (s *Supervisor) note(n pauseNote) {
	s.notes.mu.Lock()
	s.notes.list = append(s.notes.list, n)
	s.notes.mu.Unlock()
	select {
	case s.notes.wake <- struct{}{}:
	default:
	}
}

// writePauses writes the notes, as many as there are, in one transaction: judging must not wait for the store, and a thousand
// sessions of one window pause at once. A failed note is kept for the next time.
func (s *Supervisor) writePauses(ctx context.Context) {
	retry := time.NewTicker(s.o.Recheck)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.notes.wake:
		case <-retry.C:
		}
		s.writeNotes(ctx)
	}
}

func (s *Supervisor) writeNotes(ctx context.Context) {
	s.notes.mu.Lock()
	list := s.notes.list
	s.notes.list = nil
	s.notes.mu.Unlock()
	if len(list) == 0 || s.writeTogether(ctx, list) == nil {
		return
	}
	// One failing note must not keep the others from the ledger.
	var left []pauseNote
	behind := map[string]bool{} // sessions with a kept note: their notes stay in order
	var last error
	for _, n := range list {
		if behind[n.session] || ctx.Err() != nil {
			left = append(left, n)
			continue
		}
		if err := s.writeTogether(ctx, []pauseNote{n}); err != nil {
			last, behind[n.session] = err, true
			left = append(left, n)
		}
	}
	left = s.worthKeeping(left, len(left) < len(list), last)
	s.notes.mu.Lock()
	s.notes.list = append(left, s.notes.list...)
	if over := len(s.notes.list) - maxNotes; over > 0 {
		s.o.Log.Error("pauses_dropped", "count", over)
		s.notes.list = slices.Clone(s.notes.list[over:])
	}
	s.notes.mu.Unlock()
}

func (s *Supervisor) writeTogether(ctx context.Context, list []pauseNote) error {
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, n := range list {
			if err := writeNote(tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// worthKeeping are the notes to try again. Where others could be written, the fault is in the note: after noteTries only the log has
// it. Where none could be written, the fault is in the store, and all are kept.
func (s *Supervisor) worthKeeping(left []pauseNote, others bool, err error) []pauseNote {
	if len(left) > 0 {
		s.o.Log.Error("pauses_not_ledgered", "count", len(left), "error", err)
	}
	keep := left[:0]
	seen := map[string]bool{}
	for _, n := range left {
		if others && !seen[n.session] {
			n.tries++
		}
		seen[n.session] = true
		if n.tries >= noteTries {
			s.o.Log.Error("pause_dropped", "session", n.session, "kind", n.kind, "at", n.at)
			continue
		}
		keep = append(keep, n)
	}
	return keep
}

func writeNote(tx *store.Tx, n pauseNote) error {
	row, err := tx.Session(n.session)
	if err != nil {
		return err
	}
	if row.State.Live() && row.PausedBy == "" && n.cause == "" { // otherwise it is over, or a person has paused it meanwhile
		row.Paused = time.Time{}
		if n.kind == "session.paused" {
			row.Paused = n.at
		}
		if err := tx.UpdateSession(row); err != nil {
			return err
		}
	}
	return appendPause(tx, n.kind, broker, row, pausedPayload{
		Session: row.ID, Window: row.Window, Cause: string(cmp.Or(n.cause, policy.PausedUnattended)), At: n.at.UTC().Format(time.RFC3339Nano),
	})
}

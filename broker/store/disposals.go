package store

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"sekimori/policy"
)

// Disposal is the disposal of one recording.
type Disposal struct {
	Session string
	At      time.Time // ordered; from then on the recording is not opened
	By      string    // the person who ordered it; empty: the rule, by the clock
	Days    int       // the rule
	Names   []string  // of its files, below the directory of recordings
	Done    time.Time // zero: not all of it is proved gone
}

const disposalColumns = `SELECT session, at, by, days, names, done FROM disposals`

func scanDisposal(r scanner) (Disposal, error) {
	var d Disposal
	var names string
	err := r.Scan(&d.Session, at(&d.At), &d.By, &d.Days, &names, at(&d.Done))
	if err == nil {
		err = json.Unmarshal([]byte(names), &d.Names)
	}
	return d, err
}

// Disposal reads the disposal of a session's recording. Errors: ErrNotFound.
func (s *Snap) Disposal(session string) (Disposal, error) {
	return get(s, scanDisposal, disposalColumns+` WHERE session = ?`, session)
}

// OpenDisposals lists those that were ordered and are not done, the oldest first.
func (s *Snap) OpenDisposals() ([]Disposal, error) {
	return list(s, scanDisposal, disposalColumns+` WHERE done = 0 ORDER BY at, session`)
}

// OrderDisposal orders one. Errors: ErrExists.
func (t *Tx) OrderDisposal(d Disposal) error {
	names, err := json.Marshal(append([]string{}, d.Names...))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO disposals (session, at, by, days, names) VALUES (?, ?, ?, ?, ?)`, d.Session, ms(t.Now), d.By, d.Days, string(names))
	return exists(err)
}

// EndDisposal notes that all of a recording is gone, and forgets what was derived from it. Errors: ErrNotFound when none is open.
func (t *Tx) EndDisposal(session string) error {
	if _, err := t.exec(`DELETE FROM session_measures WHERE session = ?`, session); err != nil {
		return err
	}
	return t.one(`UPDATE disposals SET done = ? WHERE session = ? AND done = 0`, ms(t.Now), session)
}

// RecordingFacts are the facts about disposing of a session's recording.
func (s *Snap) RecordingFacts(v Session) (f policy.RecordingFacts, err error) {
	f = policy.RecordingFacts{Over: !v.State.Live(), Ended: v.Ended}
	standard, err := s.RecordingsKept()
	if err != nil {
		return policy.RecordingFacts{}, err
	}
	sys, err := s.System(v.System)
	if err != nil {
		return policy.RecordingFacts{}, err
	}
	f.Keep = sys.KeepsRecordings(standard)
	if f.Held, err = s.Held(v.ID); err != nil {
		return policy.RecordingFacts{}, err
	}
	review, err := s.ReviewOf(v.ID)
	if f.Reviewed = errors.Is(err, ErrNotFound) || err == nil && (review.Final() || review.LeftOut()); err != nil && !errors.Is(err, ErrNotFound) {
		return policy.RecordingFacts{}, err
	}
	_, err = s.Disposal(v.ID)
	if f.Disposed = err == nil; err != nil && !errors.Is(err, ErrNotFound) {
		return policy.RecordingFacts{}, err
	}
	return f, nil
}

// owedWords is the condition under which someone still has to read the work of a review v, or to answer: work that the system's plan leaves out is owed no
// review, so that its recording does not stay for ever.
const owedWords = `(v.verdict = 'question' OR v.verdict = '' AND v.drawn <> 'left-out')`

// dueWords are the conditions under which a session's recording may be due at all.
const dueWords = `state = 'ended' AND recording <> '' AND ended > 0
	AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.session = sessions.id)
	AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.session = sessions.id AND h.released = 0)
	AND NOT EXISTS (SELECT 1 FROM window_reviews v WHERE v.id IN (sessions.id, sessions.window) AND ` + owedWords + `)`

// DueEnds gives for each system the end of a session until which its recording is due now. Systems that keep recordings for ever have none.
func (s *Snap) DueEnds() (map[string]time.Time, error) {
	standard, err := s.RecordingsKept()
	if err != nil {
		return nil, err
	}
	systems, err := s.Systems()
	if err != nil {
		return nil, err
	}
	ends := map[string]time.Time{}
	for _, sys := range systems {
		if keep := sys.KeepsRecordings(standard); keep > 0 {
			ends[sys.ID] = s.Now.Add(-keep)
		}
	}
	return ends, nil
}

// due narrows to recordings that may be due.
func (f SessionFilter) due(w *where) {
	if f.Due == nil {
		return
	}
	words, args := "0", []any{}
	for _, id := range slices.Sorted(maps.Keys(f.Due)) {
		words += " OR system = ? AND ended <= ?"
		args = append(args, id, ms(f.Due[id]))
	}
	w.and(dueWords)
	w.and("("+words+")", args...)
}

// DueRecordings lists sessions of a system that ended until an instant and whose recording is there, without holds, open reviews and earlier
// disposals, the oldest first, at most limit. RecordingFacts and policy decide about each.
func (s *Snap) DueRecordings(system string, until time.Time, limit int) ([]Session, error) {
	return list(s, scanSession, sessionColumns+` WHERE `+dueWords+` AND system = ? AND ended <= ? ORDER BY created LIMIT ?`, system, ms(until), limit)
}

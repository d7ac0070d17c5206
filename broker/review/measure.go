package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings/traits"
)

// Limits by which a session's recording makes its work stand out.
const (
	leastEarlier  = 3        // sessions of the vendor on the system; with fewer there is no usual
	muchMore      = 5        // times the usual output
	leastOutput   = 64 << 10 // bytes; less is never much
	leastBurst    = 32 << 10 // bytes, and at least half of the session's output
	mostCompared  = 200      // earlier sessions
	mostMeasured  = 100      // sessions of one page
	measureAgain  = 24 * time.Hour
	commandsMarks = "commands" // purposes of the marks
	tablesMarks   = "tables"
)

// standsOut judges a session's figures. filesAllowed: the request allows that files are exchanged.
func standsOut(m store.Measure, filesAllowed bool) (found []api.Pick) {
	usual := m.Earlier >= leastEarlier
	for _, one := range []struct {
		pick api.Pick
		is   bool
	}{
		{api.PickOffScope, m.Outside > 0},
		{api.PickMoreOutput, usual && m.Output >= leastOutput && m.Output > muchMore*m.Usual},
		{api.PickCopied, m.Copied > 0 || m.Files > 0 && !filesAllowed},
		{api.PickNewCommand, usual && m.Unused > 0},
		{api.PickIdleBurst, m.Silence >= traits.SilentFor && m.Burst >= leastBurst && 2*m.Burst >= m.Output},
	} {
		if one.is {
			found = append(found, one.pick)
		}
	}
	return found
}

// ofRecordings looks at what was derived from the recordings.
func ofRecordings(s *store.Snap, r store.Review, work Work, _ *time.Location, found map[api.Pick]bool) error {
	allowed := false
	asked, err := s.Request(r.Request)
	if allowed = err == nil && asked.Body.Files == policy.FilesAllowed; err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, v := range work.Sessions {
		m, err := s.Measure(v.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, p := range standsOut(m, allowed) {
			found[p] = true
		}
	}
	return nil
}

// Measure derives from recordings of ended sessions by what their work may stand out, the oldest first, each once. It is a chore. A recording
// that cannot be read is tried again after a day.
func (q *Queue) Measure(ctx context.Context) error {
	behind := store.SealedPlace{}
	for {
		var due []store.Session
		err := q.o.DB.Read(ctx, func(s *store.Snap) (err error) { due, err = s.Unmeasured(behind, mostMeasured); return err })
		if err != nil || len(due) == 0 {
			return err
		}
		for _, v := range due {
			behind = store.SealedPlace{Created: v.Created, ID: v.ID}
			if at, tried := q.unmeasurable[v.ID]; tried && q.o.Clock().Sub(at) < measureAgain {
				continue
			}
			t, err := q.o.Traits(ctx, v)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				q.unmeasurable[v.ID] = q.o.Clock()
				q.o.Log.Warn("recording_not_measured", "session", v.ID, "error", err)
				continue
			}
			delete(q.unmeasurable, v.ID)
			if err := q.o.DB.Write(ctx, func(tx *store.Tx) error { return q.measure(tx, v, t) }); err != nil {
				return fmt.Errorf("measure %s: %w", v.ID, err)
			}
		}
	}
}

// measure compares a session's traits with the vendor's earlier work on the system and with the request, and stores the figures with their entry.
func (q *Queue) measure(tx *store.Tx, v store.Session, t traits.Traits) error {
	if _, err := tx.Disposal(v.ID); !errors.Is(err, store.ErrNotFound) {
		return err // it was disposed of meanwhile
	}
	m := store.Measure{Session: v.ID, Vendor: v.Vendor, System: v.System, Created: v.Created, Output: t.Output, Files: t.Files, Copied: t.Copied,
		Silence: t.Silence.Truncate(time.Second), Burst: t.Burst, Tables: len(t.Tables)}
	words, allowed, err := asked(tx.Snap, v.Request)
	if err != nil {
		return err
	}
	outside := t.Outside(words)
	earlier, err := tx.MeasuresBefore(v.Vendor, v.System, v.Created, mostCompared)
	if err != nil {
		return err
	}
	used, outputs := map[string]bool{}, []int64{}
	for _, e := range earlier {
		outputs = append(outputs, e.Output)
		for _, mark := range e.Marks {
			used[mark] = true
		}
	}
	slices.Sort(outputs)
	if m.Earlier = len(earlier); m.Earlier > 0 {
		m.Usual = outputs[len(outputs)/2]
	}
	// A table that an earlier request of the vendor on the system named, and whose work used it, is a known one. Use alone makes no table known.
	for _, name := range t.Tables {
		mark, err := q.o.Ring.Mark(tablesMarks, strings.Join([]string{v.Vendor, v.System, name}, "\x00"))
		if err != nil {
			return err
		}
		switch {
		case !slices.Contains(outside, name):
			m.Marks = append(m.Marks, mark)
		case !used[mark]:
			m.Outside++
		}
	}
	for _, name := range t.Commands {
		mark, err := q.o.Ring.Mark(commandsMarks, strings.Join([]string{v.Vendor, v.System, name}, "\x00"))
		if err != nil {
			return err
		}
		m.Marks = append(m.Marks, mark)
		if !used[mark] {
			m.Unused++
		}
	}
	if err := tx.AddMeasure(m); err != nil {
		return err
	}
	_, err = tx.Append(ledger.Draft{Kind: "session.measured", Actor: broker, Subjects: []string{v.ID, v.Request, v.System}, Payload: map[string]any{
		"session_id": v.ID, "output": m.Output, "files": m.Files, "copied": m.Copied, "silence": int64(m.Silence / time.Second), "burst": m.Burst, "tables": m.Tables, "outside": len(outside), "unfamiliar": m.Outside,
		"commands": len(t.Commands), "unused": m.Unused, "earlier": m.Earlier, "usual": m.Usual, "reasons": append([]api.Pick{}, standsOut(m, allowed)...)}})
	return err
}

// asked gives the text of a request in small letters, and whether it allows files. A session without a request has none.
func asked(s *store.Snap, request string) (words string, files bool, err error) {
	r, err := s.Request(request)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	b, err := json.Marshal(r.Body)
	if err != nil {
		return "", false, fmt.Errorf("text of request %s: %w", request, err)
	}
	return strings.ToLower(string(b)), r.Body.Files == policy.FilesAllowed, nil
}

package disposal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/archive"
)

// Options configure an Archive. DB and Dir are required.
type Options struct {
	DB  *store.DB
	Dir string // of the recordings
	// Forget are functions that remove what other packages derived from a session's recording and keep elsewhere, such as a search index.
	// Each may be called again for the same session.
	Forget []func(ctx context.Context, session string) error
	FS     archive.FS   // nil: the operating system's
	Log    hclog.Logger // nil: none
}

// Archive disposes of recordings. It is safe for concurrent use.
type Archive struct {
	o    Options
	turn chan struct{} // one removal at a time
}

// New makes an archive on an open store.
func New(o Options) *Archive {
	if o.FS == nil {
		o.FS = archive.OS()
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Archive{o: o, turn: make(chan struct{}, 1)}
}

// Done reports whether a session's recording was removed and its files are proved gone.
func Done(s *store.Snap, session string) (bool, error) {
	d, err := s.Disposal(session)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return !d.Done.IsZero(), err
}

// timer is the actor of disposals by rule.
var timer = ledger.Actor{Kind: "broker", Via: "timer"}

// mostDue bounds the recordings of one system that one run disposes of; the rest follow in the next.
const mostDue = 200

// Due is the chore: it ends disposals that were broken off, and disposes of recordings whose time is over. One recording that cannot be
// removed keeps no other from its end.
func (a *Archive) Due(ctx context.Context) error {
	err := errors.Join(a.Resume(ctx), a.sweep(ctx))
	var due []store.Session
	if e := a.o.DB.Read(ctx, func(s *store.Snap) (err error) { due, err = a.due(s); return err }); e != nil {
		return errors.Join(err, e)
	}
	for _, v := range due {
		if ctx.Err() != nil {
			return err
		}
		e := a.o.DB.Write(ctx, func(tx *store.Tx) error { return a.Order(tx, v.ID, "", "", timer) })
		var stays *StaysError
		if errors.As(e, &stays) { // a hold came in between
			continue
		}
		if e == nil {
			e = a.Remove(ctx, v.ID)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("dispose of the recording of %s: %w", v.ID, e))
		}
	}
	return err
}

// due lists sessions whose recordings may be due.
func (a *Archive) due(s *store.Snap) (due []store.Session, err error) {
	ends, err := s.DueEnds()
	if err != nil {
		return nil, err
	}
	for _, system := range slices.Sorted(maps.Keys(ends)) {
		some, err := s.DueRecordings(system, ends[system], mostDue)
		if err != nil {
			return nil, fmt.Errorf("due recordings of %s: %w", system, err)
		}
		due = append(due, some...)
	}
	return due, nil
}

// StaysError means that a recording may not be disposed of now.
type StaysError struct {
	Session string
	Why     policy.Stays
}

func (e *StaysError) Error() string {
	return fmt.Sprintf("the recording of %s stays: %s", e.Session, e.Why)
}

// Order orders the disposal of a session's recording, with its entry. by is the person who ordered it, and reason what they said; both empty:
// the rule. The caller calls Remove after the commit. Errors: *StaysError; store.ErrNotFound where the session has no recording.
func (a *Archive) Order(tx *store.Tx, session, by, reason string, actor ledger.Actor) error {
	v, err := tx.Session(session)
	if err != nil {
		return fmt.Errorf("session %q: %w", session, err)
	}
	if v.Recording == "" {
		return fmt.Errorf("recording of %q: %w", session, store.ErrNotFound)
	}
	facts, err := tx.RecordingFacts(v)
	if err != nil {
		return fmt.Errorf("facts of the recording of %s: %w", v.ID, err)
	}
	end, err := endOf(tx.Snap, v.ID)
	if err != nil {
		return err
	}
	facts.Over, facts.Ended = facts.Over && !end.at.IsZero(), end.at // the ledger's word: the row can be edited by hand
	if why := facts.Stays(tx.Now); why != policy.StaysNot {
		return &StaysError{v.ID, why}
	}
	if path.Base(v.Recording) != v.ID+".skr" || end.file != "" && end.file != v.Recording {
		return fmt.Errorf("the row of %s names %q, which is not its recording", v.ID, v.Recording)
	}
	names, err := archive.Names(a.o.FS, a.o.Dir, v.Recording)
	if err != nil {
		return err
	}
	days := int(facts.Keep / (24 * time.Hour))
	if err := tx.OrderDisposal(store.Disposal{Session: v.ID, By: by, Days: days, Names: names}); err != nil {
		return fmt.Errorf("order the disposal: %w", err)
	}
	more := map[string]any{"days": days, "files": names}
	if reason != "" {
		more["reason"] = reason
	}
	return receiptEntry(tx, "recording.disposing", actor, v, more)
}

// ended is what the signed ledger says about a session's end.
type ended struct {
	at   time.Time
	file string // empty: the payload is disposed of, or names none
}

// endOf reads the end of a session from the ledger.
func endOf(s *store.Snap, session string) (ended, error) {
	for e, err := range s.Entries(store.EntryFilter{Kind: "session.ended", Subject: session, Limit: 1}) {
		if err != nil {
			return ended{}, fmt.Errorf("end of %s: %w", session, err)
		}
		if err := s.Prove(e); err != nil {
			return ended{}, fmt.Errorf("end of %s: %w", session, err)
		}
		var said struct {
			Recording *recordings.Digest `json:"recording"`
		}
		out := ended{at: e.Time}
		if !e.Disposed() && json.Unmarshal(e.Payload, &said) == nil && said.Recording != nil {
			out.file = said.Recording.File
		}
		return out, nil
	}
	return ended{}, nil // it is under way, or its end is not in the ledger yet: the zero time is no end
}

// receiptEntry writes an entry about a disposal.
func receiptEntry(tx *store.Tx, kind string, actor ledger.Actor, v store.Session, more map[string]any) error {
	body := map[string]any{"session_id": v.ID, "sha256": v.RecordingSum, "size": v.RecordingSize}
	for name, value := range more {
		body[name] = value
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: actor, Subjects: []string{v.ID, v.Request, v.System}, Payload: body}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

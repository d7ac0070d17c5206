package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/exactjson"
)

// pinned is the ledger's knowledge of a session's recording.
type pinned struct {
	session string
	system  string
	file    string // below the recordings directory
	live    bool   // the session is under way: the ledger has no digest yet
	digest  *recordings.Digest
	entry   int64     // the entry with the digest; -1: none
	ended   time.Time // when the session ended, by that entry; zero: it does not say
	bad     *BadError // a fault found before the file is read
	edited  error     // the contradiction of the row or the index; nil: none
}

func (p *pinned) fail(f Finding, place error) *BadError {
	return &BadError{Session: p.session, Finding: f, Entry: p.entry, Place: place}
}

// pin reads the ledger about a session. It trusts only signed entries and the supervisor's live list. The session's row, the
// index of subjects and the columns beside an entry can be edited by hand; their contradictions go into edited. end is as in
// opened. Errors: ErrNone, *DisposedError, store.ErrNotFound, the caller's end.
func (k *Keeper) pin(ctx context.Context, session string, end int64) (p pinned, err error) {
	// A session that is neither live nor ended in one snapshot may have ended between the snapshot and the check of the live
	// list.
	for _, last := range []bool{false, true} {
		found := false
		err = k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
			p = pinned{session: session, entry: -1}
			found, err = k.pinIn(ctx, s, &p, end, last)
			return err
		})
		if found || err != nil {
			break
		}
	}
	return p, err
}

// pinIn is pin in one snapshot. It reports whether it found the session's state. On the last attempt it reads the whole
// ledger.
func (k *Keeper) pinIn(ctx context.Context, s *store.Snap, p *pinned, end int64, last bool) (found bool, err error) {
	row, err := s.Session(p.session)
	gone := errors.Is(err, store.ErrNotFound)
	if err != nil && !gone {
		return false, err
	}
	p.system, p.file = row.System, row.Recording
	file, live := k.o.Live(p.session) // after the snapshot began, because the snapshot lacks later sessions
	said, err := entriesOf(s, p.session)
	if err != nil {
		p.bad = p.fail(Unproved, err)
		return true, nil
	}
	if end >= 0 && !slices.ContainsFunc(said, func(e ledger.Entry) bool { return e.Index == end }) {
		e, err := s.Entry(end)
		if err != nil {
			p.bad = p.fail(Unproved, err)
			return true, nil
		}
		said, p.edited = append(said, e), fmt.Errorf("the index of subjects lacks entry %d", end)
	}
	if gone := k.disposed(s, p.session, said); gone != nil && !live {
		return true, gone
	}
	switch {
	case len(of(said, "session.ended")) > 0 || live && len(of(said, "session.opening")) > 0:
	case gone && len(said) == 0:
		return true, store.ErrNotFound
	case len(of(said, "session.refused")) > 0 && len(of(said, "session.opening")) == 0 && s.Prove(of(said, "session.refused")[0]) == nil:
		if row.State != store.SessionRefused {
			p.edited = fmt.Errorf("the row says %q, and the session was refused", row.State)
		}
		return true, ErrNone
	case !last:
		return false, nil
	default:
		if said, err = k.search(ctx, s, p, said); err != nil {
			return false, err
		}
	}
	ends := of(said, "session.ended")
	switch opening := of(said, "session.opening"); {
	case p.bad != nil:
	case len(ends) > 0:
		for _, e := range ends {
			p.take(s, e)
		}
		if p.bad == nil {
			p.holdRow(row)
		}
	case !live:
		p.bad = p.fail(Unledgered, nil)
	case len(opening) == 0 || s.Prove(opening[0]) != nil:
		p.bad = p.fail(Unproved, errors.New("it is under way, and no entry session.opening of it is part of the signed ledger"))
	case file == "":
		return true, ErrNone
	default:
		if p.live, p.file = true, file; !row.State.Live() || row.Recording != file {
			p.edited = fmt.Errorf("the row says %q and names the file %q; the session is under way, in the file %q", row.State, row.Recording, file)
		}
	}
	return true, nil
}

// entriesOf returns a session's entries from the index of subjects, as their headers identify them.
func entriesOf(s *store.Snap, session string) (said []ledger.Entry, err error) {
	for e, err := range s.Entries(store.EntryFilter{Subject: session}) {
		if err != nil {
			return nil, err
		}
		if slices.Contains(e.Subjects, session) {
			said = append(said, e)
		}
	}
	return said, nil
}

// of returns the entries of a kind from said. The session is the first subject of these kinds.
func of(said []ledger.Entry, kind string) (of []ledger.Entry) {
	for _, e := range said {
		if e.Kind == kind {
			of = append(of, e)
		}
	}
	return of
}

// searched is the number of entries per query of search.
const searched = 20_000

// search reads all headers of the ledger for entries of the session that the index lacks. It ends with its caller.
func (k *Keeper) search(ctx context.Context, s *store.Snap, p *pinned, said []ledger.Entry) ([]ledger.Entry, error) {
	size, err := s.LedgerSize()
	if err != nil {
		return nil, err
	}
	for from := int64(0); from < size; from += searched {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		places, err := s.ScanSubject(from, min(from+searched, size), p.session)
		if err != nil {
			p.bad = p.fail(Unproved, err)
			return said, nil
		}
		for _, i := range places {
			if slices.ContainsFunc(said, func(e ledger.Entry) bool { return e.Index == i }) {
				continue
			}
			e, err := s.Entry(i)
			if err != nil {
				p.bad = p.fail(Unproved, err)
				return said, nil
			}
			if slices.Contains(e.Subjects, p.session) {
				said, p.edited = append(said, e), fmt.Errorf("the index of subjects lacks entry %d", i)
			}
		}
	}
	return said, nil
}

// holdRow compares the row with the end in the ledger.
func (p *pinned) holdRow(row store.Session) {
	switch d := p.digest; {
	case row.State != store.SessionEnded:
		p.edited = fmt.Errorf("the row says %q, and entry %d that the session ended", row.State, p.entry)
	case d != nil && (row.RecordingSum != d.SHA256.String() || row.RecordingSize != d.Size || d.File != "" && row.Recording != d.File):
		p.edited = fmt.Errorf("the row names another recording than entry %d", p.entry)
	}
}

// take checks one end of the session; there should be exactly one.
func (p *pinned) take(s *store.Snap, e ledger.Entry) {
	first := p.entry < 0
	if first {
		p.entry = e.Index
	}
	if err := s.Prove(e); err != nil {
		p.bad = p.fail(Unproved, err)
		return
	}
	if e.Disposed() {
		p.bad = p.fail(DigestGone, nil)
		return
	}
	var said struct {
		Session   string             `json:"session_id"`
		Recording *recordings.Digest `json:"recording"`
		Ended     time.Time          `json:"ended_at"`
	}
	if err := exactjson.Decode(e.Payload, &said); err != nil || said.Session != p.session {
		p.bad = p.fail(Unledgered, errors.Join(err, fmt.Errorf("entry %d is of session %q", e.Index, said.Session)))
		return
	}
	if first {
		p.ended = said.Ended
	}
	switch d := said.Recording; {
	case d == nil && p.digest == nil:
	case first && d != nil:
		p.digest = d
		if d.File != "" {
			p.file = d.File
		}
	case d == nil || p.digest == nil || d.SHA256 != p.digest.SHA256 || d.Size != p.digest.Size:
		p.bad = p.fail(Unledgered, fmt.Errorf("entries %d and %d name different recordings", p.entry, e.Index))
	}
}

package evidence

import (
	"errors"
	"fmt"
	"slices"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
	"sekimori/recordings/exactjson"
)

// pinned is what the ledger says of a session's recording.
type pinned struct {
	session string
	system  string
	file    string // below the recordings directory
	live    bool   // the session is under way: the ledger has no digest yet
	digest  *recordings.Digest
	entry   int64     // that names the digest, -1: none
	bad     *BadError // what is wrong before the file is looked at
}

func (p *pinned) fail(f Finding, place error) *BadError {
	return &BadError{Session: p.session, Finding: f, Entry: p.entry, Place: place}
}

// pin reads what the ledger says. The session's row is trusted with nothing but the name of the file of a session that is
// live, because a row can be edited by hand. Errors: ErrNone, store.ErrNotFound.
func pin(s *store.Snap, session string) (pinned, error) {
	p := pinned{session: session, entry: -1}
	row, err := s.Session(session)
	if err != nil {
		return p, err
	}
	p.system, p.file = row.System, row.Recording
	var ends []ledger.Entry
	for e, err := range s.Entries(store.EntryFilter{Kind: "session.ended", Subject: session}) {
		if err != nil {
			p.bad = p.fail(Unproved, err)
			return p, nil
		}
		if slices.Contains(e.Subjects, session) {
			ends = append(ends, e)
		}
	}
	if len(ends) == 0 {
		switch {
		case row.State.Live() && row.Recording != "":
			p.live = true
		case row.State.Live(), row.State == store.SessionRefused:
			return p, ErrNone
		default:
			p.bad = p.fail(Unledgered, nil)
		}
		return p, nil
	}
	for _, e := range ends {
		if err := p.take(s, e); err != nil {
			return p, err
		}
	}
	return p, nil
}

// take holds one end of the session, of which there should be one.
func (p *pinned) take(s *store.Snap, e ledger.Entry) error {
	first := p.entry < 0
	if first {
		p.entry = e.Index
	}
	if err := s.Prove(e); err != nil {
		p.bad = p.fail(Unproved, err)
		return nil
	}
	if e.Disposed() {
		p.bad = p.fail(DigestGone, nil)
		return nil
	}
	var said struct {
		Session   string             `json:"session_id"`
		Recording *recordings.Digest `json:"recording"`
	}
	if err := exactjson.Decode(e.Payload, &said); err != nil || said.Session != p.session {
		p.bad = p.fail(Unledgered, errors.Join(err, fmt.Errorf("entry %d is of session %q", e.Index, said.Session)))
		return nil
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
	return nil
}

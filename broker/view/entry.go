package view

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/correction"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// connectionKinds are the kinds of the entries that stand for a connection in the ledger's table.
var connectionKinds = []string{"session.opening", "session.started", "session.ended", "session.refused"}

// mostPauses bounds how many pauses of one session are counted.
const mostPauses = 1000

// EntryConnection is the connection that an entry is about, with what the 26 columns of the form say beside it (screens §5.2).
type EntryConnection struct {
	Connection
	Extensions int // granted to the window
	Pauses     int // of the session
	Files      policy.FilesRule
}

// Covering is the checkpoint that covers an entry.
type Covering struct {
	Note      []byte // as it was signed
	Witnesses []string
	ledger.Checkpoint
}

// EntryWhole is an entry with the connection that it is about, if it is one of its, and the checkpoint that covers it.
type EntryWhole struct {
	api.Entry
	Connection *EntryConnection
	Checkpoint Covering
}

// EntryWhole is Entry with all that its page shows. Attendants open the entries of connections in their own windows.
func (v *Views) EntryWhole(ctx context.Context, by Reader, no int64) (out EntryWhole, err error) {
	if out.Entry, err = v.Entry(ctx, by, no); err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		if out.Withheld {
			out.Checkpoint, err = v.coveringOf(s, no)
			return err
		}
		if out.Connection, err = v.entryConnection(s, out.Entry); err != nil {
			return err
		}
		out.Checkpoint, err = v.coveringOf(s, no)
		return err
	})
	return out, err
}

// sessionOf is the session that an entry of a connection is about.
func sessionOf(s *store.Snap, kind string, subjects []string) (r store.Session, ok bool, err error) {
	if !slices.Contains(connectionKinds, kind) {
		return r, false, nil
	}
	for _, about := range subjects {
		r, err := s.Session(about)
		if err == nil {
			return r, true, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return r, false, err
		}
	}
	return r, false, nil
}

// attended tells whether the entry is one of a connection in a window whose post the person has or had.
func (v *Views) attended(s *store.Snap, by Reader, e ledger.Entry) (bool, error) {
	if _, own, err := sightOfLedger(s, by.Person); err != nil || !own {
		return false, err
	}
	r, ok, err := sessionOf(s, e.Kind, e.Subjects)
	if err != nil || !ok {
		return false, err
	}
	people, err := s.Subject(r.ID)
	return slices.Contains(people.Attendants, by.ID), err
}

func (v *Views) entryConnection(s *store.Snap, e api.Entry) (*EntryConnection, error) {
	r, ok, err := sessionOf(s, e.Kind, e.Subjects)
	if err != nil || !ok {
		return nil, err
	}
	out := &EntryConnection{}
	if out.Connection, err = v.connection(s, r); err != nil {
		return nil, err
	}
	if out.Source = ""; r.Source.IsValid() {
		out.Source = r.Source.String()
	}
	if out.Line, err = v.sessionLine(s, r); err != nil {
		return nil, err
	}
	if err := verifiedEnd(s, &out.Session); err != nil {
		return nil, err
	}
	asked, err := s.Request(r.Request)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	out.Files = asked.Body.Files
	if r.Window != "" {
		granted, err := s.Extensions(store.ExtensionFilter{Window: r.Window, States: []store.ExtensionState{store.ExtensionGranted}})
		if err != nil {
			return nil, err
		}
		out.Extensions = len(granted)
	}
	for _, err := range s.Entries(store.EntryFilter{Subject: r.ID, Kind: "session.paused", Limit: mostPauses}) {
		if err != nil {
			return nil, err
		}
		out.Pauses++
	}
	return out, nil
}

// CheckpointOf is the first checkpoint that covers an entry. Errors: store.ErrNotFound.
func (v *Views) CheckpointOf(ctx context.Context, no int64) (out Covering, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) { out, err = v.coveringOf(s, no); return err })
	return out, err
}

// CheckpointBefore is the last checkpoint of entries before a time: for the end of a month, the month's last. Errors: store.ErrNotFound.
func (v *Views) CheckpointBefore(ctx context.Context, before time.Time) (out Covering, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		size, err := s.LedgerSize()
		if err != nil {
			return err
		}
		var failed error
		n := sort.Search(int(size), func(i int) bool { // times of entries never go back
			e, err := s.Entry(int64(i))
			failed = errors.Join(failed, err)
			return err != nil || !e.Time.Before(before)
		})
		if failed != nil {
			return failed
		}
		if n == 0 {
			return store.ErrNotFound
		}
		out, err = v.coveringOf(s, int64(n-1))
		return err
	})
	return out, err
}

// wholeEntry is an entry with the links to and from its corrections.
func (v *Views) wholeEntry(s *store.Snap, no int64) (api.Entry, error) {
	e, err := s.Entry(no)
	if err != nil {
		return api.Entry{}, err
	}
	out := Entry(e, v.o.Zone)
	if corrects, ok := correction.Corrected(e); ok {
		out.Corrects = &corrects
	}
	out.CorrectedBy, err = correction.Of(s, no)
	return out, err
}

package view

import (
	"context"
	"errors"
	"io"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// ConnectionsAsked narrows Connections. Zero fields do not narrow.
type ConnectionsAsked struct {
	From, To time.Time
	System   string
	Vendor   string
	Reason   string // code of the end cause
	Review   string // verdict, or "unsigned"
}

// Connection is one line of the ledger's table of connections.
type Connection struct {
	api.Session
	Entry         int64  // number of the entry about its end, or its newest; -1: none
	First, Second string // person ids of the approvers
	Deputy        bool   // the first was a deputy
	Attendant     string
	Review        string // state of the review that covers it; empty: none is owed yet
}

// SeeLedger is the person's sight of the ledger's connections now; own: only those of windows whose post they have or had.
func (v *Views) SeeLedger(ctx context.Context, by Reader) (sight policy.Sight, own bool, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		sight, own, err = sightOfLedger(s, by.Person)
		return err
	})
	return sight, own, err
}

func sightOfLedger(s *store.Snap, p policy.Person) (policy.Sight, bool, error) {
	standsIn, err := s.StandsInFor(p.ID)
	sight, own := policy.SeeLedger(p, standsIn)
	return sight, own, err
}

// Connections lists the connections that have ended or were refused, newest first after live ones. The look is ledgered (L1). Attendants
// see those of their own windows. Errors: *policy.Denied, ledgered.
func (v *Views) Connections(ctx context.Context, by Reader, f ConnectionsAsked, p Page) (out api.List[Connection], err error) {
	sight, own, err := v.SeeLedger(ctx, by)
	if err != nil {
		return out, err
	}
	if sight.Nothing() {
		_, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerRead}, "ledger")
		if err == nil {
			err = v.hidden(ctx, by, "ledger", "connections")
		}
		return out, err
	}
	asked := map[string]any{"limit": p.Limit, "kind": "session.ended", "subject": f.System, "before": 0}
	if err := v.Looked(ctx, by, "ledger.listed", []string{by.ID}, asked); err != nil {
		return out, err
	}
	filter := store.SessionFilter{Sight: &sight, From: f.From, To: f.To, System: f.System, Vendor: f.Vendor, Reason: f.Reason, Reviewed: f.Review}
	if own {
		filter.Attendant = by.ID
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.SessionPage(filter, p)
		if err != nil {
			return err
		}
		out = listed(page, func(r store.Session) Connection {
			one, failed := v.connection(s, r)
			err = errors.Join(err, failed)
			return one
		})
		return err
	})
	return out, err
}

func (v *Views) connection(s *store.Snap, r store.Session) (Connection, error) {
	out := Connection{Session: Session(r, v.o.Zone), Entry: -1}
	kind := "session.ended"
	switch {
	case r.State == store.SessionRefused:
		kind = "session.refused"
	case r.State.Live():
		kind = "session.opening"
	}
	for e, err := range s.Entries(store.EntryFilter{Subject: r.ID, Kind: kind, Newest: true, Limit: 1}) {
		if err != nil {
			return out, err
		}
		out.Entry = e.Index
	}
	if r.Request != "" {
		made, err := s.Decisions(r.Request)
		if err != nil {
			return out, err
		}
		for _, d := range made {
			switch {
			case d.Verdict == store.VerdictApprove && d.Stage == 1, d.Verdict == store.VerdictAfter, d.Verdict == store.VerdictOpen && out.First == "":
				out.First, out.Deputy = d.By, d.OnBehalf != ""
			case d.Verdict == store.VerdictApprove && d.Stage == 2, d.Verdict == store.VerdictOpen:
				out.Second = d.By
			}
		}
	}
	if r.Window != "" {
		if w, err := s.Window(r.Window); err == nil {
			out.Attendant = w.Attendant
		} else if !errors.Is(err, store.ErrNotFound) {
			return out, err
		}
	}
	review, err := s.ReviewOf(r.ID)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	out.Review = string(reviewState(review, s.Now))
	return out, err
}

// ExportLedger writes the whole ledger as of now, for auditors, with a purpose. The entry about the export is committed first and is part of
// it. begin is called before the first byte. Errors: *policy.Denied, ledgered.
func (v *Views) ExportLedger(ctx context.Context, by Reader, why Why, begin func() io.Writer) error {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, "ledger"); err != nil {
		return err
	}
	if err := v.Looked(ctx, by, "ledger.exported", []string{by.ID}, why.Payload(map[string]string{"format": "jsonl"})); err != nil {
		return err
	}
	size, err := v.Size(ctx)
	if err != nil {
		return err
	}
	checkpoint, size, err := v.HandOut(ctx, size)
	if err != nil {
		return err
	}
	return ledger.WriteExport(begin(), v.o.DB.EntriesTo(ctx, size), checkpoint)
}

// Checkpoint is the newest checkpoint, a signed note.
func (v *Views) Checkpoint(ctx context.Context) (note []byte, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) { note, err = s.LatestCheckpoint(); return err })
	return note, err
}

package view

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/correction"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// EntriesAsked narrows Entries. Zero fields do not narrow.
type EntriesAsked struct {
	Kind    string // "session.opening"; "session.*" for all with this beginning
	Subject string
	Before  int64 // only entries with a smaller number
	None    bool  // no entries at all, as before the first entry
}

// Entries lists entries of the ledger, newest first. The entry about this look (L1) is committed before anything is shown. Errors:
// *policy.Denied, ledgered.
func (v *Views) Entries(ctx context.Context, by Reader, f EntriesAsked, limit int) (api.List[api.Entry], error) {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil || f.None {
		return api.List[api.Entry]{Items: []api.Entry{}}, err
	}
	asked := map[string]any{"limit": limit, "kind": f.Kind, "subject": f.Subject, "before": f.Before}
	if err := v.Looked(ctx, by, "ledger.listed", []string{by.ID}, asked); err != nil {
		return api.List[api.Entry]{}, err
	}
	out := api.List[api.Entry]{Items: []api.Entry{}}
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := readingOf(s, by)
		if err != nil {
			return err
		}
		whole, err := r.whole(f.Subject)
		if err != nil {
			return err
		}
		if ok, err := r.sees([]string{f.Subject}); err != nil || !ok {
			return err // the list of a thing that the person does not see is empty
		}
		filter := store.EntryFilter{Newest: true, Kind: f.Kind, Subject: f.Subject, To: f.Before, Limit: limit + 1}
		if !whole {
			filter.Limit = mostExamined
		}
		examined, last := 0, int64(0)
		for e, err := range s.Entries(filter) {
			if err != nil {
				return err
			}
			one := Entry(e, v.o.Zone)
			if err := r.withhold(&one); err != nil {
				return err
			}
			examined, last = examined+1, one.No
			if one.Withheld && f.Subject != "" { // that it is found by its subject would tell its subject
				continue
			}
			if len(out.Items) == limit {
				out.Next = strconv.FormatInt(out.Items[limit-1].No, 10)
				break
			}
			out.Items = append(out.Items, one)
		}
		if !whole && out.Next == "" && examined == mostExamined {
			out.Next = strconv.FormatInt(last, 10) // the next page looks on from there
		}
		filter.To, filter.Limit = 0, 0
		out.Total, err = r.count(filter, whole)
		return err
	})
	return out, err
}

// Entry shows one entry. The look is ledgered (L1). Attendants see those of connections in their own windows. Errors: *policy.Denied,
// ledgered; store.ErrNotFound.
func (v *Views) Entry(ctx context.Context, by Reader, no int64) (api.Entry, error) {
	own := false
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		e, err := s.Entry(no)
		if errors.Is(err, store.ErrNotFound) {
			return nil // it is told below, to those who read the ledger
		}
		if err != nil {
			return err
		}
		own, err = v.attended(s, by, e)
		return err
	})
	if err != nil {
		return api.Entry{}, err
	}
	if !own {
		if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil {
			return api.Entry{}, err
		}
	}
	var out api.Entry
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if out, err = v.wholeEntry(s, no); err != nil {
			return err
		}
		out.Offers = correction.OnEntry.Offers(s, by.Person, strconv.FormatInt(no, 10))
		if own {
			return nil
		}
		r, err := readingOf(s, by)
		if err != nil {
			return err
		}
		return r.withhold(&out)
	})
	if err == nil {
		err = v.Looked(ctx, by, "ledger.viewed", []string{by.ID}, map[string]int64{"entry": no})
	}
	if err != nil {
		return api.Entry{}, err
	}
	return out, nil
}

// EntryNow shows an entry as an act left it, without an entry about a look.
func (v *Views) EntryNow(ctx context.Context, no int64) (out api.Entry, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) { out, err = v.wholeEntry(s, no); return err })
	return out, err
}

// Entry gives an entry as the API shows it.
func Entry(e ledger.Entry, z *time.Location) api.Entry {
	out := api.Entry{
		No: e.Index, Time: At(e.Time, z), Kind: e.Kind, Actor: api.Actor{Kind: e.Actor.Kind, ID: e.Actor.ID, Via: e.Actor.Via},
		OnBehalf: e.OnBehalf, Subjects: e.Subjects, Hash: e.Leaf().String(),
	}
	if !e.Clock.IsZero() && !e.Clock.Equal(e.Time) {
		out.Clock = At(e.Clock, z)
	}
	if out.Disposed = e.Disposed(); json.Valid(e.Payload) {
		out.Payload = json.RawMessage(e.Payload)
	}
	return out
}

package view

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// IncidentTimeline lists the entries of the ledger that concern an incident, in their order: its own, and those of the sessions that it
// holds or refused, with their windows and requests. Rights are those of the ledger's list: sessions that the person does not see are left
// out. The look is ledgered before anything is shown. Errors: *policy.Denied, ledgered; store.ErrNotFound; store.ErrBadPage.
func (v *Views) IncidentTimeline(ctx context.Context, by Reader, id string, p Page) (out api.List[api.IncidentEntry], err error) {
	after := int64(-1)
	if p.Next != "" {
		if after, err = strconv.ParseInt(p.Next, 10, 64); err != nil || after < 0 {
			return out, store.ErrBadPage
		}
	}
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerRead}, "ledger"); err != nil {
		return out, err
	}
	z, err := v.o.Freezer.One(ctx, id)
	if err != nil {
		return out, err
	}
	looked := map[string]any{"incident": z.ID}
	if after >= 0 {
		looked["after"] = after
	}
	if err := v.Looked(ctx, by, "incident.timeline-viewed", []string{z.ID, by.ID}, looked); err != nil {
		return out, err
	}
	out.Items = []api.IncidentEntry{}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := readingOf(s, by)
		if err != nil {
			return err
		}
		at, err := entriesOf(r, z, math.MaxInt64)
		if err != nil {
			return err
		}
		out.Total = len(at)
		at = at[rankAfter(at, after):]
		if size := pageSize(p); len(at) > size {
			at = at[:size]
			out.Next = strconv.FormatInt(at[size-1], 10)
		}
		for _, no := range at {
			e, err := s.Entry(no)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, incidentEntry(e, z.Drill, v.o.Zone))
		}
		return nil
	})
	return out, err
}

// rankAfter is how many of the numbers, which ascend, are not behind after.
func rankAfter(at []int64, after int64) int {
	i, found := slices.BinarySearch(at, after)
	if found {
		i++
	}
	return i
}

func pageSize(p Page) int {
	if p.Limit > 0 {
		return min(p.Limit, api.MostItems)
	}
	return api.PageItems
}

// entriesOf finds the entries of an incident that the person reads, below an index.
func entriesOf(r *reading, z freeze.Status, below int64) ([]int64, error) {
	held, err := r.s.SessionsHeldBy(z.ID)
	if err != nil {
		return nil, fmt.Errorf("sessions of %s: %w", z.ID, err)
	}
	refused, err := r.s.RefusedDuring(z.Freeze)
	if err != nil {
		return nil, fmt.Errorf("refusals of %s: %w", z.ID, err)
	}
	ids, requests, windows := []string{z.ID}, []string{}, []string{}
	for _, h := range held {
		seen, err := r.sees([]string{h.System})
		if err != nil {
			return nil, err
		}
		if !seen {
			continue
		}
		ids = append(ids, h.ID)
		if h.Window != "" {
			windows = append(windows, h.Window)
		}
		if h.Request != "" {
			requests = append(requests, h.Request)
		}
	}
	for _, a := range refused {
		seen, err := r.sees([]string{a.System})
		if err != nil {
			return nil, err
		}
		if seen {
			ids = append(ids, a.ID)
		}
	}
	at, err := r.s.EntriesConcerning(ids, requests, windows, below)
	if err != nil || r.sight.All {
		return at, err
	}
	return r.readable(at)
}

// readable leaves out the entries that are about other sections' systems alone. Most name a session, a window or a request that the person
// sees; those of the incident itself may not.
func (r *reading) readable(at []int64) ([]int64, error) {
	kept := at[:0]
	for _, no := range at {
		e, err := r.s.Entry(no)
		if err != nil {
			return nil, err
		}
		one := api.Entry{Actor: api.Actor{ID: e.Actor.ID}, Subjects: e.Subjects}
		if err := r.withhold(&one); err != nil {
			return nil, err
		}
		if !one.Withheld {
			kept = append(kept, no)
		}
	}
	return kept, nil
}

// incidentEntry says an entry in words.
func incidentEntry(e ledger.Entry, drill bool, z *time.Location) api.IncidentEntry {
	said := saidIn(e.Kind, e.Payload)
	return api.IncidentEntry{
		No: e.Index, Time: At(e.Time, z), Drill: drill, Kind: e.Kind, JA: ledger.KindJA(e.Kind), EN: ledger.KindSays(e.Kind),
		Actor: api.Actor{Kind: e.Actor.Kind, ID: e.Actor.ID, Via: e.Actor.Via}, OnBehalf: e.OnBehalf, Subjects: e.Subjects, SaidJA: said.JA, SaidEN: said.EN,
	}
}

// unanswered are the reasons of a refused approval that are not among policy's reasons: the approver had still to answer or to correct something.
var unanswered = map[string]text.Text{
	"check-items": text.Of("確認事項が残っています", "check items are open"),
	"invalid":     text.Of("入力に誤りがあります", "the input has mistakes"),
}

// saidIn is the reason that an entry gives, or the words that a person wrote with it; zero: it has none, or they were disposed of. Texts of
// strangers are as they were written: the caller makes them harmless before it shows them.
func saidIn(kind string, payload []byte) text.Text {
	var p struct {
		Reason any `json:"reason"`
		Cause  any `json:"end_cause"`
		Number any `json:"number"` // beside a reason of policy, which is then a code
		Note   any `json:"note"`
		Text   any `json:"text"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return text.Text{}
	}
	if _, numbered := p.Number.(float64); numbered || kind == refusedLook {
		for _, code := range []any{p.Cause, p.Reason} {
			if word, ok := code.(string); ok && policy.Reason(word).Number() > 0 {
				return policy.Reason(word).Label()
			}
		}
	}
	if word, ok := p.Reason.(string); ok && kind == "request.refused-approval" {
		return text.Label(unanswered, word)
	}
	for _, said := range []any{p.Reason, p.Note, p.Text} {
		if words, ok := said.(string); ok && !policy.Blank(words) {
			return text.Same(words)
		}
	}
	return text.Text{}
}

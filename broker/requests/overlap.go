package requests

import (
	"fmt"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// overlap refuses a second window on an exclusive system at a time, approved or awaiting approval.
func (c *checking) overlap(spans []policy.Span, sys store.System, own string) error {
	other, err := clash(c.snap, sys, own, spans, true)
	if err == nil && other != nil {
		c.problem("start", codeOverlap, other.ja(c.zone), other.en(c.zone))
	}
	return err
}

// taken is a window or request that blocks an exclusive system.
type taken struct {
	no         string // of the request
	start, end time.Time
}

func (o *taken) when(zone *time.Location) string {
	start, end := o.start.In(zone), o.end.In(zone)
	last := end.Format("15:04")
	if policy.DateOf(start, zone) != policy.DateOf(end, zone) {
		last = end.Format("2006-01-02 15:04")
	}
	return start.Format("2006-01-02 15:04") + "–" + last
}

func (o *taken) ja(zone *time.Location) string {
	return fmt.Sprintf("同じ接続先に %s の予定があります(%s)。", o.no, o.when(zone))
}

func (o *taken) en(zone *time.Location) string {
	return fmt.Sprintf("Overlaps %s (%s).", o.no, o.when(zone))
}

// clash finds a window of a request other than own on an exclusive system that touches one of the spans; with pending, also a request
// that awaits approval. Nil: none.
func clash(s *store.Snap, sys store.System, own string, spans []policy.Span, pending bool) (*taken, error) {
	if !sys.Exclusive || len(spans) == 0 {
		return nil, nil
	}
	from, until := spans[0].Start, spans[len(spans)-1].End
	windows, err := s.Windows(store.WindowFilter{System: sys.ID, EndAfter: from, StartBefore: until, Limit: busiest})
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	for _, w := range windows {
		if w.Request != own && w.State.Usable() && touches(spans, w.Start, w.End) {
			return &taken{w.Request, w.Start, w.End}, nil
		}
	}
	if !pending {
		return nil, nil
	}
	open, err := s.Requests(store.RequestFilter{System: sys.ID, States: []policy.RequestState{policy.PendingFirst, policy.PendingSecond},
		EndAfter: from, Limit: busiest})
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	for _, o := range open {
		if o.No == own || !s.Now.Before(o.Start) {
			continue
		}
		for _, theirs := range spansOf(o) {
			if touches(spans, theirs.Start, theirs.End) {
				return &taken{o.No, theirs.Start, theirs.End}, nil
			}
		}
	}
	return nil, nil
}

// busiest is more than one system ever has planned at a time.
const busiest = 10000

func touches(spans []policy.Span, start, end time.Time) bool {
	for _, s := range spans {
		if s.Start.Before(end) && start.Before(s.End) {
			return true
		}
	}
	return false
}

// mustBeFree refuses a second window beside one on an exclusive system.
func (d *Desk) mustBeFree(s *store.Snap, r store.Request, sys store.System, pending bool) error {
	other, err := clash(s, sys, r.No, spansOf(r), pending)
	if err != nil || other == nil {
		return err
	}
	return &forms.Invalid{Problems: []forms.Problem{{Field: "start", Code: codeOverlap, JA: other.ja(d.o.Zone), EN: other.en(d.o.Zone)}}}
}

// the states of a usable window
var usableStates = []policy.WindowState{policy.WindowScheduled, policy.WindowAttended, policy.WindowPermitted}

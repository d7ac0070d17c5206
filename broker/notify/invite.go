package notify

import (
	"bytes"
	"fmt"
	"slices"

	"sekimori/broker/calendar"
	"sekimori/broker/store"
)

// appointments puts the windows of a request into the letter, as they stand now. One window is an invitation, which calendar programs
// offer to take over, or the withdrawal of one; several windows are a list, because an invitation is about one thing only (RFC 5546). The
// ids are those of the feeds, so that a program that has both shows each window once.
func (s *Service) appointments(snap *store.Snap, l *Letter) error {
	lang := l.Lang
	if lang == "" {
		lang = "ja"
	}
	events, err := s.o.Events(snap, l.Words.Calendar, lang)
	if err != nil {
		return fmt.Errorf("appointments of %s: %w", l.Words.Calendar, err)
	}
	if len(events) == 0 {
		return nil
	}
	f := calendar.Feed{Name: s.o.Institution, Zone: s.o.Zone, From: events[0].Start, Until: events[len(events)-1].End, Events: events}
	l.Cancels = !slices.ContainsFunc(events, func(e calendar.Event) bool { return e.Status != calendar.Cancelled })
	if len(events) == 1 {
		l.Asks = true
		f.Method = calendar.Request
		if l.Cancels {
			f.Method = calendar.Cancel
		}
		f.Events[0].Organizer, f.Events[0].Attendee = s.o.From, l.To
	}
	var b bytes.Buffer
	if err := calendar.Write(&b, f); err != nil {
		return err
	}
	l.Ical = b.Bytes()
	return nil
}

package view

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// Way is the form in which a part of a recording is sent.
type Way string

// The ways.
const (
	AsPicture Way = "picture"
	AsText    Way = "text"
	AsHit     Way = "search" // lines that a search found
)

const (
	quietLook     = time.Minute // a look that was sent nothing for this long has its intervals noted
	mostUnnoted   = 200         // intervals of a look that wait for an entry
	servedPatient = 10 * time.Second
)

// served is what one look was sent and no entry has yet.
type served struct {
	look, session, person string
	length                int64 // of the recording, in seconds
	ways                  map[Way]ledger.Intervals
	first, last           time.Time // when the first and the last of it was sent
	over                  bool      // the look is over: the next entry is its last one
}

func newServed(look, session, person string) *served {
	return &served{look: look, session: session, person: person, ways: map[Way]ledger.Intervals{}}
}

// sent adds an interval, which covers whole seconds of the recording.
func (s *served) sent(way Way, from, to, length time.Duration, now time.Time) {
	const second = time.Second
	s.length = max(s.length, int64((length+second-1)/second))
	from, to = max(from, 0), max(to, from+1) // a single moment lies in a second too
	one := ledger.Interval{int64(from / second), int64((to + second - 1) / second)}
	s.length = max(s.length, one[1])
	s.ways[way] = s.ways[way].Add(one)
	if s.first.IsZero() {
		s.first = now
	}
	s.last = now
}

func (s *served) waits() (n int) {
	for _, all := range s.ways {
		n += len(all)
	}
	return n
}

// due reports whether an entry must be written now.
func (s *served) due(now time.Time) bool {
	if s.over {
		return true
	}
	return !s.first.IsZero() && (now.Sub(s.first) >= ledger.MostUnserved-servedPatient*2 || now.Sub(s.last) >= quietLook || s.waits() >= mostUnnoted)
}

// take gives the payload of the next entry, and forgets what it says.
func (s *served) take() ledger.Served {
	out := ledger.Served{Look: s.look, Session: s.session, Person: s.person, Length: s.length, Picture: s.ways[AsPicture], Text: s.ways[AsText], Search: s.ways[AsHit], Ended: s.over}
	s.ways, s.first = map[Way]ledger.Intervals{}, time.Time{}
	return out
}

// back returns what could not be written.
func (s *served) back(p ledger.Served, now time.Time) {
	for way, list := range map[Way]ledger.Intervals{AsPicture: p.Picture, AsText: p.Text, AsHit: p.Search} {
		for _, one := range list {
			s.ways[way] = s.ways[way].Add(one)
		}
	}
	if s.first.IsZero() {
		s.first = now
	}
}

// Sent notes that a part of the recording was sent to the person: from a time of the session to another. The ledger has it within
// ledger.MostUnserved.
func (p *Playback) Sent(way Way, from, to time.Duration) {
	p.v.playbacks.mu.Lock()
	defer p.v.playbacks.mu.Unlock()
	p.one.served.sent(way, from, to, p.Length, p.v.o.Clock())
}

// NoteServed enters which parts of recordings people were sent, where an entry is due; with all, at the stop of the broker, of each look, which
// then is over. It is a chore.
func (v *Views) NoteServed(ctx context.Context, all bool) (err error) {
	v.playbacks.noting.Lock()
	defer v.playbacks.noting.Unlock()
	now := v.o.Clock()
	for _, s := range v.playbacks.due(now, all) {
		v.playbacks.mu.Lock()
		payload := s.take()
		v.playbacks.mu.Unlock()
		if failed := v.noteServed(ctx, payload); failed != nil {
			v.playbacks.mu.Lock()
			s.back(payload, now)
			v.playbacks.mu.Unlock()
			err = errors.Join(err, failed)
			continue
		}
		if payload.Ended {
			v.playbacks.forget(s)
		}
	}
	return err
}

func (v *Views) noteServed(ctx context.Context, s ledger.Served) error {
	err := v.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: ledger.KindServed, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.Session, s.Person}, Payload: s})
		return err
	})
	if err != nil {
		return fmt.Errorf("note what look %s at %s was sent: %w", s.Look, s.Session, err)
	}
	return nil
}

// Stream is a look that is one answer: a recording played by a command.
type Stream struct {
	v *Views
	s *served
}

// BeginStream enters the look, before the first byte. payload is that of the entry; the look's name is added. The caller calls End.
func (v *Views) BeginStream(ctx context.Context, by Reader, session string, payload map[string]string) (*Stream, error) {
	look := lookName()
	payload = maps.Clone(payload)
	payload["look"] = look
	if err := v.Looked(ctx, by, ledger.KindViewed, []string{session, by.ID}, payload); err != nil {
		return nil, err
	}
	return &Stream{v: v, s: newServed(look, session, by.ID)}, nil
}

// End enters that the recording was sent from its beginning to a time of the session, although the caller may have left.
func (s *Stream) End(ctx context.Context, to, length time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), servedPatient)
	defer cancel()
	if to > 0 {
		s.s.sent(AsPicture, 0, to, length, s.v.o.Clock())
	}
	s.s.over = true
	return s.v.noteServed(ctx, s.s.take())
}

// due gives the looks of which an entry is due.
func (p *playbacks) due(now time.Time, all bool) (out []*served) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.all {
		if all || now.Sub(one.used) > playbackRests {
			one.served.over = true
		}
	}
	for _, s := range p.unnoted {
		if s.due(now) {
			out = append(out, s)
		}
	}
	return out
}

// forget drops a look that is over and noted.
func (p *playbacks) forget(s *served) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unnoted = slices.DeleteFunc(p.unnoted, func(other *served) bool { return other == s })
	maps.DeleteFunc(p.all, func(_ string, one *playback) bool { return one.served == s })
}

package view

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
	"sekimori/recordings"
)

// ErrNoPlayback means that a playback is not known, or over: the person must choose a purpose again.
var ErrNoPlayback = errors.New("no such playback")

// Bounds of the playbacks that are kept in memory.
const (
	playbackRests = time.Hour // unused for this long, a playback is over
	mostPlaybacks = 16        // of one person; the one that rested longest goes first
)

// playbacks are the looks at recordings that people have begun on pages. A page reads a recording in several calls (picture, marks, text,
// search), which are one look: one purpose and one entry.
type playbacks struct {
	noting  sync.Mutex           // one writer of entries about what was sent
	mu      sync.Mutex           // guards the following, and each served
	all     map[string]*playback // by their secret names
	unnoted []*served            // of all looks that have no last entry yet
}

// playback is one look.
type playback struct {
	person, token, session string
	why                    Why
	damaged                bool
	used                   time.Time
	served                 *served
	seen                   *evidence.Seen // the file that was verified at the begin; nil: it has no index
	length                 time.Duration
}

// BeginPlayback opens a recording's content for a person: it compares the recording with the ledger, and commits the entry about the look.
// token is the name of the person's token. The name that it returns opens the content to that person with that token, until it rests for an
// hour. damaged opens a recording that does not hold, which needs policy's permission too. Errors: *policy.Denied, ledgered;
// *evidence.BadError, after its alarm; evidence.ErrNone; store.ErrNotFound.
func (v *Views) BeginPlayback(ctx context.Context, by Reader, token, session string, why Why, damaged bool) (name string, err error) {
	one := playback{person: by.ID, token: token, session: session, why: why, damaged: damaged, used: v.o.Clock()}
	held, err := v.openPlayback(ctx, by, one)
	if err != nil {
		return "", err
	}
	defer held.Close()
	payload := why.Payload(map[string]string{"scope": "output", "look": lookName()})
	if held.Bad != nil {
		payload["damaged"] = string(held.Bad.Finding)
	}
	if err := v.Looked(ctx, by, ledger.KindViewed, []string{session, by.ID}, payload); err != nil {
		return "", err
	}
	name = rand.Text()
	one.seen, one.length = held.Seen(), held.Length
	one.served = newServed(payload["look"], session, by.ID)
	v.playbacks.keep(name, one)
	return name, nil
}

// lookName names a look in the ledger. It is no secret, as the name of a playback is.
func lookName() string { return strings.ToLower(rand.Text()[:10]) }

// openPlayback asks policy and opens the recording.
func (v *Views) openPlayback(ctx context.Context, by Reader, one playback) (*evidence.Recording, error) {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActPlay, Session: one.session, Purpose: one.why.Purpose}, "recording"); err != nil {
		return nil, err
	}
	if !one.damaged {
		return v.o.Evidence.Open(ctx, one.session)
	}
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActOpenDamaged, Session: one.session, Purpose: one.why.Purpose}, "recording"); err != nil {
		return nil, err
	}
	return v.o.Evidence.OpenDamaged(ctx, one.session)
}

// Playback is a recording that one call reads. Close it. Each of its methods reads the recording from its beginning.
type Playback struct {
	Session string
	Why     Why
	Started time.Time          // in the institution's zone
	Size    int64              // of the file, in bytes
	Length  time.Duration      // of the recording
	Live    bool               // under way
	Bad     *evidence.BadError // the recording does not hold

	v    *Views
	one  playback
	held *evidence.Recording
	view recordings.View
}

// Playback opens a recording's content again, under the name that BeginPlayback gave. Policy is asked again. Errors: ErrNoPlayback, and
// those of BeginPlayback.
func (v *Views) Playback(ctx context.Context, by Reader, token, session, name, lang string) (*Playback, error) {
	one, ok := v.playbacks.use(name, v.o.Clock())
	if !ok || one.person != by.ID || one.token != token || one.session != session {
		return nil, ErrNoPlayback
	}
	held, err := v.openPlayback(ctx, by, one)
	if err != nil {
		return nil, err
	}
	return v.playbackOf(ctx, one, held, lang)
}

// playbackOf is a look at an opened recording, which it closes after an error.
func (v *Views) playbackOf(ctx context.Context, one playback, held *evidence.Recording, lang string) (_ *Playback, err error) {
	session := one.session
	p := &Playback{Session: session, Why: one.why, Live: held.Live, Bad: held.Bad, Size: held.Digest.Size, Length: held.Length, v: v, one: one, held: held}
	if p.view.Encoding, err = v.Encoding(ctx, session); err == nil {
		err = p.read(ctx, func(r *recordings.Reader) error {
			p.Started = At(r.Header().Started, v.o.Zone)
			return errPeeked
		})
	}
	if err != nil && !errors.Is(err, errPeeked) {
		return nil, errors.Join(err, held.Close())
	}
	p.view.Lang, p.view.Started = lang, p.Started
	p.view.CauseJA = causeJA
	return p, nil
}

// causeJA is what an end's cause is called.
func causeJA(code string) string { return policy.Reason(code).Label().JA }

// errPeeked ends a reading that needs the header only.
var errPeeked = errors.New("enough was read")

// read reads the recording once. A recording that is under way, or that does not hold, just stops; one that changed while it was read is an
// error.
func (p *Playback) read(ctx context.Context, use func(*recordings.Reader) error) error {
	r, err := p.held.Reader(p.v.o.Ring.ViewingIdentity())
	if err != nil && p.Bad != nil { // its header is damaged: nothing of it can be shown
		return p.Bad
	}
	if err != nil {
		return fmt.Errorf("open recording %s: %w", p.Session, err)
	}
	defer r.Close()
	err = use(r)
	var torn *recordings.TruncatedError
	if p.Live && errors.As(err, &torn) || p.Bad != nil && ctx.Err() == nil && !errors.Is(err, errPeeked) && !errors.Is(err, ErrCastTooLong) {
		err = nil
	}
	if err != nil {
		return err
	}
	return p.held.Confirm(ctx, r.Digest())
}

// Close releases the recording.
func (p *Playback) Close() error {
	if p.held == nil {
		return nil
	}
	return p.held.Close()
}

// castIdle is the longest gap of a picture whose quiet stretches are shortened.
const castIdle = 2 * time.Second

// MostCast bounds the asciicast for a page, which a browser holds in memory as a whole.
const MostCast = 64 << 20

// ErrCastTooLong means that a recording is too long for a page: its text and its export show all of it.
var ErrCastTooLong = errors.New("the picture is longer than a page takes")

// squeezed is the way to show the recording with quiet stretches shortened, or as it was.
func (p *Playback) squeezed(squeeze bool) recordings.View {
	w := p.view
	if squeeze {
		w.Idle = castIdle
	}
	return w
}

// Cast writes the recording as an asciicast, at most MostCast bytes of it. Error: ErrCastTooLong, after those.
func (p *Playback) Cast(ctx context.Context, w io.Writer, squeeze bool) error {
	return p.read(ctx, func(r *recordings.Reader) error {
		return recordings.Asciicast(ctx, &bounded{w: w, left: MostCast}, r, p.squeezed(squeeze))
	})
}

// bounded fails once left bytes were written.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(d []byte) (int, error) {
	if len(d) > b.left {
		return 0, ErrCastTooLong
	}
	b.left -= len(d)
	return b.w.Write(d)
}

// Timeline gives the marks of the recording, with the bookmarks that attendants made, and their places in the asciicast.
func (p *Playback) Timeline(ctx context.Context, squeeze bool) (out api.Timeline, err error) {
	var line *recordings.Timeline
	err = p.read(ctx, func(r *recordings.Reader) (err error) {
		line, err = recordings.Marks(ctx, r, p.squeezed(squeeze))
		return err
	})
	if err != nil {
		return out, err
	}
	notes, err := p.bookmarks(ctx)
	if err != nil {
		return out, err
	}
	out = timeline(p.Session, p.Started, line, notes)
	gap, err := p.gap(ctx, line.Elapsed)
	if err != nil || gap <= 0 {
		return out, err
	}
	out.Marks = append(out.Marks, gapMark(p.Started, line, gap))
	slices.SortStableFunc(out.Marks, func(a, b api.Mark) int { return int(a.AtMS - b.AtMS) })
	return out, nil
}

// gap is how long a session went on after the last instant of which its recording holds; 0 where the recording holds to its end, or is still written.
func (p *Playback) gap(ctx context.Context, readable time.Duration) (gap time.Duration, err error) {
	if p.Bad == nil || p.Live {
		return 0, nil
	}
	err = p.v.o.DB.Read(ctx, func(s *store.Snap) error {
		one, err := s.Session(p.Session)
		if err == nil && !one.Ended.IsZero() {
			gap = one.Ended.Sub(p.Started) - readable
		}
		return err
	})
	return gap, err
}

// bookmarks reads the attendants' bookmarks of the session from the ledger, oldest first.
func (p *Playback) bookmarks(ctx context.Context) (out []bookmark, err error) {
	err = p.v.o.DB.Read(ctx, func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: store.KindBookmarked, Subject: p.Session, Limit: mostBookmarks}) {
			if err != nil {
				return fmt.Errorf("read bookmarks of %s: %w", p.Session, err)
			}
			b, err := bookmarkOf(e)
			if err != nil {
				return err
			}
			out = append(out, b)
		}
		return nil
	})
	return out, err
}

// keep adds a playback. It forgets those that are over, and the person's oldest if there are too many.
func (p *playbacks) keep(name string, one playback) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]*playback{}
	}
	oldest, n := "", 0
	for name, other := range p.all {
		switch {
		case one.used.Sub(other.used) > playbackRests:
			p.end(name)
		case other.person == one.person:
			if n++; oldest == "" || other.used.Before(p.all[oldest].used) {
				oldest = name
			}
		}
	}
	if n >= mostPlaybacks {
		p.end(oldest)
	}
	p.all[name] = &one
	p.unnoted = append(p.unnoted, one.served)
}

// end ends a playback. The chore enters what it was sent. The caller holds mu.
func (p *playbacks) end(name string) {
	if one := p.all[name]; one != nil {
		one.served.over = true
		delete(p.all, name)
	}
}

// use finds a playback and notes that it is in use.
func (p *playbacks) use(name string, now time.Time) (playback, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.all[name]
	if one == nil || one.served.over || now.Sub(one.used) > playbackRests {
		p.end(name)
		return playback{}, false
	}
	one.used = now
	return *one, true
}

// DamageText tells that the recording does not hold, for the top of each page of it; empty: it holds.
func (p *Playback) DamageText() text.Text {
	if p.Bad == nil {
		return text.Text{}
	}
	t := p.Bad.Text()
	return text.Of("【証拠として使えません】"+t.JA, "NOT EVIDENCE: "+t.EN)
}

package view

import (
	"context"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/index"
)

// Parts is a recording's picture in parts, each of which can be shown on its own. Close it.
type Parts struct {
	play *Playback
	i    *evidence.Indexed
	lang string
}

// PlaybackParts opens a playback's picture in parts, under the name that BeginPlayback gave. Policy is asked again, and the file must be the one that
// the look has verified. Errors: evidence.ErrNoIndex (wrapped) where the picture can be shown as a whole only, and those of Playback.
func (v *Views) PlaybackParts(ctx context.Context, by Reader, token, session, name, lang string) (*Parts, error) {
	one, ok := v.playbacks.use(name, v.o.Clock())
	if !ok || one.person != by.ID || one.token != token || one.session != session {
		return nil, ErrNoPlayback
	}
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActPlay, Session: session, Purpose: one.why.Purpose}, "recording"); err != nil {
		return nil, err
	}
	if one.seen == nil {
		return nil, evidence.ErrNoIndex
	}
	held, err := v.o.Evidence.Again(ctx, one.seen)
	if err != nil {
		return nil, err
	}
	defer held.Close()
	started, err := held.Started(v.o.Ring.ViewingIdentity())
	if err != nil {
		return nil, err
	}
	view, err := v.indexView(ctx, session, started)
	if err != nil {
		return nil, err
	}
	i, err := held.Index(ctx, view, v.o.Ring.ViewingIdentity())
	if err != nil {
		return nil, err
	}
	play := &Playback{Session: session, Why: one.why, Started: view.Started, Size: held.Digest.Size, Length: one.length, v: v, one: one}
	return &Parts{play, i, lang}, nil
}

// indexView is how the index of a session's recording reads it.
func (v *Views) indexView(ctx context.Context, session string, started time.Time) (recordings.View, error) {
	e, err := v.Encoding(ctx, session)
	return recordings.View{Encoding: e, Started: started.In(v.o.Zone), CauseJA: causeJA}, err
}

// MakeIndexes makes the indexes of finished recordings that have none. It is a chore.
func (v *Views) MakeIndexes(ctx context.Context) error {
	return v.o.Evidence.MakeIndexes(ctx, v.indexView, v.o.Ring.ViewingIdentity())
}

// Close releases the index.
func (p *Parts) Close() error { return p.i.Close() }

// Count is the number of parts.
func (p *Parts) Count() int { return len(p.i.Parts) }

// Playback is the look, without the recording's file.
func (p *Parts) Playback() *Playback { return p.play }

// seconds writes microseconds as the player reads them: the same text for the same time.
func seconds(us int64) api.Seconds { return api.Seconds(us) }

// Reel is the list of parts, for the player. url gives the address of a part.
func (p *Parts) Reel(squeeze bool, url func(no int) string) api.Reel {
	length := p.i.Length
	if squeeze {
		length = p.i.Played
	}
	out := api.Reel{Version: 1, Duration: seconds(length + reelTail), Term: api.TermSize{Cols: max(p.i.Cols, 1), Rows: max(p.i.Rows, 1)}}
	for no, at := range p.i.Parts {
		begin := at.Elapsed
		if squeeze {
			begin = at.Played
		}
		out.Segments = append(out.Segments, api.ReelPart{Start: seconds(begin), URL: url(no)})
	}
	return out
}

// reelTail is how long the last picture stands, in microseconds. The player wants an event at the end, behind the begin of the last part.
const reelTail = 1000

// Part is one part of the picture, for the player.
func (p *Parts) Part(no int, squeeze bool) (api.ReelPicture, error) {
	part, err := p.i.Part(no)
	if err != nil {
		return api.ReelPicture{}, err
	}
	out := api.ReelPicture{Snapshot: api.ReelSnapshot{TermSize: api.TermSize{Cols: uint32(part.Cols), Rows: uint32(part.Rows)}, Init: part.Screen(p.lang)}}
	last, at := p.i.Parts[no].Elapsed, p.i.Parts[no].Elapsed
	if squeeze {
		at = p.i.Parts[no].Played
	}
	for _, e := range part.Events {
		gap := e.Elapsed - last
		if last = e.Elapsed; squeeze {
			gap = min(gap, index.Idle.Microseconds())
		}
		at += gap
		out.Events = append(out.Events, api.ReelEvent{At: seconds(at), Code: e.Code, Text: e.In(p.lang)})
	}
	if no == len(p.i.Parts)-1 {
		end := p.i.Length
		if squeeze {
			end = p.i.Played
		}
		out.Events = append(out.Events, api.ReelEvent{At: seconds(end + reelTail), Code: "o"})
	}
	return out, nil
}

// Sent notes that a part was sent. The last one of a whole recording lasts until the recording's end, which lies behind its last frame.
func (p *Parts) Sent(no int) {
	end, _ := p.i.Ends(no)
	to := time.Duration(end) * time.Microsecond
	if no == len(p.i.Parts)-1 && p.play.Bad == nil && !p.play.Live {
		to = max(to, p.play.Length)
	}
	p.play.Sent(AsPicture, time.Duration(p.i.Parts[no].Elapsed)*time.Microsecond, to)
}

// Timeline gives the marks, with the bookmarks that attendants made, and the density of the output.
func (p *Parts) Timeline(ctx context.Context, squeeze bool) (out api.Timeline, err error) {
	o, err := p.i.Overview()
	if err != nil {
		return out, err
	}
	line := o.Timeline
	if !squeeze {
		for i := range line.Marks {
			line.Marks[i].Played = line.Marks[i].Elapsed
		}
		line.Played, line.Cuts = line.Elapsed, nil
	}
	notes, err := p.play.bookmarks(ctx)
	if err != nil {
		return out, err
	}
	out = timeline(p.play.Session, p.play.Started, &line, notes)
	out.Density = density(o, &line)
	return out, nil
}

// mostBars bounds the bars of a density.
const mostBars = 120

// density gives the output per stretch of the session, in at most mostBars stretches.
func density(o index.Overview, line *recordings.Timeline) []api.DensityBar {
	n := int(line.Elapsed/o.Slot) + 1
	each := (n + mostBars - 1) / mostBars
	var out []api.DensityBar
	for from := 0; from < n; from += each {
		begin, end := time.Duration(from)*o.Slot, min(time.Duration(from+each)*o.Slot, line.Elapsed)
		bar := api.DensityBar{AtMS: begin.Milliseconds(), ToMS: max(end, begin).Milliseconds(), PlayMS: line.PlayedAt(begin).Milliseconds()}
		for i := from; i < min(from+each, len(o.Output)); i++ {
			bar.Bytes += o.Output[i]
		}
		out = append(out, bar)
	}
	return out
}

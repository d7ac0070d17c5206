package view

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"sekimori/broker/api"
	"sekimori/recordings"
	"sekimori/recordings/live"
)

// mostPiece bounds the output that one message of a live picture gathers, in bytes, beside the first frame.
const mostPiece = 4 << 10

// Picture turns a live session's frames into messages for a page: what a terminal shows, without sequences that do anything else. It is
// for one goroutine.
type Picture struct {
	w      *Watching
	player *recordings.Player
	lang   string
	pace   func(ctx context.Context, bytes int) error
	owed   int // bytes that were taken and pace has not been asked about
	text   strings.Builder
	out    []api.LivePiece
	last   recordings.Frame
	over   bool
}

// Picture gives the live picture in a language. The picture asks pace before it takes output; pace waits, or returns why the picture ends.
func (w *Watching) Picture(ctx context.Context, lang string, pace func(ctx context.Context, bytes int) error) (*Picture, error) {
	e, err := w.v.Encoding(ctx, w.Session)
	if err != nil {
		return nil, err
	}
	return &Picture{w: w, lang: lang, pace: pace, player: recordings.NewPlayer(recordings.View{
		Lang: lang, Encoding: e, Started: At(w.Created, w.v.o.Zone), Mark: recordings.NewMark(),
		CauseJA: causeJA,
	})}, nil
}

// Next waits for something to show, and gives it with all that is there already, up to a bound. The session's end comes as a piece of
// its own; after it, the error is io.EOF. The pieces are valid until the next call.
func (p *Picture) Next(ctx context.Context) ([]api.LivePiece, error) {
	p.out = p.out[:0]
	for len(p.out) == 0 {
		if p.over {
			return nil, io.EOF
		}
		f, err := p.w.Next(ctx)
		if err == io.EOF {
			p.over = true
			p.write(p.player.End(p.last.Elapsed))
			p.flush()
			return append(p.out, api.LivePiece{Kind: api.LiveEnd}), nil
		}
		if err != nil {
			return nil, err
		}
		if err := p.pace(ctx, p.owed+len(f.Data)); err != nil {
			return nil, err
		}
		p.owed = 0
		p.take(f)
		for p.text.Len() < mostPiece && len(p.out) < 256 {
			more, ok := p.w.Ready()
			if !ok {
				break
			}
			p.owed += len(more.Data)
			p.take(more)
		}
		p.flush()
	}
	return p.out, nil
}

// take adds one frame.
func (p *Picture) take(f live.Frame) {
	if f.Lost > 0 {
		p.write(p.player.Lost(f.Frame, f.Lost))
	}
	if f.Event == live.EventLost {
		return
	}
	if size, ok := recordings.SizeOf(f.Frame); ok {
		p.flush()
		p.out = append(p.out, api.LivePiece{Kind: api.LiveSize, Cols: size.Cols, Rows: size.Rows})
	}
	p.write(p.player.Take(f.Frame))
	for _, o := range p.player.Told() {
		p.flush()
		p.out = append(p.out, api.LivePiece{Kind: api.LiveMark, Text: o.In(p.lang)})
	}
	p.last = f.Frame
	p.last.Data = nil
}

// write adds output. A player writes whole characters.
func (p *Picture) write(b []byte) {
	if utf8.Valid(b) {
		p.text.Write(b)
		return
	}
	p.text.WriteString(strings.ToValidUTF8(string(b), "\uFFFD"))
}

// flush makes a piece of the gathered output.
func (p *Picture) flush() {
	if p.text.Len() > 0 {
		p.out = append(p.out, api.LivePiece{Kind: api.LiveOutput, Text: p.text.String()})
		p.text.Reset()
	}
}

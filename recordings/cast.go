package recordings

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Asciicast writes a session as asciicast v3, as a Player shows it: the picture, a line and a marker for each operation,
// changes of the terminal's size, the exit status, and the input if the Reader can read it. Control sequences beyond the
// picture are left out, and invalid bytes become U+FFFD; Raw keeps all.
func Asciicast(ctx context.Context, w io.Writer, r *Reader, v View) error {
	return writeCast(ctx, w, r, v, nil)
}

// writeCast writes an asciicast, and its marks into a timeline where there is one.
func writeCast(ctx context.Context, w io.Writer, r *Reader, v View, marks *Timeline) error {
	v.Width, v.Height, v.Mark = 0, 0, r.mark()
	c := newCast(r, v)
	c.marks, c.out = marks, bufio.NewWriter(w)
	err := c.run(ctx, r)
	if werr := c.begin(); err == nil {
		err = werr
	}
	if werr := c.out.Flush(); err == nil && werr != nil {
		err = fmt.Errorf("export: %w", werr)
	}
	return err
}

func newCast(r *Reader, v View) *cast {
	return &cast{header: r.Header(), size: PTY{Cols: 80, Rows: 24}, view: v, player: NewPlayer(v), typing: typists{encoding: v.Encoding}}
}

// mark is like NewMark's, but the same for each export of a recording. A target cannot guess it, because it does not know the
// recording's keys.
func (r *Reader) mark() string { return OperationMark + r.scan.pre.digest.String()[:6] }

// largestSide bounds columns and rows; no screen is larger.
const largestSide = 1000

type cast struct {
	out    *bufio.Writer
	header Header
	view   View
	player *Player
	size   PTY
	begun  bool
	last   time.Duration
	played time.Duration // place of the last event in the cast; less than last where gaps were shortened
	marks  *Timeline     // receives the marks; nil: none is made
	typing typists       // what was typed, for the marks
	tail   []byte        // of the input: the start of a character that the next frame completes
	kept   *[]castEvent  // receives the events; nil: they are written to out
}

// castEvent is one event of an asciicast.
type castEvent struct {
	elapsed, played time.Duration
	code, data      string
}

func (c *cast) run(ctx context.Context, r *Reader) error {
	for {
		f, err := next(ctx, r)
		if err != nil {
			if werr := c.end(r); werr != nil {
				return errors.Join(fmt.Errorf("export: %w", werr), ended(err))
			}
			return ended(err)
		}
		if err := c.take(f); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
}

// end writes the end of the recording.
func (c *cast) end(r *Reader) error {
	if f, ok := EndFrame(r, c.last); ok {
		if err := c.shown(c.last, c.player.Take(f)); err != nil {
			return err
		}
	}
	if err := c.shown(c.last, c.player.End(c.last)); err != nil {
		return err
	}
	if len(c.tail) > 0 {
		return c.event(c.last, "i", "\uFFFD")
	}
	return nil
}

func (c *cast) take(f Frame) error {
	if !c.view.shows(f.Channel) {
		return nil
	}
	if c.marks != nil {
		c.marks.typed(c.typing.take(f))
	}
	switch {
	case f.Event == EventPTY || f.Event == EventWindowChange:
		if p, ok := SizeOf(f); ok {
			if err := c.resize(f.Elapsed, p); err != nil {
				return err
			}
		}
	case f.Stream == Stdin:
		if err := c.typed(f); err != nil {
			return err
		}
		return nil // asciicast has a separate event for keys
	}
	if err := c.shown(f.Elapsed, c.player.Take(f)); err != nil {
		return err
	}
	if f.Event == EventExitStatus {
		return c.event(f.Elapsed, "x", strconv.FormatUint(uint64(body[Exit](f).Status), 10))
	}
	return nil
}

// SizeOf gives the terminal's size that a frame sets. A client may send any size; players fail on zero and on huge ones.
func SizeOf(f Frame) (PTY, bool) {
	if f.Event != EventPTY && f.Event != EventWindowChange {
		return PTY{}, false
	}
	p := body[PTY](f)
	p.Cols, p.Rows = min(p.Cols, largestSide), min(p.Rows, largestSide)
	return p, p.Cols > 0 && p.Rows > 0
}

// resize records a size; a size before any output goes into the header.
func (c *cast) resize(at time.Duration, p PTY) error {
	if !c.begun {
		if p.Term == "" {
			p.Term = c.size.Term
		}
		c.size = p
		return nil
	}
	return c.event(at, "r", fmt.Sprintf("%dx%d", p.Cols, p.Rows))
}

// shown writes the player's output, and a marker for each operation.
func (c *cast) shown(at time.Duration, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	for _, o := range c.player.Told() {
		if err := c.event(at, "m", o.In(c.view.Lang)); err != nil {
			return err
		}
		if c.marks != nil {
			c.marks.add(Mark{Elapsed: o.Elapsed, Played: c.played, Kind: o.Kind, Channel: o.Channel, JA: o.JA, EN: o.EN})
		}
	}
	return c.event(at, "o", string(b))
}

func (c *cast) typed(f Frame) error {
	text, rest := splitUTF8(append(c.tail, f.Data...))
	s := strings.ToValidUTF8(string(text), "\uFFFD")
	c.tail = append([]byte(nil), rest...)
	if s == "" {
		return nil
	}
	return c.event(f.Elapsed, "i", s)
}

// begin writes the header, once.
func (c *cast) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	if c.kept != nil {
		return nil
	}
	type term struct {
		Cols uint32 `json:"cols"`
		Rows uint32 `json:"rows"`
		Type string `json:"type,omitempty"`
	}
	return c.line(struct {
		Version   int    `json:"version"`
		Term      term   `json:"term"`
		Timestamp int64  `json:"timestamp"`
		Title     string `json:"title,omitempty"`
	}{3, term{c.size.Cols, c.size.Rows, c.size.Term}, c.header.Started.Unix(), c.header.Session + " (" + c.view.Mark + ")"})
}

// event writes one event. asciicast v3 gives the interval since the previous event; it is computed from whole microseconds,
// so that rounding does not add up.
func (c *cast) event(at time.Duration, code, data string) error {
	if err := c.begin(); err != nil {
		return err
	}
	gap := max(at-c.last, 0) // each stream is in order only within itself
	c.last = max(at, c.last)
	shown := gap
	if c.view.Idle > 0 {
		shown = min(gap, c.view.Idle)
	}
	c.played += shown
	if c.marks != nil {
		c.marks.passed(c.last, c.played, gap, gap-shown)
	}
	if c.kept != nil {
		*c.kept = append(*c.kept, castEvent{c.last, c.played, code, data})
		return nil
	}
	us := shown.Microseconds()
	return c.line([]any{json.Number(fmt.Sprintf("%d.%06d", us/1e6, us%1e6)), code, data})
}

func (c *cast) line(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// splitUTF8 cuts an unfinished character off the end of b.
func splitUTF8(b []byte) (whole, tail []byte) {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		c := b[len(b)-i]
		if utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i], b[len(b)-i:]
			}
			break
		}
	}
	return b, nil
}

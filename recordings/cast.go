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

// Asciicast writes a session as asciicast v3, as a Player shows it: the picture, a line and a marker for each thing that was
// done, changes of the terminal's size, the exit status, and input where the Reader can read it. What a viewer's terminal
// would obey beyond the picture is left out, and what is no character becomes U+FFFD; Raw keeps all.
func Asciicast(ctx context.Context, w io.Writer, r *Reader, v View) error {
	v.Width, v.Height, v.Mark = 0, 0, r.mark()
	c := cast{out: bufio.NewWriter(w), header: r.Header(), size: PTY{Cols: 80, Rows: 24}, view: v, player: NewPlayer(v)}
	err := c.run(ctx, r)
	if werr := c.begin(); err == nil {
		err = werr
	}
	if werr := c.out.Flush(); err == nil && werr != nil {
		err = fmt.Errorf("export: %w", werr)
	}
	return err
}

// mark is what NewMark returns, but the same for each export of a recording. No target knows the keys that it is made of.
func (r *Reader) mark() string { return OperationMark + r.scan.pre.digest.String()[:6] }

// largestSide is more columns, and more rows, than any screen has.
const largestSide = 1000

type cast struct {
	out    *bufio.Writer
	header Header
	view   View
	player *Player
	size   PTY
	begun  bool
	last   time.Duration
	tail   []byte // of the input: the start of a character that the next frame completes
}

func (c *cast) run(ctx context.Context, r *Reader) error {
	for {
		f, err := next(ctx, r)
		if err != nil {
			var werr error
			if f, ok := EndFrame(r, c.last); ok {
				werr = c.shown(c.last, c.player.Take(f))
			}
			if werr == nil {
				werr = c.shown(c.last, c.player.End(c.last))
			}
			if len(c.tail) > 0 && werr == nil {
				werr = c.event(c.last, "i", "\uFFFD")
			}
			if werr != nil {
				return errors.Join(fmt.Errorf("export: %w", werr), ended(err))
			}
			return ended(err)
		}
		if !c.view.shows(f.Channel) {
			continue
		}
		if err := c.take(f); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
}

func (c *cast) take(f Frame) error {
	switch {
	case f.Event == EventPTY || f.Event == EventWindowChange:
		if p := body[PTY](f); p.Cols > 0 && p.Rows > 0 { // a client may send any size; a player cannot show none, and no huge one
			p.Cols, p.Rows = min(p.Cols, largestSide), min(p.Rows, largestSide)
			if err := c.resize(f.Elapsed, p); err != nil {
				return err
			}
		}
	case f.Stream == Stdin:
		if err := c.typed(f); err != nil {
			return err
		}
		return nil // keys have an event of their own here
	}
	if err := c.shown(f.Elapsed, c.player.Take(f)); err != nil {
		return err
	}
	if f.Event == EventExitStatus {
		return c.event(f.Elapsed, "x", strconv.FormatUint(uint64(body[Exit](f).Status), 10))
	}
	return nil
}

// resize takes a size; the first goes into the header where nothing was written before.
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

// shown writes what the player shows, and a marker for each thing that was done.
func (c *cast) shown(at time.Duration, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	for _, o := range c.player.Told() {
		if err := c.event(at, "m", o.In(c.view.Lang)); err != nil {
			return err
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

// event writes one event. Its time is the interval since the one before, taken
// from whole microseconds, so that rounding does not add up.
func (c *cast) event(at time.Duration, code, data string) error {
	if err := c.begin(); err != nil {
		return err
	}
	gap := max(at-c.last, 0) // streams are ordered each for itself only
	c.last = max(at, c.last)
	us := gap.Microseconds()
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

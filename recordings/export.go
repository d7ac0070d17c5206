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

// The exports read a recording to its end. When it stops before its end they
// write all that is sound and then return the *TruncatedError or *CorruptError.
// They end with ctx, and with the first write that fails: nobody else pays for
// a caller who has left.

// next is the reader's next frame, while ctx lasts.
func next(ctx context.Context, r *Reader) (Frame, error) {
	if ctx.Err() != nil {
		return Frame{}, fmt.Errorf("read recording: %w", context.Cause(ctx))
	}
	return r.Next()
}

// Raw writes the bytes of one stream of a channel as they passed.
func Raw(ctx context.Context, w io.Writer, r *Reader, channel uint32, s Stream) error {
	for {
		f, err := next(ctx, r)
		if err != nil {
			return ended(err)
		}
		if f.Channel == channel && f.Stream == s && f.Event == "" {
			if err := writeAll(w, f.Data); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
	}
}

// Asciicast writes one channel as asciicast v3: output, changes of the terminal's
// size, the exit status, and input where the Reader can read it. What is no UTF-8
// becomes U+FFFD, because JSON cannot carry it; Raw keeps it.
func Asciicast(ctx context.Context, w io.Writer, r *Reader, channel uint32) error {
	c := cast{out: bufio.NewWriter(w), header: r.Header(), size: PTY{Cols: 80, Rows: 24}}
	err := c.run(ctx, r, channel)
	if werr := c.begin(); err == nil {
		err = werr
	}
	if werr := c.out.Flush(); err == nil && werr != nil {
		err = fmt.Errorf("export: %w", werr)
	}
	return err
}

type cast struct {
	out    *bufio.Writer
	header Header
	size   PTY
	begun  bool
	last   time.Duration
	tails  [4][]byte // of each stream: the start of a character that the next frame completes
}

func (c *cast) run(ctx context.Context, r *Reader, channel uint32) error {
	for {
		f, err := next(ctx, r)
		if err != nil {
			return errors.Join(c.flushTails(), ended(err))
		}
		if f.Channel != channel {
			continue
		}
		switch {
		case f.Event == EventPTY || f.Event == EventWindowChange:
			var p PTY
			if json.Unmarshal(f.Data, &p) != nil || p.Cols == 0 || p.Rows == 0 {
				continue // a client may send any size; a player cannot show none
			}
			if !c.begun {
				p.Term = firstOf(p.Term, c.size.Term)
				c.size = p
				continue
			}
			err = c.event(f.Elapsed, "r", fmt.Sprintf("%dx%d", p.Cols, p.Rows))
		case f.Event == EventExitStatus:
			var x Exit
			if json.Unmarshal(f.Data, &x) == nil {
				err = c.event(f.Elapsed, "x", strconv.FormatUint(uint64(x.Status), 10))
			}
		case f.Stream == Stdout || f.Stream == Stderr:
			err = c.data(f, "o")
		case f.Stream == Stdin:
			err = c.data(f, "i")
		}
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
}

func (c *cast) data(f Frame, code string) error {
	tail := &c.tails[f.Stream]
	text, rest := splitUTF8(append(*tail, f.Data...))
	s := strings.ToValidUTF8(string(text), "\uFFFD")
	*tail = append((*tail)[:0], rest...)
	if s == "" {
		return nil
	}
	return c.event(f.Elapsed, code, s)
}

func (c *cast) flushTails() error {
	for s, tail := range c.tails {
		if len(tail) == 0 {
			continue
		}
		code := "o"
		if Stream(s) == Stdin {
			code = "i"
		}
		if err := c.event(c.last, code, "\uFFFD"); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
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
	}{3, term{c.size.Cols, c.size.Rows, c.size.Term}, c.header.Started.Unix(), c.header.Session})
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

// ended turns the end of a recording into success.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Channel is what a recording holds of one channel.
type Channel struct {
	Number                uint32
	Type                  string        // session, direct-tcpip
	Start                 string        // shell, exec or subsystem; empty before one of them came
	Command               string        // exec: the command; subsystem: its name
	Terminal              *PTY          // as first asked for; nil without
	Stdout, Stderr, Stdin int64         // bytes; Stdin is 0 without the input's key
	First, Last           time.Duration // of its frames
	Exit                  *uint32       // nil: none was sent
}

// Channels lists the channels of a recording in the order they appear.
func Channels(ctx context.Context, r *Reader) ([]Channel, error) {
	var list []Channel
	at := map[uint32]int{}
	for {
		f, err := next(ctx, r)
		if err != nil {
			return list, ended(err)
		}
		if f.Channel == SessionChannel {
			continue
		}
		i, ok := at[f.Channel]
		if !ok {
			i = len(list)
			at[f.Channel] = i
			list = append(list, Channel{Number: f.Channel, First: f.Elapsed})
		}
		list[i].take(f)
	}
}

func (c *Channel) take(f Frame) {
	c.Last = max(c.Last, f.Elapsed)
	n := int64(len(f.Data))
	switch f.Stream {
	case Stdout:
		c.Stdout += n
	case Stderr:
		c.Stderr += n
	case Stdin:
		c.Stdin += n
	}
	switch f.Event {
	case EventOpen:
		var o Opened
		if json.Unmarshal(f.Data, &o) == nil {
			c.Type = o.Type
		}
	case EventShell, EventExec, EventSubsystem:
		var cmd Command
		if len(f.Data) == 0 || json.Unmarshal(f.Data, &cmd) == nil {
			c.Start, c.Command = f.Event, cmd.Command
		}
	case EventPTY:
		var p PTY
		if c.Terminal == nil && json.Unmarshal(f.Data, &p) == nil {
			c.Terminal = &p
		}
	case EventExitStatus:
		var x Exit
		if json.Unmarshal(f.Data, &x) == nil {
			c.Exit = &x.Status
		}
	}
}

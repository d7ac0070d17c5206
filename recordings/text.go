package recordings

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is one line of output as text.
type Line struct {
	Elapsed time.Duration // when its first character came
	Stream  Stream        // Stdout or Stderr
	Text    string        // no control characters; invalid UTF-8 bytes as \x83
}

// Text writes a session as lines without control sequences: the output, and a line for each operation. It is for reading and
// searching, not for evidence; Raw is for evidence.
func Text(ctx context.Context, w io.Writer, r *Reader, v View) error {
	t := NewTranscript(v)
	var last time.Duration
	for {
		f, err := next(ctx, r)
		if err != nil {
			var b []byte
			if f, ok := EndFrame(r, last); ok {
				b = bytes.Clone(t.Take(f))
			}
			if werr := writeAll(w, append(b, t.End(last)...)); werr != nil {
				return fmt.Errorf("export: %w", werr)
			}
			return ended(err)
		}
		last = f.Elapsed
		if b := t.Take(f); len(b) > 0 {
			if err := writeAll(w, b); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
	}
}

// Transcript turns a session's frames into lines of text. The line of an operation begins with OperationMark; a line of
// output that begins so gets a backslash before it. It is for one goroutine.
type Transcript struct {
	view     View
	ops      *Operations
	keys     keyboard
	channels map[uint32]*outputLines
	used     uint64 // counts the frames of output
	last     uint32 // channel of the last output
	some     bool   // last is set
	out      bytes.Buffer
	apart    bool // lines are kept in lines, with their times, and not written to out
	lines    []TextLine
}

// outputLines is the state of one channel's output.
type outputLines struct {
	terms     [3]*terminal // by Stream
	stretches [3]stretches // by Stream
	used      uint64       // when its last output came
}

// NewTranscript starts at the beginning of a session.
func NewTranscript(v View) *Transcript {
	return &Transcript{view: v, ops: operationsOf(v), keys: newKeyboard(), channels: map[uint32]*outputLines{}}
}

// Take returns the lines that a frame completes; valid until the next call.
func (t *Transcript) Take(f Frame) []byte {
	t.out.Reset()
	if !t.view.shows(f.Channel) {
		return nil
	}
	switch {
	case f.Stream == Stdin:
		t.typed(t.keys.take(f, t.ops, t.view.Encoding))
	case f.Event == "":
		t.output(f)
	case f.Event == EventClose:
		t.flush(f.Channel, f.Elapsed)
		t.typed(t.keys.close(f.Channel, t.view.Encoding))
	case f.Event == EventEnd:
		t.flushAll(f.Elapsed)
	}
	for _, o := range t.ops.Take(f) {
		t.tell(o)
	}
	return t.out.Bytes()
}

// Lost returns the text for n missed bytes before a frame. It is empty for bytes that are not shown.
func (t *Transcript) Lost(f Frame, n int64) []byte {
	if !t.ops.Data(f.Channel) || !t.view.shows(f.Channel) {
		return nil
	}
	count := strconv.FormatInt(n, 10)
	return t.Warn(f.Elapsed, count+" バイトを見逃しました", "missed "+count+" bytes")
}

// Warn returns a line of the viewer's own program.
func (t *Transcript) Warn(at time.Duration, ja, en string) []byte {
	t.out.Reset()
	t.tell(Operation{Elapsed: at, Channel: SessionChannel, JA: ja, EN: en})
	return t.out.Bytes()
}

// Resize does nothing: lines have no size.
func (t *Transcript) Resize(int, int) {}

// End returns the outstanding lines when the recording has ended.
func (t *Transcript) End(at time.Duration) []byte {
	t.out.Reset()
	t.flushAll(at)
	for _, o := range t.ops.End(at) {
		t.tell(o)
	}
	return t.out.Bytes()
}

func (t *Transcript) flushAll(at time.Duration) {
	for _, n := range slices.Sorted(maps.Keys(t.channels)) {
		t.flush(n, at)
	}
	t.typed(t.keys.end(t.view.Encoding))
}

func (t *Transcript) typed(list []Operation) {
	for _, o := range list {
		t.tell(o)
	}
}

// oldest is the channel with the oldest output.
func (t *Transcript) oldest() (channel uint32) {
	least := ^uint64(0)
	for n, c := range t.channels {
		if c.used < least {
			channel, least = n, c.used
		}
	}
	return channel
}

func (t *Transcript) output(f Frame) {
	if !t.ops.Data(f.Channel) && f.Stream == Stdout {
		return
	}
	c := t.channels[f.Channel]
	if c == nil {
		if len(t.channels) >= mostChannels {
			t.flush(t.oldest(), f.Elapsed)
		}
		c = new(outputLines)
		t.channels[f.Channel] = c
	}
	t.used++
	c.used = t.used
	term := c.terms[f.Stream]
	if term == nil {
		term = newTerminal(t.view.Encoding)
		c.terms[f.Stream] = term
	}
	term.now = f.Elapsed
	show := func(p []byte) {
		for _, b := range term.dec.utf8(p) {
			if term.feed(b) {
				t.line(f.Channel, term.take(f.Stream))
			}
		}
	}
	if term.bare = !t.ops.Terminal(f.Channel); !term.bare {
		show(f.Data)
		return
	}
	c.stretches[f.Stream].take(f.Data, show, func(ja, en string) {
		if l, ok := term.flush(f.Stream); ok {
			t.line(f.Channel, l)
		}
		t.tell(Operation{f.Elapsed, f.Channel, "", ja, en})
	})
}

// flush ends the unfinished lines of a channel.
func (t *Transcript) flush(channel uint32, at time.Duration) {
	c := t.channels[channel]
	if c == nil {
		return
	}
	delete(t.channels, channel)
	for s, term := range c.terms {
		if term == nil {
			continue
		}
		if l, ok := term.flush(Stream(s)); ok {
			t.line(channel, l)
		}
		c.stretches[s].end(func(ja, en string) { t.tell(Operation{at, channel, "", ja, en}) })
	}
}

// line writes a line of output.
func (t *Transcript) line(channel uint32, l Line) {
	if t.some && t.last != channel {
		t.tell(Operation{l.Elapsed, channel, "", "出力", "output"})
	}
	t.last, t.some = channel, true
	if t.apart {
		t.lines = append(t.lines, TextLine{Elapsed: l.Elapsed, Channel: channel, JA: l.Text, EN: l.Text})
		return
	}
	if strings.HasPrefix(strings.TrimLeft(l.Text, `\`), OperationMark) {
		t.out.WriteByte('\\')
	}
	t.out.WriteString(l.Text)
	t.out.WriteByte('\n')
}

func (t *Transcript) tell(o Operation) {
	if t.apart {
		t.lines = append(t.lines, TextLine{o.Elapsed, o.Channel, cmp.Or(o.Kind, OperationSaid), o.JA, o.EN})
		return
	}
	t.out.WriteString(o.Line(t.view.Lang, t.view.Started))
	t.out.WriteByte('\n')
}

// Lines yields the output of one channel line by line, reading the recording to its end. Text overwritten within a line, by
// backspaces or a carriage return, does not appear. An error comes last, after the sound lines.
func Lines(ctx context.Context, r *Reader, channel uint32, e Encoding) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		terms := [3]*terminal{} // by Stream
		for i := range terms {
			terms[i] = newTerminal(e)
		}
		for {
			f, err := next(ctx, r)
			if err != nil {
				for s := range terms {
					if l, ok := terms[s].flush(Stream(s)); ok && !yield(l, nil) {
						return
					}
				}
				if err != io.EOF {
					yield(Line{}, err)
				}
				return
			}
			if f.Channel != channel || f.Stream != Stdout && f.Stream != Stderr {
				continue
			}
			t := terms[f.Stream]
			t.now = f.Elapsed
			for _, c := range t.dec.utf8(f.Data) {
				if t.feed(c) {
					if !yield(t.take(f.Stream), nil) {
						return
					}
				}
			}
		}
	}
}

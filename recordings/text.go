package recordings

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"time"
)

// Line is one line of output as text.
type Line struct {
	Elapsed time.Duration // when its first character came
	Stream  Stream        // Stdout or Stderr
	Text    string        // no control characters; bytes that are no UTF-8 as \x83
}

// Text writes the output of one channel as lines without control sequences. It is
// made for reading and searching, not for evidence: Raw is that.
func Text(ctx context.Context, w io.Writer, r *Reader, channel uint32) error {
	out := bufio.NewWriter(w)
	for l, err := range Lines(ctx, r, channel) {
		if err != nil {
			if ferr := out.Flush(); ferr != nil {
				return fmt.Errorf("export: %w", ferr)
			}
			return err
		}
		out.WriteString(l.Text) // bufio keeps the error
		if err := out.WriteByte('\n'); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// Lines gives the output of one channel line by line, reading the recording to
// its end. What was overwritten within a line, by backspaces or a return of the
// carriage, does not appear. An error comes last, after the lines before it.
func Lines(ctx context.Context, r *Reader, channel uint32) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		terms := [3]*terminal{} // by Stream
		for i := range terms {
			terms[i] = newTerminal(UTF8)
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
			for _, c := range f.Data {
				if t.feed(c) {
					l := t.take(f.Stream)
					if !yield(l, nil) {
						return
					}
				}
			}
		}
	}
}

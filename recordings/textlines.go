package recordings

import (
	"context"
	"iter"
	"time"
)

// TextLine is one line of a session as text, with its time: a line of output, or an operation.
type TextLine struct {
	Elapsed time.Duration // of output: when its first character came
	Channel uint32        // SessionChannel: the whole session
	Kind    string        // kind of the operation's event; OperationSaid; empty: output
	JA, EN  string        // the same twice for output; no control characters
}

// OperationSaid is the kind of a line that no event stands behind, such as a remark on what is left out.
const OperationSaid = "said"

// kindTyped is the kind of a typed line.
const kindTyped = "input"

// Output reports whether the line is output of the target.
func (l TextLine) Output() bool { return l.Kind == "" }

// Input reports whether the line is part of the input: typed, or an environment variable.
func (l TextLine) Input() bool { return l.Kind == kindTyped || l.Kind == EventEnv }

// In returns the line's text in a language.
func (l TextLine) In(lang string) string {
	if lang == "ja" {
		return l.JA
	}
	return l.EN
}

// TextLines yields the lines that Text writes, each with its time, reading the recording to its end. An error comes last, after the
// sound lines.
func TextLines(ctx context.Context, r *Reader, v View) iter.Seq2[TextLine, error] {
	return WatchLines(ctx, r, v, func(Frame) {})
}

// WatchLines is TextLines for a caller that needs the frames too: seen gets each frame before the lines that it completes. The frame is valid during
// the call only.
func WatchLines(ctx context.Context, r *Reader, v View, seen func(Frame)) iter.Seq2[TextLine, error] {
	return func(yield func(TextLine, error) bool) {
		t := NewTranscript(v)
		t.apart = true
		give := func() bool {
			for _, l := range t.lines {
				if !yield(l, nil) {
					return false
				}
			}
			t.lines = t.lines[:0]
			return true
		}
		var last time.Duration
		for {
			f, err := next(ctx, r)
			if err != nil {
				if f, ok := EndFrame(r, last); ok {
					t.Take(f)
				}
				t.End(last)
				if give() && ended(err) != nil {
					yield(TextLine{}, err)
				}
				return
			}
			last = f.Elapsed
			seen(f)
			t.Take(f)
			if !give() {
				return
			}
		}
	}
}

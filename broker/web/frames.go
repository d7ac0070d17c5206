package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sekimori/recordings"
)

// PlayFrame is one frame of a recording or of a live session as playback sends it, a JSON object
// a line. Data is the bytes that passed, base64 as Go writes []byte: a string would lose them.
type PlayFrame struct {
	AtMS    int64           `json:"at_ms"` // since the session began
	Channel uint32          `json:"channel"`
	Stream  string          `json:"stream,omitempty"` // stdout | stderr | stdin
	Data    []byte          `json:"data,omitempty"`
	Event   string          `json:"event,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
	Lost    int64           `json:"lost,omitempty"` // bytes a watcher missed just before
}

// At is when the frame passed, since the session began.
func (f PlayFrame) At() time.Duration { return time.Duration(f.AtMS) * time.Millisecond }

// WriteFrames sends every frame that the reader can open. What is truncated ends where it ends;
// what does not hold is an error.
func WriteFrames(ctx context.Context, w io.Writer, r *recordings.Reader) error {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	var last time.Duration
	for ctx.Err() == nil {
		f, err := r.Next()
		var torn *recordings.TruncatedError
		switch {
		case errors.Is(err, io.EOF):
			if f, ok := recordings.EndFrame(r, last); ok {
				if err := e.Encode(playFrame(f)); err != nil {
					return fmt.Errorf("send the end: %w", err)
				}
			}
			return nil
		case errors.As(err, &torn):
			return nil
		case err != nil:
			return fmt.Errorf("read the recording: %w", err)
		}
		last = max(last, f.Elapsed)
		if err := e.Encode(playFrame(f)); err != nil {
			return fmt.Errorf("send a frame: %w", err)
		}
	}
	return context.Cause(ctx)
}

// Frame is the frame as the recording holds it, but for its time, which is in milliseconds.
func (f PlayFrame) Frame() recordings.Frame {
	out := recordings.Frame{Channel: f.Channel, Elapsed: f.At(), Event: f.Event, Data: f.Data}
	switch f.Stream {
	case "stdout":
		out.Stream = recordings.Stdout
	case "stderr":
		out.Stream = recordings.Stderr
	case "stdin":
		out.Stream, out.Input = recordings.Stdin, true
	}
	if f.Event != "" {
		out.Data = f.Body
	}
	return out
}

// Headers of an answer that plays: how to say the time of a frame, and what to read the target's output as.
const (
	HeaderStarted  = "Sekimori-Started"  // RFC 3339, in the institution's zone
	HeaderEncoding = "Sekimori-Encoding" // as recordings.ParseEncoding reads it
)

func playFrame(f recordings.Frame) PlayFrame {
	out := PlayFrame{AtMS: f.Elapsed.Milliseconds(), Channel: f.Channel}
	if f.Stream == recordings.NoStream {
		out.Event = f.Event
		if json.Valid(f.Data) {
			out.Body = json.RawMessage(f.Data)
		}
		return out
	}
	out.Stream, out.Data = f.Stream.String(), f.Data
	return out
}

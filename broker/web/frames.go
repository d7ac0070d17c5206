package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sekimori/broker/api"
	"sekimori/recordings"
)

// WriteFrames sends every frame that the reader can open. A truncated recording just ends;
// one that does not hold is an error.
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

func playFrame(f recordings.Frame) api.PlayFrame {
	out := api.PlayFrame{AtMS: f.Elapsed.Milliseconds(), Channel: f.Channel}
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

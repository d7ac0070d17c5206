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
// one that does not hold is an error. last is the time of the last frame sent.
func WriteFrames(ctx context.Context, w io.Writer, r *recordings.Reader) (last time.Duration, err error) {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	for ctx.Err() == nil {
		f, err := r.Next()
		var torn *recordings.TruncatedError
		switch {
		case errors.Is(err, io.EOF):
			if f, ok := recordings.EndFrame(r, last); ok {
				if err := e.Encode(playFrame(f)); err != nil {
					return last, fmt.Errorf("send the end: %w", err)
				}
			}
			return last, nil
		case errors.As(err, &torn):
			return last, nil
		case err != nil:
			return last, fmt.Errorf("read the recording: %w", err)
		}
		if err := e.Encode(playFrame(f)); err != nil {
			return last, fmt.Errorf("send a frame: %w", err)
		}
		last = max(last, f.Elapsed)
	}
	return last, context.Cause(ctx)
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

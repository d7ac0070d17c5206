package api

import (
	"encoding/json"
	"fmt"
)

// Reel is a recording's picture in parts, as the player in the page reads it (asciinema-player's segmented recordings).
type Reel struct {
	Version  int        `json:"version"`
	Duration Seconds    `json:"duration"`
	Term     TermSize   `json:"term"`
	Segments []ReelPart `json:"segments"`
}

// TermSize is the size of a terminal.
type TermSize struct {
	Cols uint32 `json:"cols"`
	Rows uint32 `json:"rows"`
}

// ReelPart is where a part begins, and its address.
type ReelPart struct {
	Start Seconds `json:"start"`
	URL   string  `json:"url"`
}

// ReelPicture is one part: the screen at its begin, and what happens until its end.
type ReelPicture struct {
	Snapshot ReelSnapshot `json:"snapshot"`
	Events   []ReelEvent  `json:"events"`
}

// ReelSnapshot is a screen, as the text that draws it on an empty terminal.
type ReelSnapshot struct {
	TermSize
	Init string `json:"init"`
}

// ReelEvent is an event of an asciicast. Its time is that since the beginning of the recording.
type ReelEvent struct {
	At   Seconds
	Code string
	Text string
}

// MarshalJSON writes an event as a list.
func (e ReelEvent) MarshalJSON() ([]byte, error) { return json.Marshal([]any{e.At, e.Code, e.Text}) }

// Seconds is a time in microseconds that JSON has in seconds. The same time is always the same number.
type Seconds int64

// MarshalJSON writes seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%06d", s/1e6, s%1e6), nil
}

// DensityBar is how much the target sent in a stretch of the session.
type DensityBar struct {
	AtMS   int64 `json:"at_ms"`
	ToMS   int64 `json:"to_ms"`
	PlayMS int64 `json:"play_ms"` // place in the picture
	Bytes  int64 `json:"bytes"`
}

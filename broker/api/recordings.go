package api

import (
	"encoding/json"
	"sekimori/recordings"
	"time"
)

// Recording describes a recording without playing it.
type Recording struct {
	Session  string    `json:"session_id"`
	State    string    `json:"state"` // recording | sealed | disposed | none
	Engineer string    `json:"engineer"`
	System   string    `json:"system"`
	Target   string    `json:"target"`
	Account  string    `json:"account"`
	Started  time.Time `json:"started_at,omitzero"`
	Ended    time.Time `json:"ended_at,omitzero"`
	Size     int64     `json:"bytes,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Drill    bool      `json:"drill,omitempty"`
	KeptDays int       `json:"kept_days,omitempty"`      // by the rule of its system, or the institution's
	Due      time.Time `json:"disposal_due_at,omitzero"` // from when it is disposed of, unless something keeps it
	Stays    string    `json:"stays,omitempty"`          // why it is not disposed of now
	Disposed time.Time `json:"disposed_at,omitzero"`     // it was disposed of
	Held     bool      `json:"held,omitempty"`           // not to be disposed of
	Holds    []Hold    `json:"holds,omitempty"`
	Offers   []Offer   `json:"offers,omitempty"` // on a single recording: which acts are open to the caller
}

// RecordingCheck is the result of a verification.
type RecordingCheck struct {
	Session string `json:"session_id"`
	OK      bool   `json:"ok"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"bytes"`
	Finding string `json:"finding,omitempty"` // how it fails to hold
	Place   string `json:"place,omitempty"`   // the first place that does not hold
	PlaceJA string `json:"place_ja,omitempty"`
}

// Headers of an answer that carries a recording.
const (
	HeaderDamaged   = "Sekimori-Damaged"   // the finding, where the recording does not hold
	HeaderRecording = "Sekimori-Recording" // the session whose recording the file must be
	HeaderSHA256    = "Sekimori-Sha256"    // digest that the file must have
)

// DamagedEvent is the kind of the event that playback of a damaged recording sends: first, repeatedly, and last.
const DamagedEvent = "damaged"

// Damaged is its body.
type Damaged struct {
	Finding string `json:"finding"`
	JA      string `json:"message_ja"`
	EN      string `json:"message_en"`
}

// PlayFrame is one frame of a recording or of a live session in playback, a JSON object
// a line. Data is the bytes themselves, in base64 as Go writes []byte: a string would lose them.
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

// Frame is the frame as in the recording, except for its time, which is in milliseconds.
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

// Headers of playback: the form of a frame's time, and the encoding of the target's output.
const (
	HeaderStarted  = "Sekimori-Started"  // RFC 3339, in the institution's zone
	HeaderEncoding = "Sekimori-Encoding" // as recordings.ParseEncoding reads it
)

package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// timeForm is RFC 3339 in UTC with exactly three decimals.
const timeForm = "2006-01-02T15:04:05.000Z"

const (
	maxKind = 64  // bytes of a kind
	maxID   = 256 // bytes of an id
)

// appendHeader writes the canonical header: compact JSON, fields in this order; only clock and on_behalf are optional. The
// digest stands last, so that the leaf is "header, then digest".
func (e Entry) appendHeader(b []byte) []byte {
	b = append(b, `{"index":`...)
	b = strconv.AppendInt(b, e.Index, 10)
	b = append(b, `,"time":"`...)
	b = e.Time.AppendFormat(b, timeForm)
	if !e.Clock.Equal(e.Time) {
		b = append(b, `","clock":"`...)
		b = e.Clock.AppendFormat(b, timeForm)
	}
	b = append(b, `","kind":`...)
	b = appendString(b, e.Kind)
	b = append(b, `,"actor":{"kind":`...)
	b = appendString(b, e.Actor.Kind)
	b = append(b, `,"id":`...)
	b = appendString(b, e.Actor.ID)
	b = append(b, `,"via":`...)
	b = appendString(b, e.Actor.Via)
	b = append(b, '}')
	if e.OnBehalf != "" {
		b = append(b, `,"on_behalf":`...)
		b = appendString(b, e.OnBehalf)
	}
	b = append(b, `,"subjects":[`...)
	for i, s := range e.Subjects {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	b = append(b, `],"digest":"`...)
	b = hex.AppendEncode(b, e.Digest[:])
	return append(b, `"}`...)
}

// appendString writes a JSON string. Only the quotation mark and the backslash are escaped: checkText refuses all other
// characters that JSON escapes.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// parseHeader reads a canonical header. The JSON decoder is lenient (case of keys, unknown keys, order, escapes, white
// space), so the header is written again and compared.
func parseHeader(header []byte) (Entry, error) {
	if len(header) > MaxHeader {
		return Entry{}, formErrorf("header of %d bytes, at most %d", len(header), MaxHeader)
	}
	var h struct {
		Index int64  `json:"index"`
		Time  string `json:"time"`
		Clock string `json:"clock"`
		Kind  string `json:"kind"`
		Actor struct {
			Kind string `json:"kind"`
			ID   string `json:"id"`
			Via  string `json:"via"`
		} `json:"actor"`
		OnBehalf string   `json:"on_behalf"`
		Subjects []string `json:"subjects"`
		Digest   string   `json:"digest"`
	}
	if err := json.Unmarshal(header, &h); err != nil {
		return Entry{}, formErrorf("header is not the JSON of an entry: %v", err)
	}
	e := Entry{
		Index: h.Index, Kind: h.Kind, OnBehalf: h.OnBehalf, Subjects: h.Subjects, Header: header,
		Actor: Actor{Kind: h.Actor.Kind, ID: h.Actor.ID, Via: h.Actor.Via},
	}
	var err error
	if e.Time, err = time.Parse(timeForm, h.Time); err != nil {
		return Entry{}, formErrorf("header's time is not of the form %s", timeForm)
	}
	e.Clock = e.Time
	if h.Clock != "" {
		if e.Clock, err = time.Parse(timeForm, h.Clock); err != nil {
			return Entry{}, formErrorf("header's clock is not of the form %s", timeForm)
		}
	}
	digest, err := hex.DecodeString(h.Digest)
	if err != nil || len(digest) != sha256.Size {
		return Entry{}, formErrorf("header's digest is not a SHA-256 in hexadecimal")
	}
	copy(e.Digest[:], digest)
	if err := e.check(); err != nil {
		return Entry{}, &FormError{What: "header: " + err.Error()}
	}
	if !bytes.Equal(e.appendHeader(make([]byte, 0, len(header))), header) {
		return Entry{}, formErrorf("header is not in canonical form")
	}
	return e, nil
}

// ClockHolds reports whether the entry's clock is plausible: if the clock had run back, the entry's time equals the previous
// entry's time, last. The first entry has no previous one.
func (e Entry) ClockHolds(last time.Time, first bool) bool {
	return e.Clock.Equal(e.Time) || !first && e.Time.Equal(last)
}

// check validates the fields of a header.
func (e Entry) check() error {
	if e.Index < 0 {
		return fmt.Errorf("index %d is negative", e.Index)
	}
	if y := e.Time.Year(); y < 1970 || y > 9999 {
		return fmt.Errorf("time lies in the year %d", y)
	}
	if e.Clock.After(e.Time) {
		return fmt.Errorf("clock %s is after the time %s", e.Clock.Format(timeForm), e.Time.Format(timeForm))
	}
	if e.Clock.Year() < 1 {
		return fmt.Errorf("clock lies in the year %d", e.Clock.Year())
	}
	if err := checkKind(e.Kind); err != nil {
		return err
	}
	switch e.Actor.Kind {
	case "person":
		if e.Actor.ID == "" {
			return fmt.Errorf("actor is a person without an id")
		}
	case "broker":
	default:
		return fmt.Errorf("actor's kind %q is neither person nor broker", e.Actor.Kind)
	}
	switch e.Actor.Via {
	case "ssh", "web", "cli", "timer":
	default:
		return fmt.Errorf("actor's via %q is none of ssh, web, cli, timer", e.Actor.Via)
	}
	if err := checkText("actor's id", e.Actor.ID); err != nil {
		return err
	}
	if err := checkText("on_behalf", e.OnBehalf); err != nil {
		return err
	}
	for i, s := range e.Subjects {
		if s == "" {
			return fmt.Errorf("subject %d is empty", i+1)
		}
		if err := checkText(fmt.Sprintf("subject %d", i+1), s); err != nil {
			return err
		}
	}
	return nil
}

// checkKind requires lower-case words of letters and digits joined by single '.' or '-'.
func checkKind(kind string) error {
	if kind == "" {
		return fmt.Errorf("kind is empty")
	}
	if len(kind) > maxKind {
		return fmt.Errorf("kind of %d bytes, at most %d", len(kind), maxKind)
	}
	joined := true // a joint may not stand first, nor beside another
	for i := 0; i < len(kind); i++ {
		c := kind[i]
		joint := c == '.' || c == '-'
		if !joint && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') {
			return fmt.Errorf("kind %q holds %q: only a-z, 0-9, '.' and '-' are allowed", kind, c)
		}
		if joint && joined {
			return fmt.Errorf("kind %q has '.' or '-' without a word before it", kind)
		}
		joined = joint
	}
	if joined {
		return fmt.Errorf("kind %q ends in '.' or '-'", kind)
	}
	return nil
}

// checkText refuses text that displays as another id: invalid UTF-8, control characters, and the invisible or
// direction-changing characters of Unicode. The list is fixed and does not follow the build's Unicode tables, so that old
// exports verify with new builds.
func checkText(field, s string) error {
	if len(s) > maxID {
		return fmt.Errorf("%s of %d bytes, at most %d", field, len(s), maxID)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %q is not UTF-8", field, s)
	}
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7F && r <= 0x9F:
			return fmt.Errorf("%s %q holds the control character U+%04X", field, s, r)
		case r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x206F, r == 0xFEFF:
			return fmt.Errorf("%s %q holds the invisible character U+%04X", field, s, r)
		}
	}
	return nil
}

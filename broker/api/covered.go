package api

import (
	"strconv"

	"sekimori/policy/text"
)

// Covered says how much of a session's recording people were sent, by the ledger's entries about looks at it. To be sent a part is not to
// read it.
type Covered struct {
	Session string      `json:"session_id"`
	Length  int64       `json:"length_seconds"` // of the recording; before anyone has looked, of the session
	Sent    int64       `json:"sent_seconds"`   // to anyone
	People  []CoveredBy `json:"people"`         // by id
}

// CoveredBy is the part of one person.
type CoveredBy struct {
	Person     string `json:"person"`
	Sent       int64  `json:"sent_seconds"`
	Looks      int    `json:"looks"`
	Open       int    `json:"open,omitempty"`       // looks without an end in the ledger: they go on, or the broker crashed
	Unmeasured int    `json:"unmeasured,omitempty"` // looks of which the ledger has no intervals
}

// SentPart writes a part of a recording for people: "12:30 / 25:00 (50%)". The share is rounded down.
func SentPart(sent, length int64) string {
	said := clockTime(sent) + " / " + clockTime(length)
	if length > 0 {
		said += " (" + strconv.FormatInt(100*min(sent, length)/length, 10) + "%)"
	}
	return said
}

// clockTime writes seconds as minutes and seconds; minutes are not wrapped into hours.
func clockTime(seconds int64) string {
	s := strconv.FormatInt(seconds%60, 10)
	if len(s) < 2 {
		s = "0" + s
	}
	return strconv.FormatInt(seconds/60, 10) + ":" + s
}

// Said is the person's part as people read it. length is that of the recording.
func (c CoveredBy) Said(name string, length int64) text.Text {
	part := SentPart(c.Sent, length)
	out := text.Of(name+" "+part, name+" "+part)
	if c.Open > 0 {
		n := strconv.Itoa(c.Open)
		out = text.Of(out.JA+"、終わりの記載がない閲覧 "+n+"件", out.EN+", looks without an end in the ledger: "+n)
	}
	if c.Unmeasured > 0 {
		n := strconv.Itoa(c.Unmeasured)
		out = text.Of(out.JA+"、範囲が分からない閲覧 "+n+"件", out.EN+", looks of unknown extent: "+n)
	}
	return out
}

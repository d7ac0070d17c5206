package siem

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"sekimori/broker/ledger"
)

// Format is the form of the messages.
type Format string

// The formats.
const (
	SyslogCEF  Format = "syslog-cef"  // RFC 5424 with a CEF line, octet counting (RFC 6587)
	SyslogJSON Format = "syslog-json" // RFC 5424 with a JSON object, octet counting
	JSONLines  Format = "json-lines"  // a JSON object a line
)

// Formats are all formats.
func Formats() []Format { return []Format{SyslogCEF, SyslogJSON, JSONLines} }

// MostMessage bounds a message in bytes. Collectors take 8 KiB unless they are told otherwise.
const MostMessage = 8 << 10

// shape is what the messages of one collector have in common.
type shape struct {
	format  Format
	whole   bool   // payloads go out too
	host    string // of the gate
	origin  string // of the ledger
	version string // of the program
}

// body is an entry as JSON. Its members are those of the ledger's export where they mean the same.
type body struct {
	Origin      string          `json:"origin"`
	Index       int64           `json:"index"`
	Time        string          `json:"time"`
	Kind        string          `json:"kind"`
	ActorKind   string          `json:"actor_kind"`
	ActorID     string          `json:"actor_id,omitempty"`
	Via         string          `json:"via,omitempty"`
	OnBehalf    string          `json:"on_behalf,omitempty"`
	Subjects    []string        `json:"subjects,omitempty"`
	SubjectsCut int             `json:"subjects_left_out,omitempty"`
	Leaf        string          `json:"leaf"`
	Payload     json.RawMessage `json:"payload,omitempty"`
	PayloadCut  int             `json:"payload_left_out_bytes,omitempty"`
	Disposed    bool            `json:"payload_disposed,omitempty"`
}

// message gives an entry as the bytes that go out, frame included. What does not fit is left out, and the message says so: first the payload,
// then subjects from the end.
func (s shape) message(e ledger.Entry) []byte {
	b := body{Origin: s.origin, Index: e.Index, Time: e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), Kind: e.Kind, ActorKind: e.Actor.Kind, ActorID: e.Actor.ID, Via: e.Actor.Via,
		OnBehalf: e.OnBehalf, Subjects: e.Subjects, Leaf: e.Leaf().String(), Disposed: e.Disposed()}
	if e.Index == noEntry {
		b.Kind = "test.siem"
	}
	if s.whole && json.Valid(e.Payload) {
		b.Payload = json.RawMessage(e.Payload)
	}
	for {
		m := s.framed(b, e.Time)
		switch n := len(b.Subjects); {
		case len(m) <= MostMessage:
			return m
		case b.Payload != nil:
			b.PayloadCut, b.Payload = len(b.Payload), nil
		case n > 0:
			gone := (n + 1) / 2
			b.Subjects, b.SubjectsCut = b.Subjects[:n-gone], b.SubjectsCut+gone
		default:
			return m // fields of the header are bounded by the ledger
		}
	}
}

func (s shape) framed(b body, at time.Time) []byte {
	switch s.format {
	case JSONLines:
		return append(asciiJSON(b), '\n')
	case SyslogCEF:
		return counted(s.syslog(b, s.cef(b, at)))
	}
	return counted(s.syslog(b, string(asciiJSON(b))))
}

// counted puts the number of bytes before a message (RFC 6587, 3.4.1).
func counted(m string) []byte {
	return append(append(strconv.AppendInt(nil, int64(len(m)), 10), ' '), m...)
}

// auditFacility is "log audit" of RFC 5424.
const auditFacility = 13

// severity is that of RFC 5424: warning for alarms and refusals, else notice.
func severity(kind string) int {
	if kind == "alarm.raised" || strings.HasSuffix(kind, "refused") {
		return 4
	}
	return 5
}

// syslog is RFC 5424. Index and origin stand in its structured data too, for collectors that look no further. 32473 is the enterprise number
// that RFC 5612 keeps for such uses.
func (s shape) syslog(b body, msg string) string {
	return fmt.Sprintf("<%d>1 %s %s sekimori - %s [ledger@32473 origin=\"%s\" index=\"%d\"] %s",
		auditFacility*8+severity(b.Kind), b.Time, name(s.host, 255), name(b.Kind, 32), parameter(s.origin), b.Index, msg)
}

// name makes a field of the header: printable ASCII without spaces, at most n bytes; empty is "-".
func name(v string, n int) string {
	v = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, v)
	if v == "" {
		return "-"
	}
	return v[:min(len(v), n)]
}

// parameter escapes the value of a parameter (RFC 5424, 6.3.3).
func parameter(v string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(ascii(v))
}

// cef is the Common Event Format, version 0.
func (s shape) cef(b body, at time.Time) string {
	var out strings.Builder
	risk := "3"
	if severity(b.Kind) == 4 {
		risk = "7"
	}
	fmt.Fprintf(&out, "CEF:0|Sekimori|Sekimori|%s|%s|%s|%s|", header(s.version), header(b.Kind), header(b.Kind), risk)
	n := 0
	add := func(key, value string) {
		if value == "" {
			return
		}
		if n++; n > 1 {
			out.WriteByte(' ')
		}
		out.WriteString(key + "=" + extension(value))
	}
	labelled := func(key, label, value string) {
		if value != "" {
			add(key+"Label", label)
			add(key, value)
		}
	}
	add("rt", strconv.FormatInt(at.UnixMilli(), 10))
	add("externalId", strconv.FormatInt(b.Index, 10))
	add("suid", b.ActorID)
	labelled("cs1", "actor", strings.TrimSpace(b.ActorKind+" "+b.Via))
	labelled("cs2", "on_behalf", b.OnBehalf)
	labelled("cs3", "subjects", strings.Join(b.Subjects, " "))
	labelled("cs4", "leaf", b.Leaf)
	labelled("cs5", "origin", b.Origin)
	if b.Payload != nil {
		labelled("cs6", "payload", string(asciiJSON(b.Payload)))
	}
	for _, left := range []struct {
		label string
		n     int
	}{{"payload_left_out_bytes", b.PayloadCut}, {"subjects_left_out", b.SubjectsCut}} {
		if left.n > 0 {
			key := "cn" + strconv.Itoa(1+map[string]int{"subjects_left_out": 1}[left.label])
			labelled(key, left.label, strconv.Itoa(left.n))
		}
	}
	if b.Disposed {
		add("reason", "payload disposed of")
	}
	return out.String()
}

// header escapes a field of CEF's header: backslash and pipe; it has no line ends.
func header(v string) string {
	return strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r", " ", "\n", " ").Replace(ascii(v))
}

// extension escapes a value of CEF's extension: backslash, equals sign and line ends.
func extension(v string) string {
	return strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`).Replace(ascii(v))
}

// ascii writes control characters but line ends, and what is beyond ASCII, as \uXXXX; invalid UTF-8 as \ufffd.
func ascii(v string) string {
	var b strings.Builder
	for _, r := range v {
		if r >= ' ' && r <= '~' || r == '\r' || r == '\n' {
			b.WriteRune(r)
			continue
		}
		escape(&b, r)
	}
	return b.String()
}

func escape(b interface{ WriteString(string) (int, error) }, r rune) {
	if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
		b.WriteString(fmt.Sprintf(`\u%04x\u%04x`, hi, lo))
		return
	}
	b.WriteString(fmt.Sprintf(`\u%04x`, r))
}

// asciiJSON is JSON on one line, in ASCII, with the same meaning.
func asciiJSON(v any) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(`{}`) // strings, numbers and valid JSON cannot fail
	}
	var b bytes.Buffer
	for _, r := range strings.TrimRight(text.String(), "\n") {
		if r < utf8.RuneSelf && r != 0x7f {
			b.WriteRune(r) // control characters are escaped already, for JSON forbids them
			continue
		}
		escape(&b, r)
	}
	return b.Bytes()
}

package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/recordings/exactjson"
)

// Bounds of one entry. Readers may rely on them; larger entries are refused when written.
const (
	MaxHeader  = 64 << 10 // bytes of a header
	MaxPayload = 4 << 20  // bytes of a payload
	SaltSize   = 32       // bytes of a salt
)

// Actor is the person or broker that acted. Kind is "person" or "broker"; a person has an ID. Via is the door: "ssh", "web",
// "cli", or "timer" if the broker acted by itself.
type Actor struct{ Kind, ID, Via string }

// Draft is an entry without a place in the ledger.
type Draft struct {
	Kind     string   // "request.approved": lower-case words joined by '.' and '-', at most 64 bytes
	Actor    Actor    // a broker without a door acted by itself ("timer")
	OnBehalf string   // the person whose deputy the actor was; empty otherwise
	Subjects []string // ids of the things concerned: session, request, person …; empty ones and network addresses are left out. They stay when the payload is disposed of, and never hold text typed by a stranger
	Payload  any      // encoded as a JSON object; nil is {}. Invalid UTF-8 becomes U+FFFD: pass raw bytes as []byte
}

// Entry is one entry in its place. Its bytes are authoritative; the fields are parsed from them.
type Entry struct {
	Index    int64     // from 0, without gaps
	Time     time.Time // UTC, milliseconds; never before the previous entry's time
	Clock    time.Time // the clock's reading; equal to Time unless the clock had run back
	Kind     string
	Actor    Actor
	OnBehalf string
	Subjects []string
	Digest   [sha256.Size]byte // SHA-256(Salt ‖ Payload), also the last field of Header

	Header  []byte // the canonical line, as stored and hashed
	Salt    []byte // 32 random bytes, so that the digest of a short payload reveals nothing; nil when disposed of
	Payload []byte // the JSON object as stored and hashed; nil when disposed of
}

// Seal gives a draft its place: index, the transaction's time and the clock's reading (zero: the same). Times are cut to
// milliseconds. The error names the invalid field.
func Seal(d Draft, index int64, now, clock time.Time, salt [SaltSize]byte) (Entry, error) {
	payload, err := encodePayload(d.Payload)
	if err != nil {
		return Entry{}, fmt.Errorf("ledger: payload of %q: %w", d.Kind, err)
	}
	if clock.IsZero() {
		clock = now
	}
	if d.Actor.Kind == "broker" && d.Actor.Via == "" {
		d.Actor.Via = "timer"
	}
	e := Entry{
		Index:    index,
		Time:     now.UTC().Truncate(time.Millisecond),
		Clock:    clock.UTC().Truncate(time.Millisecond),
		Kind:     d.Kind,
		Actor:    d.Actor,
		OnBehalf: d.OnBehalf,
		Subjects: []string{},
		Salt:     salt[:],
		Payload:  payload,
	}
	for _, id := range d.Subjects {
		// A session without a request gives an empty id. An address is personal data, and the header is kept for ever; so
		// addresses go only into the payload, which can be disposed of.
		if id != "" && !isAddress(id) {
			e.Subjects = append(e.Subjects, id)
		}
	}
	e.Digest = payloadDigest(e.Salt, e.Payload)
	if err := e.check(); err != nil {
		return Entry{}, fmt.Errorf("ledger: entry %d of kind %q: %w", index, d.Kind, err)
	}
	e.Header = e.appendHeader(nil)
	if len(e.Header) > MaxHeader {
		return Entry{}, fmt.Errorf("ledger: entry %d of kind %q: header of %d bytes, at most %d (fewer subjects)", index, d.Kind, len(e.Header), MaxHeader)
	}
	return e, nil
}

// With returns the entry with a further, last member of its payload, and so another digest and leaf. Use it before the entry
// is in a tree, when several things are sealed at once. Error: *FormError if the payload or the header has no room.
func (e Entry) With(member string, v any) (Entry, error) {
	name, err := json.Marshal(member)
	if err != nil {
		return e, err
	}
	value, err := encodeJSON(v)
	if err != nil {
		return e, fmt.Errorf("ledger: member %q of the payload of entry %d: %w", member, e.Index, err)
	}
	payload := append(make([]byte, 0, len(e.Payload)+len(name)+len(value)+2), e.Payload[:len(e.Payload)-1]...)
	if len(payload) > 1 {
		payload = append(payload, ',')
	}
	payload = append(append(append(append(payload, name...), ':'), value...), '}')
	if err := checkPayload(payload); err != nil {
		return e, err
	}
	e.Payload, e.Digest = payload, payloadDigest(e.Salt, payload)
	e.Header = e.appendHeader(nil)
	return e, nil
}

// isAddress reports whether an id is a network address, with or without a port or a prefix length.
func isAddress(id string) bool {
	if _, err := netip.ParseAddr(id); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(id); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(id)
	return err == nil
}

// ParseEntry reads an entry from stored bytes, and refuses bytes that Seal would not write. Salt and payload are both empty
// if the payload has been disposed of. The slices are kept, not copied. Errors: *FormError, ErrPayloadDigest.
func ParseEntry(header, salt, payload []byte) (Entry, error) {
	e, err := parseHeader(header)
	if err != nil {
		return Entry{}, err
	}
	if len(salt) == 0 && len(payload) == 0 {
		return e, nil
	}
	if len(salt) != SaltSize {
		return Entry{}, formErrorf("salt of %d bytes, not %d", len(salt), SaltSize)
	}
	if err := checkPayload(payload); err != nil {
		return Entry{}, err
	}
	if payloadDigest(salt, payload) != e.Digest {
		return Entry{}, ErrPayloadDigest
	}
	e.Salt, e.Payload = salt, payload
	return e, nil
}

// ErrPayloadDigest says that salt and payload do not match the digest in the header.
var ErrPayloadDigest = errors.New("ledger: salt and payload do not give the digest in the header")

// FormError says why bytes are not an entry in canonical form.
type FormError struct{ What string }

func (e *FormError) Error() string { return "ledger: " + e.What }

func formErrorf(format string, args ...any) error {
	return &FormError{What: fmt.Sprintf(format, args...)}
}

// Leaf is the entry's hash in the tree: the RFC 6962 leaf hash of the header. The header's last field is the digest of salt
// and payload. Forms show the leaf as 検証値.
func (e Entry) Leaf() tlog.Hash { return tlog.RecordHash(e.Header) }

// Disposed reports whether the payload was disposed of; the header still verifies.
func (e Entry) Disposed() bool { return len(e.Salt) == 0 && len(e.Payload) == 0 }

// Dispose returns the entry without salt and payload, its form after the retention has ended.
func (e Entry) Dispose() Entry {
	e.Salt, e.Payload = nil, nil
	return e
}

func payloadDigest(salt, payload []byte) (d [sha256.Size]byte) {
	h := sha256.New()
	h.Write(salt)
	h.Write(payload)
	h.Sum(d[:0])
	return d
}

func encodePayload(v any) ([]byte, error) {
	if v == nil {
		return []byte("{}"), nil
	}
	payload, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return payload, checkPayload(payload)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people and jq read a payload; a browser never does as markup
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// checkPayload requires one JSON object on one line, so that an export can carry the stored bytes unchanged and still be read
// line by line.
func checkPayload(p []byte) error {
	switch {
	case len(p) > MaxPayload:
		return formErrorf("payload of %d bytes, at most %d", len(p), MaxPayload)
	case len(p) < 2 || p[0] != '{' || p[len(p)-1] != '}':
		return formErrorf("payload is not a JSON object")
	case bytes.ContainsFunc(p, func(r rune) bool { return r < 0x20 }):
		return formErrorf("payload holds a control character")
	case !utf8.Valid(p):
		return formErrorf("payload is not UTF-8")
	case !json.Valid(p):
		return formErrorf("payload is not valid JSON")
	}
	if name, twice := exactjson.Repeated(p); twice {
		return formErrorf("payload has the member %q twice in one object", name)
	}
	return nil
}

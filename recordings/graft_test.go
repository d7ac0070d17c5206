package recordings

import (
	"bytes"
	"crypto/sha256"
	"io"
	"slices"
	"testing"

	"filippo.io/age"
)

// Graft puts the segments of one recording after the header of another and makes the chain hold again. An attacker needs no
// key for that.
func Graft(header, segments []byte) []byte {
	start := func(b []byte) int {
		p, _, err := readPrelude(bytes.NewReader(b))
		if err != nil {
			panic(err)
		}
		return int(p.size)
	}
	out := append([]byte(nil), header[:start(header)]...)
	for b := segments[start(segments):]; len(b) > 0; {
		n := headLen + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		out = append(out, b[:n]...)
		sum := sha256.Sum256(out)
		out = append(out, sum[:checkLen]...)
		b = b[n+checkLen:]
	}
	return out
}

// ForgeKeys makes a keys file for a recording without its key: it wraps a key of the attacker's own, with a code that holds.
func ForgeKeys(t testing.TB, recording []byte, recipient string) []byte {
	t.Helper()
	p, _, err := readPrelude(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	to, err := ParseRecipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{7}, keyLen)
	e := sharedKey{to: sha256.Sum256([]byte(recipient))}
	if e.wrapped, err = wrapKey(key, []age.Recipient{to}); err != nil {
		t.Fatal(err)
	}
	if e.mac, err = e.authentic(p.digest, key); err != nil {
		t.Fatal(err)
	}
	return (&keysFile{of: p.digest, entries: []sharedKey{e}}).encode()
}

// SegmentTypes gives the types of a recording's segments, each once, in order of their numbers.
func SegmentTypes(t testing.TB, b []byte) (types []byte) {
	t.Helper()
	s, err := newScanner(bytes.NewReader(b))
	for err == nil {
		var g segment
		if g, err = s.next(); err == nil && !slices.Contains(types, g.typ) {
			types = append(types, g.typ)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	slices.Sort(types)
	return types
}

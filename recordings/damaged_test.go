package recordings

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

var damage = flag.Bool("damage", false, "make the damaged files that do not exist yet out of testdata/v1/closed.skr")

// places are the offsets of a recording's segments.
func places(t *testing.T, b []byte) (at []int) {
	t.Helper()
	s, err := newScanner(bytes.NewReader(b))
	for err == nil {
		at = append(at, int(s.offset))
		_, err = s.next()
	}
	return at[:len(at)-1] // the last is the end of the file
}

// put gives b with c at an offset.
func put(b []byte, at int, c ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], c)
	return b
}

// damaged are ways to damage a recording, each with the place and the words by which a reader names the fault.
var damaged = []struct {
	name    string
	spoil   func(b []byte, at []int) []byte
	short   bool   // a *TruncatedError, else a *CorruptError
	keyed   bool   // the chain holds; only a reader with the output's key finds it
	segment int    // in which it is found; -1: the header
	says    string // part of the error
}{
	{"magic", func(b []byte, _ []int) []byte { return put(b, 4, '\n') }, false, false, -1, "not a recording"},
	{"version-2", func(b []byte, _ []int) []byte { return rehead(put(b, 9, 2)) }, false, false, -1, "format version 2"},
	{"header-length", func(b []byte, _ []int) []byte { return put(b, 10, 0, 2, 0, 0) }, false, false, -1, "length 131072"},
	{"header-byte", func(b []byte, _ []int) []byte { return put(b, 60, b[60]^1) }, false, false, -1, "the header's digest"},
	{"header-names-no-session", func(b []byte, _ []int) []byte {
		return rehead(bytes.Replace(b, []byte(`"session":`), []byte(`"Session":`), 1))
	}, false, false, -1, "the header:"},
	{"first-segment", func(b []byte, at []int) []byte { return put(b, at[0]+20, b[at[0]+20]^1) }, false, false, 0, "the chain"},
	{"middle-segment", func(b []byte, at []int) []byte { return put(b, at[5]+4, b[at[5]+4]^0x80) }, false, false, 5, "the chain"},
	{"check", func(b []byte, at []int) []byte { return put(b, at[3]-1, b[at[3]-1]^1) }, false, false, 2, "the chain"},
	{"type", func(b []byte, at []int) []byte { return put(b, at[2], 3) }, false, false, 2, "no segment begins with 0x03"},
	{"length", func(b []byte, at []int) []byte { return put(b, at[4]+1, 0xff, 0xff, 0xff) }, false, false, 4, "out of range"},
	{"two-swapped", func(b []byte, at []int) []byte {
		return bytes.Join([][]byte{b[:at[1]], b[at[2]:at[3]], b[at[1]:at[2]], b[at[3]:]}, nil)
	}, false, false, 1, "the chain"},
	{"one-removed", func(b []byte, at []int) []byte { return append(bytes.Clone(b[:at[4]]), b[at[5]:]...) }, false, false, 4, "the chain"},
	{"one-twice", func(b []byte, at []int) []byte { return append(bytes.Clone(b[:at[2]]), b[at[1]:]...) }, false, false, 2, "the chain"},
	{"cut-in-a-segment", func(b []byte, at []int) []byte { return b[:at[6]+9] }, true, false, 6, "cut off inside segment 6"},
	{"cut-between-segments", func(b []byte, at []int) []byte { return b[:at[6]] }, true, false, 6, "stops without an end"},
	{"end-cut", func(b []byte, _ []int) []byte { return b[:len(b)-1] }, true, false, 12, "cut off inside segment 12"},
	{"end-without-cause", func(b []byte, at []int) []byte {
		return rechain(bytes.Replace(b, []byte(`"cause":`), []byte(`"Cause":`), 1))
	}, false, false, 12, "the end:"},
	{"after-the-end", func(b []byte, _ []int) []byte { return append(bytes.Clone(b), 0) }, false, false, 13, "bytes follow the end"},
	{"chain-made-anew", func(b []byte, at []int) []byte { return rechain(put(b, at[3]+8, b[at[3]+8]^1)) }, false, true, 3, "not sealed with this recording's key"},
	{"moved-and-chain-made-anew", func(b []byte, at []int) []byte {
		return rechain(bytes.Join([][]byte{b[:at[1]], b[at[2]:at[3]], b[at[1]:at[2]], b[at[3]:]}, nil))
	}, false, true, 1, "not sealed with this recording's key"},
	{"end-rewritten-and-chain-made-anew", func(b []byte, _ []int) []byte {
		return rechain(bytes.Replace(b, []byte("window-ended"), []byte("window-ENDED"), 1))
	}, false, true, 12, "the end was not sealed"},
}

// rehead makes the header's digest hold.
func rehead(b []byte) []byte {
	b = bytes.Clone(b)
	end := fixedLen
	for i := range 3 {
		end += int(binary.BigEndian.Uint32(b[10+4*i:]))
	}
	sum := sha256.Sum256(b[:end])
	copy(b[end:], sum[:])
	return b
}

// Each damaged file of testdata is found out, at its place. The files are kept, so that a later version of this program finds in
// them what this one found.
func TestDamagedFilesAreNamedAtTheirPlace(t *testing.T) {
	whole, err := os.ReadFile("testdata/v1/closed.skr")
	if err != nil {
		t.Fatal(err)
	}
	at := append(places(t, whole), len(whole))
	f, err := os.Open("testdata/v1/viewing.key")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(f)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, d := range damaged {
		t.Run(d.name, func(t *testing.T) {
			path := filepath.Join("testdata", "damaged", d.name+".skr")
			known[path] = true
			if _, err := os.Stat(path); *damage && err != nil {
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, d.spoil(whole, at), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			offset, segment := int64(0), uint64(0)
			if d.segment >= 0 {
				offset, segment = int64(at[d.segment]), uint64(d.segment)
			}
			_, err := Verify(path)
			if d.keyed {
				if err != nil {
					t.Fatalf("the chain was meant to hold: %v", err)
				}
				r, oerr := Open(path, ids...)
				if oerr != nil {
					t.Fatal(oerr)
				}
				defer r.Close()
				for err == nil {
					_, err = r.Next()
				}
			}
			if err == nil || err == io.EOF || !strings.Contains(err.Error(), d.says) {
				t.Fatalf("%v, want words %q", err, d.says)
			}
			var short *TruncatedError
			var bad *CorruptError
			switch {
			case d.short && errors.As(err, &short):
				if short.Offset != offset || short.Segment != segment {
					t.Errorf("%v, want offset %d, segment %d", err, offset, segment)
				}
			case !d.short && errors.As(err, &bad):
				if bad.Offset != offset || bad.Segment != segment {
					t.Errorf("%v, want offset %d, segment %d", err, offset, segment)
				}
			default:
				t.Errorf("an error of another kind: %v", err)
			}
		})
	}
	files, err := filepath.Glob("testdata/damaged/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !known[path] {
			t.Errorf("%s is in no row", path)
		}
	}
}

// FuzzKeysFile reads hostile keys files. A file that parses is written back byte for byte, and costs no more memory than the format
// allows.
func FuzzKeysFile(f *testing.F) {
	b, err := os.ReadFile("testdata/v1/hybrid.skr.keys")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-1])
	f.Add(put(b, keysHead+sha256.Size, 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := readKeys(bytes.NewReader(b))
		if err != nil {
			var bad *KeysError
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return
		}
		if again := k.encode(); !bytes.Equal(again, b) {
			t.Fatalf("%d bytes became %d", len(b), len(again))
		}
		if len(k.entries) > keysMost {
			t.Fatalf("%d entries", len(k.entries))
		}
	})
}

// FuzzPrelude reads hostile headers. What was parsed and written again parses to the same, and is written the same from then on.
func FuzzPrelude(f *testing.F) {
	for _, name := range []string{"closed", "hybrid"} {
		b, err := os.ReadFile("testdata/v1/" + name + ".skr")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < fixedLen {
			return
		}
		p, read, err := readPrelude(bytes.NewReader(rechain(b)))
		if len(read) > fixedLen+3*maxPart+sha256.Size {
			t.Fatalf("%d bytes of a header were read", len(read))
		}
		if err != nil {
			return
		}
		once, err := p.encode()
		if err != nil {
			return // times that JSON cannot write
		}
		again, _, err := readPrelude(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
		twice, err := again.encode()
		if err != nil || !bytes.Equal(once, twice) || !bytes.Equal(p.outputKey, again.outputKey) || !bytes.Equal(p.inpKey, again.inpKey) {
			t.Fatalf("written twice it differs: %v", err)
		}
	})
}

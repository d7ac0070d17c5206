package recordings

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"filippo.io/age"
)

// FuzzFrames reads hostile frames, like an auditor's program that opens another person's file with its key.
func FuzzFrames(f *testing.F) {
	f.Add(putFrame(nil, byte(Stdout), 3, 1500, "", []byte("x")), false)
	f.Add(putFrame(nil, byte(Stdin), 1<<32-1, 1<<50, "", nil), true)
	f.Add(append(putFrame(nil, kindEvent, 0, 0, "env", []byte(`{}`)), 0, 0), true)
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, false)
	f.Fuzz(func(t *testing.T, b []byte, input bool) {
		var again []byte
		rest := b
		for {
			fr, next, more, what := takeFrame(rest, input)
			if what != "" {
				return
			}
			if !more {
				break
			}
			kind := byte(fr.Stream)
			if fr.Event != "" || fr.Stream == NoStream {
				kind = kindEvent
			}
			again = putFrame(again, kind, fr.Channel, uint64(fr.Elapsed/time.Microsecond), fr.Event, fr.Data)
			rest = next
		}
		// Frames that were parsed and written again parse to the same frames.
		for rest, a := b, again; ; {
			x, nx, more, _ := takeFrame(rest, input)
			y, ny, more2, what := takeFrame(a, input)
			if what != "" || more != more2 || x.Channel != y.Channel || x.Elapsed != y.Elapsed || x.Event != y.Event || !bytes.Equal(x.Data, y.Data) {
				t.Fatalf("%+v, written again %+v %s", x, y, what)
			}
			if !more {
				return
			}
			rest, a = nx, ny
		}
	})
}

// FuzzFile reads hostile files. The segments get a valid chain first, so that the code behind the chain is reached too.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"closed", "crashed"} {
		b, err := os.ReadFile("testdata/v1/" + name + ".skr")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(magic))
	var ids []age.Identity
	for _, name := range []string{"viewing", "offline"} {
		b, err := os.ReadFile("testdata/v1/" + name + ".key")
		if err != nil {
			f.Fatal(err)
		}
		id, err := age.ParseIdentities(bytes.NewReader(b))
		if err != nil {
			f.Fatal(err)
		}
		ids = append(ids, id...)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, rechain(b)} {
			r, err := NewReader(bytes.NewReader(b), ids...)
			if err != nil {
				continue
			}
			for err == nil {
				_, err = r.Next()
			}
			if r.End(); err == io.EOF {
				if rep, verr := VerifyReader(bytes.NewReader(b)); verr != nil || rep.Digest.SHA256 != sha256.Sum256(b) {
					t.Fatalf("it reads to its end but does not verify: %v", verr)
				}
			}
			var short *TruncatedError
			var bad *CorruptError
			if err != io.EOF && !errors.As(err, &short) && !errors.As(err, &bad) {
				t.Fatal(err)
			}
		}
	})
}

// rechain makes the header's digest and the checks hold as far as the lengths allow.
func rechain(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < fixedLen {
		return b
	}
	at := fixedLen
	for i := range 3 {
		at += int(binary.BigEndian.Uint32(b[10+4*i:]) & 0xffff)
	}
	if at+sha256.Size > len(b) {
		return b
	}
	sum := sha256.Sum256(b[:at])
	at += copy(b[at:], sum[:])
	for at+headLen <= len(b) {
		at += headLen + int(b[at+1])<<16 + int(b[at+2])<<8 + int(b[at+3])
		if at+checkLen > len(b) {
			break
		}
		sum := sha256.Sum256(b[:at])
		at += copy(b[at:], sum[:checkLen])
	}
	return b
}

// FuzzText feeds the terminal. It must neither fail nor emit control characters.
func FuzzText(f *testing.F) {
	f.Add([]byte("\x1b[2J\x1b[1;1Hls\b\b\x1b[K障害\xe5\n\x1b]0;t\x07"))
	f.Fuzz(func(t *testing.T, b []byte) {
		term := newTerminal(UTF8)
		for _, c := range b {
			if term.feed(c) {
				term.take(Stdout)
			}
			if len(term.cells) > maxColumns+8 || len(term.marks) > 2*maxColumns {
				t.Fatalf("it grows: %d cells", len(term.cells))
			}
		}
		l, _ := term.flush(Stdout)
		for _, r := range l.Text {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				t.Fatalf("%q", l.Text)
			}
		}
	})
}

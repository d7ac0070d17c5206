package recordings

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// built is a recording of the given header and, unless empty, the given end after a crash.
func built(header, end string) []byte {
	b := binary.BigEndian.AppendUint16([]byte(magic), Version)
	for _, n := range []int{len(header), 0, 0} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, header...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	if end != "" {
		b = append(putHead(b, segCrashed, len(end)), end...)
		sum = sha256.Sum256(b)
		b = append(b, sum[:checkLen]...)
	}
	return b
}

const (
	goodHeader = `{"version":1,"session":"S-20261124-03","started":"2026-11-24T01:00:00Z"}`
	goodEnd    = `{"cause":"broker-crashed","at":"2026-11-24T01:00:00Z"}`
)

// Input that FORMAT.md does not allow is refused, so that two readers cannot read different things.
func TestHeaderAndEndAreReadStrictly(t *testing.T) {
	if _, err := VerifyReader(bytes.NewReader(built(goodHeader, goodEnd))); err != nil {
		t.Fatal(err)
	}
	if r, err := VerifyReader(bytes.NewReader(built(strings.Replace(goodHeader, "{", `{"later":{"a":[1]},`, 1), strings.Replace(goodEnd, "{", `{"later":1,`, 1)))); err != nil || r.Header.Session != "S-20261124-03" {
		t.Errorf("unknown members: %v", err)
	}
	for says, header := range map[string]string{
		"version 0":                    `{"session":"S","started":"2026-11-24T01:00:00Z"}`,
		"version 2":                    strings.Replace(goodHeader, "1", "2", 1),
		"names no session":             `{"version":1,"started":"2026-11-24T01:00:00Z"}`,
		"when the session started":     `{"version":1,"session":"S"}`,
		`"session" is written`:         `{"version":1,"Session":"S","started":"2026-11-24T01:00:00Z"}`,
		`"session" stands there twice`: strings.Replace(goodHeader, "{", `{"session":"S-20261124-04",`, 1),
		`"SESSION"`:                    strings.Replace(goodHeader, "{", `{"SESSION":"S-20261124-04",`, 1),
		"invalid character":            `{"version":1,`,
		"parsing time":                 strings.Replace(goodHeader, "T01", " 01", 1),
	} {
		_, err := VerifyReader(bytes.NewReader(built(header, goodEnd)))
		var bad *CorruptError
		if !errors.As(err, &bad) || says != "invalid character" && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", header, err)
		}
	}
	for says, end := range map[string]string{
		"no cause":                   `{"at":"2026-11-24T01:00:00Z"}`,
		"or not when":                `{"cause":"x"}`,
		`"cause" stands there twice`: strings.Replace(goodEnd, "{", `{"cause":"ended-by-engineer",`, 1),
		`"cause" is written "Cause"`: strings.Replace(goodEnd, "{", `{"Cause":"ended-by-engineer",`, 1),
	} {
		_, err := VerifyReader(bytes.NewReader(built(goodHeader, end)))
		var bad *CorruptError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", end, err)
		}
	}
}

func TestADigestIsInLowerCase(t *testing.T) {
	var s Sum
	good := strings.Repeat("0a", 32)
	if err := s.UnmarshalText([]byte(good)); err != nil || s.String() != good {
		t.Error(err)
	}
	for _, bad := range []string{strings.ToUpper(good), good[:62], good + "0a", strings.Replace(good, "a", "g", 1)} {
		if s.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// The writer never writes an unreadable recording.
func TestNoRecordingIsWrittenThatCannotBeRead(t *testing.T) {
	if _, err := Create(t.TempDir()+"/x.skr", Header{}, Options{}); err == nil {
		t.Error("a header without a session was written")
	}
	e := End{}.said(Header{Started: time.Unix(1, 0)})
	if e.Cause == "" || e.At.IsZero() {
		t.Errorf("%+v", e)
	}
}

// Time never runs backwards within output, nor within input.
func TestAttackTimeThatRunsBackwards(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, back := range []bool{false, true} {
		now, path := 2*time.Second, t.TempDir()+"/x.skr"
		w, err := Create(path, Header{Session: "S-20261124-03", Started: time.Unix(1, 0)}, Options{
			OutputTo: []age.Recipient{id.Recipient()}, InputTo: []age.Recipient{id.Recipient()}, Elapsed: func() time.Duration { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		say := func(s Stream) {
			t.Helper()
			if err := w.Data(0, s, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		say(Stdout)
		say(Stdin)
		now = time.Second
		say(Stdout) // the writer prevents it
		if back {
			w.mu.Lock()
			w.last = 0
			w.mu.Unlock()
			say(Stdin)
		}
		if _, err := w.Close(End{Cause: "x", At: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, id)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next()
		}
		r.Close()
		var bad *CorruptError
		if errors.As(err, &bad) != back || back && !strings.Contains(bad.What, "time of a frame") {
			t.Errorf("back %v: %v", back, err)
		}
	}
}

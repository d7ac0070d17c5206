package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Two readers must not read different things from one payload.
func TestAPayloadHasEachMemberOnce(t *testing.T) {
	for payload, twice := range map[string]bool{
		`{"a":1,"b":{"a":1}}`:             false,
		`{"a":1,"A":1}`:                   false, // two members; readers look names up exactly
		`{"a":1,"a":2}`:                   true,
		`{"a":[{"b":1,"\u0062":2}]}`:      true,
		`{"recording":{},"recording":{}}`: true,
	} {
		_, err := Seal(Draft{Kind: "a", Actor: Actor{Kind: "broker"}, Payload: json.RawMessage(payload)}, 0, time.Unix(1, 0), time.Time{}, [32]byte{})
		if (err != nil) != twice {
			t.Errorf("%s: %v", payload, err)
		}
	}
	// With refuses a member that the payload has already.
	e, err := Seal(Draft{Kind: "a", Actor: Actor{Kind: "broker"}, Payload: map[string]int{"rows": 1}}, 0, time.Unix(1, 0), time.Time{}, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.With("rows", 2); err == nil {
		t.Error("a member was written twice")
	}
	with, err := e.With("more", map[string]string{"x": "<"})
	if err != nil || string(with.Payload) != `{"rows":1,"more":{"x":"<"}}` {
		t.Fatalf("%s, %v", with.Payload, err)
	}
	if again, err := ParseEntry(with.Header, with.Salt, with.Payload); err != nil || again.Digest == e.Digest {
		t.Errorf("%v", err)
	}
}

// If the clock had run back, the entry's time is the previous entry's: not later, and not on a first entry.
func TestAttackTimeBesideTheClock(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	who := Actor{"person", "U-001", "cli"}
	for name, c := range map[string]struct {
		second time.Time // of the second entry
		holds  bool
	}{
		"of the entry before":             {at, true},
		"a minute after the entry before": {at.Add(time.Minute), false},
	} {
		b := newBook(t)
		b.add(Draft{Kind: "a", Actor: who}, at, time.Time{})
		b.add(Draft{Kind: "b", Actor: who}, c.second, at.Add(-time.Hour))
		_, err := verify(b.export(), VerifyOptions{Key: b.key})
		var p *Problem
		if c.holds != (err == nil) || err != nil && (!errors.As(err, &p) || p.Code != ClockDiffers || p.Index != 1) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := newBook(t)
	b.add(Draft{Kind: "a", Actor: who}, at, at.Add(-time.Hour))
	var p *Problem
	if _, err := verify(b.export(), VerifyOptions{Key: b.key}); !errors.As(err, &p) || p.Code != ClockDiffers || p.Index != 0 {
		t.Errorf("a first entry: %v", err)
	}
}

// The limits stated in FORMAT.md: an origin of 256 bytes, 100 signatures.
func TestLimitsOfACheckpoint(t *testing.T) {
	b := newBook(t)
	for n, ok := range map[int]bool{256: true, 257: false} {
		if err := checkOrigin(strings.Repeat("o", n)); (err == nil) != ok {
			t.Errorf("an origin of %d bytes: %v", n, err)
		}
	}
	c := string(b.checkpoint())
	_, sig, _ := strings.Cut(strings.TrimSpace(c[strings.LastIndex(c, "— "):]), " "+testOrigin+" ")
	for i := range 99 {
		c += fmt.Sprintf("— w%d.example %s\n", i, strings.Replace(sig, "RwnVp9", fmt.Sprintf("RwnVp%c", 'A'+i%26), 1))
	}
	if _, err := ReadCheckpoint([]byte(c)); err != nil {
		t.Errorf("100 signatures: %v", err)
	}
	if n, err := note.Open([]byte(c), note.VerifierList(b.key)); err != nil || len(n.Sigs) != 1 {
		t.Errorf("x/mod: %v", err)
	}
	if _, err := ReadCheckpoint([]byte(c + "— w100.example " + sig + "\n")); err == nil {
		t.Error("101 signatures were taken")
	}
}

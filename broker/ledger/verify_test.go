package ledger

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/mod/sumdb/note"
)

func verify(export []byte, o VerifyOptions) (Report, error) {
	return Verify(bytes.NewReader(export), o)
}

// wantProblem runs Verify and requires this code; line and index are checked unless negative or -2.
func wantProblem(t *testing.T, export []byte, o VerifyOptions, code Code) *Problem {
	t.Helper()
	_, err := verify(export, o)
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want the problem %s", err, code)
	}
	if p.Code != code {
		t.Fatalf("got %v (%s), want %s", p, p.Code, code)
	}
	return p
}

func TestVerifyGood(t *testing.T) {
	b := disposed(t)
	var kinds []string
	var progress int64
	r, err := verify(b.export(), VerifyOptions{
		Key:      b.key,
		Since:    b.checkpointAt(3),
		Entry:    func(e Entry) error { kinds = append(kinds, e.Kind); return nil },
		Progress: func(n int64) { progress = n },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !r.SignerVerified || r.Signer != testOrigin || r.Origin != testOrigin || r.Entries != 6 || r.SinceSize != 3 ||
		r.Disposed != 1 || r.FirstDisposed != 3 || len(r.Unverified) != 0 || progress != 6 {
		t.Errorf("report %+v, progress %d", r, progress)
	}
	if !r.First.Equal(b.entries[0].Time) || !r.Last.Equal(b.entries[5].Time) {
		t.Errorf("from %v to %v", r.First, r.Last)
	}
	if want := []string{"registry.applied", "request.approved", "session.opening", "session.notice", "session.ended", KindDisposed}; !slices.Equal(kinds, want) {
		t.Errorf("entries seen: %q", kinds)
	}
}

func TestVerifyWithoutKeySaysSo(t *testing.T) {
	b := maintenance(t)
	r, err := verify(b.export(), VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.SignerVerified || r.Signer != "" || !slices.Equal(r.Unverified, []string{testOrigin}) {
		t.Errorf("report %+v", r)
	}
}

func TestVerifyEmptyLedger(t *testing.T) {
	b := newBook(t)
	r, err := verify(b.export(), VerifyOptions{Key: b.key, Since: b.checkpointAt(0)})
	if err != nil || r.Entries != 0 || r.SinceSize != 0 || !r.SignerVerified {
		t.Errorf("report %+v, %v", r, err)
	}
}

func lineOf(export []byte, at int) int64 {
	return int64(bytes.Count(export[:at], []byte("\n"))) + 1
}

// Every flipped bit of an export is found, with a key and without, and its line is named. That includes a cosignature for
// which no key is given.
func TestEveryBitFlipped(t *testing.T) {
	b := maintenance(t)
	cosigned, _ := cosign(t, b.checkpoint(), "witness.example", 1795482000)
	good := export(t, b.entries, cosigned)
	for name, o := range map[string]VerifyOptions{"key": {Key: b.key}, "no key": {}} {
		if _, err := verify(good, o); err != nil {
			t.Fatal(name, err)
		}
		bad := bytes.Clone(good)
		for i := range good {
			for bit := range 8 {
				if o.Key == nil && bit != i%8 {
					continue // once each is enough; only the key could hide a fault
				}
				bad[i] = good[i] ^ 1<<bit
				_, err := verify(bad, o)
				var p *Problem
				if !errors.As(err, &p) {
					t.Fatalf("%s: bit %d of byte %d (%q → %q) flipped: %v", name, bit, i, good[i], bad[i], err)
				}
				if want := lineOf(good, i); p.Line != want {
					t.Fatalf("%s: bit %d of byte %d flipped on line %d, named: %v", name, bit, i, want, p)
				}
			}
			bad[i] = good[i]
		}
	}
}

func TestCutAnywhere(t *testing.T) {
	b := maintenance(t)
	good := b.export()
	for n := range good {
		wantProblem(t, good[:n], VerifyOptions{Key: b.key}, CutShort)
	}
}

func TestTrailingData(t *testing.T) {
	b := maintenance(t)
	for _, tail := range []string{"\n", " ", "{}\n", formatLine + "\n"} {
		p := wantProblem(t, append(b.export(), tail...), VerifyOptions{Key: b.key}, TrailingData)
		if p.Line != 8 {
			t.Errorf("%q after the end: %v", tail, p)
		}
	}
}

func TestByteInsertedOrRemoved(t *testing.T) {
	b := maintenance(t)
	good := b.export()
	for i := range good {
		for _, c := range []byte{' ', '\n', '0', '"', '\\', '=', '}'} {
			bad := slices.Insert(bytes.Clone(good), i, c)
			if _, err := verify(bad, VerifyOptions{Key: b.key}); err == nil {
				t.Fatalf("%q inserted at byte %d went unseen", c, i)
			}
		}
		bad := slices.Delete(bytes.Clone(good), i, i+1)
		if _, err := verify(bad, VerifyOptions{Key: b.key}); err == nil {
			t.Fatalf("byte %d removed went unseen", i)
		}
	}
}

// The possible changes by a person who can write files but does not hold the key.
func TestTampering(t *testing.T) {
	b := maintenance(t)
	checkpoint := b.checkpoint()
	reseal := func(at int, change func(*Draft, *time.Time)) []byte {
		entries := slices.Clone(b.entries)
		e := entries[at]
		d := Draft{Kind: e.Kind, Actor: e.Actor, OnBehalf: e.OnBehalf, Subjects: e.Subjects, Payload: map[string]string{}}
		now := e.Time
		change(&d, &now)
		forged, err := Seal(d, e.Index, now, time.Time{}, [SaltSize]byte{})
		if err != nil {
			t.Fatal(err)
		}
		entries[at] = forged
		return export(t, entries, checkpoint)
	}
	for _, c := range []struct {
		attack string
		export []byte
		code   Code
		line   int64
		index  int64
	}{
		{"first entry deleted", export(t, b.entries[1:], checkpoint), EntryMissing, 2, 0},
		{"entry in the middle deleted", export(t, slices.Delete(slices.Clone(b.entries), 2, 3), checkpoint), EntryMissing, 4, 2},
		{"entry repeated", export(t, slices.Insert(slices.Clone(b.entries), 2, b.entries[1]), checkpoint), EntryOutOfOrder, 4, 2},
		{"two entries exchanged", export(t, []Entry{b.entries[0], b.entries[2], b.entries[1], b.entries[3], b.entries[4]}, checkpoint), EntryMissing, 3, 1},
		{"entries deleted from the end", export(t, b.entries[:3], checkpoint), SizeDiffers, 5, 3},
		{"entries added at the end", export(t, append(slices.Clone(b.entries), withIndex(t, b.entries[4], 5)), checkpoint), SizeDiffers, 8, 5},
		{"another person written in", reseal(1, func(d *Draft, _ *time.Time) { d.Actor.ID = "U-009" }), RootDiffers, 7, -1},
		{"another payload written in", reseal(4, func(d *Draft, _ *time.Time) {}), RootDiffers, 7, -1},
		{"time moved forward", reseal(1, func(_ *Draft, at *time.Time) { *at = at.Add(time.Hour) }), TimeBackwards, 4, 2},
		{"time moved back", reseal(1, func(_ *Draft, at *time.Time) { *at = at.Add(-time.Hour) }), TimeBackwards, 3, 1},
		{"older checkpoint put under", export(t, b.entries, b.checkpointAt(4)), SizeDiffers, 7, 4},
	} {
		t.Run(c.attack, func(t *testing.T) {
			p := wantProblem(t, c.export, VerifyOptions{Key: b.key}, c.code)
			if p.Line != c.line || p.Index != c.index {
				t.Errorf("named line %d entry %d, want line %d entry %d", p.Line, p.Index, c.line, c.index)
			}
		})
	}
}

func withIndex(t *testing.T, e Entry, index int64) Entry {
	t.Helper()
	forged, err := Seal(Draft{Kind: e.Kind, Actor: e.Actor, Subjects: e.Subjects}, index, e.Time, time.Time{}, [SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

// The time rule holds also against the signer.
func TestSignedTimeBackwards(t *testing.T) {
	b := newBook(t)
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	b.add(Draft{Kind: "a", Actor: Actor{"broker", "", "timer"}}, at, time.Time{})
	b.add(Draft{Kind: "b", Actor: Actor{"broker", "", "timer"}}, at.Add(-time.Millisecond), time.Time{})
	p := wantProblem(t, b.export(), VerifyOptions{Key: b.key}, TimeBackwards)
	if p.Line != 3 || p.Index != 1 {
		t.Error(p)
	}
}

func TestWrongKey(t *testing.T) {
	b := maintenance(t)
	_, other := testKey(t, testOrigin, "another key of the same name")
	wantProblem(t, b.export(), VerifyOptions{Key: other}, SignatureInvalid)
	_, stranger := testKey(t, "elsewhere.example", "another name")
	wantProblem(t, b.export(), VerifyOptions{Key: stranger}, SignatureInvalid)
}

// A forger with a key of his own fails as soon as Verify gets the right key.
func TestWholeLedgerReplaced(t *testing.T) {
	b, forged := maintenance(t), newBook(t)
	forged.signer, _ = testKey(t, testOrigin, "the forger's key")
	forged.add(Draft{Kind: "a", Actor: Actor{"broker", "", "timer"}}, b.entries[0].Time, time.Time{})
	wantProblem(t, forged.export(), VerifyOptions{Key: b.key}, SignatureInvalid)
}

func TestSince(t *testing.T) {
	b := maintenance(t)
	size := int64(len(b.entries))
	for now := range size + 1 {
		for then := range size + 1 {
			export, o := export(t, b.entries[:now], b.checkpointAt(now)), VerifyOptions{Key: b.key, Since: b.checkpointAt(then)}
			if then > now {
				p := wantProblem(t, export, o, SinceLonger)
				if p.Index != now {
					t.Errorf("cut at %d: %v", now, p)
				}
				continue
			}
			if r, err := verify(export, o); err != nil || r.SinceSize != then {
				t.Errorf("%d since %d: %+v, %v", now, then, r, err)
			}
		}
	}
}

func TestSinceOfARewrittenLedger(t *testing.T) {
	b, other := maintenance(t), newBook(t)
	for i, e := range b.entries {
		d := Draft{Kind: e.Kind, Actor: e.Actor, Subjects: e.Subjects}
		if i == 1 {
			d.Subjects = []string{"somebody else"}
		}
		other.add(d, e.Time, time.Time{})
	}
	p := wantProblem(t, b.export(), VerifyOptions{Key: b.key, Since: other.checkpointAt(2)}, SinceDiffers)
	if p.Line != 3 || p.Index != 1 {
		t.Error(p)
	}
	_, stranger := testKey(t, testOrigin, "another")
	forged := *b
	forged.signer, _ = testKey(t, testOrigin, "another")
	wantProblem(t, b.export(), VerifyOptions{Key: b.key, Since: forged.checkpointAt(2)}, SinceSignature)
	if _, err := verify(forged.export(), VerifyOptions{Key: stranger, Since: forged.checkpointAt(2)}); err != nil {
		t.Error(err)
	}
	wantProblem(t, b.export(), VerifyOptions{Key: b.key, Since: []byte("no checkpoint")}, SinceUnreadable)
	elsewhere, err := SignCheckpoint("elsewhere.example", 0, mustRoot(t, b, 0), b.signer)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, b.export(), VerifyOptions{Key: b.key, Since: elsewhere}, SinceOrigin)
}

func TestWitness(t *testing.T) {
	b := maintenance(t)
	plain, plainKey := testKey(t, "witness.example", "a witness with an ordinary key")
	cosigned, text := cosign(t, b.checkpoint(), "cosigner.example", 1795482000)
	key, err := ParseWitnessKey(text)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(cosigned, note.VerifierList(b.key, key))
	if err != nil || len(n.Sigs) != 2 {
		t.Fatalf("%v, %v", n, err)
	}
	both, err := note.Sign(n, plain)
	if err != nil {
		t.Fatal(err)
	}
	o := VerifyOptions{Key: b.key, Witnesses: []note.Verifier{key, plainKey}}
	r, err := verify(export(t, b.entries, both), o)
	if err != nil || !slices.Equal(r.Witnesses, []string{"cosigner.example", "witness.example"}) || len(r.Unverified) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	p := wantProblem(t, export(t, b.entries, cosigned), o, WitnessMissing)
	if p.Due != "witness.example" {
		t.Error(p)
	}
	wantProblem(t, b.export(), o, WitnessMissing)
	// The cosignature of another checkpoint is invalid under this one.
	other, _ := cosign(t, b.checkpointAt(2), "cosigner.example", 1795482000)
	_, line, _ := bytes.Cut(other, []byte("— cosigner"))
	moved := append(bytes.Clone(b.checkpoint()), append([]byte("— cosigner"), line...)...)
	wantProblem(t, export(t, b.entries, moved), o, WitnessMissing)
}

func TestReaderAndEntryErrorsAreNoProblems(t *testing.T) {
	b := maintenance(t)
	broken := errors.New("the disk")
	_, err := Verify(io.MultiReader(bytes.NewReader(b.export()[:100]), iotest.ErrReader(broken)), VerifyOptions{})
	var p *Problem
	if !errors.Is(err, broken) || errors.As(err, &p) {
		t.Errorf("reader's error came out as %v", err)
	}
	_, err = verify(b.export(), VerifyOptions{Entry: func(Entry) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("Entry's error came out as %v", err)
	}
}

// An endless line must not fill the memory.
func TestEndlessLine(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(formatLine+"\n"), &repeat{left: 64 << 20})
	_, err := Verify(endless, VerifyOptions{})
	var p *Problem
	if !errors.As(err, &p) || p.Code != LineTooLong || p.Line != 2 {
		t.Error(err)
	}
}

type repeat struct{ left int }

func (r *repeat) Read(b []byte) (int, error) {
	n := min(len(b), r.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		b[i] = 'x'
	}
	r.left -= n
	return n, nil
}

func TestEveryProblemHasItsTexts(t *testing.T) {
	for code, text := range problemTexts {
		p := &Problem{Line: 7, Index: 5, Code: code}
		if text.ja == "" || text.en == "" || !strings.HasPrefix(p.Text("ja"), "7行目(記載 5)") || !strings.HasPrefix(p.Error(), "line 7 (entry 5): ") {
			t.Errorf("%s: %q / %q", code, p.Text("ja"), p.Error())
		}
	}
}

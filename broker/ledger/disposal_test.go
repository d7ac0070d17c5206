package ledger

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// A person who handles an export can mark any payload as disposed, and an administrator can erase any in the database.
// Verification fails unless an earlier signed entry allowed it.
func TestAttackPayloadErased(t *testing.T) {
	someone := Actor{"person", "U-001", "cli"}
	later := func(b *book) time.Time { return b.entries[len(b.entries)-1].Time.Add(time.Minute) }
	for name, c := range map[string]struct {
		make func(b *book)
		gone int64 // -1: valid
	}{
		"nothing erased":               {func(*book) {}, -1},
		"erased, and nobody said so":   {func(b *book) { b.entries[2] = b.entries[2].Dispose() }, 2},
		"authorised":                   {func(b *book) { b.dispose("U-001", 0, 2) }, -1},
		"one more than was authorised": {func(b *book) { b.dispose("U-001", 2); b.entries[1] = b.entries[1].Dispose() }, 1},
		"a kind that is kept for ever": {func(b *book) {
			b.add(Draft{Kind: "notice.in-force", Actor: Actor{"broker", "", "timer"}}, later(b), time.Time{})
			b.dispose("U-001", int64(len(b.entries)-1))
		}, 5},
		"by no person":                  {func(b *book) { b.dispose("", 2) }, 2},
		"the authorisation erased too":  {func(b *book) { b.dispose("U-001", 2); b.entries[5] = b.entries[5].Dispose() }, 2},
		"one authorised, one by itself": {func(b *book) { b.dispose("U-001", 2); b.dispose("U-001", 5) }, 2},
		"another leaf under this number": {func(b *book) {
			d := NewDisposal("rule", "U-001", b.entries[1])
			d.Leaves[0].Entry = 2
			b.entries[2] = b.entries[2].Dispose()
			b.add(Draft{Kind: KindDisposed, Actor: someone, Payload: d}, later(b), time.Time{})
		}, 2},
		"no rule": {func(b *book) {
			d := NewDisposal("", "U-001", b.entries[2])
			b.entries[2] = b.entries[2].Dispose()
			b.add(Draft{Kind: KindDisposed, Actor: someone, Payload: d}, later(b), time.Time{})
		}, 2},
		"allowed before it was there": {func(b *book) {
			next, err := Seal(Draft{Kind: "request.approved", Actor: someone}, 6, later(b), time.Time{}, [32]byte{})
			if err != nil {
				t.Fatal(err)
			}
			b.add(Draft{Kind: KindDisposed, Actor: someone, Payload: NewDisposal("rule", "U-001", next)}, later(b), time.Time{})
			b.push(next.Dispose())
		}, 6},
		"another kind": {func(b *book) {
			d := NewDisposal("rule", "U-001", b.entries[2])
			b.entries[2] = b.entries[2].Dispose()
			b.add(Draft{Kind: "ledger.exported", Actor: someone, Payload: d}, later(b), time.Time{})
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := maintenance(t)
			c.make(b)
			r, err := verify(b.export(), VerifyOptions{Key: b.key})
			var p *Problem
			switch {
			case c.gone < 0:
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &p) || p.Code != DisposedWithoutEntry || p.Index != c.gone || p.Line != c.gone+2:
				t.Errorf("%v, want entry %d", err, c.gone)
			}
			if !r.SignerVerified {
				t.Error("the signature was not looked at")
			}
		})
	}

	// The export of a valid ledger, with one line rewritten.
	b := maintenance(t)
	line := appendEntryLine(nil, b.entries[1])
	forged := bytes.Replace(b.export(), line, appendEntryLine(nil, b.entries[1].Dispose()), 1)
	var p *Problem
	if _, err := verify(forged, VerifyOptions{Key: b.key}); !errors.As(err, &p) || p.Code != DisposedWithoutEntry || p.Index != 1 || p.Line != 3 {
		t.Errorf("%v", err)
	}
}

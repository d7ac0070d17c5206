package witness_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/witness"
)

// torchwood's litewitness answers our requests, and our client reads its refusals.
func TestLitewitnessCosigns(t *testing.T) {
	l := newTree(t, origin).grow(50, "entry")
	address, text := testbed.StartLitewitness(t, origin, l.public)
	key, err := ledger.ParseWitnessKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c := witness.Client{HTTP: &http.Client{Timeout: time.Minute}}
	ask := func(l *tree, old, size int64) ([]ledger.Cosignature, error) {
		return c.Ask(context.Background(), address, []note.Verifier{key}, old, l.proof(size, old), l.checkpoint(size))
	}
	for _, step := range [][2]int64{{0, 7}, {7, 33}, {33, 33}, {33, 50}} {
		if list, err := ask(l, step[0], step[1]); err != nil || len(list) != 1 || list[0].Witness != "litewitness.example/w" {
			t.Fatalf("%v: %v, %v", step, list, err)
		}
	}
	if _, err := ask(l, 7, 33); refusedWith(err) != 50 {
		t.Errorf("an older copy: %v, want a conflict of size 50", err)
	}
	if _, err := ask(l.fork(20).grow(60, "forged"), 50, 60); refusedWith(err) != -1 {
		t.Errorf("a rewritten past: %v, want a refusal", err)
	}
}

// refusedWith is the size that a refusal names; -2: it is none.
func refusedWith(err error) int64 {
	var r *witness.Refusal
	if !errors.As(err, &r) {
		return -2
	}
	return r.Size
}

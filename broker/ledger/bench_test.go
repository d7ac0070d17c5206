package ledger

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// size is 100,000 entries unless SEKIMORI_BENCH_ENTRIES sets another number.
func size(b *testing.B) int {
	s := os.Getenv("SEKIMORI_BENCH_ENTRIES")
	if s == "" {
		return 100_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func draft(i int) Draft {
	return Draft{
		Kind: "session.opening", Actor: Actor{"person", "E-0031", "ssh"},
		Subjects: []string{fmt.Sprintf("S-20261124-%02d", i), "R8-0124", "W-0007"},
		Payload:  map[string]any{"source": "192.0.2.7:51234", "target": "hr-db", "account": "maint", "no": i},
	}
}

// BenchmarkAppend builds a ledger from its first entry on: sealing, hashing, the rows to keep.
func BenchmarkAppend(b *testing.B) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	n := size(b)
	for b.Loop() {
		l := newBook(b)
		for i := range n {
			l.add(draft(i), at, time.Time{})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
}

func BenchmarkVerify(b *testing.B) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	l := newBook(b)
	n := size(b)
	for i := range n {
		l.add(draft(i), at, time.Time{})
	}
	export := l.export()
	b.SetBytes(int64(len(export)))
	for b.Loop() {
		if _, err := Verify(bytes.NewReader(export), VerifyOptions{Key: l.key}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
}

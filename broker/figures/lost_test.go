package figures_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
)

// TestADisposedPayloadIsNoDifference takes single payloads out of made ledgers. Figures that the payload's kind touches are named as not to be counted
// any more; no other figure changes, and a changed one of the others is still a difference.
func TestADisposedPayloadIsNoDifference(t *testing.T) {
	t.Parallel()
	lost := 0
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := &book{t: t, at: time.Date(2026, 3, 1, 0, 0, 0, 0, jst)}
		b.random(r)
		from, to := figures.Year(2026, jst)
		report := figures.Report{FiscalYear: 2026, From: from, To: to, Entries: int64(len(b.entries)), Figures: b.count(2026)}
		for range 25 {
			i := r.IntN(len(b.entries))
			whole := b.entries[i]
			b.entries[i].Payload, b.entries[i].Salt = nil, nil
			c := b.counter(2026)
			got := report.Compare(c)
			if got.Figure != "" {
				t.Fatalf("without the payload of a %s: %s is stated as %s and counted as %s; lost %v", whole.Kind, got.Figure, got.Stated, got.Recounted, got.Lost)
			}
			lost += len(got.Lost)
			forged := report
			forged.Figures = slices.Clone(report.Figures)
			at := slices.IndexFunc(forged.Figures, func(f figures.Figure) bool { return f.Table == "ledger" && f.Key == "entries" })
			forged.Figures[at].Value++
			if d := forged.Compare(c); d.Figure != "ledger.entries" {
				t.Fatalf("a forged figure: %+v", d)
			}
			b.entries[i] = whole
		}
	}
	if lost < 30 {
		t.Errorf("only %d figures were lost: the test tries nothing", lost)
	}
}

// TestEveryKindSaysWhatItTouches: a kind that is counted without a row would make a disposal look like a forged figure.
func TestEveryKindSaysWhatItTouches(t *testing.T) {
	t.Parallel()
	for _, k := range ledger.Kinds() {
		if figures.Counts(k.Name) != figures.Touches(k.Name) {
			t.Errorf("%s: counted %v, listed %v", k.Name, figures.Counts(k.Name), figures.Touches(k.Name))
		}
	}
	var keys []string
	for _, k := range figures.Keys {
		keys = append(keys, k.Table+"."+k.Key, k.Table)
	}
	for _, name := range figures.AllTouched() {
		if !slices.Contains(keys, name) || name == "ledger.unreadable" {
			t.Errorf("%q is no figure", name)
		}
	}
}

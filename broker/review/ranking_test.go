package review_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/internal/works"
	"sekimori/broker/review"
	"sekimori/broker/store"
)

var updateRanking = flag.Bool("update", false, "write RANKING.md anew")

const (
	rankedWorks = 240
	rankedSeed  = 2026
)

// placed is a work with its place in the queue.
type placed struct {
	generated
	picks []api.Pick
	score int
}

// rank measures the recordings and gives the works as the ranked queue has them.
func (g *generator) rank(tb testing.TB) (all []placed) {
	tb.Helper()
	if err := g.queue.Measure(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	weights, _ := api.PickWeights(nil)
	err := g.h.DB.Read(tb.Context(), func(s *store.Snap) error {
		for _, w := range g.all {
			r, err := s.Review(w.id)
			if err != nil {
				return err
			}
			picks, err := review.Picks(s, r, townhall.Zone)
			if err != nil {
				return err
			}
			_, sum := api.Weigh(picks, weights)
			all = append(all, placed{w, picks, sum})
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(b.score, a.score) }) // of one sum the earliest due first: the order in which they were made
	return all
}

// derived are the reasons from recordings.
var derived = []api.Pick{api.PickOffScope, api.PickMoreOutput, api.PickCopied, api.PickNewCommand, api.PickIdleBurst}

// tally says how well a ranking finds what was planted.
type tally struct {
	planted, found, top [2]int // plain and careful: all, those with a reason, those in the top tenth
}

// rankingReport is RANKING.md.
func rankingReport(all []placed) (text string, recall float64) {
	top := len(all) / 10
	byKind, total := map[works.Oddity]*tally{}, &tally{}
	ordinaryTop, ordinaryAll, ordinaryBare := 0, 0, 0
	byPick := map[api.Pick]*[2]int{}
	for _, p := range derived {
		byPick[p] = &[2]int{}
	}
	for i, w := range all {
		for _, p := range w.picks {
			if n := byPick[p]; n != nil && w.odd == works.Ordinary {
				n[1]++
			} else if n != nil {
				n[0]++
			}
		}
		if w.odd == works.Ordinary {
			ordinaryAll++
			if i < top {
				ordinaryTop++
			}
			if len(w.picks) == 0 {
				ordinaryBare++
			}
			continue
		}
		form := 0
		if w.careful {
			form = 1
		}
		if byKind[w.odd] == nil {
			byKind[w.odd] = &tally{}
		}
		for _, t := range []*tally{byKind[w.odd], total} {
			t.planted[form]++
			if len(w.picks) > 0 {
				t.found[form]++
			}
			if i < top {
				t.top[form]++
			}
		}
	}
	planted := total.planted[0] + total.planted[1]
	hits := total.top[0] + total.top[1]
	recall = float64(hits) / float64(planted)
	var b strings.Builder
	fmt.Fprintf(&b, `# How well the ranking of reviews finds what stands out

This file is written by `+"`go test ./broker/review -run TestRankingDocument -update`"+`; the test fails where it differs. The figures are about generated work and
promise nothing about a real institution.

`+"`broker/internal/works`"+` makes %d works of three pairs of vendor and system, three a working day, through the real recorder. `+"`review.Measure`"+` reads the recordings
as the broker does, and the reasons have their usual weights (`+"`broker/api/weights.go`"+`). %d works have one oddity each: %d a plain one, %d that of a
person who avoids notice (careful). The generator has one seed (%d), so that the result is the same on every machine.

| oddity | planted, plain | with a reason | in the top 10 %% | planted, careful | with a reason | in the top 10 %% |
|---|---|---|---|---|---|---|
`, len(all), planted, total.planted[0], total.planted[1], rankedSeed)
	row := func(name string, t *tally) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", name, t.planted[0], t.found[0], t.top[0], t.planted[1], t.found[1], t.top[1])
	}
	for _, o := range works.Oddities {
		if byKind[o] != nil {
			row(string(o), byKind[o])
		}
	}
	row("all", total)
	fmt.Fprintf(&b, `
- Recall in the top 10 %% of the queue (%d works): %d of %d (%.0f %%); of the plain oddities %d of %d, of the careful ones %d of %d.
- False alarms in the top 10 %%: %d of %d places are ordinary work. Of %d ordinary works %d have no reason at all.

A careful oddity "with a reason" mostly has one of another cause, such as an urgent request: it was not found by what was planted.

| reason from recordings | on planted work | on ordinary work (false alarms) |
|---|---|---|
`, top, hits, planted, 100*recall, total.top[0], total.planted[0], total.top[1], total.planted[1], ordinaryTop, top, ordinaryAll, ordinaryBare)
	for _, p := range derived {
		fmt.Fprintf(&b, "| `%s` | %d | %d |\n", p, byPick[p][0], byPick[p][1])
	}
	b.WriteString(`
## What it misses
- Commands are read off the screen, behind a prompt. A command that is typed without an echo, run by a script or an editor, or typed at a prompt of an unknown form is not seen. Text that looks like a prompt counts as a command.
- A tool under the name of a usual one is a usual one. A copy by the shell itself (` + "`cat a > /tmp/b`" + `) is no copy.
- Statements in a file name no tables. A table that the request names in other words (明細 for ` + "`meisai`" + `) counts as a table outside the request, until a request of the vendor on the system has named it and its work has used it.
- A table that an earlier request named is a known one, also in work whose own request is about something else. Use alone makes no table known, so no one accustoms the ranking to a table.
- "Never used" and "far more than usual" need three earlier sessions of the vendor on the system whose recordings are still kept; after these are disposed of, their commands are new again.
- A silence that is broken by any output is none. Output just below five times the usual is usual.
- A number that was not masked (` + "`rv-number-masked`" + ` is by the masking of the relay) is not seen.

Each reason is shown with its weight, and the institution sets the weights (` + "`review_weights`" + `). The ranking orders the queue; it decides about no work.
`)
	return b.String(), recall
}

func TestRankingDocument(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, rankedSeed)
	g.works(t, rankedWorks)
	text, _ := rankingReport(g.rank(t))
	if *updateRanking {
		if err := os.WriteFile("RANKING.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile("RANKING.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(was) != text {
		t.Errorf("RANKING.md differs from the result; write it anew with -update:\n%s", text)
	}
}

// BenchmarkRanking prints recall and false alarms of the ranking for other seeds too, and how long a work takes.
func BenchmarkRanking(b *testing.B) {
	for seed := uint64(1); b.Loop(); seed++ {
		g := newGenerator(b, seed)
		g.works(b, rankedWorks)
		all := g.rank(b)
		_, recall := rankingReport(all)
		wrong := 0
		for _, w := range all[:len(all)/10] {
			if w.odd == works.Ordinary {
				wrong++
			}
		}
		b.Logf("seed %d: recall in the top tenth %.2f, ordinary work there %d of %d", seed, recall, wrong, len(all)/10)
	}
}

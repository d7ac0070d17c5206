package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/ledger"
)

// drawnEntry is an entry about a month's draw.
type drawnEntry struct {
	kind    string
	payload map[string]any
}

// drawing is the entries of a month in which the plan 20% decided on ten works.
func drawing() (all []drawnEntry) {
	seed := bytes.Repeat([]byte{7}, ledger.SeedSize)
	plan, _ := ledger.ParseSample("20%")
	all = append(all, drawnEntry{"review.seed-committed", map[string]any{"month": "2026-11", "commitment": ledger.SeedCommitment(seed)}})
	for place := range 10 {
		outcome := "left-out"
		if plan.Chosen(seed, "hr", "2026-11", place) {
			outcome = "chosen"
		}
		all = append(all, drawnEntry{"review.sampled", map[string]any{"review": fmt.Sprintf("R8-0124-%d", place), "plan": "20%", "month": "2026-11", "place": place, "outcome": outcome, "forced": []string{}}})
	}
	all = append(all, drawnEntry{"review.sampled", map[string]any{"review": "R8-0200-1", "plan": "20%", "month": "2026-11", "place": -1, "outcome": "forced", "forced": []string{"emergency"}}})
	return append(all, drawnEntry{"review.seed-revealed", map[string]any{"month": "2026-11", "seed": hex.EncodeToString(seed)}})
}

// drew verifies a ledger with these entries.
func drew(t *testing.T, all []drawnEntry) outcome {
	t.Helper()
	o := newOffice(t)
	for _, e := range all {
		subjects := []string{"2026-11"}
		if review, ok := e.payload["review"].(string); ok {
			subjects = []string{review, "S-20261124-01", "R8-0124", "hr"}
		}
		if session, ok := e.payload["session_id"].(string); ok {
			subjects = []string{session}
		}
		o.add(ledger.Draft{Kind: e.kind, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: subjects, Payload: e.payload})
	}
	return verify(o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"))
}

func TestDrawsAreRecomputed(t *testing.T) {
	t.Parallel()
	got := drew(t, drawing())
	got.wantHolds(t)
	if !strings.Contains(got.out, "10 recomputed from revealed seeds; the seeds of 0 are not revealed yet") {
		t.Error(got.out)
	}
	secret := drawing()
	got = drew(t, secret[:len(secret)-1])
	got.wantHolds(t)
	if !strings.Contains(got.out, "0 recomputed from revealed seeds; the seeds of 10 are not revealed yet") {
		t.Error(got.out)
	}
}

func TestAttackDrawThatTheSeedDoesNotGive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(all []drawnEntry) []drawnEntry
		says   string
	}{
		"another outcome": {func(all []drawnEntry) []drawnEntry {
			p := all[4].payload
			p["outcome"] = map[any]string{"chosen": "left-out", "left-out": "chosen"}[p["outcome"]]
			return all
		}, "Entry 4: the outcome"},
		"a place passed over": {func(all []drawnEntry) []drawnEntry { return slices.Delete(all, 3, 4) }, "Entry 3: its place is 3, not 2"},
		"another seed": {func(all []drawnEntry) []drawnEntry {
			all[len(all)-1].payload["seed"] = strings.Repeat("08", ledger.SeedSize)
			return all
		}, "Entry 12: its seed is not the one"},
		"a second commitment": {func(all []drawnEntry) []drawnEntry { return slices.Insert(all, 1, all[0]) }, "Entry 1: it is a second commitment"},
		"drawn before it":     {func(all []drawnEntry) []drawnEntry { all[0], all[1] = all[1], all[0]; return all }, "Entry 0: it was drawn before"},
		"left out without a draw": {func(all []drawnEntry) []drawnEntry {
			all[11].payload["outcome"] = "left-out"
			return all
		}, "Entry 11: R8-0200-1 was left out without a draw"},
		"a seed chosen after the work": {func(all []drawnEntry) []drawnEntry {
			return slices.Insert(all, 0, drawnEntry{"session.ended", map[string]any{"session_id": "S-20261124-01", "recording": nil}})
		}, "Entry 2: the work of R8-0124-0 had ended (entry 0) before the ledger committed to a seed"},
		"a plan that is none": {func(all []drawnEntry) []drawnEntry { all[2].payload["plan"] = "100%"; return all }, "Entry 2: its plan cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := drew(t, c.change(drawing()))
			got.wantError(t, 1, "the draw of reviews of 2026-11 differs. "+c.says)
		})
	}
}

package refusals_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/refusals"
	"sekimori/broker/store"
)

func summaries(t *testing.T, h *townhall.Hall) (out []map[string]any) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "refusals.summed"}) {
			if err != nil {
				return err
			}
			var payload map[string]any
			if err := json.Unmarshal(e.Payload, &payload); err != nil {
				return err
			}
			out = append(out, payload)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The first is written at once, then one summary with number and subjects; no refusal is lost.
func TestRefusalsAreSummedUp(t *testing.T) {
	h := townhall.Found(t)
	tally := refusals.New(h.DB)
	first := func(who, what, subject string) bool {
		t.Helper()
		yes, err := tally.First(t.Context(), townhall.By(who), "access.refused", what, "forbidden", subject)
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
	due := func(all bool) int {
		t.Helper()
		if err := tally.Due(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		return len(summaries(t, h))
	}
	for n := range 200 {
		if got := first("kato", "look", fmt.Sprint("R8-", n%100)); got != (n == 0) {
			t.Fatalf("refusal %d is the first: %v", n+1, got)
		}
	}
	if !first("ito", "look", "R8-1") || !first("kato", "play", "S-1") {
		t.Error("another person, or another act, counts apart")
	}
	h.Pass(10*time.Minute - time.Millisecond)
	if n := due(false); n != 0 {
		t.Errorf("1 ms before ten minutes: %d summaries", n)
	}
	h.Pass(time.Millisecond)
	if n := due(false); n != 1 {
		t.Fatalf("at ten minutes: %d summaries", n)
	}
	got := summaries(t, h)[0]
	named := 0.0
	for _, n := range got["subjects"].(map[string]any) {
		named += n.(float64)
	}
	if got["person"] != "kato" || got["count"] != 199.0 || got["what"] != "look" || got["reason"] != "forbidden" || named+got["more_subjects"].(float64) != 199 {
		t.Errorf("the summary: %v", got)
	}
	if !first("kato", "look", "R8-1") || first("kato", "look", "R8-1") {
		t.Error("it does not begin anew")
	}
	h.Pass(time.Hour)
	if !first("kato", "look", "R8-1") {
		t.Error("after an hour without a summary in between it does not begin anew")
	}
	if n := due(true); n != 2 {
		t.Errorf("at the stop: %d summaries", n)
	}
}

package pages

import (
	"testing"
	"time"

	"sekimori/broker/view"
)

// The badge's words about the witnesses, in each state.
func TestTheBadgeSaysHowFarWitnessesHaveCosigned(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 6, 0, 0, time.FixedZone("JST", 9*3600))
	for name, c := range map[string]struct {
		w             view.Witnessed
		ja, en, shape string
	}{
		"none configured": {view.Witnessed{}, "立会署名者なし", "No witnesses", "dash"},
		"the quorum":      {view.Witnessed{All: 3, Needed: 2, Names: []string{"a", "b"}, At: at}, "立会署名 2", "2 witnesses", "check"},
		"one of one":      {view.Witnessed{All: 1, Needed: 1, Names: []string{"a"}, At: at}, "立会署名 1", "1 witness", "check"},
		"too few":         {view.Witnessed{All: 3, Needed: 2, Names: []string{"a"}, At: at}, "立会署名 1/2(そろった最後 令和8年11月24日(火)10:06(2026-11-24))", "1/2 witnesses (last complete: 2026-11-24 10:06)", "triangle"},
		"never":           {view.Witnessed{All: 2, Needed: 2, Old: true}, "立会署名 0/2(そろった最後 まだありません)", "0/2 witnesses (last complete: never)", "triangle"},
		"too old":         {view.Witnessed{All: 2, Needed: 2, Names: []string{"a", "b"}, At: at, Old: true}, "立会署名 2(最後 令和8年11月24日(火)10:06(2026-11-24)、その後ありません)", "2 witnesses (not since 2026-11-24 10:06)", "triangle"},
		"rollback": {view.Witnessed{All: 2, Needed: 1, Names: []string{"a", "b"}, At: at, Rollback: []string{"b.example/1"}}, "立会署名者が別の台帳を覚えています(b.example/1)。情報システム課へ",
			"A witness remembers another ledger (b.example/1): call the IS section", "octagon"},
	} {
		if got := witnessedChip(c.w); got.Text.JA != c.ja || got.Text.EN != c.en || got.Shape != c.shape {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

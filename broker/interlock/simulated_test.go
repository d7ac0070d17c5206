package interlock

import (
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/rules"
	"sekimori/policy"
)

// TestASimulatedLineIsUnknownInService: a rule that names the demonstration's line opens nothing on a broker that has none, and is called
// simulated where there is one.
func TestASimulatedLineIsUnknownInService(t *testing.T) {
	h := lined(t, func(s *rules.System) { s.LineDriver, s.LineProbes = "simulated", []string{"internal simulated"} })
	h.s = New(Options{DB: h.DB, Acts: h.Runner(), Clock: h.Now, Every: h.s.o.Every, Stale: h.s.o.Stale, Settle: h.s.o.Settle})
	h.begin()
	h.dev.change(func(d *device) { d.internal = policy.SideDown })
	if got := h.do(h.s.CutOff, "ito"); got == "" {
		t.Error("the office network counts as cut")
	}
	shown, ok := h.s.Show("hr")
	if !ok || shown.Line.State == policy.LineSeparated || shown.Why == "" {
		t.Errorf("%+v", shown)
	}

	h = lined(t, func(s *rules.System) { s.LineDriver, s.LineProbes = "simulated", []string{"internal simulated"} })
	h.s = New(Options{DB: h.DB, Acts: h.Runner(), Clock: h.Now, Every: h.s.o.Every, Stale: h.s.o.Stale, Settle: h.s.o.Settle, Simulated: h.dev})
	h.begin()
	if err := h.s.Test(t.Context(), "hr", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	h.must(h.s.CutOff, "ito")
	h.must(h.s.PutOn, "ito")
	if row := h.row(); row.How != policy.LineSimulated || h.s.Lines()["hr"].How != policy.LineSimulated {
		t.Errorf("%+v", row)
	}
}

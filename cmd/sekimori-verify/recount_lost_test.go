package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestAFigureOfADisposedPayloadCannotBeCounted: a report whose entries were disposed of by rule since does not "differ": its figures cannot be counted
// any more. One that needs no disposed payload is still compared.
func TestAFigureOfADisposedPayloadCannotBeCounted(t *testing.T) {
	t.Parallel()
	o, report := reported(t)
	write := func(name string) string {
		var b bytes.Buffer
		if err := report.Write(&b); err != nil {
			t.Fatal(err)
		}
		return o.write(name, b.Bytes())
	}
	good := write("annual.json")
	o.dispose(0)
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	got := verify(export, "--key", key, "--report", good)
	got.wantHolds(t)
	for _, want := range []string{"cannot be counted any more", "sessions.by_refusal[too-early]", "sessions.refused", "ledger.unreadable", "all that can still be counted holds"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if strings.Contains(got.out, "reviews.freezes") {
		t.Errorf("a figure that can be counted:\n%s", got.out)
	}
	if ja := verify(export, "--key", key, "--report", good, "--lang", "ja"); !strings.Contains(ja.out, "もう数えられません: sessions.refused") || !strings.Contains(ja.out, "数えられるものはすべて合っています") {
		t.Error(ja.out)
	}
	if js := verify(export, "--key", key, "--report", good, "--json"); !strings.Contains(js.out, `"lost_figures":["sessions.refused"`) {
		t.Error(js.out)
	}
	for i, f := range report.Figures {
		if f.Key == "freezes" {
			report.Figures[i].Value = 0
		}
	}
	verify(export, "--key", key, "--report", write("changed.json")).wantError(t, 1, "reviews.freezes is stated as 0; counted from the ledger it is 1")
}

package ledger

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatDisposalsRestOnIsKeptForEver(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		KindDisposed: true, "recording.disposed": true, "notice.in-force": true, "notice.agreed": true, "review.seed-committed": true, "keys.viewing-begun": true,
		"state.bound": true, "no.such-kind": true, "": true,
		"session.ended": false, "request.submitted": false, KindViewed: false, "notice.undelivered": false, "access.refused": false,
	} {
		if KeptForEver(kind) != want {
			t.Errorf("%q is kept for ever: %v", kind, !want)
		}
	}
	for _, k := range keptForEver { // a name that was mistyped would protect nothing
		if !slices.ContainsFunc(Kinds(), func(known Kind) bool {
			return known.Name == k || strings.HasSuffix(k, "*") && strings.HasPrefix(known.Name, strings.TrimSuffix(k, "*"))
		}) {
			t.Errorf("no kind is called %s", k)
		}
	}
	looks := 0
	for _, k := range Kinds() {
		if OfLooks(k.Name) {
			looks++
		}
	}
	if looks < 20 || !OfLooks(KindViewed) || !OfLooks(KindServed) || OfLooks("recording.exported") || OfLooks("session.ended") {
		t.Errorf("%d kinds are of looks", looks)
	}
}

package testbed

import "testing"

// Catalogued is for store.Options.Uncatalogued: it fails the test when an entry has a kind or a member outside the catalogue
// of kinds.
func Catalogued(t testing.TB) func(what string) {
	return func(what string) {
		t.Errorf("an entry is not in the catalogue of kinds (broker/ledger/kinds*.go, KINDS.md): %s", what)
	}
}

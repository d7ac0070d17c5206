package testbed

import "testing"

// Catalogued is for store.Options.Uncatalogued: the test fails in which an entry has a kind or a member that the catalogue of kinds
// does not know.
func Catalogued(t testing.TB) func(what string) {
	return func(what string) {
		t.Errorf("an entry is not in the catalogue of kinds (broker/ledger/kinds*.go, KINDS.md): %s", what)
	}
}

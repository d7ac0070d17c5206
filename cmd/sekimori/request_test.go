package main

import (
	"testing"

	"sekimori/policy"
)

// Every state of a request of screens §6 has its Japanese label, and no two share one.
func TestEveryStateOfARequestHasItsLabel(t *testing.T) {
	p := &program{lang: "ja"}
	seen := map[string]policy.RequestState{}
	for _, state := range policy.RequestStates() {
		label := p.requestState(string(state))
		if label == string(state) || seen[label] != "" {
			t.Errorf("%s is said as %q, like %q", state, label, seen[label])
		}
		seen[label] = state
	}
}

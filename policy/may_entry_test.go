package policy

import (
	"slices"
	"testing"
	"time"
)

// A correction can be appended to an entry of the ledger that is about the system of one section, and to one that is about no system.
// The test goes through the roles.
func TestWhoMayCorrectTheLedger(t *testing.T) {
	locked := mayPeople["systems"]
	locked.Locked = &Lock{}
	people := map[string]Person{"administrator": {ID: "admin", Kind: Staff, Section: "jinji", Roles: []Role{Administrator}}, "locked": locked}
	for who, p := range mayPeople {
		people[who] = p
	}
	for name, c := range map[string]struct {
		facts EntryFacts
		may   []string
	}{
		"about a system of jinji": {EntryFacts{Sections: []string{"jinji"}}, []string{"head", "second", "systems"}},
		"about no system":         {EntryFacts{}, []string{"second", "systems"}},
		"about a nameless one":    {EntryFacts{Sections: []string{""}}, []string{"second", "systems"}},
	} {
		for who, p := range people {
			d := MayCorrectEntry(p, c.facts, time.Time{})
			if want := slices.Contains(c.may, who); d.Allow != want || !want && d.Reason != Forbidden {
				t.Errorf("%s: %s: %+v", name, who, d)
			}
		}
	}
}

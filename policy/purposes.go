package policy

import (
	"slices"
	"strings"
)

// Purpose is why a person looks at a recording, a copy of a paper, or the ledger as a whole (screens §3.7). It comes from a fixed
// list, so that looks can be counted by it. An explanation can stand beside it.
type Purpose string

// The purposes.
const (
	PeriodicReview    Purpose = "periodic-review"
	FindingFollowUp   Purpose = "finding-follow-up"
	IncidentInquiry   Purpose = "incident"
	DisclosureRequest Purpose = "disclosure-request"
	Attendance        Purpose = "attendance" // of watching only: by the attendant, or by a colleague who supports the attendant
)

// Purposes are those that an act may have, in the order of the menu. A look at a copy of a paper has those of playing. An act that is
// not a look has none.
func Purposes(act Act) []Purpose {
	all := []Purpose{PeriodicReview, FindingFollowUp, IncidentInquiry, DisclosureRequest}
	switch act {
	case ActWatch:
		return append([]Purpose{Attendance}, all...)
	case ActPlay, ActExport, ActOpenDamaged, ActLedgerExport, ActSearch, ActIncidentExport:
		return all
	}
	return nil
}

// withPurpose denies a look without a purpose (promise 7).
func withPurpose(a *Attempt) Decision {
	if d := NeedPurpose(a.Act, a.Purpose); d != nil {
		return *d
	}
	return Decision{Allow: true}
}

// NeedPurpose denies a look with a purpose that the act does not have; nil if the act has it.
func NeedPurpose(act Act, purpose string) *Decision {
	offered := Purposes(act)
	if slices.Contains(offered, Purpose(purpose)) {
		return nil
	}
	words := make([]string, 0, len(offered))
	for _, p := range offered {
		words = append(words, string(p))
	}
	d := deny(ViewPurposeRequired, map[string]string{"purposes": strings.Join(words, ", ")})
	return &d
}

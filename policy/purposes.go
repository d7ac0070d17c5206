package policy

import (
	"slices"
	"strings"
)

// Purpose is why somebody looks at what is kept: at a recording, a copy of a paper, the ledger as a whole (screens §3.7). It is one of
// a list, so that looks can be counted by it; what more there is to say is an explanation beside it.
type Purpose string

// The purposes.
const (
	PeriodicReview    Purpose = "periodic-review"
	FindingFollowUp   Purpose = "finding-follow-up"
	IncidentInquiry   Purpose = "incident"
	DisclosureRequest Purpose = "disclosure-request"
	Attendance        Purpose = "attendance" // of watching only: whoever attends, or stands behind who does
)

// Label is the purpose as pages and commands say it.
func (p Purpose) Label() Text {
	return map[Purpose]Text{
		PeriodicReview:    {"定期の点検", "periodic review"},
		FindingFollowUp:   {"指摘事項の確認", "finding follow-up"},
		IncidentInquiry:   {"事故の調査", "incident"},
		DisclosureRequest: {"開示請求への対応", "disclosure request"},
		Attendance:        {"立会い", "attendance"},
	}[p]
}

// Purposes are those that an act may have, in the order in which they are offered; of a copy of a paper, those of playing. An act that is no look has
// none.
func Purposes(act Act) []Purpose {
	all := []Purpose{PeriodicReview, FindingFollowUp, IncidentInquiry, DisclosureRequest}
	switch act {
	case ActWatch:
		return append([]Purpose{Attendance}, all...)
	case ActPlay, ActExport, ActOpenDamaged, ActLedgerExport:
		return all
	}
	return nil
}

// withPurpose lets a look happen only with its purpose (promise 7).
func withPurpose(a *Attempt) Decision {
	if d := NeedPurpose(a.Act, a.Purpose); d != nil {
		return *d
	}
	return Decision{Allow: true}
}

// NeedPurpose is the denial of a look whose purpose is none of those of the act; nil where it is one.
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

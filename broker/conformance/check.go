package conformance

import (
	"strings"

	"sekimori/broker/rules"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Facts are the settings and rules in force. The zero value meets no check about settings.
type Facts struct {
	Settings Settings
	House    policy.Institution
	Systems  []rules.System
	Now      Now
}

// Settings are what the checks read of the configuration.
type Settings struct {
	RecordingDays   int  // recordings are kept for so long
	OutsideCopies   bool // checkpoints are also written outside the data directory
	Auditors        int  // keys of auditors that open the output
	InputKeys       int  // keys that open the input
	Inspector       bool // an engine inspects held files
	Mail            bool // people are told by mail
	FactorEachLogin bool // the second factor is asked for at every login
	GivenCert       bool // pages and API have a certificate that was given, not one that the broker signed itself
}

// Now is what the checks read of the present state.
type Now struct {
	LedgerVerified bool // within the last day, without a fault
	OverdueReviews int
}

// Finding is the result of one check.
type Finding struct {
	Check    string           // its id, stable
	State    policy.ItemState // met; or caution: not met, or unknown
	Question text.Text        // what was looked at
	Detail   text.Text        // where it is not met; empty when met
	Settings []string         // keys of the configuration ("recordings: retention") and rules of a system ("rule: line")
}

// check is one question about settings or rules. look returns where it is not met; empty: it is met.
type check struct {
	id       string
	question text.Text
	settings []string
	look     func(Facts) text.Text
}

// Findings asks every check, in the order of the table.
func Findings(f Facts) []Finding {
	var out []Finding
	for _, c := range checks {
		found := Finding{Check: c.id, State: policy.ItemMet, Question: c.question, Detail: c.look(f), Settings: c.settings}
		if found.Detail != (text.Text{}) {
			found.State = policy.ItemCaution
		}
		out = append(out, found)
	}
	return out
}

// unless is the detail of a check that a single setting answers.
func unless(met bool, ja, en string) text.Text {
	if met {
		return text.Text{}
	}
	return text.Of(ja, en)
}

// systems names the systems for which a rule does not stand as asked.
func systems(f Facts, met func(rules.System) bool) text.Text {
	if len(f.Systems) == 0 {
		return text.Of("システムがまだありません", "there is no system yet")
	}
	var ids []string
	for _, s := range f.Systems {
		if !met(s) {
			ids = append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return text.Text{}
	}
	return text.Of("そうでないシステム "+strings.Join(ids, "、"), "except "+strings.Join(ids, ", ")) // it follows "every system …: "
}

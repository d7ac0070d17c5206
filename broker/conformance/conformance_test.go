package conformance

import (
	"slices"
	"strings"
	"testing"

	"sekimori/broker/rules"
	"sekimori/policy"
	"sekimori/policy/text"
)

// full are facts that meet every check.
func full() Facts {
	return Facts{
		Settings: Settings{RecordingDays: 365, OutsideCopies: true, Auditors: 1, InputKeys: 1, Inspector: true, Mail: true, FactorEachLogin: true, GivenCert: true},
		House:    policy.Institution{PledgeCopy: true, SpecialClauses: true, AuditReport: true, RosterFrom: "2026-04-01"},
		Systems: []rules.System{{
			System: policy.System{
				ID: "hr", Attendance: policy.AttendanceRequired, IdentityCheck: true, SecondStage: true, PersonalData: true, Line: policy.LineInterlocked,
				FilesIn: policy.FileInspect, FilesOut: policy.FileApprove, MaskNumbers: true,
			},
			ChangeSecrets: true, InventoryMonthly: true, ReconcileHourly: true,
		}},
		Now: Now{LedgerVerified: true},
	}
}

func TestFullFactsMeetEveryCheck(t *testing.T) {
	for _, f := range Findings(full()) {
		if f.State != policy.ItemMet {
			t.Errorf("%s: %s, %q", f.Check, f.State, f.Detail.EN)
		}
	}
}

// Unknown is not met: facts that no one filled in meet nothing but checks of what is overdue and of the idle limit's default.
func TestUnknownIsNotMet(t *testing.T) {
	for _, f := range Findings(Facts{}) {
		if met := f.State == policy.ItemMet; met != (f.Check == "reviews") {
			t.Errorf("%s: %s", f.Check, f.State)
		}
		if f.State != policy.ItemMet && (f.Detail.JA == "" || f.Detail.EN == "") {
			t.Errorf("%s says nothing in one language: %+v", f.Check, f.Detail)
		}
	}
}

// A single rule or setting that is taken back turns its own check, and names the system.
func TestEachCheckTurns(t *testing.T) {
	system := func(do func(*rules.System)) func(*Facts) {
		return func(f *Facts) {
			second := rules.System{System: f.Systems[0].System, ChangeSecrets: true, InventoryMonthly: true, ReconcileHourly: true}
			second.ID = "garden"
			do(&second)
			f.Systems = append(f.Systems, second)
		}
	}
	turns := map[string]func(*Facts){
		"attended":     system(func(s *rules.System) { s.PersonalData, s.Attendance = false, policy.AttendanceOnCall }),
		"identity":     system(func(s *rules.System) { s.IdentityCheck = false }),
		"second-stage": system(func(s *rules.System) { s.SecondStage = false }),
		"line":         system(func(s *rules.System) { s.Line = policy.LineNone }),
		"idle":         system(func(s *rules.System) { s.Idle = longestIdle + 1 }),
		"files":        system(func(s *rules.System) { s.FilesOut = policy.FilePass }),
		"numbers":      system(func(s *rules.System) { s.MaskNumbers = false }),
		"secrets":      system(func(s *rules.System) { s.ChangeSecrets = false }),
		"inventory":    system(func(s *rules.System) { s.InventoryMonthly = false }),
		"reconcile":    system(func(s *rules.System) { s.ReconcileHourly = false }),
		"inspector":    func(f *Facts) { f.Settings.Inspector = false },
		"papers":       func(f *Facts) { f.House.AuditReport = false },
		"roster":       func(f *Facts) { f.House.RosterFrom = "" },
		"outside":      func(f *Facts) { f.Settings.OutsideCopies = false },
		"ledger":       func(f *Facts) { f.Now.LedgerVerified = false },
		"sealed":       func(f *Facts) { f.Settings.Auditors = 0 },
		"kept":         func(f *Facts) { f.Settings.RecordingDays = yearOfDays - 1 },
		"mail":         func(f *Facts) { f.Settings.Mail = false },
		"factor":       func(f *Facts) { f.Settings.FactorEachLogin = false },
		"certificate":  func(f *Facts) { f.Settings.GivenCert = false },
		"reviews":      func(f *Facts) { f.Now.OverdueReviews = 1 },
	}
	for _, c := range checks {
		turn := turns[c.id]
		if turn == nil {
			t.Errorf("%s is not tried", c.id)
			continue
		}
		f := full()
		turn(&f)
		for _, found := range Findings(f) {
			if caution := found.State == policy.ItemCaution; caution != (found.Check == c.id) {
				t.Errorf("%s: %s is %s", c.id, found.Check, found.State)
			}
			if found.Check == c.id && len(f.Systems) > 1 && found.Detail != text.Of("そうでないシステム garden", "except garden") {
				t.Errorf("%s names %q", c.id, found.Detail.EN)
			}
		}
	}
}

// Every clause has its words in both languages, names checks that exist and says where its evidence is. Every check serves a clause, and the
// rules it names exist.
func TestEveryClauseIsWhole(t *testing.T) {
	used, ids := map[string]bool{}, map[string]bool{}
	for _, c := range checks {
		if ids[c.id] {
			t.Errorf("check %s twice", c.id)
		}
		ids[c.id] = true
		for _, s := range c.settings {
			if rule, ok := strings.CutPrefix(s, "rule: "); ok && !slices.ContainsFunc(rules.Fields, func(f rulesField) bool { return f.Key == rule }) {
				t.Errorf("%s: there is no rule %q", c.id, rule)
			}
		}
	}
	standards := map[string]bool{}
	for _, s := range Standards() {
		if standards[s.ID] || s.ID == "" || s.Name.JA == "" || s.Name.EN == "" {
			t.Errorf("standard %q", s.ID)
		}
		standards[s.ID] = true
		numbers := map[string]bool{}
		for _, c := range s.Clauses {
			at := s.ID + " " + c.Number.EN
			if numbers[c.Number.EN] {
				t.Errorf("%s twice", at)
			}
			numbers[c.Number.EN] = true
			for _, words := range []struct{ ja, en string }{{c.About.JA, c.About.EN}, {c.Does.JA, c.Does.EN}, {c.Leaves.JA, c.Leaves.EN}} {
				if words.ja == "" || words.en == "" || words.ja == words.en {
					t.Errorf("%s: %q, %q", at, words.ja, words.en)
				}
			}
			if len(c.Evidence) == 0 {
				t.Errorf("%s has no evidence", at)
			}
			for _, id := range c.Checks {
				used[id] = true
				if !ids[id] {
					t.Errorf("%s: there is no check %q", at, id)
				}
			}
		}
	}
	for id := range ids {
		if !used[id] {
			t.Errorf("no clause names %s", id)
		}
	}
}

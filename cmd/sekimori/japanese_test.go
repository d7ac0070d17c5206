package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// codes are the program's own words for states, kinds and rules, as files, options and JSON have them.
func codes() []string {
	words := strings.Fields(`scheduled ready-wait-attendant attended permitted in-use extended closing frozen ended unused closed cut cancelled
		refused opening active paused ended-ok ended-early recording sealed none queued overdue ok question fix lift-one lifted drill-asked drill-lapsed
		ahead in-force over cleared asked granted denied lapsed submitted accepted returned withdrawn suspended revoked done part stopped
		allowed expiring expired locked certificate key password seen sensor by-hand automatic code remembered callback cli timer ssh web broker
		engineer contact staff requester approver second-approver attendant auditor administrator information-systems required on-call interlocked
		once each all vendor system approve reject return withdraw revoke fault routine update survey contract certification pledge subcontract
		special-clauses audit-report training registry enrolment keys`)
	for _, s := range policy.RequestStates() {
		words = append(words, string(s))
	}
	for _, k := range ledger.Kinds() {
		words = append(words, k.Name)
	}
	for _, r := range policy.Reasons() {
		words = append(words, string(r.Code))
	}
	return words
}

var cellEnd = regexp.MustCompile(`  +|、|, | \(|\n`)

// japaneseStory: `japanese LOGIN COMMAND…`: the command succeeds in Japanese, and no cell that it prints is one of the program's words.
func japaneseStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "japanese LOGIN COMMAND...")
	status, out, _ := storyOf(ts).runAs(ts, append(args, "--lang", "ja"), false)
	if status != 0 {
		ts.Fatalf("japanese %s: exit %d", strings.Join(args, " "), status)
	}
	own := codes()
	for _, cell := range cellEnd.Split(out, -1) {
		cell = strings.TrimSpace(regexp.MustCompile(`^\[\d+\] `).ReplaceAllString(strings.TrimSpace(cell), ""))
		first, _, _ := strings.Cut(cell, " ")
		if slices.Contains(own, cell) || slices.Contains(own, first) && strings.Contains(first, "-") {
			ts.Fatalf("%q is said in Japanese:\n%s", cell, out)
		}
	}
}

package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Refusals that the story over ssh does not show, with the reason, or with the test that shows them.
var notAtTheDoor = map[int]string{
	100: "who is not proven reads no reason (refused-people)",
	102: "said at the prompt for the code (refused-people)",
	121: "a check item: it stops the opening, and then nobody attends (118)",
	124: "nothing puts the broker under maintenance yet",
	129: "it takes a target with a steward (accounts' TestARoleThatCanReadTheNumbersOpensNoSession)",
	134: "it takes a target of old algorithms (broker/target_test.go)",
	135: "it takes many connections at once (broker/revoked_test.go, broker/gate/people_test.go)",
	136: "it takes an end while a connection waits (broker/revoked_test.go, broker/gate/stops_test.go)",
	137: "it takes an institution with standing permits (r26-permit)",
	138: "a check item: it stops the opening, and then nobody attends (r28-roster; policy's TestRosterInItemAndAtTheDoor)",
	144: "it takes a system with live rules (r29-live-rules)",
	139: "it is about copies of papers, which no one reads over SSH (broker/papers/dispose_test.go)",
	140: "it takes a file that waits in the outbox (r08-files)",
	141: "it takes kept contents that were changed by hand (broker/session/outbox_test.go)",
	142: "it takes a recording whose time of keeping is over (recording-purge)",
	145: "it takes contents whose time of keeping is over (broker/session/kept_test.go)",
	146: "it is about papers, which no one confirms over SSH (late-entry.txtar)",
	147: "it is about recordings, which no one reads over SSH (broker/view/search_test.go)",
}

// deniedBothStory: `denied-both NUMBER PERSON … ssh …`: to a person of unknown language the gate gives the refusal in Japanese and in
// English, in its five lines, within 78 columns, and ends with the status of its row.
func deniedBothStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "denied-both NUMBER PERSON ... ssh ARGS...")
	row := reasonNumbered(ts, args[0])
	out, said := storyOf(ts).runClient(ts, strconv.Itoa(row.Exit), args[1:])
	if out != "" {
		ts.Fatalf("something came through: %q", out)
	}
	saysBoth(ts, row, said)
}

// overBothStory: `over-both NUMBER NAME`: a client that waited is turned away likewise.
func overBothStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "over-both NUMBER NAME")
	row := reasonNumbered(ts, args[0])
	overStory(ts, false, []string{args[1], strconv.Itoa(row.Exit)})
	saysBoth(ts, row, ts.ReadFile(args[1]+".err"))
}

func reasonNumbered(ts *testscript.TestScript, number string) policy.ReasonInfo {
	for _, row := range policy.Reasons() {
		if strconv.Itoa(row.Number) == number {
			return row
		}
	}
	ts.Fatalf("no reason has the number %s", number)
	return policy.ReasonInfo{}
}

func saysBoth(ts *testscript.TestScript, row policy.ReasonInfo, said string) {
	number := "[" + strconv.Itoa(row.Number) + "] "
	_, said, _ = strings.Cut(said, number) // before it: the client's own words, and the banner
	lines := strings.Split(strings.ReplaceAll(number+said, "\r\n", "\n"), "\n")
	at := 0 // each stands on a line after the one before
	for _, begin := range []string{
		number + row.Headline.JA, "原因: ", "次に: ", "連絡先: ", "記録: ",
		number + row.Headline.EN, "Cause: ", "Next: ", "Call: ", "Record: ",
	} {
		found := slices.IndexFunc(lines[at:], func(line string) bool { return strings.HasPrefix(line, begin) })
		if found < 0 {
			ts.Fatalf("no line %q… in its place", begin)
		}
		at += found + 1
	}
	for _, line := range lines {
		if text.Width(line) > 78 {
			ts.Fatalf("%d columns: %s", text.Width(line), line)
		}
	}
	storyOf(ts).numbers[row.Number] = true
}

// everyNumberStory: `every-number`: the story has shown every refusal 1xx that can be met at the door, and
// the list of those that cannot is right.
func everyNumberStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "every-number")
	shown := storyOf(ts).numbers
	for _, row := range policy.Reasons() {
		if row.Number < 200 && shown[row.Number] == (notAtTheDoor[row.Number] != "") {
			ts.Fatalf("%d %s: shown %t, listed as not to be met: %q", row.Number, row.Code, shown[row.Number], notAtTheDoor[row.Number])
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/api"
)

// Each requirement of the procedure has a story under its number, which says in its first lines what was asked, in the words
// in which it was asked.
func TestEveryRequirementHasItsStory(t *testing.T) {
	for _, name := range []string{
		"r01-approved-beforehand", "r02-calendar", "r03-attendant-by-name", "r09-papers", "r10-checklist", "r11-responsible",
		"r15-second-factor-and-lock", "r18-exclusive", "r19-backup", "r20-triage", "r22-emergency",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "script", name+".txtar"))
		if err != nil {
			t.Error(err)
			continue
		}
		head, rest, _ := strings.Cut(string(text), "\ntown\n")
		number := "# R" + strings.TrimLeft(name[1:3], "0") + ". "
		if !strings.HasPrefix(head, number) || !strings.Contains(head, "「") {
			t.Errorf("%s does not begin with %q and the words of who asked", name, number)
		}
		for _, want := range []string{ // real ssh, a refusal, and an error by its words
			`(?m)^(ends|denied|starts|granted) `, `(?m)^(refused|denied|! as|! auth) `, `(?m)^(stderr|refused|denied) `,
		} {
			if !regexp.MustCompile(want).MatchString(rest) {
				t.Errorf("%s has no line %s", name, want)
			}
		}
	}
}

// everyRowNamedStory: `every-row-named`: each entry of the ledger names its actor; acts that open, permit or close are acts of staff.
func everyRowNamedStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 0, "every-row-named")
	rows := ledgerRows(ts)
	for _, e := range rows {
		byItself := e.Actor.Kind == "broker" // by the clock, or at its own start
		if e.Actor.Kind == "" || !byItself && e.Actor.ID == "" {
			ts.Fatalf("entry %d %s has no name: %+v", e.No, e.Kind, e.Actor)
		}
		if slices.Contains([]string{"window.opened", "window.permitted", "window.closed", "window.step-ticked"}, e.Kind) && !strings.HasPrefix(e.Actor.ID, "U-") {
			ts.Fatalf("entry %d %s is an act of %+v", e.No, e.Kind, e.Actor)
		}
	}
	if len(rows) < 20 {
		ts.Fatalf("the ledger has %d entries", len(rows))
	}
}

// withinStory: `within 1s KIND KIND2`: what the last entry of the second kind tells of followed the last of the first so soon. The end of
// a session is when its relay stopped; the entry comes once the recording is sealed, however long that takes.
func withinStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 3, "within DURATION KIND KIND")
	most, err := time.ParseDuration(args[0])
	ts.Check(err)
	var at [2]time.Time
	for _, e := range ledgerRows(ts) { // newest first
		for i, kind := range args[1:] {
			if e.Kind == kind && at[i].IsZero() {
				at[i] = e.Time
				var told struct {
					Ended time.Time `json:"ended_at"` // the entry comes a moment later, when the recording is sealed
				}
				ts.Check(json.Unmarshal(e.Payload, &told))
				if !told.Ended.IsZero() {
					at[i] = told.Ended
				}
			}
		}
	}
	if took := at[1].Sub(at[0]); at[0].IsZero() || took < 0 || took > most {
		ts.Fatalf("%s at %s, %s at %s", args[1], at[0], args[2], at[1])
	}
}

func ledgerRows(ts *testscript.TestScript) []api.Entry {
	out, err := storyOf(ts).person(ts, "kanri").do("ledger", "list", "--json", "--limit", "1000")
	ts.Check(err)
	var rows api.List[api.Entry]
	ts.Check(json.NewDecoder(bytes.NewReader(out)).Decode(&rows))
	return rows.Items
}

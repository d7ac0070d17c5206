package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	acts "sekimori/broker/act"
	"sekimori/broker/annual"
	"sekimori/broker/attendance"
	"sekimori/broker/conformance"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/lateentry"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
)

// commandsAndFlags are the words of all commands, and of each with one of its options.
func commandsAndFlags() map[string]bool {
	have := map[string]bool{}
	var walk func(string, []*cli.Command)
	walk = func(before string, commands []*cli.Command) {
		for _, c := range commands {
			have[before+c.Name] = true
			for _, f := range c.Flags {
				have[before+c.Name+" --"+f.Names()[0]] = true
			}
			walk(before+c.Name+" ", c.Subcommands)
		}
	}
	walk("", (&program{lang: "en"}).app().Commands)
	return have
}

// The commands that the comparison with standards names as evidence are there.
func TestConformanceNamesCommandsThatExist(t *testing.T) {
	have := commandsAndFlags()
	for _, standard := range conformance.Standards() {
		for _, c := range standard.Clauses {
			for _, e := range c.Evidence {
				if name, ok := strings.CutPrefix(e, "sekimori "); ok && !have[name] || !ok && !strings.HasPrefix(e, "/") {
					t.Errorf("%s %s: there is no %q", standard.ID, c.Number.EN, e)
				}
			}
		}
	}
}

// The help of an act's options has the words that may be given, the form of a day, and what must be given; the help of a look has the
// purposes that this look takes, and no other.
func TestHelpOfOptionsSaysWhatTheyTake(t *testing.T) {
	t.Parallel()
	for lang, commands := range map[string]map[string][]string{
		"ja": {"review sign": {"判定: ok(適正)、question(要確認)、fix(是正要)。必須", "期限(例 2026-11-24)"}, "session watch": {"attendance(立会い)"}},
		"en": {"review sign": {"Judgement: ok, question, fix; required", "Answer by (as 2026-11-24)"}, "session watch": {"attendance"}},
	} {
		for command, parts := range commands {
			said := strings.Join(strings.Fields(saying(t, lang, append(strings.Fields(command), "--help")...)), " ")
			for _, part := range parts {
				if !strings.Contains(said, part) {
					t.Errorf("%s: %s lacks %q", command, said, part)
				}
			}
		}
		for _, command := range [][]string{{"ledger", "export", "--help"}, {"recording", "play", "--help"}, {"recording", "search", "--help"}} {
			if said := saying(t, lang, command...); strings.Contains(said, "attendance") || !strings.Contains(said, "periodic-review") {
				t.Errorf("%v: %s", command, said)
			}
		}
	}
}

// bodyIn is the body of an act whose fields were typed on a machine in a zone.
func bodyIn(t *testing.T, s acts.Spec, zone string) string {
	t.Helper()
	at, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string][]string{}
	for _, f := range fieldsOf(s) {
		switch given[f.Key] = []string{"x"}; {
		case f.Instant:
			given[f.Key] = []string{"2026-11-24T10:00"}
		case f.Day:
			given[f.Key] = []string{"2026-11-24"}
		}
	}
	body, err := s.Fields.Body(given, at)
	if err != nil {
		t.Fatalf("%s: %v", s.Command, err)
	}
	return string(body)
}

// TestEveryActHasItsCommand: what an act names as its command is there, since offers and refusals tell people to type it.
func TestEveryActHasItsCommand(t *testing.T) {
	have := commandsAndFlags()
	specs := slices.Concat(acts.Specs(attendance.Acts()), acts.Specs(requests.Acts()), acts.Specs(freeze.Acts()), acts.Specs(permits.Acts()), acts.Specs(reconcile.Acts()), acts.Specs(files.Acts()), acts.Specs(roster.Acts()), acts.Specs(papers.Acts()), acts.Specs(reports.Acts()), acts.Specs(sealing.Acts()), acts.Specs(lateentry.Acts()), acts.Specs(annual.Acts()))
	for _, a := range requests.OnRequest.Acts {
		specs = append(specs, a.Spec)
	}
	for _, a := range requests.OnWindow.Acts {
		specs = append(specs, a.Spec)
	}
	for _, s := range specs {
		if s.Command != "" && !have[s.Command] {
			t.Errorf("%s names the command %q, which is not there", s.Route(), s.Command)
		}
		for _, f := range fieldsOf(s) {
			if f.Instant && bodyIn(t, s, "UTC") != bodyIn(t, s, "America/New_York") {
				t.Errorf("%s reads %s in this machine's zone: the broker reads it in the institution's", s.Command, f.Key)
			}
		}
	}
}

package policy_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	. "sekimori/policy"
)

func TestDifferences(t *testing.T) {
	if d := Differences(nil, applied()); d != nil {
		t.Errorf("the first time: %v", d)
	}
	fields := []string{FieldTime, FieldAccounts, FieldRights, FieldRoot, FieldSource, FieldEngineers, FieldTargets, FieldFiles, FieldSubcontract}
	rows := []struct {
		name     string
		change   func(last *Past, a *Application)
		field    string
		kind     DiffKind
		from, to string // in Japanese
	}{
		{"nothing", func(*Past, *Application) {}, "", DiffSame, "", ""},
		{"longer", func(last *Past, a *Application) { last.End = start.Add(time.Hour) }, FieldTime, DiffChanged, "60分", "90分"},
		{"the first occurrence counts", func(last *Past, a *Application) {
			a.Occurrences = []Span{{start, start.Add(30 * time.Minute)}, {start, end}}
		}, FieldTime, DiffChanged, "90分", "30分"},
		{"another account", func(last *Past, a *Application) {
			a.Accounts = append(a.Accounts, Account{ID: "hr-db/ro", Target: "hr-db"})
		}, FieldAccounts, DiffAdded, "", "hr-db/ro"},
		{"an account that is not registered", func(last *Past, a *Application) { a.UnknownAccounts = []string{"hr-db/x"} }, FieldAccounts, DiffAdded, "", "hr-db/x"},
		{"an account less", func(last *Past, a *Application) { last.Accounts = []string{"hr-db/ro", "hr-db/maint"} }, FieldAccounts, DiffRemoved, "hr-db/ro", ""},
		{"rights", func(last *Past, a *Application) {
			a.ExtraRights = []string{"給与明細の更新", "社員表の参照"}
		}, FieldRights, DiffAdded, "", "社員表の参照, 給与明細の更新"},
		{"root", func(last *Past, a *Application) { a.Accounts[0].Root = true }, FieldRoot, DiffAdded, "なし", "あり"},
		{"no root any more", func(last *Past, a *Application) { last.Root = true }, FieldRoot, DiffRemoved, "あり", "なし"},
		{"another registered site", func(last *Past, a *Application) {
			a.Engineers[0].Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, FieldSource, DiffChanged, "192.0.2.10", "198.51.100.0/24"},
		{"a source that cannot be read", func(last *Past, a *Application) {
			last.Source = "\x1b[2J"
			a.Engineers[0].Sources = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
		}, FieldSource, DiffChanged, "?[2J", "0.0.0.0/0"},
		{"another engineer", func(last *Past, a *Application) { a.Engineers = append(a.Engineers, Person{ID: "E-0032"}) }, FieldEngineers, DiffAdded, "", "E-0032"},
		{"fewer engineers", func(last *Past, a *Application) { last.Engineers = []string{"E-0031", "E-0030"} }, FieldEngineers, DiffRemoved, "E-0030", ""},
		{"another target too", func(last *Past, a *Application) { last.Targets = []string{"hr-db", "hr-web"} }, FieldTargets, DiffRemoved, "hr-web", ""},
		{"files", func(last *Past, a *Application) { a.Request.Files = FilesAllowed }, FieldFiles, DiffAdded, "なし", "あり"},
		{"files, by a rule not known", func(last *Past, a *Application) { a.Request.Files = "" }, FieldFiles, DiffAdded, "なし", "あり"},
		{"no files any more", func(last *Past, a *Application) { last.Files = FilesAllowed }, FieldFiles, DiffRemoved, "あり", "なし"},
		{"now a subcontractor", func(last *Past, a *Application) { a.Vendor.Prime = "V-001" }, FieldSubcontract, DiffAdded, "", "V-001"},
		{"no subcontractor any more", func(last *Past, a *Application) { last.Prime = "V-001" }, FieldSubcontract, DiffRemoved, "V-001", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := applied()
			last := &Past{Request: "R8-0109", Start: start, End: end, Engineers: []string{"E-0031"}, Accounts: []string{"hr-db/maint"},
				Files: FilesNone, Source: "192.0.2.10", Targets: []string{"hr-db"}}
			row.change(last, &a)
			got := Differences(last, a)
			for i, d := range got {
				if d.Field != fields[i] || d.Name.JA == d.Field || d.Name.EN == d.Field {
					t.Errorf("row %d is %s %v", i, d.Field, d.Name)
				}
				switch {
				case d.Field != row.field && d.Kind != DiffSame:
					t.Errorf("%s: %s, nothing changed there", d.Field, d.Kind)
				case d.Field != row.field:
				case d.Kind != row.kind || d.From.JA != row.from || d.To.JA != row.to:
					t.Errorf("%s: %s from %q to %q, want %s from %q to %q", d.Field, d.Kind, d.From.JA, d.To.JA, row.kind, row.from, row.to)
				}
			}
			if len(got) != len(fields) {
				t.Errorf("%d rows", len(got))
			}
		})
	}
	// One account for another: gained and lost are two rows.
	a, last := applied(), &Past{Accounts: []string{"hr-db/ro"}}
	var kinds []DiffKind
	for _, d := range Differences(last, a) {
		if d.Field == FieldAccounts {
			kinds = append(kinds, d.Kind)
		}
	}
	if !slices.Equal(kinds, []DiffKind{DiffAdded, DiffRemoved}) {
		t.Errorf("one account for another: %v", kinds)
	}
	for kind, want := range map[DiffKind]string{DiffAdded: "追加", DiffRemoved: "削減", DiffChanged: "変更", DiffSame: "同じ"} {
		if kind.Label().JA != want {
			t.Errorf("%s is said %s", kind, kind.Label().JA)
		}
	}
}

// TestDifferencesOfCommandsAndFiles: a request for more commands, or for files that move more freely, is never "the same".
func TestDifferencesOfCommandsAndFiles(t *testing.T) {
	const shell = "端末・すべての命令 / a shell and every command"
	in, bounded, both := FileTerms{In: FilePass}, FileTerms{In: FilePass, InPaths: [][]string{{"/srv/in"}}}, FileTerms{In: FilePass, Out: FilePass}
	for name, c := range map[string]struct {
		last, now Request // commands and files
		field     string
		kind      DiffKind
		from, to  string
		wider     string // in check item 6; empty: it does not speak of it
	}{
		"a list, then a shell":      {Request{Commands: []string{"uptime"}}, Request{}, FieldCommands, DiffAdded, "uptime", shell, shell},
		"forced, then a shell":      {Request{Forced: "uptime"}, Request{}, FieldCommands, DiffAdded, "uptime", shell, shell},
		"a shell, then a list":      {Request{}, Request{Commands: []string{"uptime", "id"}}, FieldCommands, DiffRemoved, shell, "id, uptime", ""},
		"another command too":       {Request{Commands: []string{"uptime"}}, Request{Commands: []string{"uptime", "id"}}, FieldCommands, DiffAdded, "", "id", "id"},
		"another forced command":    {Request{Forced: "uptime"}, Request{Forced: "id"}, FieldCommands, DiffAdded, "", "id", "id"},
		"a command less":            {Request{Commands: []string{"uptime", "id"}}, Request{Commands: []string{"uptime"}}, FieldCommands, DiffRemoved, "id", "", ""},
		"the same list":             {Request{Commands: []string{"uptime", "id"}}, Request{Commands: []string{"id", "uptime"}}, FieldCommands, DiffSame, "id, uptime", "id, uptime", ""},
		"out as well":               {Request{Files: FilesAllowed, FileTerms: in}, Request{Files: FilesAllowed, FileTerms: both}, FieldFiles, DiffChanged, "持込み", "持込み、持出し", ""},
		"to every place":            {Request{Files: FilesAllowed, FileTerms: bounded}, Request{Files: FilesAllowed, FileTerms: in}, FieldFiles, DiffChanged, "持込み /srv/in", "持込み", ""},
		"files under the same rule": {Request{Files: FilesAllowed, FileTerms: in}, Request{Files: FilesAllowed, FileTerms: in}, FieldFiles, DiffSame, "持込み", "持込み", ""},
	} {
		a := applied()
		a.Request.Commands, a.Request.Forced = c.now.Commands, c.now.Forced
		if c.now.Files != "" {
			a.Request.Files, a.Request.FileTerms, a.FilesDetail = c.now.Files, c.now.FileTerms, "一覧"
		}
		a.Last = &Past{Accounts: []string{"hr-db/maint"}, Commands: c.last.Commands, Forced: c.last.Forced, Files: c.last.Files, FileTerms: c.last.FileTerms}
		var got []Difference
		for _, d := range Differences(a.Last, a) {
			if d.Field == c.field {
				got = append(got, d)
			}
		}
		if len(got) == 0 || got[0].Kind != c.kind || got[0].From.JA != c.from || got[0].To.JA != c.to {
			t.Errorf("%s: %+v", name, got)
		}
		if said := itemOf(a, ItemRights, early).Cause.JA; strings.Contains(said, "前回より広い: "+c.wider) != (c.wider != "") {
			t.Errorf("%s: item 6 says %q", name, said)
		}
	}
}

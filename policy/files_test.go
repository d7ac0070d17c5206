package policy_test

import (
	"strings"
	"testing"

	. "sekimori/policy"
)

func TestFileTermsOfAGrant(t *testing.T) {
	for name, c := range map[string]struct {
		g    Grant
		s    System
		want FileTerms
	}{
		"none":              {Grant{Files: FilesNone, FileDirection: FilesBoth}, System{}, FileTerms{}},
		"unknown rule":      {Grant{Files: "some"}, System{}, FileTerms{}},
		"unknown direction": {Grant{Files: FilesAllowed, FileDirection: "up"}, System{}, FileTerms{}},
		"in":                {Grant{Files: FilesAllowed, FileDirection: FilesIn}, System{}, FileTerms{In: FilePass}},
		"out":               {Grant{Files: FilesAllowed, FileDirection: FilesOut}, System{}, FileTerms{Out: FilePass}},
		"no direction":      {Grant{Files: FilesAllowed}, System{}, FileTerms{In: FilePass, Out: FilePass}},
		"held":              {Grant{Files: FilesAllowed, FileDirection: FilesBoth}, System{FilesIn: FileInspect}, FileTerms{In: FileInspect, Out: FilePass}},
		"unknown route":     {Grant{Files: FilesAllowed, FileDirection: FilesIn}, System{FilesIn: "later"}, FileTerms{}},
		"smaller limit":     {Grant{Files: FilesAllowed, FileDirection: FilesIn, FileLimitMiB: 5}, System{FileLimitMiB: 3}, FileTerms{In: FilePass, Limit: 3 << 20}},
	} {
		got := FilesOf(&c.g, &c.s)
		if got.In != c.want.In || got.Out != c.want.Out || got.Limit != c.want.Limit {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestJudgeFiles has the edges of each bound.
func TestJudgeFiles(t *testing.T) {
	in := FileTerms{In: FilePass}
	out := FileTerms{Out: FilePass}
	tree := FileTerms{In: FilePass, Out: FilePass, InPaths: [][]string{{"/srv/in", "/srv/out"}}, OutPaths: [][]string{{"/srv/out"}}}
	limit := FileTerms{In: FilePass, Out: FilePass, Limit: 10}
	two := FileTerms{In: FilePass, InPaths: [][]string{{"/srv"}, {"/srv/a/"}}}
	for name, c := range map[string]struct {
		t    FileTerms
		op   FileOperation
		want FileRefusal
	}{
		"zero terms":             {FileTerms{}, FileOperation{Act: FileLook}, RefusedIn},
		"zero operation":         {limit, FileOperation{}, RefusedUnread},
		"write in":               {in, FileOperation{Act: FileWrite}, ""},
		"read in":                {in, FileOperation{Act: FileRead}, RefusedOut},
		"both in":                {in, FileOperation{Act: FileReadWrite}, RefusedOut},
		"both out":               {out, FileOperation{Act: FileReadWrite}, RefusedIn},
		"remove out":             {out, FileOperation{Act: FileRemove}, RefusedIn},
		"attributes out":         {out, FileOperation{Act: FileAttributes}, RefusedIn},
		"rename out":             {out, FileOperation{Act: FileMove}, RefusedIn},
		"unresolved":             {tree, FileOperation{Act: FileRead, Path: "/srv/out/a", Unresolved: true}, RefusedUnresolved},
		"the tree":               {tree, FileOperation{Act: FileList, Path: "/srv/out"}, ""},
		"like the tree":          {tree, FileOperation{Act: FileRead, Path: "/srv/output"}, RefusedPath},
		"no path":                {tree, FileOperation{Act: FileRead}, RefusedPath},
		"relative":               {tree, FileOperation{Act: FileRead, Path: "srv/out/a"}, RefusedPath},
		"in only":                {tree, FileOperation{Act: FileRead, Path: "/srv/in/a"}, RefusedPath},
		"to where it may leave":  {tree, FileOperation{Act: FileMove, Path: "/srv/in/a", To: "/srv/out/a"}, RefusedPath},
		"linked to there":        {tree, FileOperation{Act: FileLink, Path: "/srv/in/a", To: "/srv/out/a"}, RefusedPath},
		"back":                   {tree, FileOperation{Act: FileMove, Path: "/srv/out/a", To: "/srv/in/a"}, ""},
		"the tree itself":        {tree, FileOperation{Act: FileMove, Path: "/srv/out", To: "/srv/in/a"}, RefusedPath},
		"removing the tree":      {tree, FileOperation{Act: FileRemove, Path: "/srv/in"}, RefusedPath},
		"on the way":             {tree, FileOperation{Act: FileLook, Path: "/srv"}, ""},
		"beside the way":         {tree, FileOperation{Act: FileLook, Path: "/srv/other"}, RefusedPath},
		"bytes":                  {tree, FileOperation{Act: FileRead, Path: "/srv/out/\x96\xbe\x8d\xd7"}, ""},
		"both lists":             {two, FileOperation{Act: FileWrite, Path: "/srv/a/x"}, ""},
		"one list":               {two, FileOperation{Act: FileWrite, Path: "/srv/b"}, RefusedPath},
		"up to the limit":        {limit, FileOperation{Act: FileWritePiece, End: 10}, ""},
		"beyond it":              {limit, FileOperation{Act: FileWritePiece, End: 11}, RefusedSize},
		"read up to it":          {limit, FileOperation{Act: FileReadPiece, End: 10}, ""},
		"read beyond":            {limit, FileOperation{Act: FileReadPiece, End: 11}, RefusedSize},
		"append":                 {limit, FileOperation{Act: FileWrite, Append: true}, RefusedSize},
		"a copy without an end":  {limit, FileOperation{Act: FileCopy, NoEnd: true}, RefusedSize},
		"5 GiB without a limit":  {in, FileOperation{Act: FileWritePiece, End: 5 << 30}, ""},
		"a piece after a change": {out, FileOperation{Act: FileWritePiece, End: 1}, RefusedIn},
	} {
		if got := c.t.Judge(c.op); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDenyShell(t *testing.T) {
	for name, c := range map[string]struct {
		g            Grant
		deny, denied bool
	}{
		"rule, no files":         {Grant{Files: FilesNone}, true, true},
		"rule, one direction":    {Grant{Files: FilesAllowed, FileDirection: FilesIn}, true, true},
		"rule, a limit":          {Grant{Files: FilesAllowed, FileLimitMiB: 1}, true, true},
		"rule, everything moves": {Grant{Files: FilesAllowed}, true, false},
		"no rule":                {Grant{Files: FilesNone}, false, false},
	} {
		s := System{DenyShell: c.deny}
		terms := FilesOf(&c.g, &s)
		if got := DeniesShell(terms, &s); got != c.denied {
			t.Errorf("%s: %v", name, got)
		}
		if ShellCarries(terms, &s) == c.denied && !terms.Free() {
			t.Errorf("%s: denied and warned of alike", name)
		}
	}
}

func TestTermsAreSaid(t *testing.T) {
	terms := FileTerms{In: FileInspect, InPaths: [][]string{{"/srv/in"}}, Out: FilePass, Limit: 10 << 20}
	said := terms.Say()
	for _, want := range []string{"持込み", "/srv/in", "持出し", "10 MiBまで"} {
		if !strings.Contains(said.JA, want) {
			t.Errorf("%q lacks %q", said.JA, want)
		}
	}
}

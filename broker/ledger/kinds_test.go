package ledger

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write KINDS.md anew")

// kindsDocument is KINDS.md.
func kindsDocument() string {
	var b strings.Builder
	b.WriteString(`# The kinds of entries

What an entry of the ledger says: its kind, the ids that its header names, and the members of its payload. [FORMAT.md](FORMAT.md) says how an entry
is written down. This page is made of the table in ` + "`kinds*.go`" + ` (` + "`go test ./broker/ledger -run TestKindsDocument -update`" + `); a test holds that they are
the same, and every test fails in which a broker writes a kind or a member that is not here. A running broker writes it all the same, and logs
` + "`entry_not_in_catalogue`" + `.

A member is there always, unless its row says when it is absent; null stands only where the row says so. Kinds and members are added; none
is ever given another meaning. Entries of earlier versions may lack a member. Ids in the header stand in the order given. Any entry may have the
member ` + "`rows`" + ` last: FORMAT.md, section 7.

Types: *text*; *instant*, a text of RFC 3339, in UTC unless its row says otherwise; *number*; *flag*, true or false; *list*; *object*. A number's
unit stands in its row.

## Members that several kinds have
`)
	for _, g := range Groups() {
		fmt.Fprintf(&b, "\n### Of %s\n\n%s\n\n%s", g.Name, g.Says, table(g.Members))
	}
	b.WriteString("\n## Kinds\n")
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\nSubjects: ", k.Name, k.Says)
		if b.WriteString(k.Subjects); k.Subjects == "" {
			b.WriteString("none")
		}
		b.WriteString(".")
		switch {
		case k.Common != "" && len(k.Members) > 0:
			fmt.Fprintf(&b, " Members: those of %s, and", k.Common)
		case k.Common != "":
			fmt.Fprintf(&b, " Members: those of %s.", k.Common)
		}
		b.WriteString("\n")
		if len(k.Members) > 0 {
			b.WriteString("\n" + table(k.Members))
		}
	}
	return b.String()
}

func table(members []Member) string {
	var b strings.Builder
	b.WriteString("| member | type | |\n|---|---|---|\n")
	for _, m := range members {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, m.Type, strings.ReplaceAll(m.Says, "|", `\|`))
	}
	return b.String()
}

func TestKindsDocument(t *testing.T) {
	want := kindsDocument()
	if *update {
		if err := os.WriteFile("KINDS.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("KINDS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("KINDS.md is not what the table says: go test ./broker/ledger -run TestKindsDocument -update")
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] || checkKind(k.Name) != nil || k.Says == "" || k.Common != "" && groupMembers(k.Common) == nil {
			t.Errorf("%s: twice, no name of a kind, without a meaning, or of an unknown group %q", k.Name, k.Common)
		}
		seen[k.Name] = true
		names := map[string]bool{}
		for _, m := range slices.Concat(k.Members, groupMembers(k.Common)) {
			if names[m.Name] || m.Name == "" || m.Type == "" || m.Says == "" {
				t.Errorf("%s: member %q is there twice, or has no type or meaning", k.Name, m.Name)
			}
			names[m.Name] = true
		}
	}
}

func TestUncatalogued(t *testing.T) {
	for _, c := range []struct{ kind, payload, want string }{
		{"broker.zone", `{"zone":"Asia/Tokyo"}`, ""},
		{"broker.zone", `{"zone":"Asia/Tokyo","rows":{}}`, ""},
		{"broker.zone", `{"zone":"Asia/Tokyo","why":"","also":1}`, "broker.zone: also, broker.zone: why"},
		{"broker.zone", `{"Zone":"Asia/Tokyo"}`, "broker.zone: Zone"},
		{"broker.zone", `{"zone":9}`, "broker.zone: zone is no text"},
		{"broker.zone", `{"zone":null}`, "broker.zone: zone is no text"},
		{"broker.zone", `[]`, "broker.zone: the payload is no object"},
		{"broker.moved", `{}`, "broker.moved"},
		{"request.closed", `{"request":"R8-0001","sessions":null,"unused":true}`, ""},
		{"request.taken", `{"request":"R8-0001","body":{"purpose":"x"}}`, ""},
		{"test.act", `{"anything":1}`, ""},
	} {
		if got := strings.Join(Uncatalogued(c.kind, []byte(c.payload)), ", "); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.payload, got, c.want)
		}
	}
}

// Tests meet only what they do. What stands as a kind in the source is held against the catalogue whether or not a test writes it,
// and the catalogue against the source.
func TestKindsInTheSourceAreCatalogued(t *testing.T) {
	known := map[string]bool{}
	for _, k := range Kinds() {
		known[k.Name] = true
	}
	found := map[string]bool{"signin": true, "signout": true, KindDisposed: true}
	for _, literal := range drafted(t, "..") {
		found[literal] = true
		if !known[literal] {
			t.Errorf("%s is written somewhere and not in the catalogue", literal)
		}
	}
	for begins, ends := range composed {
		for _, end := range ends {
			found[begins+end] = true
		}
	}
	for kind := range known {
		if !found[kind] {
			t.Errorf("%s is in the catalogue and nothing in the source writes it", kind)
		}
	}
}

// composed are the kinds that the source puts together of a beginning and a state, a kind of lock or a kind of page.
var composed = map[string][]string{
	"account.":   {"viewed"},
	"extension.": {"denied", "granted"},
	"person.":    {"locked", "lock-noted", "unlock-agreed", "unlocked", "viewed"},
	"report.":    {"accepted", "returned"},
	"request.":   {"closed", "follow-up-due", "report-due"},
	"system.":    {"viewed"},
	"target.":    {"viewed"},
	"vendor.":    {"locked", "lock-noted", "unlock-agreed", "unlocked"},
}

// writes tells whether a function is one that takes a kind and writes an entry.
func writes(f ast.Expr) bool {
	name := ""
	switch f := f.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return strings.HasSuffix(strings.ToLower(name), "entry") ||
		slices.Contains([]string{"looked", "viewed", "add", "draft", "stop", "shut", "refuse", "renewed", "writePause"}, name)
}

func isKind(name *ast.Ident) bool {
	return strings.HasPrefix(strings.ToLower(name.Name), "kind") || strings.HasPrefix(name.Name, "identity") || name.Name == "overridden"
}

// drafted gives the texts in the source below dir that stand where an entry's kind does: as the member Kind of a Draft, as an
// argument of a function that writes an entry, or as the value of something named kind.
func drafted(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	add := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && strings.Contains(s, ".") && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && checkKind(s) == nil {
				all = append(all, s)
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join(dir, "ledger")) ||
			strings.HasPrefix(path, filepath.Join(dir, "internal")) || strings.HasPrefix(path, filepath.Join(dir, "config")) {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if writes(n.Fun) {
					for _, a := range n.Args {
						add(a)
					}
				}
			case *ast.KeyValueExpr:
				if name, ok := n.Key.(*ast.Ident); ok && isKind(name) {
					add(n.Value)
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if name, ok := l.(*ast.Ident); ok && isKind(name) && i < len(n.Rhs) {
						add(n.Rhs[i])
					}
				}
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if isKind(n.Names[i]) {
						add(v)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

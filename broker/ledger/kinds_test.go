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

// kindsDocument returns the text of KINDS.md.
func kindsDocument() string {
	var b strings.Builder
	b.WriteString(`# The kinds of entries

This page lists the kinds of entries, with the ids in their headers and the members of their payloads. [FORMAT.md](FORMAT.md) describes the bytes of
an entry. This page is generated from the table in ` + "`kinds*.go`" + ` (` + "`go test ./broker/ledger -run TestKindsDocument -update`" + `); a test holds that they
agree. A test in which a broker writes an unlisted kind or member fails. A running broker writes such an entry all the same, and logs
` + "`entry_not_in_catalogue`" + `.

A member is always there, unless its row says when it is absent. null appears only if the row says so. Kinds and members are added; their
meaning never changes. Entries of earlier versions may lack a member. Ids in the header stand in the order given. Any entry may have the
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
		fmt.Fprintf(&b, "\n### %s\n\n*%s* — %s\n\nSubjects: ", k.Name, k.JA, k.Says)
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
		if seen[k.Name] || checkKind(k.Name) != nil || k.JA == "" || k.Says == "" || k.Common != "" && groupMembers(k.Common) == nil {
			t.Errorf("%s: twice, no name of a kind, without a Japanese name or a meaning, or of an unknown group %q", k.Name, k.Common)
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

// Tests meet only the entries that they cause. So every kind in the source must be in the catalogue, and every kind in the
// catalogue must be in the source.
func TestKindsInTheSourceAreCatalogued(t *testing.T) {
	known := map[string]bool{}
	for _, k := range Kinds() {
		known[k.Name] = true
	}
	found := map[string]bool{"signin": true, "signout": true, KindDisposed: true, KindServed: true, KindVerified: true}
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
			t.Errorf("%s is in the catalogue and nothing in the source writes it. Is it composed of a prefix and a state, add it to composed; is it handed to a "+
				"function that writes the entry, add that one's name to writes (both in this file)", kind)
		}
	}
}

// composed are the kinds that the source builds from a prefix and a state, a kind of lock or a kind of page.
var composed = map[string][]string{
	"account.":    {"viewed"},
	"extension.":  {"denied", "granted"},
	"late-entry.": {"confirmed", "rejected"},
	"line.":       {"viewed"},
	"permit.":     {"granted", "refused"},
	"person.":     {"locked", "lock-noted", "unlock-agreed", "unlocked", "viewed"},
	"report.":     {"accepted", "returned"},
	"request.":    {"closed", "follow-up-due", "report-due"},
	"system.":     {"viewed"},
	"target.":     {"viewed"},
	"vendor.":     {"locked", "lock-noted", "unlock-agreed", "unlocked"},
}

// writes reports whether a function takes a kind and writes an entry.
func writes(f ast.Expr) bool {
	name := ""
	switch f := f.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return strings.HasSuffix(strings.ToLower(name), "entry") ||
		slices.Contains([]string{"looked", "Looked", "viewed", "add", "draft", "stop", "shut", "refuse", "credentialRenewed", "writePause", "moved", "came"}, name)
}

func isKind(name *ast.Ident) bool {
	return strings.HasPrefix(strings.ToLower(name.Name), "kind") || strings.HasPrefix(name.Name, "identity")
}

// constants are the string constants of packages: "store.EntryOverridden" → its literal. A constant of the package itself is found by the
// name of its directory.
type constants map[string]ast.Expr

func (c constants) of(f *ast.File, dir string) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, e := range v.Values {
					c[dir+"."+v.Names[i].Name] = e
				}
			}
		}
	}
}

// literal is what an expression in the package stands for.
func (c constants) literal(e ast.Expr, dir string) ast.Expr {
	switch x := e.(type) {
	case *ast.Ident:
		return c[dir+"."+x.Name]
	case *ast.SelectorExpr:
		if of, ok := x.X.(*ast.Ident); ok {
			return c[of.Name+"."+x.Sel.Name]
		}
	}
	return e
}

// drafted returns the texts in the source below dir that are used as an entry's kind: as the member Kind of a Draft, as an
// argument of a function that writes an entry, or as the value of a variable named kind. A constant counts as its text.
func drafted(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	files, known := map[string]*ast.File{}, constants{}
	add := func(e ast.Expr, dir string) {
		if l, ok := known.literal(e, dir).(*ast.BasicLit); ok && l.Kind == token.STRING {
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
		files[path] = f
		known.of(f, filepath.Base(filepath.Dir(path)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, f := range files {
		pkg := filepath.Base(filepath.Dir(path))
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if writes(n.Fun) {
					for _, a := range n.Args {
						add(a, pkg)
					}
				}
			case *ast.KeyValueExpr:
				if name, ok := n.Key.(*ast.Ident); ok && isKind(name) {
					add(n.Value, pkg)
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if name, ok := l.(*ast.Ident); ok && isKind(name) && i < len(n.Rhs) {
						add(n.Rhs[i], pkg)
					}
				}
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if isKind(n.Names[i]) {
						add(v, pkg)
					}
				}
			}
			return true
		})
	}
	return all
}

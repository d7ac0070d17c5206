package broker_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// unsaid are the types of words that no person reads, each with a reason.
var unsaid = map[string]string{
	"policy.Act":           "what is asked of Decide; refusals have sentences",
	"policy.AfterLock":     "what is asked of a rule about locks; refusals have sentences",
	"policy.ChannelKind":   "of an attempt; the features of a refusal are said by policy/words.go",
	"policy.ClockState":    "a fact for Decide",
	"policy.Consent":       "an answer to the card, for Decide",
	"policy.LineState":     "a fact for Decide",
	"policy.Paper":         "what a requirement asks for; store.PaperKind has the labels",
	"policy.PauseCause":    "notices of a session say it in sentences",
	"policy.RecorderState": "a fact for Decide",
	"policy.Duty":          "a sort of task; the page of today says each in a sentence",
	"policy.Reason":        "its sentences have a table and tests of their own",
	"papers.Damage":        "a finding of the ledger's check; its sentences stand where it is found",
	"store.ChangeState":    "of a pending change; only those that wait are shown",
	"store.FeedKind":       "whose windows a feed shows; its subject is shown",
	"store.Channel":        "how a notice is sent; said where an undelivered one is listed",
	"store.DeliveryState":  "of a delivery; only undelivered ones are shown",
	"store.DraftKind":      "which page it goes on with",
	"store.DraftState":     "people see the state of the request: Draft",
	"store.SignIn":         "which directory knows the person; said as a field of the person",
	"store.KeepKind":       "what is kept without an entry",
	"store.LockKind":       "part of a query",
	"store.OverdueKind":    "part of a key",
	"rules.Leftovers":      "a rule with one word; the field names it",
	"rules.Unproved":       "a rule with one word; the field names it",
	"store.UseState":       "of an account's use; people see how the end was verified",
	"rules.Phase":          "when a step is done; shown by its place",
	"store.SessionState":   "as stored; people see api.SessionState",
}

// Every value of a type of words has a label in both languages; no two values of a type share one.
func TestEveryWordHasItsLabel(t *testing.T) {
	types := map[string][]string{} // constants of a type of words
	labels := map[string]map[string][2]string{}
	has := map[string]bool{} // a method Label
	for _, dir := range []string{"../policy", "api", "store", "rules", "papers", "reports", "review", "freeze", "requests", "request", "attendance"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files: %v", dir, err)
		}
		pkg := filepath.Base(dir)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			readWords(pkg, parsed, types, labels, has)
		}
	}
	for name, values := range types {
		if unsaid[name] != "" {
			continue
		}
		if !has[name] {
			t.Errorf("%s is a type of words: give it a method Label, or name it here with why no person reads it", name)
			continue
		}
		seen := map[[2]string]string{}
		for _, value := range values {
			label, ok := labels[name][value]
			switch {
			case !ok:
				t.Errorf("%s: %s has no label", name, value)
			case !strings.ContainsFunc(label[0], japanese) && label[0] != "SSH" || label[1] == "" || strings.ContainsFunc(label[1], japanese):
				t.Errorf("%s: %s is called %q in Japanese and %q in English", name, value, label[0], label[1])
			case seen[label] != "":
				t.Errorf("%s: %s and %s are called alike: %q", name, value, seen[label], label)
			}
			seen[label] = value
		}
	}
	for name := range unsaid {
		if types[name] == nil {
			t.Errorf("%s is named here and is no type of words", name)
		}
	}
}

func japanese(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// readWords collects from a file the constants of types that are texts, the tables of their labels, and which types have a method Label.
func readWords(pkg string, file *ast.File, types map[string][]string, labels map[string]map[string][2]string, has map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "Label" && n.Recv != nil {
				if name, ok := n.Recv.List[0].Type.(*ast.Ident); ok {
					has[pkg+"."+name.Name] = true
				}
			}
		case *ast.GenDecl:
			if n.Tok != gotoken.CONST {
				return true
			}
			for _, s := range n.Specs {
				spec := s.(*ast.ValueSpec)
				name, ok := spec.Type.(*ast.Ident)
				if !ok || len(spec.Values) == 0 || !name.IsExported() {
					continue
				}
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
					types[pkg+"."+name.Name] = append(types[pkg+"."+name.Name], spec.Names[0].Name)
				}
			}
		case *ast.CompositeLit:
			m, ok := n.Type.(*ast.MapType)
			if !ok {
				return true
			}
			name, ok := m.Key.(*ast.Ident)
			if !ok {
				return true
			}
			for _, e := range n.Elts {
				row := e.(*ast.KeyValueExpr)
				key, isName := row.Key.(*ast.Ident)
				call, isCall := row.Value.(*ast.CallExpr)
				if !isName || !isCall || len(call.Args) != 2 {
					continue
				}
				if labels[pkg+"."+name.Name] == nil {
					labels[pkg+"."+name.Name] = map[string][2]string{}
				}
				labels[pkg+"."+name.Name][key.Name] = [2]string{said(call.Args[0]), said(call.Args[1])}
			}
		}
		return true
	})
}

func said(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value)
	return s
}

package broker_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// roleChecks lists the files outside policy that look at a person's role or kind, with the number of checks and the reason. Only
// policy decides whether a person may do or see a thing.
var roleChecks = map[string]struct {
	times int
	why   string
}{
	"broker/act/spec.go":           {4, "Callers says which roles may call an act at all; the roles themselves stand in the declaration of the act"},
	"broker/pages/roles.go":        {1, "people of a vendor have pages of their own, and are told less of why something was refused"},
	"broker/papers/file.go":        {1, "a paper about one person is about an engineer"},
	"broker/registry/apply.go":     {1, "finds the founder in the file, before there is a registry"},
	"broker/registry/tables.go":    {1, "says whether the telephone number is guarded: engineers are called back on it"},
	"broker/registry/parse.go":     {1, "reads the file: an engineer needs a telephone"},
	"broker/registry/redraw.go":    {2, "draws a person's entry as the file has it: without the role that no file gives; staff and people of a vendor have different fields"},
	"broker/registry/plan.go":      {3, "looks at the registry that a file would make: administrators and the information-systems section must remain"},
	"broker/requests/check.go":     {1, "says that a name in a request is no engineer"},
	"broker/requests/deputy.go":    {1, "finds a member of staff by name"},
	"broker/requests/desk.go":      {1, "what staff hand in is a request, what people of a vendor hand in is a proposal"},
	"broker/requests/extension.go": {2, "reads in which role an extension was granted and is answered"},
	"broker/session/extension.go":  {1, "reads in which role an extension was granted"},
	"broker/store/alarms.go":       {1, "finds the sections that an alarm about a person concerns"},
	"broker/store/facts.go":        {1, "reads in which role an extension was granted"},
	"broker/files/desk.go":         {1, "staff say why they reject a file; an engineer need not"},
	"broker/notify/reviews.go":     {1, "finds the letters of the information-systems section"},
	"broker/papers/renewal.go":     {1, "the person of whom papers are asked for is an engineer"},
	"broker/web/calendar.go":       {1, "an engineer who names no section asks for a feed of their own"},
	"broker/web/call.go":           {1, "people of a vendor are told less of why a call was refused"},
	"broker/web/registry.go":       {2, "finds the founder in the file, before there is a registry"},
}

// roleNames are policy's names of roles and of the kinds of person.
var roleNames = []string{"Requester", "Approver", "SecondApprover", "Attendant", "Auditor", "Administrator", "InformationSystems", "Staff", "Engineer", "Contact"}

// Outside policy only the files in the list look at a person's role or kind, each exactly as often as it says.
func TestRolesAreJudgedByPolicyAlone(t *testing.T) {
	found := map[string][]string{}
	files := gotoken.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(filepath.ToSlash(path), "../")
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "policy" || d.Name() == "testdata" || d.Name() == ".git" || name == "broker/internal"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if checksRole(n) {
				found[name] = append(found[name], files.Position(n.Pos()).String())
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, places := range found {
		if allowed := roleChecks[name]; len(places) > allowed.times {
			t.Errorf("%s looks at roles or kinds of persons %d times, %d are in the list: let policy judge it\n%s", name, len(places), allowed.times, strings.Join(places, "\n"))
		}
	}
	for name, allowed := range roleChecks {
		if n := len(found[name]); n < allowed.times {
			t.Errorf("%s is in the list with %d, and has %d: shorten the list", name, allowed.times, n)
		}
		if allowed.why == "" {
			t.Errorf("%s is in the list without a reason", name)
		}
	}
}

// checksRole finds p.Has(role), a comparison or a case of a role or a kind of person, and lists of roles used for a check.
func checksRole(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr: // p.Has, called or handed on
		return n.Sel.Name == "Has" && !isPackage(n.X)
	case *ast.BinaryExpr:
		return (n.Op == gotoken.EQL || n.Op == gotoken.NEQ) && (isRole(n.X) || isRole(n.Y))
	case *ast.CaseClause:
		return slices.ContainsFunc(n.List, isRole)
	}
	return false
}

func isPackage(e ast.Expr) bool {
	x, ok := e.(*ast.Ident)
	return ok && x.Name == "policy"
}

func isRole(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && isPackage(s.X) && slices.Contains(roleNames, s.Sel.Name)
}

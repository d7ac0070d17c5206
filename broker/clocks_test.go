package broker_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// machineClocks are the test files that may pass the machine's own clock on as a clock, each with its reason.
var machineClocks = map[string]string{
	"broker/directory/oidc_test.go":       "a real provider's statements end by it",
	"broker/pages/directory_test.go":      "a real provider's statements end by it",
	"broker/registry/directory_test.go":   "a real provider's statements end by it",
	"broker/session/late_test.go":         "what reading it costs is measured",
	"broker/store/publish_test.go":        "a bubble's clock",
	"cmd/sekimori-verify/program_test.go": "progress is drawn by it",
	"cmd/sekimori-verify/office_test.go":  "progress is drawn by it",
	"cmd/sekimori/clock_test.go":          "a real sshd, the target of the stories, goes by it",
	"broker/reconcile/world_test.go":      "a real sshd, whose log is compared, goes by it",
}

// TestNoTestDependsOnTheHour: no test uses the machine's clock as its own. Such a test passes in the morning and fails in the evening,
// in March or in another zone. A test may call time.Now as a stopwatch, but may not use its date, and may pass it on as a clock
// only where machineClocks gives a reason.
func TestNoTestDependsOnTheHour(t *testing.T) {
	root := ".."
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testbed") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files := gotoken.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		called := map[ast.Expr]bool{} // time.Now in time.Now()
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if isTimeNow(n.Fun) {
					called[n.Fun] = true
				}
				if method, ok := n.Fun.(*ast.SelectorExpr); ok {
					if call, ok := method.X.(*ast.CallExpr); ok && isTimeNow(call.Fun) && dates[method.Sel.Name] {
						t.Errorf("%s: a test uses the machine's date (%s)", files.Position(n.Pos()), method.Sel.Name)
					}
				}
			case *ast.SelectorExpr:
				switch {
				case !isTimeNow(n) || called[n]:
				case machineClocks[filepath.ToSlash(name)] != "":
					used[filepath.ToSlash(name)] = true
				default:
					t.Errorf("%s: the machine's clock is handed on; tests have testbed.NewClock", files.Position(n.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range machineClocks {
		if !used[name] {
			t.Errorf("%s does not hand the machine's clock on; strike it from the list", name)
		}
	}
}

// dates are the methods of time.Time that give the hour, the day or the zone.
var dates = map[string]bool{
	"AddDate": true, "Format": true, "Date": true, "Clock": true, "Year": true, "Month": true, "Day": true, "Hour": true, "Weekday": true,
	"YearDay": true, "In": true, "Local": true, "UTC": true, "Location": true,
}

func isTimeNow(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Now" {
		return false
	}
	pkg, ok := s.X.(*ast.Ident)
	return ok && pkg.Name == "time"
}

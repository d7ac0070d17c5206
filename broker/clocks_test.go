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

// machineClocks are the test files in which the machine's own clock may be handed on as a clock, each with its reason.
var machineClocks = map[string]string{
	"broker/session/late_test.go":         "what reading it costs is measured",
	"broker/store/publish_test.go":        "a bubble's clock",
	"cmd/sekimori-verify/program_test.go": "progress is drawn by it",
	"cmd/sekimori-verify/office_test.go":  "progress is drawn by it",
	"cmd/sekimori/script_test.go":         "a real sshd, the target of the stories, goes by it",
}

// TestNoTestDependsOnTheHour holds that no clock of a test is the machine's: a test that passes in the morning fails in the evening,
// in March or in another zone. time.Now may be called for a stopwatch, but its date may not be used, and it is handed on as a clock
// only where machineClocks says why.
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

// dates are the methods of time.Time that tell the hour, the day or the zone.
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

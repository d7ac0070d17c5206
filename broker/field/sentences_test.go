package field_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCodesAndSentences: in every table of the broker a rule has a code for programs and a sentence in both languages.
func TestCodesAndSentences(t *testing.T) {
	code, rules := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`), 0
	check := func(at token.Position, args []ast.Expr) {
		for i, e := range args[len(args)-3:] {
			l, ok := e.(*ast.BasicLit)
			if !ok {
				continue // made of numbers or a constant
			}
			rules++
			if s, err := strconv.Unquote(l.Value); err != nil || strings.TrimSpace(s) == "" || i == 0 && !code.MatchString(s) {
				t.Errorf("%s: %s is no %s", at, l.Value, []string{"code", "sentence in Japanese", "sentence in English"}[i])
			}
		}
	}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
					switch n := len(call.Args); sel.Sel.Name {
					case "Need", "NeedElsewhere":
						if n == 3 {
							check(set.Position(call.Pos()), call.Args)
						}
					case "NeedIf", "Bound", "Like":
						if n == 4 {
							check(set.Position(call.Pos()), call.Args)
						}
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil || rules < 60 {
		t.Errorf("%d codes and sentences found: %v", rules, err)
	}
}

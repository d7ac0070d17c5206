package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leads tells whether an address of this site has a row.
func (w *world) leads(method, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	s := staff
	if u.Path == "/v" || strings.HasPrefix(u.Path, "/v/") {
		s = portal
	}
	_, pattern := w.pages.muxes[s].Handler(&http.Request{Method: method, URL: u, Host: "localhost"})
	return pattern != "" && pattern != "/"
}

var (
	leadsOn = regexp.MustCompile(`<(a|form|link|script|img|use|iframe)\b[^>]*?\s(?:href|action|src)="([^"]*)"[^>]*>`)
	blanks  = regexp.MustCompile(`\{\{[^}]*\}\}|\{[^}]*\}`)
)

// deadLinks are the local addresses of a page that have no row.
func (w *world) deadLinks(body string) (dead []string) {
	for _, m := range leadsOn.FindAllStringSubmatch(body, -1) {
		address := html.UnescapeString(m[2])
		if !strings.HasPrefix(address, "/") {
			continue
		}
		method := http.MethodGet
		if m[1] == "form" && strings.Contains(m[0], `method="post"`) {
			method = http.MethodPost
		}
		if !w.leads(method, address) {
			dead = append(dead, method+" "+address)
		}
	}
	return dead
}

// Every local link and form of every page leads to a row of the site's table, in each state of the walk and for each person.
func TestEveryLinkLeadsToAPage(t *testing.T) {
	for _, state := range someWalks() {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			w := found(t)
			w.planned(state.request, state.window)
			told := map[string]bool{}
			for _, who := range walkers {
				b := w.browser()
				if who.login != "" {
					b = w.as(who.login)
				}
				for _, r := range rows() {
					if r.method != http.MethodGet || (r.site == portal) != (b.base == w.portal.URL) {
						continue
					}
					w.Pass(10 * time.Second)
					for _, dead := range w.deadLinks(b.get(address(r)).body) {
						if !told[dead] {
							t.Errorf("%s as %q leads to %s, which has no row", address(r), who.id, dead)
						}
						told[dead] = true
					}
				}
			}
		})
	}
}

// Every address that the templates, the pages' own program and the notices name has a row, also on pages that no walk comes to.
func TestEveryAddressInTheProgramHasARow(t *testing.T) {
	w := found(t)
	err := fs.WalkDir(templateFiles, "templates", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(templateFiles, path)
		if err != nil {
			return err
		}
		for _, dead := range w.deadLinks(blanks.ReplaceAllString(string(b), "x")) {
			if strings.HasSuffix(dead, " /setup") { // the first set-up page is on a listener of its own
				continue
			}
			t.Errorf("%s leads to %s, which has no row", path, dead)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".", "../notify"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		n, made := 0, map[string]string{}
		for _, file := range files {
			pathMakers(t, file, made)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, one := range addressesIn(t, file, made) {
				n++
				if !w.leads(http.MethodGet, one) && !w.leads(http.MethodPost, one) && !begins(one) {
					t.Errorf("%s names %s, which has no row", file, one)
				}
			}
		}
		if n < 10 {
			t.Errorf("%s names %d addresses: the test does not find them", dir, n)
		}
	}
}

// begins tells whether the address is the beginning of acts' forms, whose things have no page of their own.
func begins(address string) bool {
	at := blanks.ReplaceAllString(address, "x") + "/"
	for _, s := range actSpecs() {
		if strings.HasPrefix(blanks.ReplaceAllString(pagePath(s.Path), "x"), at) {
			return true
		}
	}
	return false
}

// pathMakers adds the functions of a file that do nothing but make an address, with the address that they make.
func pathMakers(t *testing.T, file string, made map[string]string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || len(f.Body.List) != 1 {
			continue
		}
		if back, ok := f.Body.List[0].(*ast.ReturnStmt); ok && len(back.Results) == 1 {
			for _, one := range composed(back.Results[0], map[ast.Node]bool{}, nil) {
				made[f.Name.Name] = one
			}
		}
	}
}

// addressesIn are the addresses that a file of the program composes: sums that begin with a text in quotes, and such texts alone, where
// they begin with a slash. What is no text in quotes counts as an id.
func addressesIn(t *testing.T, file string, made map[string]string) (all []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	part := map[ast.Node]bool{} // of a sum that was read
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op != token.ADD {
				return n.Op == token.LOR || n.Op == token.LAND // a comparison names no address
			}
			if !part[n] {
				all = append(all, composed(n, part, made)...)
			}
		case *ast.BasicLit:
			if !part[n] {
				all = append(all, composed(n, part, made)...)
			}
		case *ast.CallExpr:
			return !asksAboutPaths(n)
		case *ast.ImportSpec:
			return false
		}
		return true
	})
	return all
}

// composed is the address that an expression makes; none if it does not begin with a text that is an address.
func composed(e ast.Expr, part map[ast.Node]bool, made map[string]string) []string {
	first, text := true, ""
	var add func(ast.Expr)
	add = func(e ast.Expr) {
		part[e] = true
		if sum, ok := e.(*ast.BinaryExpr); ok {
			add(sum.X)
			add(sum.Y)
			return
		}
		if call, ok := e.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && first && made[f.Name] != "" {
				text, first = made[f.Name], false
				return
			}
		}
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			if first {
				text = "?"
			}
			text, first = text+"x", false
			return
		}
		s, err := strconv.Unquote(lit.Value)
		if err == nil {
			text, first = text+s, false
		}
	}
	add(e)
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "/v1") || strings.ContainsAny(text, " <") {
		return nil
	}
	if address := blanks.ReplaceAllString(strings.ReplaceAll(text, "%d", "1"), "x"); strings.Count(address, "/") > 1 && strings.HasSuffix(address, "/") && address != "/v/" {
		return []string{address + "x"} // an id follows
	} else if address != "/v"+"x" { // the page of the other site
		return []string{address}
	}
	return nil
}

// asksAboutPaths tells whether a call only compares or cuts addresses, or makes a row.
func asksAboutPaths(c *ast.CallExpr) bool {
	name := ""
	switch f := c.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return map[string]bool{"HasPrefix": true, "HasSuffix": true, "Contains": true, "TrimPrefix": true, "TrimSuffix": true, "Cut": true, "CutPrefix": true, "Join": true, "Split": true, "get": true, "post": true}[name]
}

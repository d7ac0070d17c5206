package broker_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// twoNodes is the section of DESIGN.md that lists the obstacles to a second node.
func twoNodes(t *testing.T) (memory, sql string) {
	t.Helper()
	b, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## Two nodes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	memory, sql, both := strings.Cut(section, "\n### What only SQLite understands\n")
	if !ok || !both {
		t.Fatal("DESIGN.md lacks the section, or one of its lists")
	}
	return memory, sql
}

// The files in the lists exist, so that an outdated list is noticed when its file goes.
func TestTheListsForTwoNodesNameFilesThatExist(t *testing.T) {
	memory, sql := twoNodes(t)
	found := regexp.MustCompile("`([a-z0-9_/]+/[a-z0-9_]+|[a-z_]+)(\\.go|\\.sql)`").FindAllStringSubmatch(memory+sql, -1)
	if len(found) < 30 {
		t.Fatalf("%d files are named", len(found))
	}
	for _, m := range found {
		if _, err := os.Stat(filepath.FromSlash(m[1] + m[2])); err != nil {
			t.Errorf("%s%s: %v", m[1], m[2], err)
		}
	}
}

// stateInMemory matches a struct's lock field, which guards state shared by goroutines.
var stateInMemory = regexp.MustCompile(`^(sync\.(Mutex|RWMutex|Map))$`)

// keepsNothing lists files with a lock whose memory belongs to one connection or one channel, and ends with it.
var keepsNothing = map[string]string{
	"gate/front.go": "a channel", "relay/channel.go": "a channel", "relay/scp.go": "a channel", "relay/sftp.go": "a channel", "relay/valve.go": "a connection",
	"relay/refusal.go": "a connection", "relay/resize.go": "a channel", "relay/limits.go": "a connection", "relay/notice.go": "a connection", "relay/relay.go": "a connection",
	"relay/backlog.go": "a connection", "relay/mask.go": "a channel", "relay/lines.go": "a channel", "session/rules.go": "a session", "files/fetch.go": "a transfer", "files/ahead.go": "a transfer", "accounts/driver.go": "an answer of a target", "relay/places.go": "a connection", "files/blocks.go": "a transfer", "files/upload.go": "a transfer", "session/marks.go": "a session", "session/lag.go": "a session", "session/acts.go": "an act", "session/watchers.go": "a session", "session/trim.go": "when memory was given back last", "session/waits.go": "names of work under way, for an error", "session/refused.go": "a session",
	"wire/conn.go": "a connection", "keys/given.go": "the certificate of a witness, which is another machine", "witness/state.go": "the last checkpoint on the disk of a witness, which is another machine", "hook/hook.go": "a run of a program", "store/db.go": "statements by their text", "store/schema.go": "the schema of this program",
}

// State kept between calls is in the list, or ends with its connection.
func TestWhatLivesInMemoryIsListed(t *testing.T) {
	memory, _ := twoNodes(t)
	eachFile(t, ".", func(path string, f *ast.File) {
		keeps := false
		ast.Inspect(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || len(field.Names) == 0 {
				return true
			}
			if of, ok := field.Type.(*ast.SelectorExpr); ok {
				if pkg, ok := of.X.(*ast.Ident); ok && stateInMemory.MatchString(pkg.Name+"."+of.Sel.Name) {
					keeps = true
				}
			}
			return true
		})
		if keeps && keepsNothing[path] == "" && !strings.Contains(memory, "`"+path+"`") {
			t.Errorf("%s keeps state behind a lock: say in DESIGN.md what becomes of it with two nodes, or here with what it ends", path)
		}
	})
	for path := range keepsNothing {
		if _, err := os.Stat(filepath.FromSlash(path)); err != nil {
			t.Error(err)
		}
	}
}

// onlySQLite are words that PostgreSQL does not know, or understands otherwise.
var onlySQLite = regexp.MustCompile(`\b(STRICT|WITHOUT ROWID|AUTOINCREMENT|GLOB|RETURNING|ON CONFLICT|INDEXED BY|CROSS JOIN|COLLATE|LIKE|VACUUM|ATTACH|REPLACE INTO|INSERT OR [A-Z]+|PRAGMA [a-z_]+|` +
	`json_[a-z_]+|sqlite_(?:schema|master|stat[0-9])|pragma_[a-z_]+|_pragma|_txlock|rowid|strftime|datetime|julianday|unixepoch|group_concat|ifnull|iif|instr|typeof|quote|hex|total|` +
	`last_insert_rowid|changes|likely|unlikely|fts5|MATCH)\b`)

// A word that only SQLite understands may enter the store only with a row on its replacement.
func TestWhatOnlySQLiteUnderstandsIsListed(t *testing.T) {
	_, list := twoNodes(t)
	where := map[string]string{}
	see := func(path, statement string) {
		for _, word := range onlySQLite.FindAllString(statement, -1) {
			where[word] = path
		}
	}
	statement := regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|PRAGMA|WHERE|FROM|RETURNING|ORDER BY|EXISTS|CREATE)\b|json_|_pragma|_txlock`)
	eachFile(t, "store", func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == gotoken.STRING && statement.MatchString(lit.Value) {
				see(path, lit.Value)
			}
			return true
		})
	})
	migrations, err := filepath.Glob("store/migrations/sqlite/*.sql")
	if err != nil || len(migrations) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	for _, path := range migrations {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		see(path, regexp.MustCompile(`--[^\n]*`).ReplaceAllString(string(b), ""))
	}
	if len(where) < 15 {
		t.Errorf("only %v found", where)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list, -1) {
		for _, word := range onlySQLite.FindAllString(m[1], -1) {
			listed[word] = true
		}
	}
	for _, word := range slices.Sorted(maps.Keys(where)) {
		if !listed[word] {
			t.Errorf("%s in %s is not in the list of DESIGN.md", word, where[word])
		}
	}
}

// eachFile parses every file of product code below dir, by its path from here.
func eachFile(t *testing.T, dir string, see func(path string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "internal" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, 0)
		if err == nil {
			see(filepath.ToSlash(path), f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

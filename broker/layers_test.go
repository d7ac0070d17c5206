package broker_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// layers is the table of DESIGN.md. A package imports only from layers below its own; allowed
// names the exceptions.
var layers = map[string]int{
	"sekimori/broker/testrun":       -1,
	"sekimori/recordings/exactjson": -1,
	"sekimori/policy/text":          -1,
	"sekimori/policy":               0,
	"sekimori/recordings":           0,
	"sekimori/broker/ledger":        0,
	"sekimori/broker/bundle":        0,
	"sekimori/broker/forms":         0,
	"sekimori/broker/sheet":         0,
	"sekimori/broker/connlimit":     0,
	"sekimori/broker/api":           3,
	"sekimori/recordings/live":      1,
	"sekimori/recordings/archive":   1,
	"sekimori/recordings/search":    1,
	"sekimori/recordings/index":     1,
	"sekimori/recordings/traits":    1,
	"sekimori/recordings/offline":   1,
	"sekimori/broker/field":         1,
	"sekimori/broker/keys":          1,
	"sekimori/broker/request":       2,
	"sekimori/broker/rules":         2,
	"sekimori/broker/conformance":   3,
	"sekimori/broker/store":         3,
	"sekimori/broker/figures":       1,
	"sekimori/broker/calendar":      1,
	"sekimori/broker/wire":          1,
	"sekimori/broker/hook":          1,
	"sekimori/broker/inspect":       2,
	"sekimori/broker/directory":     1,
	"sekimori/broker/witness":       1,
	"sekimori/broker/refusals":      4,
	"sekimori/broker/disposal":      4,
	"sekimori/broker/act":           4,
	"sekimori/broker/registry":      5,
	"sekimori/broker/announcement":  5,
	"sekimori/broker/annual":        5,
	"sekimori/broker/requests":      5,
	"sekimori/broker/attendance":    5,
	"sekimori/broker/agenda":        5,
	"sekimori/broker/freeze":        5,
	"sekimori/broker/reports":       5,
	"sekimori/broker/review":        5,
	"sekimori/broker/confirmation":  5,
	"sekimori/broker/interlock":     6,
	"sekimori/broker/correction":    5,
	"sekimori/broker/papers":        5,
	"sekimori/broker/permits":       5,
	"sekimori/broker/lateentry":     5,
	"sekimori/broker/sealing":       5,
	"sekimori/broker/roster":        5,
	"sekimori/broker/files":         5,
	"sekimori/broker/notify":        5,
	"sekimori/broker/chores":        5,
	"sekimori/broker/evidence":      5,
	"sekimori/broker/publish":       5,
	"sekimori/broker/siem":          5,
	"sekimori/broker/dial":          5,
	"sekimori/broker/accounts":      6,
	"sekimori/broker/relay":         6,
	"sekimori/broker/session":       7,
	"sekimori/broker/reconcile":     7,
	"sekimori/broker/view":          8,
	"sekimori/broker/fault":         8,
	"sekimori/broker/gate":          9,
	"sekimori/broker/web":           9,
	"sekimori/broker/pages":         9,
	"sekimori/broker":               10,
	"sekimori/cmd/sekimori":         11,
	"sekimori/cmd/sekimori-verify":  11,
}

// verifierMay lists our packages that the auditor's offline verifier may import: it must not depend
// on the program whose evidence it checks. figures is pure, and counts by the entries alone.
var verifierMay = map[string]bool{"sekimori/broker/figures": true, "sekimori/broker/ledger": true, "sekimori/broker/bundle": true, "sekimori/recordings": true, "sekimori/recordings/exactjson": true}

func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "sekimori/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, imports := fields[0], fields[1:]
		if strings.Contains(pkg, "/internal/") || strings.HasPrefix(pkg, "sekimori/examples/") {
			continue // helpers of one package or of the tests: Go's own rule bounds their importers
		}
		layer, known := layers[pkg]
		if !known {
			t.Errorf("%s stands in no layer; give it one here and in DESIGN.md", pkg)
			continue
		}
		seen[pkg] = true
		for _, imp := range imports {
			if !strings.HasPrefix(imp, "sekimori/") {
				continue
			}
			if strings.HasPrefix(imp, "sekimori/broker/internal/testbed") || imp == "sekimori/broker/testrun" {
				t.Errorf("%s imports %s, which is for tests only", pkg, imp)
			}
			if below, ok := layers[imp]; ok && below >= layer {
				t.Errorf("%s (layer %d) imports %s (layer %d)", pkg, layer, imp, below)
			}
			if pkg == "sekimori/cmd/sekimori-verify" && !verifierMay[imp] {
				t.Errorf("the offline verifier imports %s", imp)
			}
		}
	}
	for pkg := range layers {
		if !seen[pkg] {
			t.Errorf("%s is in the table but not in the tree", pkg)
		}
	}
}

// TestEvidenceIsOpenedInOnePlace: a recording opened any other way would not be compared with the ledger.
func TestEvidenceIsOpenedInOnePlace(t *testing.T) {
	opens := regexp.MustCompile(`\brecordings\.(Open|NewReader|Verify|VerifyReader|VerifyDigest)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "evidence"+string(filepath.Separator)) {
			return err
		}
		text, err := os.ReadFile(path)
		if m := opens.Find(text); m != nil {
			t.Errorf("%s calls %s…): broker/evidence opens recordings", path, m)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPolicyIsPure: the decision has no I/O and no clock of its own. The whole design rests on this.
func TestPolicyIsPure(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "sekimori/policy").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for imp := range strings.Lines(string(out)) {
		switch imp = strings.TrimSpace(imp); imp {
		case "os", "io", "net", "net/http", "database/sql", "context", "sync", "math/rand", "log":
			t.Errorf("policy imports %s", imp)
		}
	}
}

// TestDesignTable keeps DESIGN.md's table and this one the same.
func TestDesignTable(t *testing.T) {
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (-?\\d+) \\| `([^`]+)`")
	found := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		pkg := "sekimori/" + m[2]
		found[pkg] = true
		if want, ok := layers[pkg]; !ok || strconv.Itoa(want) != m[1] {
			t.Errorf("DESIGN.md puts %s in layer %s; the test says %d (known: %v)", pkg, m[1], want, ok)
		}
	}
	for pkg := range layers {
		if !found[pkg] {
			t.Errorf("DESIGN.md's table lacks %s", pkg)
		}
	}
}

// TestOnlyTheHookStartsPrograms: one package of the broker starts processes, with a small environment and arguments that are never secret.
func TestOnlyTheHookStartsPrograms(t *testing.T) {
	starts := regexp.MustCompile(`"os/exec"|os\.StartProcess|syscall\.(ForkExec|StartProcess|Exec)\b`)
	var found []string
	for _, dir := range []string{".", "../policy", "../recordings"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "internal") {
				return err
			}
			text, err := os.ReadFile(path)
			if starts.Match(text) {
				found = append(found, filepath.ToSlash(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) != 1 || found[0] != "hook/hook.go" {
		t.Errorf("programs are started in %v", found)
	}
}

package testbed

import (
	"os"
	"os/exec"
	"testing"
)

// NeedPython returns a Python interpreter that has the module (Debian: python3-MODULE). Where there is none the test is skipped and
// says so, or fails under SEKIMORI_REQUIRE_PEERS=1.
func NeedPython(tb testing.TB, module string) string {
	tb.Helper()
	// Another interpreter, first on the path, lacks the distribution's modules.
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatalf("Python's %s is required and not installed", module)
	}
	tb.Skipf("Python's %s is not installed", module)
	return ""
}

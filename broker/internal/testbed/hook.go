package testbed

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Hook writes a program that the broker may run as a hook and returns its path: hooks belong to root, so the test needs root. Without
// it the test is skipped, or fails under SEKIMORI_REQUIRE_PEERS=1. A script begins with "#!/bin/sh\n".
func Hook(tb testing.TB, script string) string {
	tb.Helper()
	NeedRoot(tb)
	path := filepath.Join(tb.TempDir(), "hook")
	Program(tb, path, script)
	return path
}

// Program writes an executable file. No process is forked meanwhile: it would keep the file open for writing until its own exec, and a
// program that is open for writing cannot be started (ETXTBSY).
func Program(tb testing.TB, path, text string) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(path, 0o755); err != nil { // the umask may have taken bits away
		tb.Fatal(err)
	}
}

// NeedRoot is for tests of what only root may do.
func NeedRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatal("this test needs root")
	}
	tb.Skip("this test needs root")
}

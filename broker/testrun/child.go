package testrun

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// HeldByAChild holds the open files of a path until the test ends, as a child process does that is just being started: it has them all until it
// runs its program. Without /proc the test is skipped.
func HeldByAChild(t testing.TB, path string) {
	t.Helper()
	const descriptors = "/proc/self/fd"
	all, err := os.ReadDir(descriptors)
	if err != nil {
		t.Skipf("%s: %v", descriptors, err)
	}
	held := false
	for _, entry := range all {
		if to, err := os.Readlink(filepath.Join(descriptors, entry.Name())); err != nil || to != path {
			continue
		}
		n, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		fd, err := syscall.Dup(n)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		held = true
	}
	if !held {
		t.Fatalf("this process has not opened %s", path)
	}
}

package testbed

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Need returns the path of a program that the test runs against. Where it is not installed the
// test is skipped and says so, or fails under SEKIMORI_REQUIRE_PEERS=1.
func Need(tb testing.TB, program string) string {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil && program == "sshd" {
		path, err = exec.LookPath("/usr/sbin/sshd") // not on the path of every account
	}
	if err == nil {
		return path
	}
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatalf("%s is required and not installed", program)
	}
	tb.Skipf("%s is not installed", program)
	return ""
}

// Whole tells whether tests try all of their like cases, as .ci/run has them do with SEKIMORI_REQUIRE_PEERS=1. A plain run may try some of them.
func Whole() bool { return os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" }

// NeedTerminal is for tests that open a terminal at a real sshd. Run by an ordinary account it can
// give terminals away only where devpts is mounted with the group tty; some containers have it without.
func NeedTerminal(tb testing.TB) {
	tb.Helper()
	mounts, err := os.ReadFile("/proc/mounts")
	if os.Getuid() == 0 || err != nil || strings.Contains(string(mounts), "gid=5") {
		return
	}
	const said = "sshd of an ordinary account cannot open terminals here (devpts without gid=5)"
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatal(said)
	}
	tb.Skip(said)
}

// NeedHeader is for tests that compile a client in C: the header comes with the library's development package.
func NeedHeader(tb testing.TB, header string) {
	tb.Helper()
	if _, err := os.Stat("/usr/include/" + header); err == nil {
		return
	}
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatalf("%s is required and not installed", header)
	}
	tb.Skipf("%s is not installed", header)
}

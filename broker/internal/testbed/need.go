package testbed

import (
	"os"
	"os/exec"
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

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNoCoreHasTheMemory looks at a program that waits for its configuration: neither a file nor a program gets its memory in a core dump.
func TestNoCoreHasTheMemory(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program, config := filepath.Join(dir, "sekimori"), filepath.Join(dir, "config")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(config, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ahead"), []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "check", "--config", config)
	cmd.Env = append(os.Environ(), "STORY_DIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	at := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	read := func(name string) string {
		b, err := os.ReadFile(at + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	limited := func() bool {
		for line := range strings.Lines(read("limits")) {
			if f := strings.Fields(line); len(f) > 5 && line[:13] == "Max core file" {
				return f[4] == "0" && f[5] == "0"
			}
		}
		return false
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 6000 { // a minute: a machine may be slow
		if limited() && strings.TrimSpace(read("coredump_filter")) == "00000000" {
			return
		}
		<-tick.C
	}
	t.Errorf("cores: limits %s\nfilter %s", read("limits"), read("coredump_filter"))
}

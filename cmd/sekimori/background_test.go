package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
)

// backgroundFile makes this test binary a command that reads the terminal as `attend stay` does, and says in the file that it runs on.
const backgroundFile = "SEKIMORI_TEST_BACKGROUND_FILE"

// A command that a shell runs in the background is stopped when it reads the terminal: the attendant would be taken for away.
func TestAttendStayGoesOnInTheBackgroundOfAShell(t *testing.T) {
	if path := os.Getenv(backgroundFile); path != "" {
		go typedAtPost(context.Background(), os.Stdin)
		<-time.After(500 * time.Millisecond) // long enough for a read that stops the process
		if err := os.WriteFile(path, []byte("runs on"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if what := missing(t, "bash"); what != "" {
		t.Skip("missing: " + what)
	}
	done := filepath.Join(t.TempDir(), "done")
	shell := exec.Command("bash", "--norc", "-i")
	shell.Env = append(os.Environ(), backgroundFile+"="+done)
	terminal, err := pty.Start(shell)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for b := make([]byte, 1024); ; {
			if _, err := terminal.Read(b); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		terminal.Close()
		shell.Process.Kill()
		shell.Wait()
	})
	fmt.Fprintf(terminal, "%s -test.run '^%s$' &\n", os.Args[0], t.Name())
	for end := time.Now().Add(time.Minute); ; <-time.After(50 * time.Millisecond) {
		if _, err := os.Stat(done); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the command does not run on")
		}
	}
}

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// printedCommandsWork tries what the demonstration printed at its end: it pastes the lines into a shell, signs in where the code and the consent
// are asked for, and runs others that people try first.
func printedCommandsWork(ctx context.Context, t *testing.T, code string, printed []string) {
	if why := missing(t, "ssh", "bash"); programPath("ssh") == "" || programPath("bash") == "" {
		t.Log(why)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "sekimori") // the test's binary is the program under this name
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	var setup, commands []string
	begun := false
	for _, line := range printed {
		if begun = begun || strings.HasPrefix(line, "  D="); !begun || !strings.HasPrefix(line, "  ") {
			continue
		}
		if line = strings.ReplaceAll(line, "go run ./cmd/sekimori", program); strings.HasPrefix(line, "  gate ") || strings.HasPrefix(line, "  as ") || strings.HasPrefix(line, "  box ") || strings.HasPrefix(line, "  S=") {
			commands = append(commands, strings.TrimSpace(line))
		} else {
			setup = append(setup, line)
		}
	}
	if len(commands) < 10 {
		t.Fatalf("printed: %q", printed)
	}
	paste := func(lines ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "bash", "--norc", "-c", strings.Join(slices.Concat(setup, lines), "\n"))
		cmd.Env = append(os.Environ(), "SEKIMORI_TOKEN_FILE=", "LANG=C.UTF-8")
		return cmd
	}

	login := paste(commands[0])
	terminal, err := pty.Start(login)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var seen strings.Builder
	await := func(said string) {
		t.Helper()
		from := seen.Len()
		for buffer := make([]byte, 4096); !strings.Contains(seen.String()[from:], said); {
			_ = terminal.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := terminal.Read(buffer)
			seen.Write(buffer[:n])
			if err != nil && !strings.Contains(seen.String()[from:], said) {
				t.Fatalf("%s: %q never came: %v\n%s", commands[0], said, err, seen.String())
			}
		}
	}
	await("One-time code (6 digits): ")
	_, _ = terminal.WriteString(code + "\n")
	await("yes/no: ")
	_, _ = terminal.WriteString("yes\n")
	await("$ ")
	_, _ = terminal.WriteString("rm -f x; echo tried=$((40+2))\n")
	await("waiting for the attendant")
	answer := slices.IndexFunc(commands, func(c string) bool { return strings.HasPrefix(c, "as tachiai session allow") })
	if out, err := paste(commands[answer-2], commands[answer]).CombinedOutput(); err != nil { // the session's number, then the answer
		t.Fatalf("%s: %v\n%s", commands[answer], err, out)
	}
	await("tried=42")
	_, _ = terminal.WriteString("exit\n")
	_ = login.Wait()

	for _, begins := range []string{"gate sato+hr-db@127.0.0.1 id", "as tachiai attend show", "as tachiai session list", "as joho files list", "as tenken ledger list",
		"as tenken session summary", "as tenken recording search", "as tenken review list", "as tenken annual show", "as kacho incident show", "as kacho incident told"} {
		i := slices.IndexFunc(commands, func(c string) bool { return strings.HasPrefix(c, begins) })
		if i < 0 {
			t.Errorf("%q is not among %q", begins, commands)
			continue
		}
		if out, err := paste(commands[i]).CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("%s: %v\n%s", commands[i], err, out)
		}
	}
}

// printedLinksWork opens the pages by the printed links, one for each person, as a browser would. Of the attendant's pages it looks for the
// given words.
func printedLinksWork(ctx context.Context, t *testing.T, printed []string, words map[string][]string) {
	t.Helper()
	opened := 0
	for _, line := range printed {
		at := strings.Index(line, "http://localhost:")
		if at < 0 {
			continue
		}
		link := line[at:]
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(ctx, "POST", strings.Replace(link, "localhost", "127.0.0.1", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&http.Client{Jar: jar}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(link, "/v/once/") { // the portal's first page is tested with its own package
			opened++
			continue
		}
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "R8-0002") && !strings.Contains(string(body), "令和8年度第2号") {
			t.Errorf("%s: %d\n%s", line, answer.StatusCode, body)
		}
		opened++
		if !strings.Contains(line, "(tachiai)") {
			continue
		}
		for path, said := range words {
			r, err := http.NewRequestWithContext(ctx, "GET", answer.Request.URL.Scheme+"://"+answer.Request.URL.Host+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			page, err := (&http.Client{Jar: jar}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(page.Body)
			page.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range said {
				if !strings.Contains(string(body), word) {
					t.Errorf("%s (%d) lacks %q:\n%s", path, page.StatusCode, word, body)
				}
			}
		}
	}
	if opened != 8 {
		t.Errorf("%d links in %q", opened, printed)
	}
}

package hook_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/hook"
	"sekimori/broker/internal/testbed"
)

// program writes a script and returns it as a hook of the account that runs the test.
func program(t *testing.T, script string) hook.Hook {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	testbed.Program(t, path, "#!/bin/sh\n"+script+"\n")
	return mine(hook.Hook{Path: path, Within: time.Minute})
}

func mine(h hook.Hook) hook.Hook { return hook.OwnedBy(h, os.Geteuid()) }

func TestAProgramRunsWithASmallEnvironmentAndItsInput(t *testing.T) {
	t.Setenv("LD_PRELOAD", "")
	t.Setenv("SECRET_OF_THE_BROKER", "x")
	h := program(t, `env | sort; echo "args:$*"; pwd; cat; echo no >&2; exit 7`)
	h.Args = []string{"one", "two $(id)"}
	got, err := h.Run(t.Context(), []string{"SEKIMORI_ACCOUNT=maint"}, []byte("secret\n"))
	if err != nil {
		t.Fatal(err)
	}
	out := string(got.Stdout)
	for _, want := range []string{"SEKIMORI_ACCOUNT=maint\n", "LANG=C.UTF-8\n", "args:one two $(id)\n", "\n/\n", "secret\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("missing %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "SECRET_OF") || strings.Contains(out, "LD_PRELOAD") {
		t.Errorf("the broker's environment went to the program:\n%s", out)
	}
	if got.Exit != 7 || string(got.Stderr) != "no\n" {
		t.Errorf("exit %d, standard error %q", got.Exit, got.Stderr)
	}
}

func TestAProgramThatPrintsNothing(t *testing.T) {
	got, err := program(t, "exit 0").Run(t.Context(), nil, []byte(strings.Repeat("x", 1<<20)))
	if err != nil || got.Exit != 0 || len(got.Stdout)+len(got.Stderr) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAProgramEndedByASignal(t *testing.T) {
	got, err := program(t, "kill -TERM $$").Run(t.Context(), nil, nil)
	if err != nil || got.Exit != 128+15 {
		t.Fatalf("%+v, %v", got, err)
	}
}

// gone waits until no process has the number that the program wrote into a file; the test's own time limit bounds it.
func gone(t *testing.T, file string) {
	t.Helper()
	number, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := "/proc/" + strings.TrimSpace(string(number))
	for {
		stat, err := os.ReadFile(dir + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") { // a zombie waits for its parent; it runs no more
			return
		}
		runtime.Gosched()
	}
}

func TestAProgramThatHangsIsKilledWithItsChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "child")
	h := program(t, `sleep 1000 & echo $! > `+file+`; echo begun; wait`)
	h.Within = 300 * time.Millisecond
	// The limit must not strike before the child is there, on a slow machine.
	for {
		got, err := h.Run(t.Context(), nil, nil)
		if !errors.Is(err, hook.ErrTime) {
			t.Fatalf("%+v, %v", got, err)
		}
		if string(got.Stdout) == "begun\n" {
			break
		}
		h.Within *= 2
	}
	gone(t, file)
}

func TestAProgramThatIsCalledOff(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	h := program(t, "echo here > "+fifo+"; sleep 1000")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the window is closed")
	go func() {
		_, _ = os.ReadFile(fifo)
		cancel(why)
	}()
	if _, err := h.Run(ctx, nil, nil); !errors.Is(err, why) {
		t.Fatal(err)
	}
}

func TestAProgramThatFloodsIsKilled(t *testing.T) {
	for name, script := range map[string]string{
		"standard output":            "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
		"standard error":             "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy >&2; done",
		"no end of the line":         "cat /dev/zero",
		"and ends by itself":         "head -c 1048577 /dev/zero",
		"and ends by itself, errors": "head -c 65537 /dev/zero >&2",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := program(t, script).Run(t.Context(), nil, nil)
			if !errors.Is(err, hook.ErrFlood) {
				t.Fatalf("%d bytes, %v", len(got.Stdout), err)
			}
			if len(got.Stdout) > hook.MostOutput || len(got.Stderr) > hook.MostErrors {
				t.Fatalf("kept %d and %d bytes", len(got.Stdout), len(got.Stderr))
			}
		})
	}
	got, err := program(t, "head -c 1048576 /dev/zero").Run(t.Context(), nil, nil)
	if err != nil || len(got.Stdout) != hook.MostOutput {
		t.Fatalf("exactly the bound: %d bytes, %v", len(got.Stdout), err)
	}
}

func TestAChildThatKeepsTheOutputOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "child")
	got, err := program(t, `sleep 1000 & echo $! > `+file+`; echo done`).Run(t.Context(), nil, nil)
	if err != nil || string(got.Stdout) != "done\n" {
		t.Fatalf("a child in the program's group: %+v, %v", got, err)
	}
	gone(t, file)

	file = filepath.Join(t.TempDir(), "child")
	// The program waits until its child has a session of its own and has written its number.
	got, err = program(t, `setsid sh -c 'echo $$ > `+file+`.new; mv `+file+`.new `+file+`; exec sleep 1000' & while [ ! -e `+file+` ]; do :; done; echo done`).Run(t.Context(), nil, nil)
	if !errors.Is(err, hook.ErrHeld) || string(got.Stdout) != "done\n" {
		t.Fatalf("a child in a session of its own: %+v, %v", got, err)
	}
	number, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	for _, c := range strings.TrimSpace(string(number)) {
		pid = pid*10 + int(c-'0')
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil { // begun by this test
		t.Fatal(err)
	}
}

func TestOnlyVariablesOfOursGoIn(t *testing.T) {
	h := program(t, "exit 0")
	for _, v := range []string{"LD_PRELOAD=/tmp/x.so", "PATH=/tmp", "SEKIMORI_X", "SEKIMORI_X=a\x00b", "=x"} {
		if _, err := h.Run(t.Context(), []string{v}, nil); !errors.Is(err, hook.ErrStart) {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// TestAttackAProgramThatOthersCanChange: each way in which another account could put its own program in place.
func TestAttackAProgramThatOthersCanChange(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(to, name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chmod := func(path string, mode os.FileMode) string {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", 0o755)
	open := write("open/program", 0o755)
	chmod(filepath.Dir(open), 0o777)
	above := write("above/below/program", 0o755)
	chmod(filepath.Join(dir, "above"), 0o775)
	sticky := write("sticky/program", 0o755)
	chmod(filepath.Dir(sticky), os.ModeSticky|0o777)
	through := link(good, "open/link")
	loop := link(filepath.Join(dir, "loop"), "loop")

	for _, c := range []struct{ name, path, says string }{
		{"sound", good, ""},
		{"a link", link(good, "link"), ""},
		{"a relative link", link("../good", "sub/link"), ""},
		{"in a directory with the sticky bit", sticky, ""},
		{"relative", "hook", "not absolute"},
		{"missing", filepath.Join(dir, "none"), "does not exist"},
		{"a directory", dir, "not a regular file"},
		{"a device", "/dev/null", ""}, // said below: the owner's rule or the file's kind
		{"below a file", good + "/x", "not a directory"},
		{"not executable", write("plain", 0o644), "not executable"},
		{"group may write", write("group", 0o775), "can write to"},
		{"others may write", write("others", 0o757), "can write to"},
		{"directory open", open, "can write to"},
		{"directory above open", above, "can write to"},
		{"link through an open directory", link(through, "twice"), "can write to"},
		{"a link to itself", loop, "cannot be followed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := mine(hook.Hook{Path: c.path})
			err := h.Check()
			if c.path == "/dev/null" {
				if !errors.Is(err, hook.ErrUnfit) {
					t.Fatal(err)
				}
				return
			}
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var said *hook.Error
			if !errors.As(err, &said) || !errors.Is(err, hook.ErrUnfit) || !strings.Contains(said.Cause.EN, c.says) || said.Cause.JA == "" || said.Next.EN == "" || said.Next.JA == "" {
				t.Fatalf("want %q: %v", c.says, err)
			}
			if _, err := h.Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrUnfit) {
				t.Errorf("it was run: %v", err)
			}
		})
	}
}

// TestAProgramThatChangesBetweenRuns: each run looks again.
func TestAProgramThatChangesBetweenRuns(t *testing.T) {
	h := program(t, "exit 0")
	if _, err := h.Run(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.Path, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrUnfit) {
		t.Fatalf("writable by others: %v", err)
	}
	if err := os.Chmod(h.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	// Its file now belongs to another account than the hook's owner, as chown would do.
	other := hook.OwnedBy(h, os.Geteuid()+1)
	if _, err := other.Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrUnfit) || !strings.Contains(err.Error(), "does not belong to root") {
		t.Fatalf("another owner: %v", err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(h.Path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrUnfit) || !strings.Contains(err.Error(), "chown -h root") {
			t.Fatalf("chown: %v", err)
		}
	}
	if _, err := (hook.Hook{Path: filepath.Join(t.TempDir(), "none")}).Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrUnfit) {
		t.Fatalf("gone: %v", err)
	}
}

func TestAFileThatIsNoProgram(t *testing.T) {
	h := program(t, "")
	if err := os.WriteFile(h.Path, []byte("\x00\x01\x02 no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Run(t.Context(), nil, nil); !errors.Is(err, hook.ErrStart) {
		t.Fatal(err)
	}
}

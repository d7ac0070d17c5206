package recordings_test

import (
	"slices"
	"strings"
	"testing"

	"sekimori/recordings"
)

// typedLines records pieces of output on a terminal of 40 columns and gives the lines that were typed.
func typedLines(t *testing.T, pieces ...string) (lines []string, line *recordings.Timeline) {
	t.Helper()
	k := newKeys(t)
	w, path := create(t, k.options())
	must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	must(t, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 40, Rows: 10}))
	must(t, w.Event(0, recordings.EventShell, nil))
	for _, p := range pieces {
		must(t, w.Data(0, recordings.Stdout, []byte(p)))
	}
	_, err := w.Close(theEnd)
	must(t, err)
	line, err = recordings.Marks(t.Context(), open(t, path, k.viewing), recordings.View{})
	must(t, err)
	for _, l := range line.Typed {
		lines = append(lines, l.Text)
	}
	return lines, line
}

func TestTypedLinesAreTheLinesBehindPrompts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shown []string
		want  []string
	}{
		"key by key":                     {[]string{"op@db:~$ ", "l", "s", "\r\n", "a b\r\nop@db:~$ "}, []string{"ls"}},
		"Japanese":                       {[]string{"# ", "cat ", "障害.txt", "\r\n", "# "}, []string{"cat 障害.txt"}},
		"rubbed out":                     {[]string{"$ ", "rmm", "\b\x1b[K", " x", "\r\n"}, []string{"rm x"}},
		"fetched from the history":       {[]string{"$ ", "make", "\b\b\b\b\x1b[Kcp a b", "\r\n"}, []string{"cp a b"}},
		"over two rows":                  {[]string{"$ ", strings.Repeat("x", 50), "\r\n", "$ "}, []string{strings.Repeat("x", 50)}},
		"prompt and echo at once":        {[]string{"$ ", "ls", "\r\na\r\n$ pwd\r\n/\r\n$ "}, []string{"ls", "pwd"}},
		"a program's own prompt":         {[]string{"$ ", "psql\r\n", "pay=# ", "DELETE FROM t;", "\r\n"}, []string{"psql", "DELETE FROM t;"}},
		"an answer":                      {[]string{"Sure? [y/N] ", "y", "\r\n"}, []string{"y"}},
		"a password has no echo":         {[]string{"Password: ", "\r\n", "ok\r\n"}, nil},
		"plain output":                   {[]string{"total 3\r\n", "a $ b\r\n", "50", "%\r\n"}, nil},
		"an editor fills the screen":     {[]string{"$ ", "vi x\r\n", "\x1b[?1049h\x1b[H: ", "secret\r\n", "\x1b[?1049l", "$ "}, []string{"vi x"}},
		"sequences are left out":         {[]string{"$ ", "a\x1b[31mb\x1b]0;t\x07c", "\r\n"}, []string{"abc"}},
		"text that turns text around":    {[]string{"$ ", "a\u202eb", "\r\n"}, []string{"ab"}},
		"bracketed paste around a shell": {[]string{"\x1b[?2004h$ ", "id", "\r\n\x1b[?2004l\ruid=0\r\n"}, []string{"id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := typedLines(t, c.shown...); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A flood of lines, and a line as long as a screen, stay within bounds.
func TestAttackTypedLinesAreBounded(t *testing.T) {
	t.Parallel()
	got, line := typedLines(t, "$ ", "a\r\n"+strings.Repeat("$ x\r\n", 2500), "$ ", strings.Repeat("y", 390), "\r\n")
	if len(got) != 2000 || line.TypedLeft != 502 {
		t.Errorf("%d lines, %d left out", len(got), line.TypedLeft)
	}
	if got, _ := typedLines(t, "$ ", strings.Repeat("障", 190), "\r\n"); len(got) != 1 || len(got[0]) > 1010 {
		t.Errorf("%q", got)
	}
}

// A client that says no size of its terminal has lines too. Output without a terminal has no lines that were typed.
func TestTypedLinesNeedATerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind string
		body any
		want []string
	}{
		"a terminal without a size": {recordings.EventPTY, recordings.PTY{Term: "xterm"}, []string{"ls"}},
		"no terminal":               {recordings.EventExec, recordings.Command{Command: "cat"}, nil},
	} {
		k := newKeys(t)
		w, path := create(t, k.options())
		must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
		must(t, w.Event(0, c.kind, c.body))
		must(t, w.Data(0, recordings.Stdout, []byte("$ ")))
		must(t, w.Data(0, recordings.Stdout, []byte("ls\r\n")))
		_, err := w.Close(theEnd)
		must(t, err)
		line, err := recordings.Marks(t.Context(), open(t, path, k.viewing), recordings.View{})
		must(t, err)
		var got []string
		for _, typed := range line.Typed {
			got = append(got, typed.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

package prompt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// at opens a pseudo terminal: the person's side, and the program's.
func at(t *testing.T) (person *os.File, program *os.File, shown *screen) {
	t.Helper()
	person, program, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(program, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	s := &screen{changed: make(chan struct{}, 1)}
	go io.Copy(s, person)
	t.Cleanup(func() { person.Close(); program.Close() })
	return person, program, s
}

type screen struct {
	mu      sync.Mutex // guards b
	b       bytes.Buffer
	changed chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.b.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *screen) await(t *testing.T, what string) {
	t.Helper()
	late := time.After(time.Minute)
	for !strings.Contains(s.text(), what) {
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("%q is not shown: %q", what, s.text())
		}
	}
}

func mode(t *testing.T, f *os.File) term.State {
	t.Helper()
	s, err := term.GetState(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

type answer struct {
	text string
	err  error
}

func ask(ctx context.Context, term *Terminal, question string, shown bool) chan answer {
	got := make(chan answer, 1)
	go func() {
		text, err := term.ask(ctx, question, shown)
		got <- answer{text, err}
	}()
	return got
}

func TestAnswersAreEditedByCharacter(t *testing.T) {
	for name, c := range map[string]struct{ keys, want string }{
		"plain":                           {"reason\r", "reason"},
		"backspace takes a kanji":         {"障害対応\x7f\x7f復旧\r", "障害復旧"},
		"a decomposed character":          {"か\u3099\x7fき\r", "き"},
		"backspace at the beginning":      {"\x7f\x7fa\r", "a"},
		"ctrl-U":                          {"wrong\x15right\r", "right"},
		"ctrl-W":                          {"one two \x17three\r", "one three"},
		"arrow left and insert":           {"障復\x1b[D害\x1b[C旧\r", "障害復旧"},
		"home, delete, end":               {"xab\x1b[H\x1b[3~\x1b[Fc\r", "abc"},
		"an unknown key":                  {"a\x1b[15~b\x1bOPc\r", "abc"},
		"what is no UTF-8 is kept":        {"\x8f\xe1\r", "\x8f\xe1"},
		"a line feed ends too":            {"a\n", "a"},
		"longer than the screen":          {strings.Repeat("長い理由", 40) + "\r", strings.Repeat("長い理由", 40)},
		"a control character is not text": {"a\x07\x00b\r", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			person, program, s := at(t)
			before := mode(t, program)
			got := ask(t.Context(), New(program, program), "理由", true)
			s.await(t, "理由: ")
			io.WriteString(person, c.keys)
			if a := <-got; a.err != nil || a.text != c.want {
				t.Errorf("%q, %v; want %q", a.text, a.err, c.want)
			}
			if mode(t, program) != before {
				t.Error("the terminal is not as it was")
			}
		})
	}
}

func TestAQuestionIsStoppedAtOnce(t *testing.T) {
	for name, keys := range map[string]string{"ctrl-C": "\x03", "ctrl-D": "\x04", "ctrl-C within a line": "half\x03", "ctrl-D within a line": "half\x04"} {
		for _, shown := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				person, program, s := at(t)
				before := mode(t, program)
				got := ask(t.Context(), New(program, program), "reason", shown)
				s.await(t, "reason: ")
				io.WriteString(person, keys)
				if a := <-got; !errors.Is(a.err, ErrStopped) || a.text != "" {
					t.Errorf("%q, %v", a.text, a.err)
				}
				if mode(t, program) != before {
					t.Error("the terminal is not as it was")
				}
			})
		}
	}
}

func TestAQuestionEndsWithItsContext(t *testing.T) {
	_, program, s := at(t)
	before := mode(t, program)
	ctx, cancel := context.WithCancel(t.Context())
	got := ask(ctx, New(program, program), "reason", true)
	s.await(t, "reason: ")
	cancel()
	if a := <-got; !errors.Is(a.err, ErrStopped) {
		t.Errorf("%v", a.err)
	}
	if mode(t, program) != before {
		t.Error("the terminal is not as it was")
	}
}

func TestASecretIsNotShown(t *testing.T) {
	person, program, s := at(t)
	got := ask(t.Context(), New(program, program), "password", false)
	s.await(t, "password: ")
	io.WriteString(person, "合言葉は秘密\x7f\r")
	if a := <-got; a.text != "合言葉は秘" {
		t.Errorf("%q, %v", a.text, a.err)
	}
	for _, r := range "合言葉は秘密*" {
		if strings.ContainsRune(s.text(), r) {
			t.Errorf("shown: %q", s.text())
		}
	}
}

// Text typed ahead answers the next question.
func TestTypedAhead(t *testing.T) {
	person, program, s := at(t)
	term := New(program, program)
	first := ask(t.Context(), term, "one", true)
	s.await(t, "one: ")
	io.WriteString(person, "1\r2\r")
	if a := <-first; a.text != "1" {
		t.Errorf("%q", a.text)
	}
	if a := <-ask(t.Context(), term, "two", true); a.text != "2" {
		t.Errorf("%q", a.text)
	}
}

// A row is never wider than the screen: a wrapped row would be drawn twice at each key.
func TestRowsFitTheScreen(t *testing.T) {
	for _, question := range []string{"理由", strings.Repeat("とても長い問い", 10), "two\nlines"} {
		e := newEditor(question, 80, true)
		e.begin()
		for range 100 {
			for _, b := range []byte("障a") {
				e.take(b)
			}
			if n := width(strings.TrimSuffix(strings.TrimPrefix(e.draw(), "\r"), clearRest)); n >= 80 {
				t.Fatalf("%d columns: %q", n, e.draw())
			}
		}
	}
}

func TestALongTextIsShownByScreens(t *testing.T) {
	person, program, s := at(t)
	term := New(program, program)
	var text strings.Builder
	for i := range 50 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	shown := make(chan error, 1)
	go func() { shown <- term.Page(t.Context(), text.String(), "more?") }()
	s.await(t, "line 22\r\nmore?")
	io.WriteString(person, "x\r")
	s.await(t, "line 45\r\nmore?")
	if strings.Contains(s.text(), "line 46") {
		t.Error("more than a screen is shown")
	}
	io.WriteString(person, " ")
	if err := <-shown; err != nil {
		t.Error(err)
	}
	s.await(t, "line 49")
	go func() { shown <- term.Page(t.Context(), text.String(), "again?") }()
	s.await(t, "again?")
	io.WriteString(person, "\x03")
	if err := <-shown; !errors.Is(err, ErrStopped) {
		t.Errorf("%v", err)
	}
	if err := term.Page(t.Context(), "short\n", "never"); err != nil || strings.Contains(s.text(), "never") {
		t.Errorf("%v", err)
	}
}

func TestWaitingEndsByItselfOrIsStopped(t *testing.T) {
	person, program, s := at(t)
	term := New(program, program)
	left := 2
	if err := term.Wait(t.Context(), func() string {
		left--
		return map[bool]string{true: "wait"}[left > 0]
	}); err != nil {
		t.Error(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- term.Wait(t.Context(), func() string { return "again" }) }()
	s.await(t, "again")
	io.WriteString(person, "x\x03")
	if err := <-stopped; !errors.Is(err, ErrStopped) {
		t.Errorf("%v", err)
	}
}

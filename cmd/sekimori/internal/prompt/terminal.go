package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// ErrStopped is returned when the person pressed Ctrl-C or Ctrl-D, when the terminal went away, and when the context of
// the question ended.
var ErrStopped = errors.New("stopped at a prompt")

// Terminal is a terminal at which a person is asked. One question stands at a time.
type Terminal struct {
	in  *os.File
	out io.Writer
	fd  int

	unread []byte // was typed ahead of the next question
	keys   chan typed
	asked  bool // a read is under way whose result goes to keys
}

type typed struct {
	bytes []byte
	err   error
}

// New gives the terminal that in is open on; questions are written to out, which is the same terminal.
func New(in *os.File, out io.Writer) *Terminal {
	return &Terminal{in: in, out: out, fd: int(in.Fd()), keys: make(chan typed, 1)}
}

// Line asks for one line, which is shown as it is typed. Error: ErrStopped.
func (t *Terminal) Line(ctx context.Context, question string) (string, error) {
	return t.ask(ctx, question, true)
}

// Secret asks for one line that is not shown. Error: ErrStopped.
func (t *Terminal) Secret(ctx context.Context, question string) (string, error) {
	return t.ask(ctx, question, false)
}

func (t *Terminal) ask(ctx context.Context, question string, shown bool) (answer string, err error) {
	restore, err := t.raw()
	if err != nil {
		return "", err
	}
	defer restore()
	width, _ := t.Size()
	e := newEditor(question, width, shown)
	if err := t.write(e.begin()); err != nil {
		return "", err
	}
	for {
		b, err := t.next(ctx)
		if err != nil {
			_ = t.write("\r\n") // the terminal may be gone
			return "", err
		}
		switch e.take(b) {
		case stopped:
			if err := t.write("\r\n"); err != nil {
				return "", err
			}
			return "", ErrStopped
		case entered:
			if err := t.write(e.end()); err != nil {
				return "", err
			}
			return e.text(), nil
		}
		if len(t.unread) > 0 {
			continue // drawn once, after what was pasted
		}
		if width, _ := t.Size(); width != e.width {
			e.width = width
		}
		if err := t.write(e.draw()); err != nil {
			return "", err
		}
	}
}

// Wait shows a line, made anew each second, until it is empty. It drops keys typed meanwhile. Error: ErrStopped.
func (t *Terminal) Wait(ctx context.Context, line func() string) error {
	restore, err := t.raw()
	if err != nil {
		return err
	}
	defer restore()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for text := line(); text != ""; text = line() {
		if err := t.write("\r" + text + clearRest); err != nil {
			return err
		}
		t.read()
		select {
		case <-ctx.Done():
			return ErrStopped
		case k := <-t.keys:
			t.asked = false
			if k.err != nil || stops(k.bytes) {
				_ = t.write("\r\n")
				return ErrStopped
			}
		case <-tick.C:
		}
	}
	return t.write("\r" + clearRest)
}

// Page shows a text a screen at a time, and more below each screen but the last until Enter or the space bar is pressed. The text stays
// on the screen. Error: ErrStopped.
func (t *Terminal) Page(ctx context.Context, text, more string) error {
	restore, err := t.raw()
	if err != nil {
		return err
	}
	defer restore()
	columns, rows := t.Size()
	left := rows - 1 // a row is for more
	for line := range strings.Lines(text) {
		takes := max(1, (ansi.StringWidth(line)+columns-1)/columns)
		if takes > left {
			if err := t.more(ctx, more); err != nil {
				return err
			}
			left = rows - 1
		}
		left -= takes
		if err := t.write(strings.ReplaceAll(line, "\n", "\r\n")); err != nil {
			return err
		}
	}
	return nil
}

func (t *Terminal) more(ctx context.Context, more string) error {
	if err := t.write(more); err != nil {
		return err
	}
	for {
		b, err := t.next(ctx)
		switch {
		case err == nil && stops([]byte{b}):
			err = ErrStopped
			fallthrough
		case err != nil:
			_ = t.write("\r\n") // the terminal may be gone
			return err
		case b == '\r' || b == '\n' || b == ' ':
			return t.write("\r" + clearRest)
		}
	}
}

// Size is of the screen, in columns and rows; 80 by 24 where the terminal does not tell.
func (t *Terminal) Size() (columns, rows int) {
	if columns, rows, err := term.GetSize(t.fd); err == nil && columns > 0 && rows > 0 {
		return columns, rows
	}
	return 80, 24
}

// raw takes the terminal, so that every key comes here, Ctrl-C too.
func (t *Terminal) raw() (restore func(), err error) {
	before, err := term.MakeRaw(t.fd)
	if err != nil {
		return nil, fmt.Errorf("take the terminal: %w", err)
	}
	return func() { _ = term.Restore(t.fd, before) }, nil
}

func (t *Terminal) write(text string) error {
	if _, err := io.WriteString(t.out, text); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}

// next is the next byte that was typed.
func (t *Terminal) next(ctx context.Context) (byte, error) {
	if len(t.unread) == 0 {
		t.read()
		select {
		case <-ctx.Done():
			return 0, ErrStopped
		case k := <-t.keys:
			t.asked = false
			if k.err != nil {
				return 0, ErrStopped
			}
			t.unread = k.bytes
		}
	}
	b := t.unread[0]
	t.unread = t.unread[1:]
	return b, nil
}

// read begins one read unless one is under way. A read cannot be broken off: one that is under way when its question ends serves
// the next question. Between questions there is none but that, so that a program that is run meanwhile gets its keys.
func (t *Terminal) read() {
	if t.asked {
		return
	}
	t.asked = true
	go func() {
		b := make([]byte, 4096)
		n, err := t.in.Read(b)
		if n > 0 {
			err = nil
		}
		t.keys <- typed{b[:n], err}
	}()
}

package recordings_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"sekimori/recordings"
)

// hard are bytes that recorders tend to lose.
var hard = [][]byte{
	[]byte("\x83\x65\x83\x58\x83\x67"), // Shift_JIS
	[]byte("\xa5\xc6\xa5\xb9\xa5\xc8"), // EUC-JP
	[]byte("障害"[:4]), []byte("障害"[4:]), // UTF-8 cut in mid-character
	{0, 1, 2, 0xff, 0xfe, 0x80, '\n', '\r', 0x1b, '[', 'm'}, // binary
	[]byte("\ufeffが"), []byte("\u304b\u3099"), // marks, composed and not
	[]byte("\"\\</script>\u2028"), bytes.Repeat([]byte{0}, 300), // what JSON escapes
}

// "Shift_JIS, EUC-JP, UTF-8 cut in mid-character, binary … bytes identical on replay": of output, errors and input.
func TestBytesAreIdentical(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	var want [3]bytes.Buffer
	for _, p := range append(hard, random(200<<10), make([]byte, 1<<20)) {
		for s := recordings.Stdout; s <= recordings.Stdin; s++ {
			must(t, w.Data(7, s, p))
			want[s-1].Write(p)
		}
	}
	_, err := w.Close(theEnd)
	must(t, err)
	for s := recordings.Stdout; s <= recordings.Stdin; s++ {
		var got bytes.Buffer
		must(t, recordings.Raw(t.Context(), &got, open(t, path, k.viewing, k.offline), 7, s))
		if !bytes.Equal(got.Bytes(), want[s-1].Bytes()) {
			t.Errorf("%v differs", s)
		}
	}
	var got bytes.Buffer
	must(t, recordings.Raw(t.Context(), &got, open(t, path, k.viewing), 7, recordings.Stdin))
	if got.Len() != 0 {
		t.Error("input without its key")
	}
}

// only returns a view of one channel in English.
func only(channel uint32) recordings.View { return recordings.View{Lang: "en", Channel: &channel} }

func TestAsciicast(t *testing.T) {
	k := newKeys(t)
	path, _, _ := finished(t, k)
	var b bytes.Buffer
	must(t, recordings.Asciicast(t.Context(), &b, open(t, path, k.viewing), only(0)))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var h struct {
		Version   int
		Timestamp int64
		Term      struct {
			Cols, Rows int
			Type       string
		}
	}
	must(t, json.Unmarshal([]byte(lines[0]), &h))
	if h.Version != 3 || h.Term.Cols != 100 || h.Term.Rows != 30 || h.Term.Type != "xterm" || h.Timestamp != started.Unix() {
		t.Errorf("header %s", lines[0])
	}
	var codes, sum = "", 0.0
	for _, l := range lines[1:] {
		var e []any
		must(t, json.Unmarshal([]byte(l), &e))
		sum += e[0].(float64)
		codes += e[1].(string)
		if e[1] == "r" && e[2] != "120x40" || e[1] == "x" && e[2] != "3" {
			t.Errorf("event %s", l)
		}
	}
	if codes != "mooorooxmommo" {
		t.Errorf("events %s", codes)
	}
	if want := .018; sum < want-1e-9 || sum > want+1e-9 { // the notice is the 12th frame, 1.5 ms each
		t.Errorf("intervals add up to %v, want %v", sum, want)
	}
	b.Reset()
	must(t, recordings.Asciicast(t.Context(), &b, open(t, path, k.viewing, k.offline), only(0)))
	if !strings.Contains(b.String(), `"i","ls\r"`) {
		t.Errorf("no input with its key: %s", b.String())
	}
}

func TestAsciicastKeepsSplitCharacters(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	for _, c := range []byte("復\x83旧") {
		must(t, w.Data(0, recordings.Stdout, []byte{c}))
	}
	must(t, w.Data(0, recordings.Stdout, []byte("\xe5")))
	_, err := w.Close(theEnd)
	must(t, err)
	var b bytes.Buffer
	must(t, recordings.Asciicast(t.Context(), &b, open(t, path, k.viewing), only(0)))
	var text string
	for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n")[1:] {
		var e []any
		must(t, json.Unmarshal([]byte(l), &e))
		if e[1] == "o" {
			text += e[2].(string)
		}
	}
	if !strings.HasPrefix(text, "復\uFFFD旧\uFFFD\x1b[4l") {
		t.Errorf("%q", text)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a\r\nb\n", "a\nb\n"},
		{"last line without end", "a", "a\n"},
		{"colours", "\x1b[1;31mred\x1b[0m x\n", "red x\n"},
		{"title", "\x1b]0;host: title\x07$ ls\n", "$ ls\n"},
		{"title with ST", "\x1b]0;t\x1b\\$ \n", "$\n"},
		{"character set", "\x1b(Bok\n", "ok\n"},
		{"backspace", "lsx\b \b -l\n", "ls -l\n"},
		{"progress", "10%\r50%\r100%\n", "100%\n"},
		{"shorter progress", "100%\r\x1b[Kok\n", "ok\n"},
		{"wide", "障害復旧\n", "障害復旧\n"},
		{"wide erased", "障害\b\b\x1b[K復\n", "障復\n"},
		{"decomposed stays", "か\u3099\n", "か\u3099\n"},
		{"invalid", "a\x83\x65\n", `a\x83e` + "\n"},
		{"invalid at the end", "\xe5\x8f", `\xe5\x8f` + "\n"},
		{"escape inside a character", "\xe5\x1b[mx\n", `\xe5x` + "\n"},
		{"insert and delete", "ac\b\x1b[@b\x1b[D\x1b[P\n", "ac\n"},
		{"screen", "\x1b[2J\x1b[1;1Htop\x1b[5;1Hbelow", "top\nbelow\n"},
		{"tab", "a\tb\n", "a       b\n"},
		{"cancelled", "\x1b[12\x18x\n", "x\n"},
		{"far", "\x1b[999999999Cx\n", strings.Repeat(" ", 511) + "x\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, chunk := range []int{1, 1000} {
				k := newKeys(t)
				w, path := create(t, k.options())
				for p := []byte(c.in); len(p) > 0; p = p[min(chunk, len(p)):] {
					must(t, w.Data(0, recordings.Stdout, p[:min(chunk, len(p))]))
				}
				_, err := w.Close(theEnd)
				must(t, err)
				var b bytes.Buffer
				must(t, recordings.Text(t.Context(), &b, open(t, path, k.viewing), only(0)))
				if got := strings.TrimSuffix(b.String(), ">> 00:00:00 session ended: window-ended\n"); got != c.want {
					t.Errorf("chunks of %d: %q, want %q", chunk, got, c.want)
				}
			}
		})
	}
}

func TestTextOfAnythingIsClean(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	must(t, w.Data(0, recordings.Stdout, random(256<<10)))
	_, err := w.Close(theEnd)
	must(t, err)
	for l, err := range recordings.Lines(t.Context(), open(t, path, k.viewing), 0, recordings.UTF8) {
		must(t, err)
		if !utf8.ValidString(l.Text) || strings.ContainsFunc(l.Text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Fatalf("%q", l.Text)
		}
	}
}

func TestChannels(t *testing.T) {
	k := newKeys(t)
	path, _, _ := finished(t, k)
	list, err := recordings.Channels(t.Context(), open(t, path, k.viewing))
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	c := list[0]
	if c.Type != "session" || c.Start != "shell" || c.Terminal == nil || c.Terminal.Cols != 100 || c.Stdin != 0 || c.Stderr == 0 || c.Exit == nil || *c.Exit != 3 {
		t.Errorf("%+v", c)
	}
}

func TestExportOfARunningRecordingSaysThatItStops(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	story(t, w)
	for name, export := range map[string]func(*bytes.Buffer, *recordings.Reader) error{
		"raw": func(b *bytes.Buffer, r *recordings.Reader) error {
			return recordings.Raw(t.Context(), b, r, 0, recordings.Stdout)
		},
		"text": func(b *bytes.Buffer, r *recordings.Reader) error { return recordings.Text(t.Context(), b, r, only(0)) },
		"cast": func(b *bytes.Buffer, r *recordings.Reader) error {
			return recordings.Asciicast(t.Context(), b, r, only(0))
		},
	} {
		var b bytes.Buffer
		if err := export(&b, open(t, path, k.viewing)); !isTruncated(err) || !strings.Contains(b.String(), "meisai") {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
	}
	_, err := w.Close(theEnd)
	must(t, err)
}

// errGone is the error of a connection that its other end has closed.
var errGone = errors.New("the caller has left")

type leaver struct{ after int }

func (l *leaver) Write(p []byte) (int, error) {
	if l.after -= len(p); l.after < 0 {
		return 0, errGone
	}
	return len(p), nil
}

// A renderer must stop when its caller has left, or one insider could keep the broker busy.
func TestARendererGoesOnWithoutItsCaller(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	for range 64 {
		must(t, w.Data(0, recordings.Stdout, bytes.Repeat([]byte("line\r\n"), 10_000)))
	}
	_, err := w.Close(theEnd)
	must(t, err)
	for name, export := range map[string]func(context.Context, io.Writer, *recordings.Reader) error{
		"raw": func(ctx context.Context, w io.Writer, r *recordings.Reader) error {
			return recordings.Raw(ctx, w, r, 0, recordings.Stdout)
		},
		"text": func(ctx context.Context, w io.Writer, r *recordings.Reader) error {
			return recordings.Text(ctx, w, r, only(0))
		},
		"cast": func(ctx context.Context, w io.Writer, r *recordings.Reader) error {
			return recordings.Asciicast(ctx, w, r, only(0))
		},
		"none": func(ctx context.Context, w io.Writer, r *recordings.Reader) error {
			return recordings.Text(ctx, w, r, only(99))
		},
	} {
		left := func(r *recordings.Reader) (n int) {
			for {
				if _, err := r.Next(); err != nil {
					return n
				}
				n++
			}
		}
		r := open(t, path, k.viewing)
		if name != "none" { // it writes nothing
			if err := export(t.Context(), &leaver{after: 10_000}, r); !errors.Is(err, errGone) {
				t.Errorf("%s: %v", name, err)
			}
			if n := left(r); n < 50 {
				t.Errorf("%s read on: %d frames were left", name, n)
			}
			r = open(t, path, k.viewing)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errGone)
		if err := export(ctx, io.Discard, r); !errors.Is(err, errGone) {
			t.Errorf("%s: %v", name, err)
		}
		if n := left(r); n < 60 {
			t.Errorf("%s read on: %d frames were left", name, n)
		}
	}
}

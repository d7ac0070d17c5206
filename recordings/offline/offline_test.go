package offline

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

// recorded makes a recording, and gives a way to open it.
func recorded(t *testing.T, work func(w *recordings.Writer)) func() (*recordings.Reader, error) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/S-20261124-01.skr"
	elapsed := time.Duration(0)
	w, err := recordings.Create(path, recordings.Header{Session: "S-20261124-01", Person: "E-0031", Target: "hr-db", Started: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)}, recordings.Options{
		OutputTo: []age.Recipient{key.Recipient()}, InputTo: []age.Recipient{key.Recipient()}, Elapsed: func() time.Duration { elapsed += time.Second; return elapsed }})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}), w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}), w.Event(0, recordings.EventShell, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	work(w)
	if _, err := w.Close(recordings.End{Cause: "ended-by-engineer", At: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	return func() (*recordings.Reader, error) { return recordings.Open(path, key) }
}

var options = Options{Player: []byte("var x = 1;"), Style: []byte("a { color: red }"), Exported: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	Proof: Proof{SHA256: strings.Repeat("ab", 32), Size: 99, Entry: 1279, EntryAt: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC), Checkpoint: "example/ledger\n1280\nroot\n\n— key sig\n"}}

func shown(t *testing.T, open func() (*recordings.Reader, error), o Options) string {
	t.Helper()
	var b bytes.Buffer
	p, err := New(t.Context(), open, recordings.View{Lang: "ja", Encoding: recordings.UTF8, Started: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)}, o)
	if err == nil {
		err = p.Write(t.Context(), &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOnePageHoldsEverything: picture, text, marks and proof are in the page, in both languages, and what was typed is not.
func TestOnePageHoldsEverything(t *testing.T) {
	t.Parallel()
	open := recorded(t, func(w *recordings.Writer) {
		if err := errors.Join(w.Data(0, recordings.Stdout, []byte("\x1b[31m障害復旧\x1b[m UPDATE 3\r\n")), w.Data(0, recordings.Stdin, []byte("typed-secret\r")),
			w.Event(recordings.SessionChannel, recordings.EventRefused, recordings.Refused{Side: "client", What: "x11", Number: 117})); err != nil {
			t.Fatal(err)
		}
	})
	o := options
	o.Marks = []Mark{{Elapsed: 4 * time.Second, By: "P-0004", Text: "更新文の実行"}}
	page := shown(t, open, o)
	for _, want := range []string{"障害復旧 UPDATE 3", "シェル開始", "shell started", "しおり: 更新文の実行 (P-0004)", "拒否: [117] x11", "refused: [117] x11", strings.Repeat("ab", 32), "1279", "example/ledger\n1280",
		"sekimori-verify LEDGER-EXPORT", `<html lang="ja">`, "session ended: ended-by-engineer"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(page, "typed-secret") {
		t.Error("the page has what was typed")
	}
	if addresses := regexp.MustCompile(`(?i)(src|href|action)\s*=|https?://|url\(|@import`).FindAllString(page, -1); len(addresses) > 0 {
		t.Errorf("the page names other places: %q", addresses)
	}
}

// Output, names and bookmarks of a hostile target and person end no element, run nothing, and turn no text around.
func TestAttackAPageThroughARecording(t *testing.T) {
	t.Parallel()
	const bad = `</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>]]>'"&`
	open := recorded(t, func(w *recordings.Writer) {
		if err := errors.Join(w.Data(0, recordings.Stdout, []byte(bad+"\u202egnp.exe\u2028\x1b]0;title\x07\x1b[6n\x1bP+q\x1b\\\xff\r\n")),
			w.Event(0, recordings.EventExec, recordings.NewCommand(bad)), w.Event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Text: bad})); err != nil {
			t.Fatal(err)
		}
	})
	clean := shown(t, recorded(t, func(*recordings.Writer) {}), options)
	o := options
	o.Marks = []Mark{{By: bad, Text: bad + "\u202e\x1b[2J"}}
	page := shown(t, open, o)
	for _, element := range []string{"<script", "</script", "<img", "<!--", "onerror"} {
		if n, want := strings.Count(page, element), strings.Count(clean, element); n != want && (element != "onerror" || strings.Contains(page, "<img")) {
			t.Errorf("%d times %q, not %d", n, element, want)
		}
	}
	for _, r := range page {
		if r == 0x1b || r == 0x202e || r == 0x2028 || r == 0x07 {
			t.Fatalf("the page holds %U", r)
		}
	}
	if strings.Contains(page, `\u001b[6n`) || strings.Contains(page, "title") && strings.Contains(page, "]0;") {
		t.Error("a question to the terminal went into the picture")
	}
}

// TestAPageThatWouldBeTooLargeIsNotBegun: the refusal comes before the first byte.
func TestAPageThatWouldBeTooLargeIsNotBegun(t *testing.T) {
	t.Parallel()
	open := recorded(t, func(w *recordings.Writer) {
		line := append(bytes.Repeat([]byte("<"), 3000), "\r\n"...) // each takes ten bytes, in the picture and in the text
		for range Most / len(line) / 9 {
			if err := w.Data(0, recordings.Stdout, line); err != nil {
				t.Fatal(err)
			}
		}
	})
	if _, err := New(t.Context(), open, recordings.View{Lang: "en", Encoding: recordings.UTF8}, options); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	o := options
	o.Player = []byte("x = '</script>'")
	if _, err := New(t.Context(), open, recordings.View{}, o); err == nil {
		t.Error("a script that ends its element")
	}
}

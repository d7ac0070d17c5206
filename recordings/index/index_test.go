package index

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

// tape is a recording in a directory, and the key that opens its output.
type tape struct {
	t      testing.TB
	path   string
	key    *age.X25519Identity
	digest recordings.Digest
}

// record makes a recording. pass lets time pass.
func record(t testing.TB, write func(w *recordings.Writer, pass func(time.Duration))) *tape {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	a := &tape{t: t, path: t.TempDir() + "/S-1.skr", key: key}
	elapsed := time.Duration(0)
	w, err := recordings.Create(a.path, recordings.Header{Session: "S-1", Started: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)}, recordings.Options{
		OutputTo: []age.Recipient{key.Recipient()}, InputTo: []age.Recipient{other(t).Recipient()},
		Elapsed: func() time.Duration { elapsed += time.Microsecond; return elapsed },
	})
	if err != nil {
		t.Fatal(err)
	}
	write(w, func(d time.Duration) { elapsed += d })
	if a.digest, err = w.Close(recordings.End{Cause: "ended-by-engineer", At: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	return a
}

func other(t testing.TB) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *tape) reader() *recordings.Reader {
	a.t.Helper()
	r, err := recordings.Open(a.path, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { r.Close() })
	return r
}

func (a *tape) build(e recordings.Encoding) []byte { a.t.Helper(); return a.buildIn(e, time.UTC) }

func (a *tape) buildIn(e recordings.Encoding, zone *time.Location) []byte {
	a.t.Helper()
	var b bytes.Buffer
	r := a.reader()
	if err := Build(a.t.Context(), &b, r, a.digest.SHA256, recordings.View{Encoding: e, Started: r.Header().Started.In(zone)}); err != nil {
		a.t.Fatal(err)
	}
	return b.Bytes()
}

func (a *tape) open(b []byte) (*Index, error) {
	a.t.Helper()
	return Open(bytes.NewReader(b), int64(len(b)), a.reader(), a.digest.SHA256, recordings.View{Encoding: recordings.UTF8})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// editing is a session with a shell, an editor on the alternate screen, another size, and a copied file.
func editing(t testing.TB, rounds int) *tape {
	return record(t, func(w *recordings.Writer, pass func(time.Duration)) {
		must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
		must(t, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}))
		must(t, w.Event(0, recordings.EventShell, nil))
		for i := range rounds {
			pass(7 * time.Second)
			must(t, w.Data(0, recordings.Stdout, fmt.Appendf(nil, "\x1b[32m$\x1b[m 給与明細 %d 行\r\n", i)))
			pass(9 * time.Second)
			switch i % 9 {
			case 3:
				must(t, w.Data(0, recordings.Stdout, []byte("\x1b[?1049h\x1b[2J\x1b[1;23r\x1b[7m編集中\x1b[m")))
			case 6:
				must(t, w.Data(0, recordings.Stdout, []byte("\x1b[24;1H\x1b[?1049l")))
			case 7:
				must(t, w.Event(0, recordings.EventWindowChange, recordings.PTY{Cols: uint32(80 + i%40), Rows: 30}))
				must(t, w.Event(recordings.SessionChannel, recordings.EventRefused, recordings.Refused{Side: "client", What: "x11", Number: 117}))
			}
		}
		pass(time.Hour)
		must(t, w.Data(0, recordings.Stdout, []byte("logout\r\n")))
	})
}

// TestEachPartShowsWhatTheWholeShows: at the end of each part, a terminal that got its snapshot and its events has the screen of a terminal that got
// everything, in both languages; and the parts have all events of the asciicast.
func TestEachPartShowsWhatTheWholeShows(t *testing.T) {
	t.Parallel()
	a := editing(t, 300)
	i, err := a.open(a.build(recordings.UTF8))
	must(t, err)
	if len(i.Parts) < 8 || i.Parts[0].Elapsed != 0 || i.Length < (time.Hour).Microseconds() || i.Played > i.Length/2 {
		t.Fatalf("%d parts of %d µs, shortened to %d", len(i.Parts), i.Length, i.Played)
	}
	for _, lang := range []string{"ja", "en"} {
		whole := recordings.NewPicture(int(i.Cols), int(i.Rows))
		all, last := 0, int64(-1)
		for no := range i.Parts {
			part, err := i.Part(no)
			must(t, err)
			if part.Events[0].Elapsed <= last && no > 0 || no > 0 && part.Events[0].Elapsed != i.Parts[no].Elapsed {
				t.Fatalf("part %d begins at %d, after %d", no, part.Events[0].Elapsed, last)
			}
			own := recordings.NewPicture(part.Cols, part.Rows)
			own.Feed([]byte(part.Screen(lang)))
			for _, e := range part.Events {
				all++
				if last = e.Elapsed; e.Code == "o" {
					whole.Feed([]byte(e.In(lang)))
					own.Feed([]byte(e.In(lang)))
				}
				var cols, rows int
				if n, _ := fmt.Sscanf(e.In(lang), "%dx%d", &cols, &rows); e.Code == "r" && n == 2 {
					whole.Resize(cols, rows)
					own.Resize(cols, rows)
				}
			}
			if string(own.Dump()) != string(whole.Dump()) {
				t.Fatalf("%s: part %d of %d ends with\n%q, not\n%q", lang, no, len(i.Parts), own.Dump(), whole.Dump())
			}
		}
		var cast bytes.Buffer
		must(t, recordings.Asciicast(t.Context(), &cast, a.reader(), recordings.View{Encoding: recordings.UTF8, Lang: lang}))
		if lines := strings.Count(cast.String(), "\n") - 1; all != lines {
			t.Errorf("%s: %d events, the asciicast has %d", lang, all, lines)
		}
	}
	sum := int64(0)
	o, err := i.Overview()
	must(t, err)
	for _, n := range o.Output {
		sum += n
	}
	if sum != a.digest.OutputBytes || len(o.Output) < 2 {
		t.Errorf("the density has %d bytes in %d stretches, the recording %d", sum, len(o.Output), a.digest.OutputBytes)
	}
	if !slices.ContainsFunc(o.Timeline.Marks, func(m recordings.Mark) bool { return m.Kind == recordings.MarkQuiet && m.Length >= time.Hour }) {
		t.Error("the quiet hour is no mark")
	}
}

// A changed index, one of another recording, and one that was read otherwise are not believed.
func TestAttackAnIndexThatWasChanged(t *testing.T) {
	t.Parallel()
	a, b := editing(t, 30), editing(t, 30)
	good := a.build(recordings.UTF8)
	i, err := a.open(good)
	must(t, err)
	for at := 0; at < len(good); at += 1 + len(good)/400 {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		i, err := a.open(bad)
		for no := 0; err == nil && no < len(i.Parts); no++ {
			_, err = i.Part(no)
		}
		if err == nil {
			_, err = i.Overview()
		}
		if err == nil {
			t.Fatalf("a change of byte %d of %d is not noticed", at, len(good))
		}
	}
	for name, bad := range map[string][]byte{"of another recording": b.build(recordings.UTF8), "of another encoding": a.build(recordings.CP932), "of another zone": a.buildIn(recordings.UTF8, time.FixedZone("JST", 9*3600)), "cut": good[:len(good)-1],
		"empty": nil, "with a tail": append(bytes.Clone(good), 0), "of a later version": append([]byte("\x89SKI\r\n\x1a\n\x00\x03"), good[10:]...)} {
		if _, err := a.open(bad); !errors.Is(err, ErrUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Its parts do not change places.
	j := *i
	j.Parts = slices.Clone(i.Parts)
	j.Parts[0], j.Parts[1] = j.Parts[1], j.Parts[0]
	if _, err := j.Part(0); !errors.Is(err, ErrUnfit) {
		t.Errorf("a part opens at another's place: %v", err)
	}
	if _, err := i.Part(len(i.Parts)); err == nil {
		t.Error("a part behind the end")
	}
	// The input's key does not open it.
	r, err := recordings.Open(a.path, other(t))
	if err == nil {
		r.Close()
		t.Error("any key opens the recording")
	}
}

// An index of a recording that is not the one with the digest is not made.
func TestAttackAnIndexOfAReplacedRecording(t *testing.T) {
	t.Parallel()
	a, b := editing(t, 3), editing(t, 3)
	if err := Build(t.Context(), new(bytes.Buffer), a.reader(), b.digest.SHA256, recordings.View{Encoding: recordings.UTF8}); err == nil {
		t.Error("made")
	}
}

// TestATerminalThatIsTooLargeHasNoIndex: the page then plays the recording as a whole.
func TestATerminalThatIsTooLargeHasNoIndex(t *testing.T) {
	t.Parallel()
	a := record(t, func(w *recordings.Writer, _ func(time.Duration)) {
		must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
		must(t, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 1000, Rows: 1000}))
		must(t, w.Event(0, recordings.EventShell, nil))
	})
	if err := Build(t.Context(), new(bytes.Buffer), a.reader(), a.digest.SHA256, recordings.View{Encoding: recordings.UTF8}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	empty := record(t, func(*recordings.Writer, func(time.Duration)) {})
	i, err := empty.open(empty.build(recordings.UTF8))
	must(t, err)
	if p, err := i.Part(0); err != nil || len(p.Events) == 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// FuzzOpen: no file breaks the reader, and none opens that was not made for the recording.
func FuzzOpen(f *testing.F) {
	a := editing(f, 3)
	good := a.build(recordings.UTF8)
	f.Add(good)
	f.Add(good[:headLen+footLen])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := recordings.Open(a.path, a.key)
		must(t, err)
		defer r.Close()
		if _, err := Open(bytes.NewReader(b), int64(len(b)), r, a.digest.SHA256, recordings.View{Encoding: recordings.UTF8}); err == nil && !bytes.Equal(b[:headLen], good[:headLen]) {
			t.Error("opened")
		}
	})
}

// BenchmarkJumpIntoTenHours opens the recording and its index, reads one part in the middle and draws the screen at its end, as a jump
// on a page does.
func BenchmarkJumpIntoTenHours(b *testing.B) {
	a := record(b, func(w *recordings.Writer, pass func(time.Duration)) {
		must(b, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
		must(b, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 120, Rows: 40}))
		must(b, w.Event(0, recordings.EventShell, nil))
		line := strings.Repeat("\x1b[33m障害\x1b[m復旧の記録 abc ", 5)
		for i := range 36000 { // ten hours, a line a second, with a burst each ten minutes
			pass(time.Second)
			n := 1
			if i%600 == 0 {
				n = 300
			}
			for range n {
				must(b, w.Data(0, recordings.Stdout, fmt.Appendf(nil, "%d %s\r\n", i, line)))
			}
		}
	})
	path := a.path + Suffix
	began := time.Now()
	must(b, os.WriteFile(path, a.build(recordings.UTF8), 0o600))
	made := time.Since(began)
	info, err := os.Stat(path)
	must(b, err)
	var slowest time.Duration
	n := 0
	for b.Loop() {
		began := time.Now()
		r, err := recordings.Open(a.path, a.key)
		must(b, err)
		f, err := os.Open(path)
		must(b, err)
		i, err := Open(f, info.Size(), r, a.digest.SHA256, recordings.View{Encoding: recordings.UTF8})
		must(b, err)
		p, err := i.Part((n * 37) % len(i.Parts))
		must(b, err)
		screen := recordings.NewPicture(p.Cols, p.Rows)
		screen.Feed([]byte(p.Screen("ja")))
		for _, e := range p.Events {
			if e.Code == "o" {
				screen.Feed([]byte(e.In("ja")))
			}
		}
		n++
		f.Close()
		r.Close()
		slowest = max(slowest, time.Since(began))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/slowest")
	b.ReportMetric(made.Seconds(), "s/made")
	b.ReportMetric(float64(info.Size())/float64(a.digest.Size), "of-the-recording")
}

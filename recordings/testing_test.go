package recordings_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

// keys are the identities of one test: viewing opens the output, offline the input.
type keys struct{ viewing, offline *age.X25519Identity }

func newKeys(t testing.TB) keys {
	t.Helper()
	var k keys
	var err error
	if k.viewing, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	if k.offline, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	return k
}

var started = time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)

var theEnd = recordings.End{Cause: "window-ended", At: started.Add(time.Hour)}

func (k keys) options() recordings.Options {
	var now time.Duration
	return recordings.Options{
		OutputTo: []age.Recipient{k.viewing.Recipient()},
		InputTo:  []age.Recipient{k.offline.Recipient()},
		Elapsed:  func() time.Duration { now += 1500 * time.Microsecond; return now },
	}
}

func header() recordings.Header {
	return recordings.Header{Session: "S-20261124-03", Request: "R8-0124", Person: "E-0031", Vendor: "V-012",
		System: "hr", Target: "hr-db", Account: "maint", Zone: "Asia/Tokyo", Notice: "3", Started: started}
}

// create starts a recording in its own directory.
func create(t testing.TB, o recordings.Options) (*recordings.Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "S-20261124-03.skr")
	w, err := recordings.Create(path, header(), o)
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// story records one frame of each kind.
func story(t testing.TB, w *recordings.Writer) {
	t.Helper()
	must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	must(t, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 100, Rows: 30}))
	must(t, w.Event(0, recordings.EventShell, nil))
	must(t, w.Data(0, recordings.Stdout, []byte("$ ")))
	must(t, w.Data(0, recordings.Stdin, []byte("ls\r")))
	must(t, w.Data(0, recordings.Stdout, []byte("ls\r\n\x1b[1mmeisai\x1b[0m\r\n")))
	must(t, w.InputEvent(0, "env", map[string]string{"LANG": "ja_JP.UTF-8"}))
	must(t, w.Event(0, recordings.EventWindowChange, recordings.PTY{Cols: 120, Rows: 40}))
	must(t, w.Data(0, recordings.Stdout, bytes.Repeat([]byte("障害復旧 1234567\r\n"), 40)))
	must(t, w.Data(0, recordings.Stderr, []byte("warn: \x83\x65\x83\x58\r\n")))
	must(t, w.Event(0, recordings.EventExitStatus, recordings.Exit{Status: 3}))
	must(t, w.Event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: "end", Text: "終了"}))
}

// readAll returns every frame as a line of text, and the error that ended it.
func readAll(r *recordings.Reader) (lines []string, err error) {
	for {
		f, err := r.Next()
		if err != nil {
			return lines, err
		}
		lines = append(lines, fmt.Sprintf("%d %v %v %d %s %q", f.Channel, f.Stream, f.Input, f.Elapsed.Microseconds(), f.Event, f.Data))
	}
}

func open(t testing.TB, path string, ids ...age.Identity) *recordings.Reader {
	t.Helper()
	r, err := recordings.Open(path, ids...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// finished makes a whole recording of the story and returns its bytes.
func finished(t testing.TB, k keys) (path string, d recordings.Digest, b []byte) {
	t.Helper()
	w, path := create(t, k.options())
	story(t, w)
	d, err := w.Close(theEnd)
	must(t, err)
	b, err = os.ReadFile(path)
	must(t, err)
	return path, d, b
}

func isCorrupt(err error) bool {
	var e *recordings.CorruptError
	return errors.As(err, &e)
}

func isTruncated(err error) bool {
	var e *recordings.TruncatedError
	return errors.As(err, &e)
}

// sound reads bytes as a recording and returns the frames before the error.
func sound(b []byte, ids ...age.Identity) ([]string, error) {
	r, err := recordings.NewReader(bytes.NewReader(b), ids...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	lines, err := readAll(r)
	if err == io.EOF {
		err = nil
	}
	return lines, err
}

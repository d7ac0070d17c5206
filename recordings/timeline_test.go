package recordings_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sekimori/recordings"
)

// slow makes a recording with long gaps: of ten minutes, and of ten seconds.
func slow(t *testing.T, k keys) string {
	t.Helper()
	now, next := time.Duration(0), time.Duration(0)
	o := k.options()
	o.Elapsed = func() time.Duration { now += next + time.Millisecond; next = 0; return now }
	w, path := create(t, o)
	must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	must(t, w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 100, Rows: 30}))
	must(t, w.Event(0, recordings.EventShell, nil))
	must(t, w.Data(0, recordings.Stdout, []byte("$ ")))
	next = 10 * time.Minute
	must(t, w.Data(0, recordings.Stdout, []byte("障害復旧 1\r\n障害")))
	next = 10 * time.Second
	must(t, w.Data(0, recordings.Stdout, []byte("復旧 2\r\n")))
	must(t, w.Event(recordings.SessionChannel, recordings.EventPause, recordings.Pause{By: "U-012", Reason: "確認"}))
	_, err := w.Close(theEnd)
	must(t, err)
	return path
}

// Each mark stands in the asciicast where the timeline says, with and without shortened gaps.
func TestMarksStandWhereTheCastHasThem(t *testing.T) {
	k := newKeys(t)
	path := slow(t, k)
	for _, idle := range []time.Duration{0, 2 * time.Second} {
		v := recordings.View{Lang: "ja", Idle: idle}
		line, err := recordings.Marks(t.Context(), open(t, path, k.viewing), v)
		must(t, err)
		var b bytes.Buffer
		must(t, recordings.Asciicast(t.Context(), &b, open(t, path, k.viewing), v))
		at, marks := 0.0, map[string]float64{}
		for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n")[1:] {
			var e []any
			must(t, json.Unmarshal([]byte(l), &e))
			if at += e[0].(float64); e[1] == "m" {
				marks[e[2].(string)] = at
			}
		}
		near := func(a float64, b time.Duration) bool { d := a - b.Seconds(); return d < 1e-4 && d > -1e-4 }
		if int64(b.Len()) != line.Bytes {
			t.Errorf("%d bytes, the timeline says %d", b.Len(), line.Bytes)
		}
		if !near(at, line.Played) {
			t.Errorf("the cast takes %v s, the timeline says %v", at, line.Played)
		}
		if idle == 0 && line.Played != line.Elapsed || idle > 0 && line.Played > 10*time.Second {
			t.Errorf("idle %v: %v of %v", idle, line.Played, line.Elapsed)
		}
		quiet := 0
		for _, m := range line.Marks {
			if m.Kind == recordings.MarkQuiet {
				quiet++
				if m.JA != "無操作 10分0秒" || m.EN != "nothing for 10 min 0 s" {
					t.Errorf("%+v", m)
				}
				continue
			}
			if at, ok := marks[m.JA]; !ok || !near(at, m.Played) {
				t.Errorf("%s: in the cast at %v (%v), on the timeline at %v", m.JA, at, ok, m.Played)
			}
			if got := line.PlayedAt(m.Elapsed); got != m.Played {
				t.Errorf("%s: %v maps to %v, not %v", m.JA, m.Elapsed, got, m.Played)
			}
		}
		if quiet != 1 || len(line.Marks) != len(marks)+1 || len(marks) != 4 { // shell, pause, the end of the shell that was not seen, end
			t.Errorf("%d marks, %d quiet; in the cast %v", len(line.Marks), quiet, marks)
		}
		in := 5*time.Minute + 4*time.Millisecond
		if got := line.PlayedAt(in); idle == 0 && got != in || idle > 0 && got > 3*time.Second {
			t.Errorf("idle %v: the middle of the gap is at %v", idle, got)
		}
	}
}

// Every line has its time, and its text is the recorded one character by character.
func TestTextLinesHaveTheirTimes(t *testing.T) {
	k := newKeys(t)
	path := slow(t, k)
	var got, want []string
	for l, err := range recordings.TextLines(t.Context(), open(t, path, k.viewing), recordings.View{Lang: "ja"}) {
		must(t, err)
		if l.Output() {
			got = append(got, l.Elapsed.Truncate(time.Second).String()+" "+l.In("ja"))
		}
	}
	for l, err := range recordings.Lines(t.Context(), open(t, path, k.viewing), 0, recordings.UTF8) {
		must(t, err)
		want = append(want, l.Elapsed.Truncate(time.Second).String()+" "+l.Text)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != 2 || got[0] != "0s $ 障害復旧 1" || got[1] != "10m0s 障害復旧 2" {
		t.Errorf("%q\n%q", got, want)
	}
	// With the operations it is what Text writes.
	var b bytes.Buffer
	must(t, recordings.Text(t.Context(), &b, open(t, path, k.viewing), recordings.View{Lang: "en"}))
	n := 0
	for l, err := range recordings.TextLines(t.Context(), open(t, path, k.viewing), recordings.View{Lang: "en"}) {
		must(t, err)
		if n++; !strings.Contains(b.String(), l.In("en")) {
			t.Errorf("%q is not in the text", l.In("en"))
		}
	}
	if n != strings.Count(b.String(), "\n") {
		t.Errorf("%d lines of %d", n, strings.Count(b.String(), "\n"))
	}
}

// A flood of operations does not fill a timeline.
func TestAttackTimelineOfAFloodIsBounded(t *testing.T) {
	k := newKeys(t)
	w, path := create(t, k.options())
	for range 5000 {
		must(t, w.Event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: "x", Text: "x"}))
	}
	_, err := w.Close(theEnd)
	must(t, err)
	line, err := recordings.Marks(t.Context(), open(t, path, k.viewing), recordings.View{Lang: "ja"})
	must(t, err)
	if len(line.Marks) != 2000 || line.Left != 3001 {
		t.Errorf("%d marks, %d left", len(line.Marks), line.Left)
	}
}

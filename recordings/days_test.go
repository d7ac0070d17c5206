package recordings_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/recordings"
)

// recordAt records a line of output at each time after the start, on a clock that goes there.
func recordAt(t *testing.T, begin time.Time, times ...time.Duration) (path string, d recordings.Digest, k keys) {
	t.Helper()
	k = newKeys(t)
	var now time.Duration
	o := k.options()
	o.Elapsed = func() time.Duration { return now }
	h := header()
	h.Started = begin
	path = filepath.Join(t.TempDir(), h.Session+".skr")
	w, err := recordings.Create(path, h, o)
	must(t, err)
	must(t, w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	must(t, w.Event(0, recordings.EventExec, recordings.NewCommand("vmstat 3600")))
	for i, at := range times {
		now = at
		must(t, w.Data(0, recordings.Stdout, fmt.Appendf(nil, "line %d\r\n", i)))
		must(t, w.Event(recordings.SessionChannel, recordings.EventNotice, recordings.Notice{Kind: "warning", Text: fmt.Sprintf("hour %d", i)}))
	}
	d, err = w.Close(recordings.End{Cause: "window-ended", At: begin.Add(now)})
	must(t, err)
	return path, d, k
}

func played(t *testing.T, path string, k keys) (elapsed []time.Duration, said string) {
	t.Helper()
	r := open(t, path, k.viewing)
	var out bytes.Buffer
	for {
		f, err := r.Next()
		if err == io.EOF {
			return elapsed, out.String()
		}
		must(t, err)
		if f.Stream == recordings.Stdout {
			elapsed = append(elapsed, f.Elapsed)
			out.Write(f.Data)
		}
	}
}

// "24 h session … one recording, all of it": each hour is there at its time, and the end says when it was.
func TestSessionOf24Hours(t *testing.T) {
	var hours []time.Duration
	for h := range 25 {
		hours = append(hours, time.Duration(h)*time.Hour)
	}
	path, d, k := recordAt(t, started, hours...)
	rep, err := recordings.VerifyDigest(path, d)
	must(t, err)
	if !rep.End.At.Equal(started.Add(24 * time.Hour)) {
		t.Errorf("it ended at %v", rep.End.At)
	}
	elapsed, said := played(t, path, k)
	if len(elapsed) != 25 || elapsed[24] != 24*time.Hour || !strings.HasSuffix(said, "line 24\r\n") {
		t.Errorf("%v %q", elapsed, said)
	}
}

// "session across midnight … one recording, all of it": the text says the time of day in the institution's zone on both sides.
func TestSessionAcrossMidnight(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*60*60)
	begin := time.Date(2026, 12, 31, 23, 59, 58, 0, tokyo) // the end of a year as well
	path, d, k := recordAt(t, begin, 0, 2*time.Second-time.Microsecond, 2*time.Second, 2*time.Second+time.Microsecond, 5*time.Second)
	_, err := recordings.VerifyDigest(path, d)
	must(t, err)
	elapsed, said := played(t, path, k)
	if len(elapsed) != 5 || strings.Count(said, "line") != 5 {
		t.Errorf("%v %q", elapsed, said)
	}
	for i := range len(elapsed) - 1 {
		if elapsed[i] > elapsed[i+1] {
			t.Errorf("time ran back at midnight: %v", elapsed)
		}
	}
	v := only(0)
	v.Started = begin
	var b bytes.Buffer
	must(t, recordings.Text(t.Context(), &b, open(t, path, k.viewing), v))
	for _, want := range []string{"23:59:58", "23:59:59", "00:00:00", "00:00:03", "line 0", "line 4"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
}

package recordings_test

import (
	"bytes"
	"testing"

	"sekimori/recordings"
)

func TestLegibleKeepsWhatIsNoUTF8(t *testing.T) {
	for _, tc := range []struct{ in, text string }{
		{"苦情", "苦情"},
		{"\x8b\xea\x8f\xee", `\x8b\xea\x8f\xee`}, // Shift_JIS
		{"a\xffb\x00", "a\\xffb\x00"},
		{"\ufffd", "\ufffd"},
		{"", ""},
	} {
		text, raw := recordings.Legible([]byte(tc.in))
		if text != tc.text {
			t.Errorf("%q: %q, want %q", tc.in, text, tc.text)
		}
		if lossy := text != tc.in; lossy != (raw != nil) || lossy && !bytes.Equal(raw, []byte(tc.in)) {
			t.Errorf("%q: raw %q", tc.in, raw)
		}
	}
}

func TestPrecedeIsWithTheKernelOnceTheNextCallReturns(t *testing.T) {
	var seen []string
	o := newKeys(t).options()
	o.Tap = func(f recordings.Frame) {
		if f.Event != "" {
			seen = append(seen, f.Event+string(f.Data))
		}
	}
	w, _ := create(t, o)
	if err := w.Precede(0, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileRemove, Path: "/a"}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 0 {
		t.Errorf("a write of its own: %q", seen)
	}
	if err := w.Data(0, recordings.Stdin, []byte("x")); err != nil {
		t.Fatal(err)
	}
	must(t, w.Precede(0, recordings.EventFileEnd, recordings.FileEnd{ID: 1}))
	if _, err := w.Close(theEnd); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || seen[0] != `file{"id":1,"op":"remove","path":"/a"}` {
		t.Errorf("%q", seen)
	}
}

package recordings_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"sekimori/recordings"
)

func TestNamesAndPathsAreHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"職員B":             "職員B",
		"a\x1b[2Jb":       `a\x1b[2Jb`,
		"a\u202eb":        "a〓b",
		"a\u009bb":        "a〓b",
		"a\xffb":          `a\xffb`,
		"two\nlines\tand": `two\x0alines\x09and`,
	} {
		if got := recordings.Visible(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// A raw U+009B is legal in JSON, and terminals obey it.
func TestC1BytesInJSONReachTheTerminal(t *testing.T) {
	want := map[string]string{"text": "a\u009b2Jb\u202e\u007f\U000e0001障\u2028", "esc": "\x1b[2J"}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetIndent("", "\t")
	must(t, enc.Encode(want))
	if !strings.ContainsRune(plain.String(), 0x9b) {
		t.Fatal("the encoder escapes C1 by itself: this test has lost its attack")
	}
	for _, chunk := range []int{1, 7, plain.Len()} {
		var out bytes.Buffer
		w := recordings.EscapeJSON(&out)
		for p := plain.Bytes(); len(p) > 0; p = p[min(chunk, len(p)):] {
			if _, err := w.Write(p[:min(chunk, len(p))]); err != nil {
				t.Fatal(err)
			}
		}
		if strings.ContainsAny(out.String(), "\u009b\u202e\u007f\U000e0001\u2028\x1b") {
			t.Errorf("%q", out.String())
		}
		var got map[string]string
		must(t, json.Unmarshal(out.Bytes(), &got))
		if got["text"] != want["text"] || got["esc"] != want["esc"] {
			t.Errorf("%q means something else", out.String())
		}
	}
	var out bytes.Buffer
	_, err := recordings.EscapeJSON(&out).Write([]byte("{\"a\":\"\x1b[5i\x9b\"}"))
	must(t, err)
	if out.String() != `{"a":"\u001b[5i\ufffd"}` {
		t.Errorf("%q", out.String())
	}
}

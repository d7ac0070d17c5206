package relay

import (
	"testing"

	"sekimori/policy"
)

// TestTypedKnowsTheLine: each row is keys, the line that they make, whether only the screen can tell it, and how often it is submitted.
func TestTypedKnowsTheLine(t *testing.T) {
	for _, c := range []struct {
		name, keys, line string
		opaque           bool
		submits          int
	}{
		{"characters", "ls -l", "ls -l", false, 0},
		{"Enter", "ls\r", "ls", false, 1},
		{"line feed, Ctrl-O", "a\nb\x0f", "b", false, 2},
		{"rubbed out", "lx\x7fs給\x7f\x08", "l", false, 0},
		{"line dropped", "rm\x15ls", "ls", false, 0},
		{"interrupted", "rm\x1b[A\x03ls", "ls", false, 0},
		{"cursor", "rm\x1b[D", "rm", true, 0},
		{"cursor, as an application asks for it", "rm\x1bOD", "rm", true, 0},
		{"completion", "r\t", "r", true, 0},
		{"meta", "\x1bb", "", true, 0},
		{"Enter of the keypad", "a\x1bOM", "a", false, 1},
		{"Enter as a sequence", "a\x1b[13u", "a", false, 1},
		{"Enter with a modifier", "a\x1b[13;5u\x1b[27;5;13~", "", false, 2},
		{"Meta-Enter", "a\x1b\r", "a", false, 1},
		{"end of input behind characters", "a\x04", "a", false, 1},
		{"end of input alone", "\x04", "", false, 0},
		{"pasted", "\x1b[200~a\tb\x03\r\x15c\x1b[201~", "\x15c", false, 1},
		{"a terminal's answers", "l\x1b[1;2R\x1b[?62c\x1b]11;rgb:0/0/0\x07\x1b[Is", "ls", false, 0},
	} {
		var ty typed
		n, line := 0, ""
		for i := range len(c.keys) {
			if ty.take(c.keys[i]) {
				n++
				line = string(ty.line)
				ty.next(false)
			} else {
				line = string(ty.line)
			}
		}
		if n != c.submits || line != c.line || ty.opaque != c.opaque {
			t.Errorf("%s: %q, opaque %v, submitted %d times", c.name, line, ty.opaque, n)
		}
	}
	raw := typed{raw: true}
	for _, b := range []byte("a\r\x03\x1b") {
		if raw.take(b) {
			t.Error("without a terminal something else than a line feed ends a line")
		}
	}
	if !raw.take('\n') || string(raw.line) != "a\r\x03\x1b" {
		t.Errorf("%q", raw.line)
	}
}

// FuzzTyped: no keys break it, a line is bounded, and each Enter outside a sequence submits.
func FuzzTyped(f *testing.F) {
	f.Add([]byte("a\x1b[200~\r\x1b[201~\x1b]x\x1b\\\r"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		var ty typed
		for _, b := range keys {
			inside := ty.state == control || ty.state == textEsc || ty.state == escapeMid
			if submits := ty.take(b); (b == '\r' || b == '\n') && !submits && !inside {
				t.Errorf("Enter in %q does not submit", keys)
			}
			if len(ty.line) > policy.LongestLive+1 {
				t.Error("a line is not bounded")
			}
		}
	})
}

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
		{"interrupted", "rm\x1b[A\x03ls", "ls", true, 0},
		{"rubbed out beyond the beginning", "r\x7f\x7fls", "ls", true, 0},
		{"cursor", "rm\x1b[D", "rm", true, 0},
		{"cursor, as an application asks for it", "rm\x1bOD", "rm", true, 0},
		{"completion", "r\t", "r", true, 0},
		{"meta", "\x1bb", "", true, 0},
		{"quoted", "rm\x16\x03ls", "ls", true, 0},
		{"Enter of the keypad", "a\x1bOM", "a", false, 1},
		{"Enter as a sequence", "a\x1b[13u", "a", false, 1},
		{"Enter with a modifier", "a\x1b[13;5u\x1b[27;5;13~", "", false, 2},
		{"Meta-Enter", "a\x1b\r", "a", true, 1},
		{"Enter within sequences", "a\x1bO\r\x1b[\n\x1b]0\r\x1b]0\x1b\r", "\x1b]0\x1b", true, 4},
		{"other keys within sequences", "a\x1b[\x04\x1bO\x0f\x1b]\x03", "", true, 2},
		{"an editor for the line", "a\x18\x05", "a", true, 1},
		{"end of input behind characters", "a\x04", "a", false, 1},
		{"end of input alone", "\x04", "", false, 0},
		{"pasted", "\x1b[200~a\tb\rc\x1b[201~", "c", false, 1},
		{"pasted, with keys", "\x1b[200~a\x03b\x04", "ab", true, 1},
		{"a terminal's answers", "\x1b[1;2R\x1b[?62c\x1b]11;rgb:0/0/0\x07\x1b[I", "\x1b[1;2R\x1b[?62c\x1b]11;rgb:0/0/0\x07\x1b[I", false, 0},
		{"a terminal's answer within a line", "l\x1b[Is", "l\x1b[Is", true, 0},
		{"characters behind an answer", "\x1b[;ct", "\x1b[;ct", true, 0},
	} {
		var ty typed
		n, line, known := 0, "", true
		for i := range len(c.keys) {
			submits := ty.take(c.keys[i])
			line, known = string(ty.line), ty.exact()
			if submits {
				n++
				ty.next(false)
			}
		}
		if n != c.submits || line != c.line || known == c.opaque {
			t.Errorf("%s: %q, known %v, submitted %d times", c.name, line, known, n)
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

// TestWhatMayStandBeforeALine: each row is keys and whether the next line begins empty, may not, or is gone once the cursor has left it.
func TestWhatMayStandBeforeALine(t *testing.T) {
	for _, c := range []struct {
		keys                   string
		fetched, left, several bool
	}{
		{"a\r", false, false, false},
		{"a\x03", true, true, false},
		{"a\x04", true, true, false},
		{"a\x0f", true, false, false},
		{"a\x1bOM", true, true, false},
		{"a\x1b[\r", true, true, false},
		{"a\x16\n", false, false, true},
		{"a\x16\x04", true, false, true},
		{"\x1b[200~a\r", false, false, true},
		{"\x1b[200~a\rb\x1b[201~\r", false, false, false},
	} {
		var ty typed
		for i := range len(c.keys) {
			plain := ty.state == ground
			if ty.take(c.keys[i]) {
				ty.sent(c.keys[i], plain)
			}
		}
		if ty.fetched != c.fetched || ty.left != c.left || ty.several != c.several {
			t.Errorf("%q: fetched %v, left %v, several %v", c.keys, ty.fetched, ty.left, ty.several)
		}
	}
}

// TestReadingsOfRubbedKeys: a target with other keys for the rubout reads another line.
func TestReadingsOfRubbedKeys(t *testing.T) {
	var ty typed
	for _, b := range []byte("rm f\x15a\x7fx") {
		ty.take(b)
	}
	if got := ty.readings(); len(got) != 3 || got[0] != "a\x7fx" || got[1] != "rm f\x15x" || got[2] != "rm f\x15a\x7fx" || string(ty.line) != "x" {
		t.Errorf("%q, line %q", got, ty.line)
	}
}

// FuzzTyped: no keys break it, a line is bounded, and each Enter submits, wherever it stands. A line that is known is made of the keys alone.
func FuzzTyped(f *testing.F) {
	f.Add([]byte("a\x1b[200~\r\x1b[201~\x1b]x\x1b\\\r"))
	f.Add([]byte("a\x1bO\r\x1b[1;\n\x1b]\x1b\r\x16\r"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		var ty typed
		for _, b := range keys {
			plain := ty.state == ground
			submits := ty.take(b)
			if (b == '\r' || b == '\n') && !submits {
				t.Errorf("Enter in %q does not submit", keys)
			}
			if len(ty.line) > policy.LongestLive+1 || len(ty.keys) > policy.LongestLive+1 {
				t.Error("a line is not bounded")
			}
			if ty.exact() && len(ty.line) > len(ty.keys) {
				t.Errorf("%q makes the line %q", keys, ty.line)
			}
			if submits {
				ty.sent(b, plain)
			}
		}
	})
}

package main

import (
	"strings"
	"testing"
)

// TestEscapeSequencesThatAttackTheAuditorsTerminal: what a recording holds must not reach past
// the picture, in whatever pieces it comes.
func TestEscapeSequencesThatAttackTheAuditorsTerminal(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"text and colour stay":   {"\x1b[1;31m赤\x1b[0m\r\n", "\x1b[1;31m赤\x1b[0m\r\n"},
		"cursor stays":           {"\x1b[2J\x1b[10;20Hx\x1b[?1049h", "\x1b[2J\x1b[10;20Hx\x1b[?1049h"},
		"title":                  {"a\x1b]0;rm -rf ~\x07b", "ab"},
		"clipboard":              {"a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"},
		"device status":          {"a\x1b[6nb", "ab"},
		"device attributes":      {"a\x1b[cb\x1b[>0cc", "abc"},
		"window operations":      {"a\x1b[21tb", "ab"},
		"DCS":                    {"a\x1bP$q\"p\x1b\\b", "ab"},
		"settings":               {"a\x1b[?25$pb", "ab"},
		"C1 in UTF-8":            {"a\u009b6nb", "a6nb"},
		"bare C1 byte":           {"a\x9b6nb", "a\uFFFD6nb"},
		"Shift_JIS is not UTF-8": {"\x93\xfa", "\uFFFD\uFFFD"},
		"bell and enquiry":       {"a\x07\x05b", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			var whole screen
			if got := string(whole.harmless([]byte(tc.in))); got != tc.want {
				t.Errorf("whole: %q, want %q", got, tc.want)
			}
			var s screen
			var b strings.Builder
			for i := range len(tc.in) {
				b.Write(s.harmless([]byte{tc.in[i]}))
			}
			if b.String() != tc.want {
				t.Errorf("in pieces: %q, want %q", b.String(), tc.want)
			}
		})
	}
}

func TestNamesInListsAreHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"職員B":             "職員B",
		"a\x1b[2Jb":       `a\x1b[2Jb`,
		"a\u202eb":        "a〓b",
		"a\u009bb":        "a〓b",
		"a\xffb":          `a\xffb`,
		"two\nlines\tand": `two\x0alines\x09and`,
	} {
		if got := plain(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestFullWidthCountsTwo(t *testing.T) {
	for in, want := range map[string]int{"hr-db": 5, "人事課": 6, "カタカナ": 8, "\uff76\uff80": 2, "か\u3099": 2, "\uff21\uff11": 4} {
		if got := columns(in); got != want {
			t.Errorf("%q: %d columns, want %d", in, got, want)
		}
	}
}

func FuzzScreen(f *testing.F) {
	f.Add([]byte("\x1b]0;x\x07\x1b[6n\x1bP\x1b\\"), 3)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		var whole, parts screen
		want := string(whole.harmless(in))
		if strings.Contains(want, "\x1b]") || strings.Contains(want, "\x1bP") || strings.ContainsRune(want, 0x9b) {
			t.Fatalf("%q let %q through", in, want)
		}
		if len(in) > longestSequence || len(in) == 0 {
			return
		}
		cut = int(uint(cut) % uint(len(in)))
		if got := string(parts.harmless(in[:cut])) + string(parts.harmless(in[cut:])); got != want {
			t.Fatalf("cut at %d: %q, whole %q", cut, got, want)
		}
	})
}

package recordings_test

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"sekimori/recordings"
)

// A recording must not reach past the picture on the auditor's terminal, in whichever pieces it arrives.
func TestEscapeSequencesThatAttackTheAuditorsTerminal(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"text and colour stay":        {"\x1b[1;31m赤\x1b[0m\r\n", "\x1b[1;31m赤\x1b[0m\r\n"},
		"colours with colons stay":    {"\x1b[38:2::10:20:30mx", "\x1b[38:2::10:20:30mx"},
		"cursor stays":                {"\x1b[2J\x1b[10;20Hx\x1b[?1049h", "\x1b[2J\x1b[10;20Hx\x1b[?1049h"},
		"region, insertion, wrap":     {"\x1b[2;20r\x1b[4h\x1b[?7l\x1bM", "\x1b[2;20r\x1b[4h\x1b[?7l\x1bM"},
		"line drawing":                {"\x1b(0\x0eqq\x0f\x1b(B", "\x1b(0\x0eqq\x0f\x1b(B"},
		"title":                       {"a\x1b]0;rm -rf ~\x07b", "ab"},
		"clipboard":                   {"a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"},
		"hyperlink":                   {"a\x1b]8;;file:///etc\x1b\\b", "ab"},
		"device status":               {"a\x1b[6nb", "ab"},
		"extended device status":      {"a\x1b[?6nb\x1b[?26nc", "abc"},
		"device attributes":           {"a\x1b[cb\x1b[>0cc\x1b[=cd\x1bZe", "abcde"},
		"window operations":           {"a\x1b[21tb\x1b[8;1;1tc", "abc"},
		"DCS":                         {"a\x1bP$q\"p\x1b\\b", "ab"},
		"settings":                    {"a\x1b[?25$pb\x1b[4$pc", "abc"},
		"keyboard locked":             {"a\x1b[2hb", "ab"},
		"mouse reports":               {"a\x1b[?1003hb\x1b[?1006;1000;25hc", "ab\x1b[?25hc"},
		"highlight mouse tracking":    {"a\x1b[1;1;1;1;5Tb", "ab"},
		"focus reports, paste":        {"a\x1b[?1004hb\x1b[?2004hc", "abc"},
		"printing":                    {"a\x1b[5ib\x1b[?5ic\x1b[4i", "abc"},
		"keyboard protocol asked":     {"a\x1b[?ub\x1b[>1uc\x1b[=1;1ud", "abcd"},
		"unknown intermediates":       {"a\x1b[&ub\x1b[1$rc\x1b[0 qd", "abcd"},
		"other keys":                  {"a\x1b[>4;2mb\x1b[?4mc", "abc"},
		"keys of the application":     {"a\x1b[?1hb\x1b=c\x1b>d", "abcd"},
		"132 columns":                 {"a\x1b[?3hb\x1b[?40;3lc", "abc"},
		"what scrolled away stays":    {"\x1b[3J\x1b[2J", "\x1b[2J"},
		"answer-back and bell":        {"a\x07\x05b", "ab"},
		"a screen's own strings":      {"a\x1bktitle\x1b\\b", "atitleb"},
		"character set by 8 bits":     {"a\x1b%Gb\x1b%@c", "abc"},
		"huge numbers are bounded":    {"\x1b[99999999999999999999C\x1b[4000000000b", "\x1b[4096C\x1b[4096b"},
		"C1 in UTF-8":                 {"a\u009b6nb\u0090x\u009cc", "a6nbxc"},
		"bare C1 byte":                {"a\x9b6nb", "a\uFFFD6nb"},
		"C1 inside a sequence":        {"a\x1b[1\u009b6nb", "a6nb"},
		"Shift_JIS is not UTF-8":      {"\x93\xfa", "\uFFFD\uFFFD"},
		"cancelled":                   {"a\x1b[6\x18nb", "anb"},
		"a string that never ends":    {"\x1b]0;hidden\r\nseen", "\r\nseen"},
		"a sequence inside a control": {"a\x1b[\x1b[6nb", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(recordings.NewScreen(recordings.UTF8).Show([]byte(tc.in))); got != tc.want {
				t.Errorf("whole: %q, want %q", got, tc.want)
			}
			s := recordings.NewScreen(recordings.UTF8)
			var b strings.Builder
			for i := range len(tc.in) {
				b.Write(s.Show([]byte{tc.in[i]}))
			}
			if b.String() != tc.want {
				t.Errorf("in pieces: %q, want %q", b.String(), tc.want)
			}
		})
	}
}

// allowed repeats the list independently: nothing else may come out of a Screen.
var allowed = regexp.MustCompile(`^(?:[^\x00-\x1f\x7f-\x{9f}]|[\r\n\t\x08\x0b\x0c\x0e\x0f]` +
	`|\x1b[78DEHM]|\x1b[()*+][012AB]|\x1b#8|\x1b\[!p|\x1b\[\?(?:6|7|25|47|1047|1048|1049)[hl]|\x1b\[4[hl]` +
	`|\x1b\[(?:\d{0,4}[@A-GIPLMXSTZabdeg` + "`" + `]|[012]?[JK]|\d{0,4}(?:;\d{0,4})?[Hfr]|[su]|[\d;:]*m))*$`)

func checkShown(t *testing.T, in, out string) {
	t.Helper()
	if !allowed.MatchString(out) {
		t.Fatalf("%q let %q through", in, out)
	}
}

// Every possible control and escape sequence, with each prefix and intermediate byte.
func TestScreenPassesOnlyWhatIsOnItsList(t *testing.T) {
	for final := byte(0x30); final < 0x7f; final++ {
		for _, prefix := range []string{"", "?", ">", "<", "="} {
			for _, params := range []string{"", "0", "1", "2", "3", "4", "5", "12", "1;2", "1;2;3;4;5", "1003", "2004", "1:2", "1049;3"} {
				for _, inter := range []string{"", " ", "!", "\"", "#", "$", "%", "&", "'", "(", "*", "+", ",", "-", ".", "/", "$!"} {
					in := "\x1b[" + prefix + params + inter + string(final)
					checkShown(t, in, string(recordings.NewScreen(recordings.UTF8).Show([]byte(in))))
				}
			}
		}
		for inter := byte(0x1f); inter < 0x30; inter++ {
			in := "\x1b" + string(inter) + string(final)
			checkShown(t, in, string(recordings.NewScreen(recordings.UTF8).Show([]byte(in))))
		}
	}
	for c := range 0x100 {
		in := string([]byte{byte(c)})
		checkShown(t, in, string(recordings.NewScreen(recordings.UTF8).Show([]byte(in))))
	}
}

func TestScreenGivesTheTerminalBack(t *testing.T) {
	s := recordings.NewScreen(recordings.UTF8)
	s.Show([]byte("\x1b[?1049h\x1b[5;6r\x1b[?25l\x1b[4h\x1b(0\x1b[7m"))
	if !s.Full() {
		t.Error("the alternate screen was not noticed")
	}
	back := s.Reset()
	for _, want := range []string{"\x1b[?1049l", "\x1b[r", "\x1b[?25h", "\x1b[4l", "\x1b(B", "\x1b[m", "\x1b[?7h"} {
		if !strings.Contains(back, want) {
			t.Errorf("%q lacks %q", back, want)
		}
	}
	if again := s.Reset(); strings.Contains(again, "1049") || strings.Contains(again, "\x1b[r") {
		t.Errorf("a terminal that was left alone is moved: %q", again)
	}
	checkShown(t, "", back[:strings.Index(back, "\x1b[4096;1H")])
}

func TestScreenReadsJapaneseEncodings(t *testing.T) {
	const text = "障害復旧 \x1b[31m表示ソ能\x1b[m ｶﾅ\r\n" // ソ and 表 have a backslash as their second byte in Shift_JIS
	for e, enc := range map[recordings.Encoding]interface{ String(string) (string, error) }{
		recordings.CP932: japanese.ShiftJIS.NewEncoder(), recordings.EUCJP: japanese.EUCJP.NewEncoder(),
	} {
		in, err := enc.String(text)
		must(t, err)
		s := recordings.NewScreen(e)
		if got := string(s.Show([]byte(in))); got != text {
			t.Errorf("%s: %q", e, got)
		}
		var b strings.Builder
		for i := range len(in) {
			b.Write(s.Show([]byte{in[i]}))
		}
		if b.String() != text {
			t.Errorf("%s in pieces: %q", e, b.String())
		}
		if got := string(s.Show([]byte("\x81\x1b[6n\x9b6n\x80x"))); strings.ContainsAny(got, "\x1b\u009b\u0080") {
			t.Errorf("%s: half a character hides a sequence: %q", e, got)
		}
	}
	for name, want := range map[string]recordings.Encoding{"": recordings.UTF8, "UTF-8": recordings.UTF8, "Shift_JIS": recordings.CP932, "CP932": recordings.CP932, "EUC-JP": recordings.EUCJP, "eucJP": recordings.EUCJP} {
		if got, err := recordings.ParseEncoding(name); err != nil || got != want {
			t.Errorf("%q: %v %v", name, got, err)
		}
	}
	if _, err := recordings.ParseEncoding("utf-16"); err == nil {
		t.Error("an unknown encoding is accepted")
	}
}

func FuzzScreen(f *testing.F) {
	f.Add([]byte("\x1b]0;x\x07\x1b[6n\x1bP\x1b\\\x1b[?1003h\u009b"), 3, uint8(0))
	f.Add([]byte("\x1b[\x81\x40\x1b(0"), 1, uint8(1))
	f.Add([]byte("\x1b[?1049h\x1b[9;9r\t\t\t\x1b[99Cx\x1b[Ib\x1b[99b0123456789ab"), 9, uint8(4))
	f.Fuzz(func(t *testing.T, in []byte, cut int, which uint8) {
		e := []recordings.Encoding{recordings.UTF8, recordings.CP932, recordings.EUCJP}[which%3]
		sized := func() *recordings.Screen {
			s := recordings.NewScreen(e)
			if which&4 != 0 {
				s.Size(10, 4)
			}
			return s
		}
		want := string(sized().Show(in))
		checkShown(t, string(in), want)
		if len(in) == 0 {
			return
		}
		cut = int(uint(cut) % uint(len(in)))
		parts := sized()
		var got strings.Builder
		got.Write(parts.Show(in[:cut]))
		got.Write(parts.Show(in[cut:]))
		if got.String() != want {
			t.Fatalf("cut at %d: %q, whole %q", cut, got.String(), want)
		}
	})
}

// A viewer's terminal that is larger than the recorded one must not change where lines wrap or scroll.
func TestAPictureOnALargerTerminalKeepsItsSize(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"a line wraps where it did":        {"0123456789ab", "0123456789\r\nab"},
		"a full line waits":                {"0123456789\r\nx", "0123456789\r\nx"},
		"wide characters do not fit in":    {"012345678障x", "012345678\r\n障x"},
		"marks take no room":               {"012345678e\u0301\u0302x", "012345678e\u0301\u0302\r\nx"},
		"without wrapping":                 {"\x1b[?7l0123456789ab", "\x1b[?7l0123456789\x1b[10Ga\x1b[10Gb"},
		"far to the right":                 {"\x1b[999Cx\x1b[999;999Hy\x1b[99Gz", "\x1b[9Cx\x1b[4;10Hy\x1b[10Gz"},
		"no further":                       {"0123456789\x1b[Cx", "0123456789\r\nx"},
		"tabs end at the edge":             {"\t\t\tx", "\t\x1b[10G\x1b[10Gx"},
		"back and on":                      {"0123456789\b\bxyzw", "0123456789\x1b[9G\bxyz\r\nw"},
		"erased at the edge":               {"0123456789\x1b[Kx", "0123456789\x1b[10G\x1b[K\r\nx"},
		"up from the edge":                 {"0123456789\x1b[Ax", "0123456789\x1b[10G\x1b[Ax"},
		"left from the edge":               {"0123456789\x1b[3Dx", "0123456789\x1b[7Gx"},
		"saved and restored":               {"\x1b7012345678\x1b8abcdefghijk", "\x1b7012345678\x1b8abcdefghij\r\nk"},
		"the alternate screen":             {"\x1b[?1049h\x1b[r\x1b[2;99r\x1b[?1049l", "\x1b[?1049h\x1b7\x1b[1;4r\x1b8\x1b[1;4r\x1b[2;4r\x1b[?1049l\x1b7\x1b[r\x1b8"},
		"a region of the main screen":      {"\x1b[2;3r\x1b[r", "\x1b[2;3r\x1b[r"},
		"repeating fills the line at most": {"x\x1b[99b", "x\x1b[9b"},
		"colours stay":                     {"\x1b[1;31m0123456789a", "\x1b[1;31m0123456789\r\na"},
	} {
		t.Run(name, func(t *testing.T) {
			s := recordings.NewScreen(recordings.UTF8)
			s.Size(10, 4)
			if got := string(s.Show([]byte(tc.in))); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	s := recordings.NewScreen(recordings.UTF8)
	s.Size(0, 4)
	if got := string(s.Show([]byte("0123456789ab\x1b[999C"))); got != "0123456789ab\x1b[999C" {
		t.Errorf("without a size: %q", got)
	}
}

// Characters that turn text around reach no picture: a page around it would obey them.
func TestAttackAPictureThatIsTurnedAround(t *testing.T) {
	if got := string(recordings.NewScreen(recordings.UTF8).Show([]byte("a\u202eb\u2066c\u200fd\u061ce"))); got != "abcde" {
		t.Errorf("%q", got)
	}
}

package text

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestInWhichLanguage(t *testing.T) {
	both := Text{"待合", "waiting room"}
	for _, c := range []struct{ lang, in, line, lines string }{
		{"ja", "待合", "待合", "待合"},
		{"en", "waiting room", "waiting room", "waiting room"},
		{"", "待合", "待合 / waiting room", "待合\nwaiting room"},
		{"fr", "待合", "待合 / waiting room", "待合\nwaiting room"},
	} {
		if both.In(c.lang) != c.in || both.Slashed(c.lang) != c.line || both.Lines(c.lang) != c.lines {
			t.Errorf("%q: %q, %q, %q", c.lang, both.In(c.lang), both.Slashed(c.lang), both.Lines(c.lang))
		}
	}
	if got := Same("hr-db").Slashed(""); got != "hr-db" {
		t.Errorf("a name is said once: %q", got)
	}
}

func TestLocale(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, want string }{
		{"", "", "", ""},
		{"", "", "ja_JP.UTF-8", "ja"},
		{"", "", "ja", "ja"},
		{"", "", "en_GB.UTF-8", "en"},
		{"", "en_US.UTF-8", "ja_JP.UTF-8", "en"},
		{"C.UTF-8", "", "ja_JP.UTF-8", ""}, // the first that is set decides
		{"ja_JP.eucJP", "en_US", "en_US", "ja"},
		{"", "", "jam_JM", ""}, // Jamaican Creole
	} {
		set := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := Locale(func(name string) string { return set[name] }); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestAccepted(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "ja": "ja", "en-GB,en;q=0.9,ja;q=0.1": "en", "de, ja-JP;q=0.5, en;q=0.4": "ja", "*": "", "JA": "ja",
	} {
		if got := Accepted(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "hr-db": 5, "人事給与": 8, "ｶﾞ": 2, "か\u3099": 2, "e\u0301": 1, "〓": 2, "…": 1, "①": 1, "─": 1, "(A)": 3, "\uff21": 2, "\u200b": 0,
	} {
		if got := Width(s); got != want {
			t.Errorf("%q: %d columns, want %d", s, got, want)
		}
	}
}

func TestCutAndPad(t *testing.T) {
	for _, c := range []struct {
		s     string
		width int
		want  string
	}{
		{"人事給与システム", 16, "人事給与システム"},
		{"人事給与システム", 15, "人事給与システ…"},
		{"人事給与システム", 14, "人事給与シス…"}, // half a character is none
		{"one two", 5, "one…"},
		{"abc", 1, "…"},
	} {
		if got := Cut(c.s, c.width); got != c.want || Width(got) > c.width {
			t.Errorf("%q to %d: %q", c.s, c.width, got)
		}
	}
	if got := Pad("許可", 7) + "|"; got != "許可   |" {
		t.Errorf("%q", got)
	}
	if got := Pad("立会者", 5); got != "立会者" {
		t.Errorf("%q", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		s      string
		width  int
		indent string
		want   []string
	}{
		{"", 10, "", []string{""}},
		{"one two three", 8, "", []string{"one two", "three"}},
		{"one two three", 8, "  ", []string{"one two", "  three"}},
		{"保守要員が接続を終えた。次へ。", 10, "", []string{"保守要員が", "接続を終え", "た。次へ。"}},
		{"終わりました。", 12, "", []string{"終わりまし", "た。"}}, // no line begins with a closing mark
		{"番号を「確認」する", 8, "", []string{"番号を", "「確認」", "する"}},
		{"理由はtarget-lost", 12, "", []string{"理由は", "target-lost"}}, // no break within a word
		{"abcdefghijkl", 5, "", []string{"abcde", "fghij", "kl"}},  // but where nothing else fits
		{"first\nsecond", 20, "> ", []string{"first", "> second"}},
		{"か\u3099か\u3099", 3, "", []string{"か\u3099", "か\u3099"}},
	} {
		if got := Wrap(c.s, c.width, c.indent); !slices.Equal(got, c.want) {
			t.Errorf("%q to %d: %q, want %q", c.s, c.width, got, c.want)
		}
	}
}

// For any text, no line is too wide, and nothing but spaces is lost.
func FuzzWrap(f *testing.F) {
	for _, s := range []string{"", "one two", "承認「待ち」。", "「「「「「", "a。。。。", "x\n\ny", "か\u3099\u3099\u3099"} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		if !utf8.ValidString(s) || width < 2 || width > 200 || strings.ContainsFunc(s, unicode.IsControl) {
			return
		}
		lines := Wrap(s, width, "")
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if bare(strings.Join(lines, "")) != bare(s) {
			t.Errorf("%q became %q", s, lines)
		}
		for _, l := range lines {
			if Width(l) > width {
				t.Errorf("%q is wider than %d", l, width)
			}
		}
	})
}

func TestDates(t *testing.T) {
	jst := time.FixedZone("JST", 9*60*60)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, jst)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		got    Text
		ja, en string
	}{
		{Day(at("2026-11-24 10:00")), "令和8年11月24日(火)", "Tue 24 Nov 2026 (Reiwa 8)"},
		{Day(at("2019-05-01 00:00")), "令和元年5月1日(水)", "Wed 1 May 2019 (Reiwa 1)"},
		{Day(at("2019-04-30 23:59")), "2019年4月30日(火)", "Tue 30 Apr 2019"},
		{Month(at("2026-11-24 10:00")), "令和8年11月", "November 2026"},
		{Moment(at("2026-11-24 10:00")), "令和8年11月24日(火)10:00(2026-11-24)", "2026-11-24 10:00"},
		{Moment(time.Time{}), "", ""},
		{Span(at("2026-11-24 10:00"), at("2026-11-24 11:30")), "令和8年11月24日(火)10:00〜11:30(2026-11-24)", "2026-11-24 10:00-11:30"},
		{Span(at("2026-11-24 22:00"), at("2026-11-25 01:00")), "令和8年11月24日(火)22:00〜11/25 01:00(2026-11-24)", "2026-11-24 22:00-11/25 01:00"},
		{Length(90 * time.Minute), "1時間30分", "1 h 30 min"},
		{Length(48 * time.Hour), "48時間", "48 h"},
		{Length(72 * time.Hour), "3日", "3 days"},
		{Length(61 * time.Second), "1分1秒", "1 min 1 s"},
		{Length(0), "0秒", "0 s"},
		{Left(12*time.Minute + 59*time.Second), "12分", "12 min"},
		{Left(time.Minute - 1), "59秒", "59 s"},
		{Left(-time.Second), "0秒", "0 s"},
		{Request("R8-0124"), "令和8年度第124号", "R8-0124"},
		{Request("C-0003"), "C-0003", "C-0003"},
	} {
		if c.got.JA != c.ja || c.got.EN != c.en {
			t.Errorf("%+v, want %q and %q", c.got, c.ja, c.en)
		}
	}
	// The era began at midnight in Japan, not in Greenwich.
	if got := Day(at("2019-05-01 08:00")).JA; got != "令和元年5月1日(水)" {
		t.Error(got)
	}
}

func TestStrangersText(t *testing.T) {
	for _, c := range []struct{ in, kept, line, ascii string }{
		{"作業\t報告\n二行", "作業\t報告\n二行", "作業 報告 二行", "????? ??"},
		{"a\x1b[2Jb", "a\uFFFD[2Jb", "a?[2Jb", "a?[2Jb"},
		{"a\u202eb\u200bc", "a\uFFFDb\uFFFDc", "a?b?c", "a?b?c"},
		{"全角\u3000空白", "全角\u3000空白", "全角 空白", "?????"},
		{"x\u2028y\u0085", "x\uFFFDy\uFFFD", "x?y?", "x?y?"},
	} {
		if got := Printable(c.in); got != c.kept {
			t.Errorf("kept: %q, want %q", got, c.kept)
		}
		if got := OneLine(c.in, 99); got != c.line {
			t.Errorf("line: %q, want %q", got, c.line)
		}
		if got := ASCII(c.in); got != c.ascii {
			t.Errorf("ascii: %q, want %q", got, c.ascii)
		}
	}
	if got := OneLine("あいうえお", 3); got != "あいう…" {
		t.Errorf("%q", got)
	}
	if got := OneLine("a\xffb", 9); got != "a?b" {
		t.Errorf("%q", got)
	}
}

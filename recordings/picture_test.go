package recordings

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestDumpDrawsTheScreen: each row is output on a terminal of 10 by 4, and the text that draws it anew.
func TestDumpDrawsTheScreen(t *testing.T) {
	for _, c := range []struct{ name, out, want string }{
		{"empty", "", "\x1b[1;1H"},
		{"text", "one\r\ntwo", "\x1b[1;1Hone\x1b[2;1Htwo\x1b[2;4H"},
		{"full-width", "給与a", "\x1b[1;1H給与a\x1b[1;6H"},
		{"half of a full-width character overwritten", "給与\x1b[1;2Hx", "\x1b[1;1H x与\x1b[1;3H"},
		{"the second half alone", "給与\x1b[1;1Hx", "\x1b[1;1Hx 与\x1b[1;2H"},
		{"half-width kana and a voiced mark", "か\u3099ｶﾞ", "\x1b[1;1Hか\u3099ｶﾞ\x1b[1;5H"},
		{"a full last column", "1234567890", "\x1b[1;1H1234567890\x1b[1;10H0"},
		{"a full last column of a full-width character", "12345678給", "\x1b[1;1H12345678給\x1b[1;9H給"},
		{"colours", "\x1b[1;31ma\x1b[38;5;200mb\x1b[48:2::1:2:3mc\x1b[0md", "\x1b[1;1H\x1b[0;1;31ma\x1b[0;1;38;5;200mb\x1b[0;1;38;5;200;48;2;1;2;3mc\x1b[0md\x1b[1;5H"},
		{"erased with a colour", "\x1b[44m\x1b[K", "\x1b[1;1H\x1b[0;44m          \x1b[1;1H"},
		{"line drawing", "\x1b(0lqk\x1b(Bx", "\x1b[1;1H┌─┐x\x1b[1;5H"},
		{"line drawing goes on", "\x1b)0\x0eq", "\x1b[1;1H─\x1b[1;2H\x1b)0\x0e"},
		{"modes", "\x1b[?7l\x1b[4h\x1b[?25lx", "\x1b[1;1Hx\x1b[1;2H\x1b[?7l\x1b[4h\x1b[?25l"},
		{"region and origin", "\x1b[2;3r\x1b[?6h\x1b[2;2Hx", "\x1b[3;1H x\x1b[2;3r\x1b[?6h\x1b[2;3H"},
		{"saved cursor", "\x1b[2;3H\x1b[7m\x1b7\x1b[m\x1b[H", "\x1b[0;7m\x1b[2;3H\x1b7\x1b[1;1H\x1b[0m"},
		{"alternate screen", "ab\x1b[?1049h\x1b[2;2Hvi", "\x1b[1;1Hab\x1b[1;3H\x1b7\x1b[1;3H\x1b[?1047h\x1b[2J\x1b[2;1H vi\x1b[2;4H"},
		{"scrolled", "1\r\n2\r\n3\r\n4\r\n5", "\x1b[1;1H2\x1b[2;1H3\x1b[3;1H4\x1b[4;1H5\x1b[4;2H"},
	} {
		p := NewPicture(10, 4)
		p.Feed([]byte(c.out))
		if got := string(p.Dump()); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	huge := NewPicture(1000, 1000)
	huge.Feed([]byte("x"))
	if cols, rows := huge.Size(); cols != 0 || rows != 0 || huge.Dump() != nil {
		t.Errorf("%d by %d is followed", cols, rows)
	}
}

// alike compares a terminal that got all output with one that got a dump in between.
func alike(t *testing.T, before, after string, cols, rows int) {
	t.Helper()
	all, part := NewPicture(cols, rows), NewPicture(cols, rows)
	all.Feed([]byte(before))
	if g := all.g; g.origin && (g.at.row < g.at.top || g.at.row > g.at.bottom) {
		return // only a change of pages puts the cursor out of the region, and no sequence does so again
	}
	dump := all.Dump()
	part.Feed(dump)
	if again := part.Dump(); string(again) != string(dump) {
		t.Fatalf("a dump of the dump differs, after %q:\n%q\n%q", before, dump, again)
	}
	all.Feed([]byte(after))
	part.Feed([]byte(after))
	if a, b := all.Dump(), part.Dump(); string(a) != string(b) {
		t.Fatalf("%q goes on differently after the dump of %q:\n%q\n%q", after, before, a, b)
	}
}

// TestADumpGoesOnLikeTheWhole: what follows a dump makes the same picture as on a terminal that got everything.
func TestADumpGoesOnLikeTheWhole(t *testing.T) {
	parts := []string{"x", "給", "か\u3099", "\r\n", "\r", "\b", "\t", "\x1b[m", "\x1b[1;7;33m", "\x1b[48;5;9m", "\x1b[38;2;1;2;3m", "\x1b[2J", "\x1b[K", "\x1b[1K", "\x1b[2;4r", "\x1b[r", "\x1b[?6h", "\x1b[?6l",
		"\x1b[H", "\x1b[3;8H", "\x1b[9;9H", "\x1b7", "\x1b8", "\x1bD", "\x1bM", "\x1b[2L", "\x1b[M", "\x1b[3@", "\x1b[2P", "\x1b[4X", "\x1b[S", "\x1b[T", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?1047h", "\x1b[?47l",
		"\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[?25l", "\x1b(0", "\x1b(B", "\x0e", "\x0f", "q", "\x1b#8", "\x1b[A", "\x1b[2C", "\x1b[!p", "abcdefghij"}
	draw := rand.New(rand.NewPCG(3, 4))
	some := func() string {
		var b strings.Builder
		for range draw.IntN(25) {
			b.WriteString(parts[draw.IntN(len(parts))])
		}
		return b.String()
	}
	for range 20000 {
		alike(t, some(), some(), 2+draw.IntN(12), 2+draw.IntN(5))
	}
}

var repeats = regexp.MustCompile(`\x1b\[[0-9;]*b`)

// FuzzPicture: no output of a target breaks the picture, and its dump goes on like the whole.
func FuzzPicture(f *testing.F) {
	f.Add([]byte("$ 給与\x1b[?1049h\x1b[2;3r\x1bM\x1b[99L\x1b[5@"), uint8(10), uint8(4))
	f.Add([]byte("\x1b[38:2::1:2:3m\x1b[4:3mか\u3099\x1b[48;5m\x1b[;;;m\x1b(0x"), uint8(3), uint8(2))
	f.Fuzz(func(t *testing.T, out []byte, cols, rows uint8) {
		if cols < 2 || rows < 2 {
			return
		}
		s := NewScreen(UTF8)
		s.Size(int(cols), int(rows))
		half := len(out) / 2
		before := string(s.Show(out[:half]))
		after := string(s.Show(out[half:]))
		if !repeats.MatchString(after) { // REP may repeat a character from before the dump
			alike(t, before, after, int(cols), int(rows))
		}
	})
}

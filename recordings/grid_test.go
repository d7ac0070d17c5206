package recordings

import (
	"strings"
	"testing"
)

// TestGridKnowsTheLineOfTheCursor: each row is output on a screen of 10 by 4, and the line in which the cursor then stands.
func TestGridKnowsTheLineOfTheCursor(t *testing.T) {
	for _, c := range []struct{ name, out, want string }{
		{"plain", "$ ls", "$ ls"},
		{"after a line", "one\r\n$ ls", "$ ls"},
		{"rubbed out", "$ lx\b \bs", "$ ls"},
		{"over two rows", "$ 12345678901", "$ 12345678901"},
		{"over two rows, the cursor in the first", "$ 12345678901\x1b[A", "$ 12345678901"},
		{"forced wrap as readline does it", "$ 12345678 \r9", "$ 123456789"},
		{"wide characters that do not fit", "$ 給与給与a給", "$ 給与給与a給"},
		{"scrolled", "1\r\n2\r\n3\r\n4\r\n5\r\n$ x", "$ x"},
		{"inserted and deleted", "$ abc\x1b[3D\x1b[@x\x1b[C\x1b[P", "$ xac"},
		{"erased to the end", "$ abcdef\x1b[4D\x1b[K", "$ ab"},
		{"cleared", "abc\r\n\x1b[H\x1b[2J$ y", "$ y"},
		{"alternate screen and back", "$ vi\x1b[?1049h\x1b[2;1H:!rm\x1b[?1049l", "$ vi"},
		{"alternate screen", "$ vi\x1b[?1049h\x1b[4;1H:!rm", ":!rm"},
		{"scrolling region", "\x1b[1;2ra\r\nb\r\nc\x1b[r\x1b[4;1Hz", "z"},
		{"repeated", "$ a\x1b[3b", "$ aaaa"},
		{"colours and titles", "\x1b]0;t\x07\x1b[1m$\x1b[m ls", "$ ls"},
		{"tab", "a\tb", "a       b"},
		{"marks and joiners take no cell", "か\u3099x\u200by", "かxy"},
	} {
		g := NewGrid(10, 4)
		g.Feed([]byte(c.out))
		if l := g.Line(GridMark{}); !l.Known || l.Text != c.want || l.Marked {
			t.Errorf("%s: %+v, want %q", c.name, l, c.want)
		}
	}
}

// TestGridMarks: the part behind the prompt is known until the prompt is no longer where it was.
func TestGridMarks(t *testing.T) {
	for name, c := range map[string]struct {
		more, want string
		marked     bool
	}{
		"typed":                 {"ls", "ls", true},
		"typed over rows":       {"12345678901234", "12345678901234", true},
		"drawn anew":            {"ls\r$ cd\x1b[K", "cd", true},
		"scrolled by a line":    {"12345678\r\n\r\n\r\n\r\n\r\n", "", false},
		"another prompt":        {"\r? cd", "", false},
		"the screen is cleared": {"\x1b[H\x1b[2J$ cd", "", false},
		"another screen":        {"\x1b[?1049h$ cd", "", false},
	} {
		g := NewGrid(10, 4)
		g.Feed([]byte("a\r\nb\r\n$ "))
		m := g.Mark()
		g.Feed([]byte(c.more))
		if l := g.Line(m); l.Marked != c.marked || l.After != c.want {
			t.Errorf("%s: %+v", name, l)
		}
	}
	g := NewGrid(10, 4)
	m := g.Mark()
	g.Feed([]byte("ls"))
	if g.Line(m).Marked {
		t.Error("a line without a prompt is taken to begin at its first key")
	}
}

// TestGridSaysWhatItDoesNotKnow: a line that left the screen, a sequence or character that is not complete, no size.
func TestGridSaysWhatItDoesNotKnow(t *testing.T) {
	for name, out := range map[string]string{"longer than the screen": strings.Repeat("x", 60), "in a sequence": "$ ls\x1b[3", "in a character": "$ l\xe7\xb5"} {
		g := NewGrid(10, 4)
		g.Feed([]byte(out))
		if g.Line(GridMark{}).Known {
			t.Errorf("%s is known", name)
		}
	}
	for _, size := range [][2]int{{0, 0}, {80, 0}, {-1, 24}, {1000, 1000}} {
		g := NewGrid(size[0], size[1])
		g.Feed([]byte("x"))
		if g.Line(g.Mark()).Known {
			t.Errorf("%v is followed", size)
		}
	}
}

// FuzzGrid: no output and no size breaks the screen, and the line stays within its bounds.
func FuzzGrid(f *testing.F) {
	f.Add([]byte("$ 給与\x1b[?1049h\x1b[2;3r\x1bM\x1b[99L\x1b[5@"), uint8(10), uint8(4))
	f.Add([]byte("\x1b[6n\x1b[?6h\x1b[3;2r\x1b[1;1H\x1bc給"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, out []byte, cols, rows uint8) {
		g := NewGrid(int(cols), int(rows))
		half := len(out) / 2
		g.Feed(out[:half])
		m := g.Mark()
		g.Resize(int(rows), int(cols))
		g.Feed(out[half:])
		l := g.Line(m)
		if l.Known && len(l.Text) > mostLine || l.Marked && !strings.HasSuffix(l.Text, l.After) {
			t.Errorf("%+v", l)
		}
	})
}

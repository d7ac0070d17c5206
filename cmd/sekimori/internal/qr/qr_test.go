package qr

import (
	"strings"
	"testing"
)

// The drawn code is read back module by module, and fits a terminal of 80 by 24 with two rows to spare.
func TestACodeIsDrawnWholeAndFitsTheScreen(t *testing.T) {
	text := "otpauth://totp/Sekimori:a.name-of-16-chr?issuer=Sekimori&secret=" + strings.Repeat("ABCDEFGH", 4)
	lines, width, err := Lines(text)
	if err != nil {
		t.Fatal(err)
	}
	dark, size, err := modules(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 22 || width > 80 {
		t.Errorf("%d lines of %d columns", len(lines), width)
	}
	n := 0
	for row, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, darkOnLight), reset)
		for column, r := range []rune(line) {
			x, y := column-margin, 2*row-margin
			upper, lower := r == '▀' || r == '█', r == '▄' || r == '█'
			if upper != dark(x, y) || lower != dark(x, y+1) {
				t.Fatalf("module %d,%d is drawn as %q", x, y, r)
			}
			if upper {
				n++
			}
		}
		if got := len([]rune(line)); got != width || width != size+2*margin {
			t.Errorf("line %d has %d columns, not %d", row, got, width)
		}
	}
	if n < size*size/8 {
		t.Errorf("only %d dark modules", n)
	}
}

func TestATextThatIsTooLongIsAnError(t *testing.T) {
	if _, _, err := Lines(strings.Repeat("x", 5000)); err == nil {
		t.Error("drawn")
	}
}

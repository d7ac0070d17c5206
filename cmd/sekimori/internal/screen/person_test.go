package screen

import "testing"

// A person's name gives way in a narrow column, the id stays.
func TestAShortenedPersonKeepsTheID(t *testing.T) {
	for _, c := range []struct {
		cell, want string
		width      int
	}{
		{"人事課長 佐藤 花子 (U-011)", "人事課長… (U-011)", 18},
		{"人事課長 佐藤 花子 (U-011)", "人事課長 佐藤 花子 (U-011)", 40},
		{"人事課長 (U-011)", "U-011", 8},
		{"S-20261130-02 E-0031 R8-0001", "S-20261130-02 E-0031 …", 24},
		{"a reason (of no person at all)", "a reason (o…", 12},
	} {
		if got := cutCell(c.cell, c.width); got != c.want {
			t.Errorf("%q in %d: %q", c.cell, c.width, got)
		}
	}
}

package keys

import (
	"bytes"
	"testing"
)

// TestMarksTellNothing: equal texts of one purpose and one master key have equal marks; any other mark differs.
func TestMarksTellNothing(t *testing.T) {
	t.Parallel()
	one, other := &Ring{master: bytes.Repeat([]byte{1}, MasterSize)}, &Ring{master: bytes.Repeat([]byte{2}, MasterSize)}
	mark := func(r *Ring, purpose, text string) string {
		t.Helper()
		m, err := r.Mark(purpose, text)
		if err != nil || len(m) != 22 {
			t.Fatalf("%q %v", m, err)
		}
		return m
	}
	first := mark(one, "commands", "ls")
	if mark(one, "commands", "ls") != first {
		t.Error("the same text has another mark")
	}
	if mark(one, "commands", "lsof") == first || mark(one, "tables", "ls") == first || mark(other, "commands", "ls") == first {
		t.Error("marks of different texts, purposes or keys are equal")
	}
}

package accounts

import (
	"io"
	"strings"
	"testing"
)

// TestAttackAnAnswerWithoutEnd: no copy goes round the limit of an answer.
func TestAttackAnAnswerWithoutEnd(t *testing.T) {
	over := 0
	for _, l := range []*limited{{most: 10}, {most: 10, over: func() { over++ }}} {
		n, err := io.Copy(l, io.LimitReader(strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20))
		if l.Len() != 10 || !l.full() || l.String() != "xxxxxxxxxx" {
			t.Errorf("%d bytes are kept of %d: %v", l.Len(), n, err)
		}
	}
	if over != 1 {
		t.Errorf("the limit was told %d times", over)
	}
}

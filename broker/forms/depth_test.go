package forms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
)

// TestTextThatNestsWithoutEnd: an engineer's request of brackets alone would keep the parser busy for an hour, or
// take the stack and the broker with it.
func TestTextThatNestsWithoutEnd(t *testing.T) {
	for _, unit := range []string{"[", "[\n", "{a: ", "{a:\n", "- ", "? ", "!a ", "&a ", "- [", "- ? "} {
		text := strings.Repeat(unit, (1<<16)/len(unit))
		begun := time.Now()
		f, top := forms.Read("t.yaml", []byte(text))
		top.Map("system").Get("system").Text()
		var bad *forms.Invalid
		if !errors.As(f.Err(), &bad) || !bad.Has("too-deep") {
			t.Errorf("%q: %v", unit, f.Err())
		} else if p := bad.Problems[0]; p.Line == 0 || p.Column == 0 || len(bad.Problems) != 1 {
			t.Errorf("%q: %+v", unit, bad.Problems)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%q took %s", unit, took)
		}
	}
	// What forms do is far from it.
	f, top := forms.Read("t.yaml", []byte("system: ["+strings.Repeat("{a: [b]}, ", 1000)+"c]\n"))
	top.Map("system")
	if f.Err() != nil {
		t.Error(f.Err())
	}
}

package forms_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/testrun"
)

// hostile are texts of about n bytes that YAML readers are known to choke on.
var hostile = map[string]func(n int) string{
	"newlines in a block scalar": func(n int) string { return "a: |\n" + strings.Repeat("\n", n) },
	"newlines within a block":    func(n int) string { return "a: |\n  x\n" + strings.Repeat("\n", n) + "  y\n" },
	"lines of a folded scalar":   func(n int) string { return "a: >\n" + strings.Repeat("\n  b\n", n/5) },
	"newlines in quotes":         func(n int) string { return `a: "` + strings.Repeat("\n", n) + `"` },
	"escapes in quotes":          func(n int) string { return `a: "` + strings.Repeat(`\n`, n/2) + `"` },
	"empty mappings in a list":   func(n int) string { return "a: [" + strings.Repeat("{},", n/3) + "]" },
	"empty mappings bare":        func(n int) string { return strings.Repeat("{}", n/2) },
	"empty mappings on lines":    func(n int) string { return strings.Repeat("- {}\n", n/5) },
	"keys without values":        func(n int) string { return "{" + strings.Repeat("a,", n/2) + "}" },
	"commas":                     func(n int) string { return "[" + strings.Repeat(",", n) + "]" },
	"comments":                   func(n int) string { return "a: b\n" + strings.Repeat("#\n", n/2) + "c: d\n" },
	"a comment on each line":     func(n int) string { return strings.Repeat("- a #b\n", n/7) },
	"a comment above each line":  func(n int) string { return strings.Repeat("#a\n- b\n", n/7) },
	"a plain scalar of lines":    func(n int) string { return "a: b\n" + strings.Repeat(" b\n", n/3) },
	"spaces":                     func(n int) string { return "a: b\n" + strings.Repeat(" ", n) },
	"tabs":                       func(n int) string { return "a:" + strings.Repeat("\t", n) },
	"documents":                  func(n int) string { return strings.Repeat("---\n", n/4) },
	"directives":                 func(n int) string { return strings.Repeat("%A b\n", n/5) + "--- a" },
	"colons":                     func(n int) string { return strings.Repeat(":", n) },
	"unknown keys": func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, "k%d: v\n", i)
		}
		return b.String()
	},
	"ever deeper": func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	},
}

// cost is the processor time and the memory of a reading, the least of three.
func cost(text string) (time.Duration, uint64) {
	least, bytes := time.Hour, uint64(1<<62)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := testrun.CPU()
		form, top := forms.Read("t.yaml", []byte(text))
		m := top.Map("a")
		m.Get("a").Text()
		_ = form.Err()
		took := testrun.CPU() - begun
		runtime.ReadMemStats(&after)
		least, bytes = min(least, took), min(bytes, after.TotalAlloc-before.TotalAlloc)
	}
	return least, bytes
}

// TestAttackFormsThatKeepTheReaderBusy: 64 kB of newlines in a block scalar cost 30 s of CPU, 256 kB of "{}" 38 s and 607 MB. Now four
// times the text costs at most about four times the time and memory, and the largest form stays cheap.
func TestAttackFormsThatKeepTheReaderBusy(t *testing.T) {
	for name, text := range hostile {
		small, smallBytes := cost(text(1 << 15))
		large, largeBytes := cost(text(1 << 17))
		most, mostBytes := cost(text(forms.MaxSize - 16))
		t.Logf("%-28s %8s %5d kB   %8s %6d kB   most %8s %6d kB", name, small.Round(time.Microsecond), smallBytes>>10, large.Round(time.Microsecond), largeBytes>>10, most.Round(time.Microsecond), mostBytes>>10)
		// Memory is counted and does not depend on the machine's load; quadratic cost would be sixteen times as much.
		if largeBytes > 8*smallBytes+1<<20 {
			t.Errorf("%s: four times the text takes %d instead of %d bytes", name, largeBytes, smallBytes)
		}
		if large > 10*small+200*time.Millisecond {
			t.Errorf("%s: four times the text takes %s instead of %s", name, large, small)
		}
		if most > 3*time.Second || mostBytes > 200<<20 {
			t.Errorf("%s: the largest takes %s and %d MB", name, most, mostBytes>>20)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, text := range hostile {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			form := []byte(text(1 << 17))
			b.SetBytes(int64(len(form)))
			b.ReportAllocs()
			for b.Loop() {
				forms.Read("t.yaml", form)
			}
		})
	}
}

// TestTextThatNestsWithoutEnd: a request of brackets alone exhausts neither the broker's time nor its stack.
func TestTextThatNestsWithoutEnd(t *testing.T) {
	for unit, deep := range map[string]bool{
		"[": true, "[\n": true, "{a: ": true, "{a:\n": true, "- ": true, "? ": true, "- ? ": true,
		"!a ": false, "&a ": false, "- [": false, // these are not YAML to begin with
	} {
		f, top := forms.Read("t.yaml", []byte(strings.Repeat(unit, (1<<16)/len(unit))))
		top.Map("system").Get("system").Text()
		var bad *forms.Invalid
		if !errors.As(f.Err(), &bad) || deep && !bad.Has("too-deep") {
			t.Errorf("%q: %v", unit, f.Err())
		} else if p := bad.Problems[0]; p.Line == 0 || p.Column == 0 || len(bad.Problems) != 1 {
			t.Errorf("%q: %+v", unit, bad.Problems)
		}
	}
	for _, c := range []struct {
		depth int
		deep  bool
	}{{20, false}, {200, true}} {
		f, _ := forms.Read("t.yaml", []byte("a: "+strings.Repeat("[", c.depth)+strings.Repeat("]", c.depth)))
		if got := f.Err() != nil; got != c.deep {
			t.Errorf("%d deep: %v", c.depth, f.Err())
		}
	}
	// Honest forms stay far below the limit.
	f, top := forms.Read("t.yaml", []byte("system: ["+strings.Repeat("{a: [b]}, ", 1000)+"c]\n"))
	top.Map("system")
	if f.Err() != nil {
		t.Error(f.Err())
	}
}

// Only UTF-8 is accepted and stored.
func TestOnlyUTF8IsRead(t *testing.T) {
	for name, c := range map[string]struct{ text, code, place string }{
		"invalid in a value":   {"name: a\nkind: \"x\xff\"", "not-utf8", "t.yaml:2:9: "},
		"Shift_JIS":            {"name: \x8b\x8b\x97^", "not-utf8", "t.yaml:1:7: "},
		"after Japanese":       {"name: 給与\x80", "not-utf8", "t.yaml:1:9: "},
		"a surrogate in UTF-8": {"name: \xed\xa0\x80", "not-utf8", "t.yaml:1:7: "},
		"UTF-16":               {"\xff\xfen\x00:\x00", "not-utf8", "t.yaml:1:1: "},
		"UTF-16, the other":    {"\xfe\xff\x00n", "not-utf8", "t.yaml:1:1: "},
	} {
		form, _ := forms.Read("t.yaml", []byte(c.text))
		var bad *forms.Invalid
		if !errors.As(form.Err(), &bad) || !bad.Has(c.code) || !strings.HasPrefix(bad.Text("ja"), c.place) {
			t.Errorf("%s: %v", name, form.Err())
		}
	}
	// A byte order mark, which some editors put there, changes nothing.
	form, top := forms.Read("t.yaml", []byte("\ufeffname: 給与\n"))
	if got := top.Map("name").Get("name").Text(); got != "給与" || form.Err() != nil {
		t.Errorf("with a byte order mark: %q, %v", got, form.Err())
	}
}

func TestProblemsAreBounded(t *testing.T) {
	form, top := forms.Read("t.yaml", []byte(hostile["unknown keys"](1<<17)))
	top.Map("name")
	var bad *forms.Invalid
	if !errors.As(form.Err(), &bad) || len(bad.Problems) > 201 || !bad.Has("more-problems") {
		t.Errorf("%d problems", len(bad.Problems))
	}
}

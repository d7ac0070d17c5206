package gate

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":             {},
		"  windows\t ": {"windows"},
		`extend 15m --reason "検証に時間が必要"`: {"extend", "15m", "--reason", "検証に時間が必要"},
		`a 'b c' d\ e`:                    {"a", "b c", "d e"},
		`"a \"b\" \n $HOME" '\n"'`:        {`a "b" \n $HOME`, `\n"`},
		`a"b"'c'd ""`:                     {"abcd", ""},
		"a;b|c&d>e`f`$(g)*?[h]{i,j}~ #k ": {"a;b|c&d>e`f`$(g)*?[h]{i,j}~", "#k"},
		"a\nb":                            {"a", "b"},
	} {
		if got, err := splitWords(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q %v", line, got, err)
		}
	}
	for line, want := range map[string]error{
		`"a`: errUnclosed, `a 'b`: errUnclosed, `a \`: errUnclosed, "\xff": errTooLong,
		strings.Repeat("a", maxCommand): nil, strings.Repeat("a", maxCommand+1): errTooLong,
		strings.Repeat("a ", maxWords): nil, strings.Repeat("a ", maxWords+1): errTooLong,
	} {
		if _, err := splitWords(line); !errors.Is(err, want) {
			t.Errorf("%.20q (%d): %v", line, len(line), err)
		}
	}
}

// FuzzSplitWords holds that quoting a word gives the word back, and that nothing makes it panic.
func FuzzSplitWords(f *testing.F) {
	for _, s := range []string{"", "a b", `"`, `\`, "'", "延長", "a\x1b[31m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = splitWords(s)
		quoted := "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		got, err := splitWords("x " + quoted + " y")
		if err == nil && !slices.Equal(got, []string{"x", s, "y"}) {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}

package text

import (
	"slices"
	"testing"
)

// Printed lines keep the rules of Wrap, and no line begins with a small kana, a mark of repetition or a unit.
func TestWrapPrintKeepsKinsoku(t *testing.T) {
	em := func(r rune) int { return 10 * Width(string(r)) / 2 }
	for _, c := range []struct {
		text string
		room int
		want []string
	}{
		{"サーバーをチェック", 60, []string{"サーバーを", "チェック"}},
		{"ああああっと", 40, []string{"あああ", "あっと"}},
		{"人々は", 10, []string{"人", "々", "は"}}, // nothing else fits
		{"我々人々", 30, []string{"我々", "人々"}},
		{"達成率は100%です", 55, []string{"達成率は", "100%です"}},
		{"検査【済】", 30, []string{"検査", "【済】"}},
		{"一行目\n\n三行目", 100, []string{"一行目", "", "三行目"}},
		{"map-web/root", 45, []string{"map-web/", "root"}},
		{"11:23(2027)", 50, []string{"11:23", "(2027)"}},
		{"MVy3koxMhLFh", 30, []string{"MVy3ko", "xMhLFh"}},
		{"保守要員A(E-0031)", 50, []string{"保守要員A", "(E-0031)"}},
		{"24日(火)09:00(2026-11-24)", 70, []string{"24日(火)09:00", "(2026-11-24)"}},
		{"S-20261124-02", 60, []string{"S-20261124-", "02"}},
		{"hr-db/hrmnt01", 35, []string{"hr-db/", "hrmnt01"}},
		{"abcdefgh", 20, []string{"abcd", "efgh"}},
		{"", 10, []string{""}},
	} {
		if got := WrapPrint(c.text, c.room, em); !slices.Equal(got, c.want) {
			t.Errorf("WrapPrint(%q, %d) = %q, want %q", c.text, c.room, got, c.want)
		}
	}
}

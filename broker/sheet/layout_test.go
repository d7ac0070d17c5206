package sheet

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"sekimori/policy/text"
)

// TestHeadsOfATableStandOverARow: wherever a table begins on a page, its title and heads are followed by its first row there. A row that is taller
// than a third of a page begins on any.
func TestHeadsOfATableStandOverARow(t *testing.T) {
	t.Parallel()
	font, err := gothic()
	if err != nil {
		t.Fatal(err)
	}
	for before := 15; before < 40; before++ {
		s := &Sheet{Name: text.Of("様式", "Form"), Parts: []Part{{Title: text.Of("概要", "Summary")}, {Title: text.Of("個別", "Each"), Table: &Table{Columns: []Column{{Key: "a", Label: text.Of("見出し", "Head"), Kind: Words, Share: 1}}}}}}
		for i := range before {
			s.Parts[0].Fields = append(s.Parts[0].Fields, Field{Column{Key: strconv.Itoa(i), Label: text.Of("項目", "Item")}, Text("x")})
		}
		row := []Cell{Text(strings.Repeat("一行目\n", 4) + "終わり")}
		l := &layout{s: s, lang: "ja", font: font, lost: map[rune]int{}}
		l.place([][][]Cell{nil, {row, row}})
		for no, page := range l.pages {
			has := func(words string) bool {
				return slices.ContainsFunc(page, func(m mark) bool { return m.text == words })
			}
			if has("見出し") != has("終わり") || has("個別") && !has("見出し") {
				t.Errorf("%d fields before, page %d: title %v, heads %v, row %v", before, no+1, has("個別"), has("見出し"), has("終わり"))
			}
		}
	}
}

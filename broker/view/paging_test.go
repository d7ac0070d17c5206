package view

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/store"
)

// The pages of a list that is read whole miss and repeat no row, whatever is added or deleted meanwhile.
func TestPagesOfWhatIsReadWhole(t *testing.T) {
	var all []string
	for i := range 1203 {
		all = append(all, fmt.Sprintf("V-%05d", i*10))
	}
	start := slices.Clone(all)
	var shown []string
	p := Page{}
	for n := 0; ; n++ {
		page, err := pageOf(slices.Clone(all), itself, p)
		if err != nil || page.Total != len(all) || len(page.Items) > 200 {
			t.Fatalf("page %d: %d items of %d, %v", n, len(page.Items), page.Total, err)
		}
		shown = append(shown, page.Items...)
		if p.Next = page.Next; p.Next == "" {
			break
		}
		all = append(all, fmt.Sprintf("V-%05d", n), fmt.Sprintf("V-1%05d", n)) // one on an earlier page, one behind the last
		all = slices.DeleteFunc(all, func(id string) bool { return id == page.Items[199] })
	}
	for _, id := range start {
		if !slices.Contains(shown, id) {
			t.Errorf("%s is left out", id)
		}
	}
	if slices.Sort(shown); len(slices.Compact(slices.Clone(shown))) != len(shown) {
		t.Error("something is shown twice")
	}
	if _, err := pageOf(start, itself, Page{Next: "%"}); !errors.Is(err, store.ErrBadPage) {
		t.Errorf("a page that none gave out: %v", err)
	}
	if page, err := pageOf([]string(nil), itself, Page{}); err != nil || page.Items == nil && page.Total != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestInstantsSortAsText(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, pair := range [][2]time.Time{{{}, at}, {at, at.Add(time.Millisecond)}, {at, at.AddDate(500, 0, 0)}} {
		if oldestFirst(pair[0]) >= oldestFirst(pair[1]) || newestFirst(pair[0]) <= newestFirst(pair[1]) {
			t.Errorf("%v does not sort before %v", pair[0], pair[1])
		}
	}
}

package view

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// listRead lists rows that are read whole, because they are few or computed, in the order of their keys. A page begins
// behind the last key of the page before, so additions neither repeat nor hide a row.
func listRead[R, V any](ctx context.Context, v *Views, p Page, read func(*store.Snap) ([]R, error), view func(R) V, key func(V) string) (api.List[V], error) {
	var rows []R
	err := v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		rows, err = read(s)
		return err
	})
	if err != nil {
		return api.List[V]{}, err
	}
	return pageOf(Each(rows, view), key, p)
}

// pageOf cuts a page out of a list. Keys are unique.
func pageOf[V any](all []V, key func(V) string, p Page) (api.List[V], error) {
	slices.SortStableFunc(all, func(a, b V) int { return strings.Compare(key(a), key(b)) })
	out := api.List[V]{Total: len(all)}
	if p.Next != "" {
		after, err := base64.RawURLEncoding.DecodeString(p.Next)
		if err != nil {
			return out, store.ErrBadPage
		}
		i := slices.IndexFunc(all, func(v V) bool { return key(v) > string(after) })
		if i < 0 {
			i = len(all)
		}
		all = all[i:]
	}
	size := api.PageItems
	if p.Limit > 0 {
		size = min(p.Limit, api.MostItems)
	}
	if len(all) > size {
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(key(all[size-1])))
		all = all[:size]
	}
	out.Items = all
	return out, nil
}

// oldestFirst and newestFirst write an instant so that its text sorts in that order.
func oldestFirst(t time.Time) string { return fmt.Sprintf("%020d", max(t.UnixMilli(), 0)) }

func newestFirst(t time.Time) string {
	return fmt.Sprintf("%020d", math.MaxInt64-max(t.UnixMilli(), 0))
}

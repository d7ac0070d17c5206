package view

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// ReviewsByRank is the value of ?order= for RankedReviews.
const ReviewsByRank = "rank"

// mostRanked bounds the owed reviews of which one list computes the reasons.
const mostRanked = 1000

// RankedReviews lists the owed reviews by the sum of the weights of their reasons, the heaviest first; of the same sum the earliest due comes
// first. Each item says its reasons with their weights. The look is ledgered as that of the list (L1).
func (v *Views) RankedReviews(ctx context.Context, by Reader, f ReviewsAsked, p Page) (api.List[api.Review], error) {
	if err := v.Looked(ctx, by, "review.listed", []string{by.ID}, map[string]any{"unsigned": true, "system": f.System, "auditor": f.Auditor}); err != nil {
		return api.List[api.Review]{}, err
	}
	sight := policy.SeeRecords(by.Person)
	var all []api.Review
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.ReviewPage(store.ReviewFilter{Sight: &sight, Unsigned: true, System: f.System, Auditor: f.Auditor}, store.Page{Limit: mostRanked})
		if err != nil {
			return err
		}
		all = Each(page.Rows, func(r store.Review) api.Review {
			one, _, failed := v.review(s, r)
			err = errors.Join(err, failed)
			if r.Auditor == "" {
				one.Offers = review.OnReview.Offers(s, by.Person, r.ID)
			}
			return one
		})
		return err
	})
	if err != nil {
		return api.List[api.Review]{}, err
	}
	return pageOf(all, func(r api.Review) string { return rankKey(r.Score, oldestFirst(r.Due), r.ID) }, p)
}

// rankKey sorts the heaviest first.
func rankKey(score int, due, id string) string {
	return fmt.Sprintf("%06d %s %s", 999999-score, due, id)
}

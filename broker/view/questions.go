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

// Questions lists the questions of reviews that the person is asked: those that wait for an answer first, the earliest date on top. It leaves
// no entry.
func (v *Views) Questions(ctx context.Context, by Reader, p Page) (out api.List[api.Question], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.QuestionPage(store.QuestionFilter{Of: by.Person}, p)
		if err != nil {
			return err
		}
		out = listed(page, func(q store.ReviewQuestion) api.Question {
			r, failed := s.Review(q.Review)
			err = errors.Join(err, failed)
			return review.Question(q, r, v.o.Zone)
		})
		return err
	})
	return out, err
}

// Question shows the newest question of a review to its addressee. The review is named by its number or by a session that it covers. The look
// is ledgered (L1). Errors: store.ErrNotFound, also for a question that the person is not asked.
func (v *Views) Question(ctx context.Context, by Reader, ref string) (out api.Question, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.ReviewOf(ref)
		if err != nil {
			return err
		}
		q, err := s.LastQuestion(r.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if sees = policy.SeesQuestion(by.Person, q.Rules()); err != nil || !sees {
			return err
		}
		out = review.Question(q, r, v.o.Zone)
		out.Offers = review.OnReview.Offers(s, by.Person, r.ID)
		return nil
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "question", ref)
	}
	if err == nil {
		err = v.Looked(ctx, by, "review.question-viewed", []string{out.Review, by.ID}, map[string]string{"review": out.Review, "question": out.ID})
	}
	if err != nil {
		return api.Question{}, err
	}
	return out, nil
}

// asked is the duty to answer, of one who is asked.
func asked(s *store.Snap, p policy.Person) ([]api.Todo, error) {
	page, err := s.QuestionPage(store.QuestionFilter{Of: p, Open: true}, store.Page{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	if page.Total == 0 {
		return nil, nil
	}
	first := page.Rows[0]
	todo := api.Todo{Duty: string(policy.DutyAnswer), Count: page.Total, By: first.AnswerBy}
	if !s.Now.Before(first.AnswerBy) {
		todo.Overdue = 1
	}
	return []api.Todo{todo}, nil
}

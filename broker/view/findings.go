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

// Findings lists the findings that the person sees or is to answer: those that are not closed first, the earliest date on top.
func (v *Views) Findings(ctx context.Context, by Reader, p Page) (out api.List[api.ReviewFinding], err error) {
	sight := policy.SeeFindings(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.FindingPage(store.FindingFilter{Sight: &sight, Of: &by.Person}, p)
		if err != nil {
			return err
		}
		out = listed(page, func(f store.ReviewFinding) api.ReviewFinding {
			one, failed := review.Shown(s, f, v.o.Zone)
			err = errors.Join(err, failed)
			return one
		})
		return err
	})
	return out, err
}

// Finding shows a finding to those who see it, and to its owner. The look is ledgered (L1). Errors: store.ErrNotFound, also for a finding that
// the person does not see.
func (v *Views) Finding(ctx context.Context, by Reader, no string) (out api.ReviewFinding, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		f, err := s.Finding(no)
		if err != nil {
			return err
		}
		o, err := s.Owner(f.System, f.Vendor)
		if err != nil {
			return err
		}
		if sees = policy.SeeFindings(by.Person).Sees(o) || policy.SeesQuestion(by.Person, f.Rules()); !sees {
			return nil
		}
		if out, err = review.Shown(s, f, v.o.Zone); err != nil {
			return err
		}
		out.Offers = review.OnFinding.Offers(s, by.Person, no)
		return nil
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "finding", no)
	}
	if err == nil {
		err = v.Looked(ctx, by, "finding.viewed", []string{out.No, out.Review, by.ID}, map[string]string{"finding_no": out.No, "review": out.Review})
	}
	if err != nil {
		return api.ReviewFinding{}, err
	}
	return out, nil
}

// OwnFindings lists the findings that wait for the person's answer, the earliest date first. It leaves no entry.
func (v *Views) OwnFindings(ctx context.Context, by Reader) (all []api.Todo, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		all, err = toCorrect(s, by.Person)
		return err
	})
	return all, err
}

// toCorrect is the duty to answer findings, of their owner.
func toCorrect(s *store.Snap, p policy.Person) ([]api.Todo, error) {
	sight := policy.Sight{}
	page, err := s.FindingPage(store.FindingFilter{Sight: &sight, Of: &p, Own: true, Unanswered: true}, store.Page{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	if page.Total == 0 {
		return nil, nil
	}
	first := page.Rows[0]
	todo := api.Todo{Duty: string(policy.DutyCorrect), Count: page.Total, By: first.Due}
	if !s.Now.Before(first.Due) {
		todo.Overdue = 1
	}
	return []api.Todo{todo}, nil
}

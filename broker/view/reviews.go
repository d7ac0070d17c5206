package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// ReviewsAsked narrows Reviews. Zero fields do not narrow.
type ReviewsAsked struct {
	Unsigned bool
	System   string
	Auditor  string
}

// Reviews lists owed reviews first, the earliest due on top; then signed ones.
func (v *Views) Reviews(ctx context.Context, by Reader, f ReviewsAsked, p Page) (out api.List[api.Review], err error) {
	sight := policy.SeeRecords(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.ReviewPage(store.ReviewFilter{Sight: &sight, Unsigned: f.Unsigned, System: f.System, Auditor: f.Auditor}, p)
		if err != nil {
			return err
		}
		out = listed(page, func(r store.Review) api.Review {
			one, _, failed := v.review(s, r)
			err = errors.Join(err, failed)
			if r.Verdict == "" && r.Auditor == "" {
				one.Offers = review.OnReview.Offers(s, by.Person, r.ID)
			}
			return one
		})
		return err
	})
	return out, err
}

// ReviewsLooked is Reviews for a person who opens the list: the look is ledgered (L1).
func (v *Views) ReviewsLooked(ctx context.Context, by Reader, f ReviewsAsked, p Page) (api.List[api.Review], error) {
	if err := v.Looked(ctx, by, "review.listed", []string{by.ID}, map[string]any{"unsigned": f.Unsigned, "system": f.System, "auditor": f.Auditor}); err != nil {
		return api.List[api.Review]{}, err
	}
	return v.Reviews(ctx, by, f, p)
}

// ReviewTotals counts the reviews that the person sees: those whose work ended within a time, or, for the zero time, all that are not signed.
func (v *Views) ReviewTotals(ctx context.Context, by Reader, from, to time.Time) (t store.ReviewTotals, err error) {
	sight := policy.SeeRecords(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		t, err = s.ReviewTotals(store.ReviewFilter{Sight: &sight, From: from, To: to, Unsigned: from.IsZero()})
		return err
	})
	return t, err
}

// NextReview names the review that waits for this auditor and falls due first, beside one; empty: none waits. n counts the auditor's reviews that
// are not signed.
func (v *Views) NextReview(ctx context.Context, by Reader, beside string) (id string, n int, err error) {
	sight := policy.SeeRecords(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		t, err := s.ReviewTotals(store.ReviewFilter{Sight: &sight, Auditor: by.ID, Unsigned: true})
		if err != nil {
			return err
		}
		n = t.All
		page, err := s.ReviewPage(store.ReviewFilter{Sight: &sight, Auditor: by.ID}, Page{Limit: 2})
		if err != nil {
			return err
		}
		for _, r := range page.Rows { // those that wait come first
			if waits := r.Verdict == "" && !r.LeftOut() || !r.Answered.IsZero(); waits && r.ID != beside {
				id = r.ID
				break
			}
		}
		return nil
	})
	return id, n, err
}

// Review shows a review with all that it covers. It is named by its number or by a session that it covers. The look is ledgered (L1).
// Errors: store.ErrNotFound, also for a review that the person does not see.
func (v *Views) Review(ctx context.Context, by Reader, ref string) (out api.Review, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.ReviewOf(ref)
		if err != nil {
			return err
		}
		o, err := s.Owner(r.System, r.Vendor)
		if sees = policy.SeeRecords(by.Person).Sees(o); err != nil || !sees {
			return err
		}
		if out, err = v.wholeReview(s, r); err != nil {
			return err
		}
		out.Offers = review.OnReview.Offers(s, by.Person, r.ID)
		return nil
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "review", ref)
	}
	if err == nil {
		subjects := append([]string{out.ID, by.ID}, out.Sessions[:min(len(out.Sessions), review.MostSubjects)]...)
		err = v.Looked(ctx, by, "review.viewed", subjects, map[string]any{"review": out.ID, "asked": ref})
	}
	if err != nil {
		return api.Review{}, err
	}
	return out, nil
}

// ReviewNow shows a review as an act left it, without an entry about a look.
func (v *Views) ReviewNow(ctx context.Context, ref string) (out api.Review, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.ReviewOf(ref)
		if err != nil {
			return err
		}
		out, err = v.wholeReview(s, r)
		return err
	})
	return out, err
}

// review gives a stored review as the API shows it, and what it covers.
func (v *Views) review(s *store.Snap, r store.Review) (api.Review, review.Work, error) {
	z := v.o.Zone
	out := api.Review{
		ID: r.ID, Window: r.Window, Request: r.Request, System: r.System, Vendor: r.Vendor, Sessions: []string{}, Picks: []api.Pick{},
		State: string(reviewState(r, s.Now)), Auditor: r.Auditor, Created: At(r.Created, z), Due: At(r.Due, z),
		Note: r.Note, Plan: r.Plan, Addressee: r.Addressee, AnswerBy: At(r.AnswerBy, z), SignedBy: r.SignedBy, SignedAt: At(r.SignedAt, z),
	}
	work, err := review.Covered(s, r)
	if err != nil {
		return out, work, err
	}
	for _, one := range work.Sessions {
		out.Sessions = append(out.Sessions, one.ID)
	}
	picks, err := review.Picks(s, r, z)
	if err != nil {
		return out, work, err
	}
	out.Picks = append(out.Picks, picks...)
	rules, err := s.Institution()
	weights, _ := api.PickWeights(rules.ReviewWeights) // what the registry let in is well-formed
	out.Weighed, out.Score = api.Weigh(picks, weights)
	return out, work, err
}

// wholeReview is a review with its sessions, refused attempts, files and earlier reviews.
func (v *Views) wholeReview(s *store.Snap, r store.Review) (api.Review, error) {
	out, work, err := v.review(s, r)
	if err != nil {
		return out, err
	}
	out.Attempts = work.Attempts
	out.Refused = Each(work.Refused, func(one store.Session) api.Session { return Session(one, v.o.Zone) })
	if out.Work, err = v.briefly(s, work.Sessions); err != nil {
		return out, err
	}
	if out.Covered, err = coverage(s, work.Sessions); err != nil {
		return out, err
	}
	if out.Files, err = v.reviewedFiles(s, r); err != nil {
		return out, err
	}
	asked, err := s.ReviewQuestions(r.ID)
	if err != nil {
		return out, err
	}
	for _, q := range asked {
		out.Asked = append(out.Asked, review.Question(q, r, v.o.Zone))
	}
	findings, err := s.FindingsOf(r.ID)
	if err != nil {
		return out, err
	}
	for _, f := range findings {
		out.Findings = append(out.Findings, f.No)
	}
	if out.Compared, err = review.Compare(s, r, out.Files, v.o.Zone); err != nil || !r.BySession {
		return out, err
	}
	before, err := s.SessionReviews(r.Window)
	for _, b := range before {
		out.Before = append(out.Before, api.SessionReview{Session: b.Session, Verdict: b.Verdict, Note: b.Note, SignedBy: b.SignedBy, SignedAt: At(b.SignedAt, v.o.Zone)})
	}
	return out, err
}

// reviewedFiles tells what was approved and reported about files.
func (v *Views) reviewedFiles(s *store.Snap, r store.Review) (*api.ReviewedFiles, error) {
	asked, err := s.Request(r.Request)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &api.ReviewedFiles{Allowed: string(asked.Body.Files), Detail: asked.Body.FilesDetail}
	if r.Window == "" {
		return out, nil
	}
	reports, err := s.WorkReports(store.ReportFilter{Window: r.Window})
	if err != nil {
		return nil, err
	}
	corrected := map[string]bool{}
	for _, p := range reports {
		corrected[p.Corrects] = true
	}
	for _, p := range reports {
		if corrected[p.ID] {
			continue
		}
		shown, err := WorkReport(p, v.o.Zone)
		if err != nil {
			return nil, fmt.Errorf("files of %s: %w", p.ID, err)
		}
		out.Reported = append(out.Reported, shown.Content.Files...)
	}
	return out, nil
}

// reviewState is the state shown to people (screens §6).
func reviewState(r store.Review, now time.Time) api.ReviewState {
	switch {
	case !r.Answered.IsZero():
		return api.ReviewAnswered
	case r.Verdict != "":
		return api.ReviewState(r.Verdict)
	case r.LeftOut():
		return api.ReviewLeftOut
	case now.After(r.Due):
		return api.ReviewOverdue
	case r.Auditor != "" && !r.Named:
		return api.ReviewInReview
	}
	return api.ReviewQueued
}

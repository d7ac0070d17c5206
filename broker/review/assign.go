package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// loadSince is how far back the reviews of auditors are counted when a further one is named.
const loadSince = 365 * 24 * time.Hour

// HandingOver is the table of a handover.
var HandingOver = field.Table[api.ReviewHandover]{
	field.Text("auditor", "引き継ぐ相手(点検担当)", "To which auditor", func(b *api.ReviewHandover) *string { return &b.Auditor }).Most(200).
		Need("auditor-required", "引き継ぐ点検担当を入力してください。", "enter the auditor who takes the review over"),
	field.Text("reason", "引き継ぐ理由", "Why", func(b *api.ReviewHandover) *string { return &b.Reason }).Most(2000).
		Need("reason-required", "引き継ぐ理由を入力してください。", "enter why the review is handed over"),
}

// name names the auditor of a new item and appends the entry. An item that no auditor may review keeps an empty name: the list shows it, and
// its delay is raised like any other.
func name(tx *store.Tx, r store.Review) error {
	on, err := load(tx.Snap, r.ID)
	if err != nil {
		return err
	}
	auditor, err := choose(tx.Snap, on.Subject)
	if err != nil || auditor == "" || auditor == r.Auditor {
		return err
	}
	if err := tx.NameAuditor(r.ID, auditor); err != nil {
		return fmt.Errorf("name the auditor of %s: %w", r.ID, err)
	}
	return entry(tx, "review.assigned", broker, r, map[string]any{"auditor": auditor, "before": r.Auditor, "due": r.Due}, auditor)
}

// nameAgain names another auditor if the named one may not review the work any more: they attended a later session, or lost the role.
func nameAgain(tx *store.Tx, r store.Review) error {
	if r.Auditor != "" {
		p, err := tx.Person(r.Auditor)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("auditor of %s: %w", r.ID, err)
		}
		on, err := load(tx.Snap, r.ID)
		if err != nil || maySign(p.Person, on, tx.Now).Allow {
			return err
		}
	}
	return name(tx, r)
}

// choose asks policy for the auditor of a work. Empty: there is none.
func choose(s *store.Snap, work policy.Subject) (string, error) {
	found, err := s.Persons(store.PersonFilter{Kind: policy.Staff, Role: policy.Auditor})
	if err != nil {
		return "", fmt.Errorf("read auditors: %w", err)
	}
	loads, err := s.AuditorLoads(s.Now.Add(-loadSince))
	if err != nil {
		return "", fmt.Errorf("count reviews of auditors: %w", err)
	}
	people := make([]policy.Person, 0, len(found))
	for _, p := range found {
		people = append(people, p.Person)
	}
	return policy.NameAuditor(people, work, loads, s.Now), nil
}

func mayHand(p policy.Person, on work, now time.Time) policy.Decision {
	return policy.MayHandOverReview(p, on.Subject, on.Review.Auditor, on.Review.Final(), now)
}

// HandOver gives an item to another auditor, who had no part in the work. Errors: *policy.Denied — forbidden for all but the auditor named on
// the item, already-decided; *forms.Invalid for an auditor who does not exist or may not review it.
func (q *Queue) HandOver(ctx context.Context, ref string, in api.ReviewHandover, by act.Caller) error {
	return act.Do(ctx, q.o.Acts, OnReview, hand, ref, by, func(tx *store.Tx, p act.Person, on work) error {
		reason := forms.Printable(in.Reason)
		if policy.Blank(reason) {
			return forms.Wrong("reason", "reason-required", "引き継ぐ理由を入力してください。", "enter why the review is handed over")
		}
		to, err := tx.Person(in.Auditor)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read auditor %q: %w", in.Auditor, err)
		}
		switch d := policy.MaySignReview(to.Person, on.Subject, "", tx.Now); {
		case to.ID == p.ID:
			return forms.Wrong("auditor", "auditor-self", "自分には引き継げません。", "you have the review already")
		case d.Reason == policy.AuditorConflict:
			return forms.Wrong("auditor", "auditor-conflict", "申請者・承認者・立会者・回答した人には引き継げません。別の点検担当を選んでください。",
				"this person requested, approved, attended or answered: choose another auditor")
		case !d.Allow:
			return forms.Wrong("auditor", "auditor-unknown", "点検担当の番号かログイン名を入力してください。", "no such auditor: give the id or the login of an auditor")
		}
		if err := tx.NameAuditor(on.Review.ID, to.ID); err != nil {
			return fmt.Errorf("hand over review %q: %w", ref, err)
		}
		return entry(tx, "review.handed-over", p.By, on.Review, map[string]any{"auditor": to.ID, "before": p.ID, "reason": reason}, to.ID)
	})
}

package annual

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// Correct appends a correction to a final report, whose figures stay as they are. Errors: *policy.Denied; *forms.Invalid.
func (b *Book) Correct(ctx context.Context, id string, in api.ErratumBody, by act.Caller) error {
	return act.Do(ctx, b.acts, OnYear, correct, id, by, func(tx *store.Tx, p act.Person, y year) error {
		e := store.Erratum{No: len(y.errata) + 1, Place: in.Place, Wrong: in.Wrong, Correct: in.Correct, Reason: in.Reason, By: p.ID}
		if err := tx.AddErratum(y.fiscal, e); err != nil {
			return fmt.Errorf("store correction: %w", err)
		}
		return entry(tx, "annual.corrected", p.By, y, map[string]any{"no": e.No, "place": e.Place, "wrong": e.Wrong, "correct": e.Correct, "reason": e.Reason})
	})
}

// Opinion enters an opinion of the council, and a response where there is one already. The council may speak before the report is final
// and after. Errors: *policy.Denied; *forms.Invalid.
func (b *Book) Opinion(ctx context.Context, id string, in api.OpinionBody, by act.Caller) error {
	return act.Do(ctx, b.acts, OnYear, opinion, id, by, func(tx *store.Tx, p act.Person, y year) error {
		if in.SaidOn > tx.Now.In(tx.Zone()).Format("2006-01-02") {
			return forms.Wrong("said_on", "in-the-future", "審議会の日がまだ来ていません。", "the day of the meeting is yet to come")
		}
		o := store.Opinion{No: len(y.opinions) + 1, SaidOn: in.SaidOn, Opinion: in.Opinion, By: p.ID}
		if err := tx.AddOpinion(y.fiscal, o); err != nil {
			return fmt.Errorf("store opinion: %w", err)
		}
		if err := entry(tx, "council.opinion", p.By, y, map[string]any{"no": o.No, "said_on": o.SaidOn, "opinion": o.Opinion}); err != nil || in.Response == "" {
			return err
		}
		return response(tx, p, y, o, in.Response)
	})
}

// Respond enters a response to an opinion. Errors: *policy.Denied; *forms.Invalid if there is no such opinion.
func (b *Book) Respond(ctx context.Context, id string, in api.ResponseBody, by act.Caller) error {
	return act.Do(ctx, b.acts, OnYear, respond, id, by, func(tx *store.Tx, p act.Person, y year) error {
		if in.No < 1 || in.No > len(y.opinions) {
			return forms.Wrong("no", "no-opinion", "その番号の意見はありません。", "there is no opinion of this number")
		}
		of := y.opinions[in.No-1]
		if len(of.Responses) >= most {
			return full()
		}
		return response(tx, p, y, of, in.Response)
	})
}

func response(tx *store.Tx, p act.Person, y year, to store.Opinion, words string) error {
	if err := tx.AddResponse(y.fiscal, to.No, len(to.Responses)+1, p.ID, words); err != nil {
		return fmt.Errorf("store response: %w", err)
	}
	return entry(tx, "council.response", p.By, y, map[string]any{"no": to.No, "response": words})
}

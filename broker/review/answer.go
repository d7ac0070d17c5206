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

// longestAnswer bounds an answer, in characters.
const longestAnswer = 4000

// Answering is the table of an answer.
var Answering = field.Table[api.QuestionAnswer]{
	field.Text("answer", "回答", "Answer", func(b *api.QuestionAnswer) *string { return &b.Answer }).Most(longestAnswer).
		Need("answer-required", "回答を入力してください。", "enter the answer"),
}

// AnswerName is the name of the act among offers.
const AnswerName = "answer"

var answer = act.Act[work]{
	Spec: act.Spec{Name: AnswerName, Path: api.Reviews.Pattern("id", AnswerName), Command: "review answer", Operands: "ID", JA: "点検からの質問に回答する(記録されます)", EN: "answer the question of a review; it is ledgered",
		Fields: Answering, Callers: act.Everyone()},
	May: mayAnswer, Refused: refused,
}

func mayAnswer(p policy.Person, on work, now time.Time) policy.Decision {
	return policy.MayAnswerQuestion(p, on.Question.Rules(), now)
}

// Answer stores the addressee's answer to the question of a review, and gives the question with it. Errors: *policy.Denied — forbidden,
// already-decided; *forms.Invalid for an answer without text.
func (q *Queue) Answer(ctx context.Context, ref string, in api.QuestionAnswer, by act.Caller) (api.Question, error) {
	return act.Run(ctx, q.o.Acts, OnReview, answer, ref, by, func(tx *store.Tx, p act.Person, on work) (api.Question, error) {
		said := forms.Printable(in.Answer)
		if policy.Blank(in.Answer) {
			return api.Question{}, forms.Wrong("answer", "answer-required", "回答を入力してください。", "enter the answer")
		}
		switch err := tx.AnswerQuestion(on.Question, p.ID, said); {
		case errors.Is(err, store.ErrNotFound):
			return api.Question{}, alreadySigned(ref)
		case err != nil:
			return api.Question{}, fmt.Errorf("answer question %s: %w", on.Question.ID, err)
		}
		err := entry(tx, "review.answered", p.By, on.Review, map[string]any{"question": on.Question.ID, "addressee": on.Question.Addressee, "answer": said})
		if err != nil {
			return api.Question{}, err
		}
		done := on.Question
		done.Answer, done.AnsweredBy, done.AnsweredAt = said, p.ID, tx.Now
		return Question(done, on.Review, q.o.Zone), nil
	})
}

// Question gives a stored question of a review as the API shows it.
func Question(v store.ReviewQuestion, of store.Review, zone *time.Location) api.Question {
	in := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.In(zone)
	}
	return api.Question{ID: v.ID, Review: v.Review, Window: of.Window, System: of.System, Question: v.Question, Addressee: v.Addressee, AnswerBy: in(v.AnswerBy), AskedAt: in(v.AskedAt),
		Answer: v.Answer, AnsweredBy: v.AnsweredBy, AnsweredAt: in(v.AnsweredAt), ClosedAt: in(v.ClosedAt), Open: v.Open()}
}

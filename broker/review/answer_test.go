package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

func TestAnsweringHoldsItsBody(t *testing.T) { fieldtest.Holds(t, review.Answering) }

// asked is a window's work whose review asks someone.
func asked(t *testing.T, addressee string) *world {
	w := opened(t)
	w.end(w.s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	w.want("asked", w.ask(addressee), "")
	return w
}

func (w *world) ask(addressee string) error {
	return w.sign(w.s.ID, api.SignBody{Verdict: api.ReviewQuestion, Note: "なぜ二回", Addressee: addressee, AnswerBy: w.h.Now().AddDate(0, 0, 3).Format(time.DateOnly)}, "mori")
}

func (w *world) answer(text, by string) error {
	_, err := w.q.Answer(w.Context(), w.s.Window, api.QuestionAnswer{Answer: text}, townhall.Caller(by))
	return err
}

func (w *world) questions() (all []store.ReviewQuestion) {
	w.Helper()
	if err := w.h.DB.Read(w.Context(), func(s *store.Snap) (err error) { all, err = s.ReviewQuestions(w.s.Window); return err }); err != nil {
		w.Fatal(err)
	}
	return all
}

// The addressee answers, once. The auditor reads the answer, asks again or signs for good, and then no answer is taken any more.
func TestTheAddresseeAnswersTheQuestionOfAReview(t *testing.T) {
	w := opened(t)
	w.end(w.s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	w.want("before a question", w.answer("二度目は確認", "E-0031"), "forbidden")
	w.want("asked", w.ask("sato"), "")
	for _, by := range []string{"mori", "kato", "head", "kimura"} {
		w.want("answered by "+by, w.answer("x", by), "forbidden")
	}
	for _, empty := range []string{"", " \n", "\u200b"} {
		w.code("an empty answer", w.answer(empty, "E-0031"), "answer-required")
	}
	w.code("an answer without end", review.Answering.Valid(&api.QuestionAnswer{Answer: strings.Repeat("あ", 4001)}), "too-long")
	w.want("answered", w.answer("一度目は切れました\x1b[2J", "E-0031"), "")
	w.want("answered twice", w.answer("やはり違います", "E-0031"), "already-decided")
	if q := w.questions(); len(q) != 1 || q[0].Answer == "" || strings.Contains(q[0].Answer, "\x1b") || q[0].AnsweredBy != "E-0031" || !q[0].AnsweredAt.Equal(w.h.Now()) {
		t.Errorf("%+v", q)
	}
	if r := w.owed(w.s.ID); r.Answered.IsZero() || r.Verdict != "question" {
		t.Errorf("%+v", r)
	}
	if kinds := w.h.Kinds(t, w.s.ID); !slices.Contains(kinds, "review.answered") {
		t.Errorf("the ledger tells %v", kinds)
	}

	w.want("asked again", w.ask("人事課"), "")
	if r := w.owed(w.s.ID); !r.Answered.IsZero() {
		t.Errorf("a further question is answered already: %+v", r)
	}
	w.want("the first addressee", w.answer("x", "E-0031"), "forbidden")
	w.code("signed without an answer and without a reason", w.sign(w.s.ID, ok, "mori"), "reason-required")
	w.want("signed for good", w.sign(w.s.ID, api.SignBody{Verdict: api.ReviewOK, Note: "課に電話で確かめた"}, "mori"), "")
	w.want("answered after it", w.answer("遅れました", "kato"), "already-decided")
	w.want("signed after it", w.sign(w.s.ID, ok, "mori"), "already-decided")
	if q := w.questions(); len(q) != 2 || q[1].ID != w.s.Window+"-Q2" || q[1].Answer != "" || q[1].ClosedAt.IsZero() {
		t.Errorf("%+v", q)
	}
}

// A question to a section or to the vendor is answered by one of its people, and by no one of another.
func TestASectionOrAVendorAnswers(t *testing.T) {
	for addressee, c := range map[string]struct{ other, one string }{
		"人事課":   {"E-0031", "head"},
		"V-012": {"head", "E-0031"},
	} {
		w := asked(t, addressee)
		w.want(addressee+" by "+c.other, w.answer("x", c.other), "forbidden")
		w.want(addressee+" by "+c.one, w.answer("確認のため", c.one), "")
		w.want("then appropriate", w.sign(w.s.ID, ok, "mori"), "")
	}
}

// A window whose review asks can be taken over by another auditor, so that a question does not wait for one who left.
func TestAReviewThatAsksIsTakenOver(t *testing.T) {
	w := asked(t, "sato")
	act(t, w.h, func(tx *store.Tx) error { return tx.TakeReview(w.s.Window, "ito") })
	w.want("signed by another", w.sign(w.s.ID, ok, "mori"), "forbidden")
	w.want("taken over", w.q.Take(t.Context(), w.s.ID, townhall.Caller("mori")), "")
	w.want("answered", w.answer("確認", "E-0031"), "")
	w.want("signed", w.sign(w.s.ID, ok, "mori"), "")
}

// An auditor who gave the answer to another auditor's question had a part in the matter: the review is neither taken over nor signed by them.
func TestAttackAnAuditorJudgesTheOwnAnswer(t *testing.T) {
	w := opened(t)
	act(t, w.h, func(tx *store.Tx) error {
		second, err := tx.Person("mori")
		if err != nil {
			return err
		}
		second.ID, second.Login, second.Name = "ono", "ono", "点検担当二"
		return tx.PutPerson(second)
	})
	w.end(w.s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	w.want("asked", w.ask("ono"), "")
	w.want("answered", w.answer("問題ない", "ono"), "")
	w.want("taken over", w.q.Take(t.Context(), w.s.ID, townhall.Caller("ono")), "auditor-conflict")
	w.want("signed", w.sign(w.s.ID, ok, "ono"), "auditor-conflict")
	w.want("asked again", w.ask("sato"), "")
	w.want("signed after a further question", w.sign(w.s.ID, ok, "ono"), "auditor-conflict")
	w.want("signed by the one who asked", w.sign(w.s.ID, api.SignBody{Verdict: api.ReviewOK, Note: "確かめた"}, "mori"), "")
}

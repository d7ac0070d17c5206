package review_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

func TestFindingsHoldTheirBodies(t *testing.T) {
	fieldtest.Holds(t, review.Correcting)
	fieldtest.Holds(t, review.Verifying)
}

// faulted is a window's work whose review asks the vendor for a correction within three days.
func faulted(t *testing.T, more ...string) *world {
	w := opened(t, more...)
	s := w.s
	s.Recording = "2026/11/" + s.ID + ".skr"
	w.end(s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	by := w.owed(w.s.ID).Auditor
	fix := api.SignBody{Verdict: api.ReviewFix, Note: "共用の鍵を使った", Addressee: "皆さま", AnswerBy: w.h.Now().AddDate(0, 0, 3).Format(time.DateOnly)}
	w.code("fix for no one", w.sign(w.s.ID, fix, by), "addressee-unknown")
	fix.Addressee = by
	w.code("fix for the auditor", w.sign(w.s.ID, fix, by), "addressee-self")
	fix.Addressee = "V-012"
	w.want("fix", w.sign(w.s.ID, fix, by), "")
	return w
}

func (w *world) correct(text, by string) error {
	_, err := w.q.Correct(w.Context(), "F-001", api.FindingCorrection{Correction: text}, townhall.Caller(by))
	return err
}

func (w *world) closes(how, by string) error {
	_, err := w.q.Close(w.Context(), "F-001", api.FindingVerified{Verified: how}, townhall.Caller(by))
	return err
}

// read runs fn on what the store has.
func (w *world) read(fn func(*store.Snap) error) {
	w.Helper()
	if err := w.h.DB.Read(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// TestAFindingIsAnsweredByItsOwnerAndClosedByAnAuditor: each wrong person is refused, each step has its entry, and the recording is held.
func TestAFindingIsAnsweredByItsOwnerAndClosedByAnAuditor(t *testing.T) {
	w := faulted(t)
	w.read(func(s *store.Snap) error {
		f, err := s.Finding("F-001")
		if f.Review != w.s.Window || f.To.Vendor != "V-012" || f.Finding != "共用の鍵を使った" || !f.Open() || f.OpenedBy != "mori" {
			t.Errorf("opened is %+v", f)
		}
		if held, err := s.Held(w.s.ID); err != nil || !held {
			t.Errorf("the recording is held: %v %v", held, err)
		}
		return err
	})
	if m := w.told("finding.opened"); m["finding_no"] != "F-001" || m["finding"] != "共用の鍵を使った" || m["addressee"] != "V-012" {
		t.Errorf("the ledger tells %v", m)
	}
	if m := w.told("recording.held"); m["cause"] != "F-001" {
		t.Errorf("the ledger tells %v", m)
	}
	w.code("closed before an answer", w.closes("見た", "mori"), "not-answered")
	for _, by := range []string{"E-0040", "mori", "kato", "head", "ito", "admin"} {
		w.want("answered by "+by, w.correct("直した", by), "forbidden")
	}
	w.code("a blank answer", w.correct(" \u3000", "E-0031"), "correction-required")
	w.want("answered", w.correct("鍵を替えた", "E-0031"), "")
	w.h.Pass(time.Minute)
	w.want("answered again", w.correct("手順書も改めた", "E-0031"), "")
	for by, reason := range map[string]string{"kato": "auditor-conflict", "head": "auditor-conflict", "ito": "auditor-conflict", "E-0031": "forbidden", "admin": "forbidden", "deputy": "forbidden"} {
		w.want("closed by "+by, w.closes("見た", by), reason)
	}
	w.code("closed without a word", w.closes("", "mori"), "verified-required")
	w.want("closed", w.closes("新しい鍵の台帳を見た", "mori"), "")
	w.want("closed twice", w.closes("見た", "mori"), "already-decided")
	w.want("answered after it", w.correct("もう一度", "E-0031"), "already-decided")
	if kinds := w.h.Kinds(t, "F-001"); !slices.Equal(slices.DeleteFunc(kinds, func(k string) bool { return k == "access.refused" }),
		[]string{"finding.opened", "recording.held", "finding.answered", "finding.answered", "finding.closed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
	w.read(func(s *store.Snap) error {
		got, err := review.Finding(s, "F-001", time.UTC)
		if got.State != api.FindingClosed || len(got.Answers) != 2 || got.Answers[1].Correction != "手順書も改めた" || got.VerifiedBy != "mori" || got.ClosedAt.IsZero() {
			t.Errorf("%+v", got)
		}
		return err
	})
}

// TestAFindingHoldsNoRecordingThatIsDisposedOf: the entry tells which sessions have one left.
func TestAFindingHoldsNoRecordingThatIsDisposedOf(t *testing.T) {
	w := opened(t)
	w.s.Recording = w.s.ID + ".skr"
	w.end(w.s, policy.EndedByEngineer)
	s := w.another()
	s.Recording = s.ID + ".skr"
	w.end(s, policy.EndedByEngineer)
	act(t, w.h, func(tx *store.Tx) error {
		return errors.Join(tx.OrderDisposal(store.Disposal{Session: w.s.ID}), tx.EndDisposal(w.s.ID))
	})
	w.h.Pass(time.Hour)
	by := w.owed(w.s.ID).Auditor
	until := w.h.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	w.want("fix", w.sign(w.s.ID, api.SignBody{Verdict: api.ReviewFix, Note: "鍵", Addressee: "V-012", AnswerBy: until}, by), "")
	if m := w.told("recording.held"); fmt.Sprint(m["sessions"], m["disposed"]) != fmt.Sprint([]string{s.ID}, []string{w.s.ID}) {
		t.Errorf("the ledger tells %v", m)
	}
}

// TestAttackAnAuditorClosesTheFindingThatTheyAnswered: the answer of a section's auditor does not count as its verification.
func TestAttackAnAuditorClosesTheFindingThatTheyAnswered(t *testing.T) {
	w := opened(t, abe)
	w.end(w.s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	until := w.h.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	w.want("fix", w.sign(w.s.ID, api.SignBody{Verdict: api.ReviewFix, Note: "鍵", Addressee: "情報システム課", AnswerBy: until}, "abe"), "")
	w.want("answered by an auditor of the section", w.correct("替えた", "mori"), "")
	w.want("closed by the same", w.closes("見た", "mori"), "auditor-conflict")
	w.want("closed by another", w.closes("見た", "abe"), "")
}

// TestAnOverdueFindingIsFoundUntilItIsAnswered: the answer, and not the closing, ends the reminder.
func TestAnOverdueFindingIsFoundUntilItIsAnswered(t *testing.T) {
	w := faulted(t)
	late := func() (n int) {
		w.read(func(s *store.Snap) error {
			ids, err := s.LateAnswers("x", s.Now.AddDate(0, 0, -30), 10)
			n = len(ids)
			return err
		})
		return n
	}
	if late() != 0 {
		t.Error("late before its date")
	}
	w.h.Pass(5 * 24 * time.Hour)
	if late() != 1 {
		t.Error("not late after its date")
	}
	w.want("answered late", w.correct("鍵を替えた", "E-0031"), "")
	if m := w.told("finding.answered"); m["late"] != true || late() != 0 {
		t.Errorf("after the answer: %v, %d late", m, late())
	}
}

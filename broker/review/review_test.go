package review_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// hall is a hall where everybody in the procedure is an auditor too, and a session under way.
func hall(t *testing.T, more ...string) (*townhall.Hall, *review.Queue, store.Session) {
	t.Helper()
	h := townhall.Open(t)
	h.Apply(t, strings.NewReplacer("roles: [approver]", "roles: [approver, auditor]", "roles: [requester]", "roles: [requester, auditor]",
		"roles: [attendant]", "roles: [attendant, auditor]", "staff:\n", "staff:\n"+strings.Join(more, "")).Replace(townhall.Registry(t)), "admin")
	s := store.Session{State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", Grant: "R8-0001-1-1",
		System: "map", Target: "map-web", Account: "map-web/web", Until: h.Now().Add(time.Hour)}
	act(t, h, func(tx *store.Tx) error {
		id, err := tx.NextSessionNo(tx.Now)
		if err != nil {
			return err
		}
		s.ID, s.Created = id, tx.Now
		w := policy.Window{ID: s.Window, Request: s.Request, System: s.System, Start: tx.Now, End: s.Until, State: policy.WindowPermitted, Attendant: "ito"}
		return errors.Join(
			tx.AddRequest(store.Request{No: s.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: s.System, Vendor: s.Vendor,
				Requester: "kato", Start: w.Start, End: w.End}),
			tx.AddDecision(store.Decision{Request: s.Request, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}),
			tx.AddWindow(store.Window{Window: w}),
			tx.AddGrant(policy.Grant{ID: s.Grant, Person: s.Person, Vendor: s.Vendor, Target: s.Target, Account: s.Account, Window: w,
				Request: s.Request, Files: policy.FilesNone, State: policy.GrantActive}),
			tx.AddSession(s),
		)
	})
	return h, review.New(review.Options{Acts: h.Runner()}), s
}

func act(t *testing.T, h *townhall.Hall, fn func(*store.Tx) error) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// world is a hall with a window's work and the queue.
type world struct {
	*testing.T
	h *townhall.Hall
	q *review.Queue
	s store.Session
}

func opened(t *testing.T, more ...string) *world {
	h, q, s := hall(t, more...)
	return &world{t, h, q, s}
}

func (w *world) sign(ref string, in api.SignBody, by string) error {
	return w.q.Sign(w.Context(), ref, in, townhall.Caller(by))
}

func (w *world) want(what string, err error, reason string) {
	w.Helper()
	if got := townhall.Reason(err); got != reason {
		w.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func (w *world) code(what string, err error, code string) {
	w.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has(code) {
		w.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (w *world) owed(ref string) (r store.Review) {
	w.Helper()
	if err := w.h.DB.Read(w.Context(), func(snap *store.Snap) (err error) { r, err = snap.ReviewOf(ref); return err }); err != nil {
		w.Fatal(err)
	}
	return r
}

// end ends the session with a recording.
func (w *world) end(s store.Session, why policy.Reason) {
	w.Helper()
	s.State, s.Ended, s.Reason, s.Started, s.RecordingSum = store.SessionEnded, w.h.Now(), why, s.Created, "00ff"
	act(w.T, w.h, func(tx *store.Tx) error {
		return errors.Join(tx.UpdateSession(s), review.Owe(tx, s.ID), review.Owe(tx, s.ID))
	})
}

// another begins a further session in the same window.
func (w *world) another() store.Session {
	w.Helper()
	s := w.s
	act(w.T, w.h, func(tx *store.Tx) (err error) {
		if s.ID, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		s.Created = tx.Now
		return tx.AddSession(s)
	})
	return s
}

var ok = api.SignBody{Verdict: api.ReviewOK}

func TestAWindowsWorkIsSignedOnce(t *testing.T) {
	w := opened(t)
	w.code("a session under way", w.sign(w.s.ID, ok, "mori"), "still-live")
	w.end(w.s, policy.EndedByEngineer)
	if r := w.owed(w.s.ID); r.ID != w.s.Window || r.Verdict != "" || r.System != "map" || !r.Due.Equal(w.h.Now().Add(review.DueIn)) {
		t.Fatalf("owed is %+v", r)
	}
	w.code("a window that may still be used", w.sign(w.s.ID, ok, "mori"), "window-open")
	second := w.another()
	w.h.Pass(time.Hour)
	w.code("a second session under way", w.sign(w.s.ID, ok, "mori"), "still-live")
	w.end(second, policy.WindowEnded)
	if r := w.owed(second.ID); r.ID != w.s.Window || !r.Due.Equal(w.h.Now().Add(review.DueIn)) {
		t.Fatalf("with a second session owed is %+v", r)
	}
	for _, by := range []string{"kato", "head", "ito"} {
		w.want("signed by "+by, w.sign(w.s.ID, ok, by), "auditor-conflict")
		w.want("taken by "+by, w.q.Take(t.Context(), w.s.Window, townhall.Caller(by)), "auditor-conflict")
	}
	w.want("signed by no auditor", w.sign(w.s.ID, ok, "deputy"), "forbidden")
	w.want("signed by the engineer", w.sign(w.s.ID, ok, "E-0031"), "forbidden")
	w.want("taken by the engineer", w.q.Take(t.Context(), w.s.ID, townhall.Caller("E-0031")), "forbidden")
	w.want("no such session", w.sign("S-20261124-99", ok, "mori"), `review "S-20261124-99": not found`)
	question := api.SignBody{Verdict: api.ReviewQuestion}
	w.code("question without a reason", w.sign(w.s.ID, question, "mori"), "reason-required")
	question.Note = "手順書と違う"
	w.code("question to no one", w.sign(w.s.ID, question, "mori"), "addressee-required")
	question.Addressee, question.AnswerBy = "V-012", "soon"
	w.code("question without a date", w.sign(w.s.ID, question, "mori"), "answer-by-required")
	question.AnswerBy = w.h.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	w.code("question with a date that is over", w.sign(w.s.ID, question, "mori"), "in-the-past")
	w.code("an unknown verdict", w.sign(w.s.ID, api.SignBody{Verdict: "fine"}, "mori"), "unknown-word")
	question.AnswerBy = w.h.Now().Format(time.DateOnly)
	for words, code := range map[string]string{"皆さま": "addressee-unknown", "kimura": "addressee-unknown", "mori": "addressee-self"} {
		asked := question
		asked.Addressee = words
		w.code("question to "+words, w.sign(w.s.ID, asked, "mori"), code)
	}
	question.Verdict = api.ReviewFix
	w.want("signed", w.sign(second.ID, question, "mori"), "")
	w.want("signed twice", w.sign(w.s.ID, ok, "mori"), "already-decided")
	w.want("taken after it", w.q.Take(t.Context(), w.s.Window, townhall.Caller("mori")), "already-decided")
	if r := w.owed(w.s.ID); r.SignedBy != "mori" || r.Verdict != "fix" || r.Note != "手順書と違う" || r.Addressee != "V-012" {
		t.Errorf("%+v", r)
	}
	kinds := w.h.Kinds(t, w.s.ID)
	if !slices.Contains(kinds, "review.signed") || !slices.Contains(w.h.Kinds(t, second.ID), "review.signed") || !slices.Contains(kinds, "access.refused") {
		t.Errorf("the ledger tells %v", kinds)
	}
}

func TestAReviewIsTakenByAnAuditor(t *testing.T) {
	w := opened(t)
	w.end(w.s, policy.EndedByEngineer)
	w.want("taken", w.q.Take(t.Context(), w.s.ID, townhall.Caller("mori")), "")
	w.want("taken twice", w.q.Take(t.Context(), w.s.ID, townhall.Caller("mori")), "already-decided")
	if r := w.owed(w.s.ID); r.Auditor != "mori" {
		t.Errorf("%+v", r)
	}
	act(t, w.h, func(tx *store.Tx) error { return tx.TakeReview(w.s.Window, "ito") })
	w.h.Pass(time.Hour)
	w.want("signed by another", w.sign(w.s.ID, ok, "mori"), "forbidden")
	w.want("taken over", w.q.Take(t.Context(), w.s.ID, townhall.Caller("mori")), "")
	w.want("signed", w.sign(w.s.ID, ok, "mori"), "")
}

// A session whose end was written after the signature has no reader yet: it is an item of its own.
func TestASessionThatEndedAfterTheSignatureIsReadToo(t *testing.T) {
	w := opened(t)
	w.end(w.s, policy.EndedByEngineer)
	late := w.another()
	act(t, w.h, func(tx *store.Tx) error { return tx.SignReview(w.s.Window, "mori", store.Signature{Verdict: "ok"}) })
	w.end(late, policy.BrokerCrashed)
	if r := w.owed(late.ID); r.ID != late.ID || r.Session != late.ID || r.Window != late.Window || r.Verdict != "" {
		t.Errorf("%+v", r)
	}
	w.h.Pass(time.Hour)
	w.want("by the attendant", w.sign(late.ID, ok, "ito"), "auditor-conflict")
	w.code("appropriate without a reason after a crash", w.sign(late.ID, ok, "mori"), "reason-required")
	w.want("signed", w.sign(late.ID, api.SignBody{Verdict: api.ReviewOK, Note: "計画外の停止"}, "mori"), "")
}

func TestPicksSayWhyWorkStandsOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world)
		want   []api.Pick
	}{
		{"first visit", func(w *world) { w.end(w.s, policy.EndedByEngineer) }, []api.Pick{api.PickFirst}},
		{"cut", func(w *world) { w.end(w.s, policy.CutByAttendant) }, []api.Pick{api.PickFirst, api.PickCut}},
		{"a second session was cut", func(w *world) { w.end(w.s, policy.EndedByEngineer); w.end(w.another(), policy.CutByFreeze) }, []api.Pick{api.PickFirst, api.PickCut}},
		{"nothing recorded", func(w *world) {
			s := w.s
			s.State, s.Ended, s.Reason, s.Started = store.SessionEnded, w.h.Now(), policy.WindowEnded, s.Created
			act(w.T, w.h, func(tx *store.Tx) error { return errors.Join(tx.UpdateSession(s), review.Owe(tx, s.ID)) })
		}, []api.Pick{api.PickFirst, api.PickGap}},
		{"urgent, numbers, files, deputy", func(w *world) {
			w.end(w.s, policy.EndedByEngineer)
			act(w.T, w.h, func(tx *store.Tx) error {
				r, err := tx.Request(w.s.Request)
				r.Body.Urgent, r.Body.IndividualNumber, r.Body.Files = "障害", true, policy.FilesAllowed
				return errors.Join(err, tx.UpdateRequest(r), tx.RaiseOverdue(store.OverdueReport, w.s.ID),
					tx.AddDecision(store.Decision{Request: w.s.Request, Version: 1, Stage: 1, By: "deputy", OnBehalf: "head", Verdict: store.VerdictApprove}))
			})
		}, []api.Pick{api.PickFirst, api.PickNumber, api.PickFiles, api.PickUrgent, api.PickDeputy, api.PickLateReport}},
		{"a login that the ledger does not know", func(w *world) {
			w.end(w.s, policy.EndedByEngineer)
			act(w.T, w.h, func(tx *store.Tx) error {
				_, err := tx.AddUnknownLogin(store.UnknownLogin{Target: "map-web", Said: tx.Now, At: tx.Now, Login: "root", Record: "accepted"})
				return err
			})
		}, []api.Pick{api.PickFirst, api.PickReconcile}},
		{"worked before, wider rights, last time a question", func(w *world) {
			w.verdictBefore("question")
			w.before(func(then, now *store.RequestBody) { then.Accounts, now.Accounts = nil, []string{"map-web/web"} })
		}, []api.Pick{api.PickWider, api.PickFollowUp}},
		{"one command then, a shell now", func(w *world) {
			w.before(func(then, _ *store.RequestBody) { then.ForcedCommand = "uptime" })
		}, []api.Pick{api.PickWider}},
		{"a shell then, one command now", func(w *world) {
			w.before(func(_, now *store.RequestBody) { now.Commands = []string{"uptime"} })
		}, nil},
		{"a forward more", func(w *world) {
			w.before(func(_, now *store.RequestBody) { now.Forwards = []string{"db:5432"} })
		}, []api.Pick{api.PickWider}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := opened(t)
			c.change(w)
			err := w.h.DB.Read(t.Context(), func(s *store.Snap) error {
				r, err := s.ReviewOf(w.s.ID)
				if err != nil {
					return err
				}
				got, err := review.Picks(s, r, time.UTC)
				if !slices.Equal(got, c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// verdictBefore adds an earlier review of the vendor's work.
func (w *world) verdictBefore(verdict string) {
	w.Helper()
	act(w.T, w.h, func(tx *store.Tx) error {
		return errors.Join(tx.AddReview(store.Review{ID: "R8-0000-1", Window: "R8-0000-1", System: w.s.System, Vendor: w.s.Vendor, Due: tx.Now}),
			tx.SignReview("R8-0000-1", "mori", store.Signature{Verdict: verdict}))
	})
}

func TestSigningHoldsItsBody(t *testing.T) { fieldtest.Holds(t, review.Signing) }

// before ends the session, and has earlier work of the same engineer end, whose request and the present one differ by change.
func (w *world) before(change func(then, now *store.RequestBody)) {
	w.h.Pass(time.Second)
	w.end(w.s, policy.EndedByEngineer)
	act(w.T, w.h, func(tx *store.Tx) error {
		before := w.s
		before.ID, before.Request, before.Window, before.Created = "S-20261001-01", "R8-0000", "R8-0000-1", w.s.Created.AddDate(0, -1, 0)
		before.State, before.Started, before.Ended, before.Reason = store.SessionEnded, before.Created, before.Created.Add(time.Minute), policy.EndedByEngineer
		r, err := tx.Request(w.s.Request)
		then := r
		then.No = before.Request
		change(&then.Body, &r.Body)
		return errors.Join(err, tx.UpdateRequest(r), tx.AddRequest(then), tx.AddSession(before))
	})
}

// TestAttackASessionHiddenBehindRefusedAttempts has an engineer knock again and again after the work, so that a review which read the newest sessions and
// attempts together would lose the session that was cut.
func TestAttackASessionHiddenBehindRefusedAttempts(t *testing.T) {
	w := opened(t)
	w.end(w.s, policy.CutByAttendant)
	const attempts = 1100
	act(t, w.h, func(tx *store.Tx) error {
		for i := range attempts {
			one := store.Session{ID: fmt.Sprintf("S-20991231-%04d", i), State: store.SessionRefused, Reason: policy.TooEarly, Person: w.s.Person, Vendor: w.s.Vendor, Window: w.s.Window, Request: w.s.Request, System: w.s.System,
				Created: w.h.Now().Add(time.Duration(i+1) * time.Second)}
			if err := tx.AddSession(one); err != nil {
				return err
			}
		}
		return nil
	})
	if err := w.h.DB.Read(t.Context(), func(s *store.Snap) error {
		r, err := s.ReviewOf(w.s.ID)
		if err != nil {
			return err
		}
		work, err := review.Covered(s, r)
		if err != nil || len(work.Sessions) != 1 || work.Sessions[0].ID != w.s.ID || work.Attempts != attempts || len(work.Refused) != 1000 {
			t.Errorf("%d sessions, %d of %d attempts, %v", len(work.Sessions), len(work.Refused), work.Attempts, err)
		}
		picks, err := review.Picks(s, r, time.UTC)
		if !slices.Contains(picks, api.PickCut) {
			t.Errorf("it stands out by %v", picks)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestAttackTwoVerdictsAtOnce has two auditors sign the same work at the same moment, with opposite judgements. One is the judgement; the other is told that it
// is decided. There is one entry, and no finding of a judgement that did not count.
func TestAttackTwoVerdictsAtOnce(t *testing.T) {
	w := opened(t, abe)
	w.end(w.s, policy.EndedByEngineer)
	w.h.Pass(time.Hour)
	act(t, w.h, func(tx *store.Tx) error { return tx.TakeReview(w.s.Window, "") }) // no one's yet
	tomorrow := w.h.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	fix := api.SignBody{Verdict: api.ReviewFix, Note: "手順にない操作", Addressee: "情報システム課", AnswerBy: tomorrow}
	errs := map[string]error{}
	var all sync.WaitGroup
	var mu sync.Mutex
	for by, in := range map[string]api.SignBody{"mori": ok, "abe": fix} {
		all.Go(func() {
			err := w.sign(w.s.ID, in, by)
			mu.Lock()
			errs[by] = err
			mu.Unlock()
		})
	}
	all.Wait()
	r := w.owed(w.s.ID)
	if (errs["mori"] == nil) == (errs["abe"] == nil) || errs[r.SignedBy] != nil {
		t.Fatalf("mori: %v; abe: %v; signed by %s", errs["mori"], errs["abe"], r.SignedBy)
	}
	signed, opened := w.entries("review.signed"), w.entries("finding.opened")
	if want := map[string]int{"mori": 0, "abe": 1}[r.SignedBy]; len(signed) != 1 || len(opened) != want || signed[0]["verdict"] != r.Verdict {
		t.Errorf("%s: entries %v, findings %v", r.Verdict, signed, opened)
	}
}

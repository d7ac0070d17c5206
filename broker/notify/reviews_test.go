package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// worked is a window of the vendor whose session has ended and whose work is owed a review. sum is the digest of its recording.
func (w *world) worked(sum string) (window string) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		win := policy.Window{ID: "R8-0001-1", Request: "R8-0001", System: "map", Start: tx.Now.Add(-2 * time.Hour), End: tx.Now.Add(-time.Minute), State: policy.WindowPermitted, Attendant: "ito"}
		s := store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Request: win.Request, Window: win.ID, Grant: "R8-0001-1-1", System: "map", Target: "map-web",
			Account: "map-web/web", Created: win.Start, Started: win.Start, Ended: win.End, Until: win.End, Reason: policy.WindowEnded, RecordingSum: sum}
		if err := errors.Join(
			tx.AddRequest(store.Request{No: win.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "map", Vendor: "V-012", Requester: "kato", Start: win.Start, End: win.End}),
			tx.AddDecision(store.Decision{Request: win.Request, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}),
			tx.AddWindow(store.Window{Window: win}),
			tx.AddGrant(policy.Grant{ID: s.Grant, Person: s.Person, Vendor: s.Vendor, Target: s.Target, Account: s.Account, Window: win, Request: s.Request, Files: policy.FilesNone, State: policy.GrantActive}),
			tx.AddSession(s),
			tx.AddReview(store.Review{ID: win.ID, Window: win.ID, Request: win.Request, System: "map", Vendor: "V-012", Due: tx.Now.Add(review.DueIn)}),
		); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID, s.Window, s.Request, s.System, s.Vendor, s.Person},
			Payload: map[string]any{"session_id": s.ID, "request_no": s.Request, "started_at": s.Started, "ended_at": s.Ended, "seconds": 60, "end_cause": policy.WindowEnded, "number": 201}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return "R8-0001-1"
}

// A review that is not signed by its date reaches the auditors, the information-systems section and the section's head, once. One that was
// signed in time reaches no one.
func TestAnOverdueReviewReachesBothDesks(t *testing.T) {
	w := found(t)
	w.worked("sum")
	equal(t, "the end of a session whose recording is whole", w.told())
	if got := w.listed(w.id("mori")); len(got) == 0 || got[0] != "review.queued" {
		t.Errorf("the auditor's list: %v", got)
	}
	w.Pass(review.DueIn - 72*time.Hour)
	equal(t, "three days before its date", w.told(), "mori") // the only auditor
	w.Pass(72*time.Hour - time.Millisecond)
	equal(t, "before its date", w.told())
	w.Pass(time.Millisecond)
	w.all()
	mails := w.mail.took()
	equal(t, "at its date", to(mails), "admin", "deputy", "mori", "head")
	for _, m := range mails {
		if s := m.subject(t); !strings.Contains(s, "R8-0001-1") || !strings.Contains(s, "期限超過") {
			t.Errorf("subject %q", s)
		}
		if !strings.Contains(m.parts["text/plain"], "https://gate.example.jp:8443/reviews") {
			t.Errorf("%s: no link in %s", m.to, m.parts["text/plain"])
		}
	}
	w.Pass(time.Hour)
	equal(t, "once", w.told())

	signed := found(t)
	ref := signed.worked("sum")
	if err := review.New(review.Options{Acts: signed.Runner(), Zone: townhall.Zone}).Sign(t.Context(), ref, api.SignBody{Verdict: api.ReviewOK, Note: "確認した"}, townhall.Caller("mori")); err != nil {
		t.Fatal(err)
	}
	signed.Pass(review.DueIn + time.Hour)
	equal(t, "signed in time", signed.told())
}

// The named auditor is reminded of a review by the system's rule, once for each date. After a handover the new auditor is, and the earlier one is not. A
// review that was signed reminds no one.
func TestAReviewRemindsItsAuditor(t *testing.T) {
	w := found(t)
	ref := w.worked("sum")
	change := func(do func(tx *store.Tx) error) {
		t.Helper()
		if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(townhall.Draft("test.changed"))
			return errors.Join(do(tx), err)
		}); err != nil {
			t.Fatal(err)
		}
	}
	second := w.id("kato")
	change(func(tx *store.Tx) error {
		system, err := tx.System("map")
		system.RemindReviewDays = 2
		p, other := tx.Person(second)
		p.Roles = append(p.Roles, policy.Auditor)
		return errors.Join(err, other, tx.PutSystem(system), tx.PutPerson(p), tx.NameAuditor(ref, w.id("mori")))
	})
	w.told()
	w.Pass(review.DueIn - 48*time.Hour - time.Millisecond)
	equal(t, "more than two days before", w.told())
	w.Pass(time.Millisecond)
	w.all()
	mails := w.mail.took()
	equal(t, "two days before", to(mails), "mori")
	for _, m := range mails {
		if s := m.subject(t); !strings.Contains(s, "点検 "+ref+": 期限が近づいています") {
			t.Errorf("subject %q", s)
		}
		if body := m.parts["text/plain"]; !strings.Contains(body, "点検の期限") || !strings.Contains(body, "/reviews/"+ref) {
			t.Errorf("%s", body)
		}
	}
	w.Pass(time.Hour)
	equal(t, "once", w.told())
	change(func(tx *store.Tx) error { return tx.NameAuditor(ref, second) })
	w.Pass(2 * time.Hour)
	equal(t, "handed over", w.told(), "kato")
	change(func(tx *store.Tx) error { return tx.PutOffReview(ref, tx.Now.Add(72*time.Hour)) })
	equal(t, "put off", w.told())
	w.Pass(24 * time.Hour)
	equal(t, "two days before the later date", w.told(), "kato")

	signed := found(t)
	ref = signed.worked("sum")
	if err := review.New(review.Options{Acts: signed.Runner(), Zone: townhall.Zone}).Sign(t.Context(), ref, api.SignBody{Verdict: api.ReviewOK, Note: "確認した"}, townhall.Caller("mori")); err != nil {
		t.Fatal(err)
	}
	signed.told()
	signed.Pass(review.DueIn - time.Hour)
	equal(t, "signed", signed.told())
}

// The addressee whom the auditor names is told of a question, and again when the date to answer by is over: a section, a person or the
// vendor.
func TestAReviewReachesItsAddressee(t *testing.T) {
	for name, c := range map[string]struct {
		addressee    string
		asked, later []string
	}{
		"a section":                   {"人事課", []string{"head", "kato", "ito", "desk"}, []string{"head", "kato", "mori", "admin", "deputy"}},
		"an engineer":                 {"sato", []string{"sato", "head", "ito", "desk"}, []string{"sato", "head", "mori", "admin", "deputy"}},
		"a person by name":            {"担当", []string{"kato", "head", "ito", "desk"}, []string{"kato", "head", "mori", "admin", "deputy"}},
		"the vendor":                  {"例示システム(株)", []string{"head", "ito", "desk"}, []string{"desk", "head", "mori", "admin", "deputy"}},
		"another section of the hall": {"情報システム課", []string{"admin", "deputy", "head", "ito", "desk"}, []string{"head", "mori", "admin", "deputy"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := found(t)
			ref := w.worked("sum")
			w.told()
			in := api.SignBody{Verdict: api.ReviewQuestion, Note: "再起動の理由", Addressee: c.addressee, AnswerBy: w.Now().In(townhall.Zone).AddDate(0, 0, 3).Format(time.DateOnly)}
			if err := review.New(review.Options{Acts: w.Runner(), Zone: townhall.Zone}).Sign(t.Context(), ref, in, townhall.Caller("mori")); err != nil {
				t.Fatal(err)
			}
			w.all()
			mails := w.mail.took()
			equal(t, "asked", to(mails), c.asked...)
			for _, m := range mails {
				if body := m.parts["text/plain"]; !strings.Contains(body, "再起動の理由") || !strings.Contains(body, "27") {
					t.Errorf("%s lacks grounds or date:\n%s", m.to, body)
				}
				if s := m.subject(t); strings.Contains(s, "再起動") || strings.Contains(s, c.addressee) {
					t.Errorf("subject %q", s)
				}
			}
			w.Pass(3 * 24 * time.Hour)
			equal(t, "on its last day", w.told())
			w.Pass(24 * time.Hour)
			equal(t, "after its last day", w.told(), c.later...)
			equal(t, "once", w.told())
		})
	}
}

// An answer is told to the auditors and stops the notice that it is overdue. A further question has a notice of its own.
func TestAnAnswerReachesTheAuditor(t *testing.T) {
	w := found(t)
	ref := w.worked("sum")
	w.told()
	queue := review.New(review.Options{Acts: w.Runner(), Zone: townhall.Zone})
	ask := func() {
		in := api.SignBody{Verdict: api.ReviewQuestion, Note: "再起動の理由", Addressee: "sato", AnswerBy: w.Now().In(townhall.Zone).AddDate(0, 0, 3).Format(time.DateOnly)}
		if err := queue.Sign(t.Context(), ref, in, townhall.Caller("mori")); err != nil {
			t.Fatal(err)
		}
		w.told()
	}
	ask()
	if _, err := queue.Answer(t.Context(), ref, api.QuestionAnswer{Answer: "設定を読み直すため"}, townhall.Caller("E-0031")); err != nil {
		t.Fatal(err)
	}
	w.all()
	mails := w.mail.took()
	equal(t, "answered", to(mails), "mori")
	for _, m := range mails {
		if body := m.parts["text/plain"]; !strings.Contains(body, "設定を読み直すため") || !strings.Contains(body, "/reviews/"+ref) {
			t.Errorf("%s", body)
		}
		if s := m.subject(t); !strings.Contains(s, "回答あり") || strings.Contains(s, "設定") {
			t.Errorf("subject %q", s)
		}
	}
	w.Pass(4 * 24 * time.Hour)
	equal(t, "after the date, answered", w.told())
	ask()
	w.Pass(4 * 24 * time.Hour)
	equal(t, "a further question", w.told(), "sato", "head", "mori", "admin", "deputy")
	equal(t, "once", w.told())
	ask()
	w.Pass(4 * 24 * time.Hour)
	equal(t, "a third", w.told(), "sato", "head", "mori", "admin", "deputy")
}

// A session that reached its target without a whole recording is told to the auditors, the information-systems section, the administrator
// and the section's head.
func TestAGapInARecordingIsTold(t *testing.T) {
	w := found(t)
	w.worked("")
	w.all()
	mails := w.mail.took()
	equal(t, "a gap", to(mails), "admin", "deputy", "mori", "head")
	for _, m := range mails {
		if s := m.subject(t); !strings.Contains(s, "S-20261124-01") || !strings.Contains(s, "記録に欠け") {
			t.Errorf("subject %q", s)
		}
	}
	equal(t, "once", w.told())
}

// A requester sees that a window has ended, and whether anyone connected; the attendant and the engineer that it ends in ten minutes. These
// stand in the lists on the pages only.
func TestTheEndsOfWindowsAreListed(t *testing.T) {
	w := found(t)
	no := w.approved()
	w.told()
	w.Pass(24*time.Hour + time.Hour)
	equal(t, "its end", w.told())
	if got := w.listed(w.id("kato")); len(got) == 0 || got[0] != "window.unused" {
		t.Errorf("kato's list of %s: %v", no, got)
	}
	used := found(t)
	used.worked("sum")
	equal(t, "its end", used.told())
	if got := used.listed(used.id("kato")); len(got) == 0 || !strings.Contains(strings.Join(got, " "), "window.ended") {
		t.Errorf("kato's list: %v", got)
	}
}

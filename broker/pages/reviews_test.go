package pages

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"sekimori/broker/confirmation"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// worked puts a window on hr with one ended session into the store, and what the end of a session owes.
func (w *world) worked() store.Session {
	w.t.Helper()
	w.planned(policy.RequestApproved, policy.WindowAttended)
	var s store.Session
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		s = store.Session{ID: "S-20261124-02", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", System: "hr", Target: "hr-db",
			Account: "hr-db/hrmnt01", Created: tx.Now, Started: tx.Now, Ended: tx.Now.Add(25 * time.Minute), Reason: policy.CutByAttendant, Recording: "x.skr", RecordingSum: "00ff"}
		_, err := tx.Append(ledger.Draft{Kind: "test.worked", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.AddSession(s), tx.AddDecision(store.Decision{Request: "R8-0001", Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}),
			review.Owe(tx, s.ID), confirmation.Owe(tx, s.ID, time.UTC))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestAnAuditorReviewsAWindowsWork(t *testing.T) {
	w := found(t)
	w.worked()
	b := w.as("mori")
	b.get("/reviews").has(t, "R8-0001-1", "強制切断・異常終了", "点検担当", "点検する", "点検 0/1件(0%)", "点検待ち")
	b.get("/reviews?order=rank&lang=ja").has(t, "突合の相違 9 / 強制切断・異常終了 8 / 初めての保守要員 4(計 21)", "期限の順に並べる")
	b.get("/reviews?lang=en").has(t, "cut or abnormal end", "Review<", "0/1 reviewed (0%)")
	b.get("/reviews/R8-0001-1?lang=ja").has(t, "申請と実際", "S-20261124-02", "[203]", "時間枠が終わってから", "保守要員A(E-0031)", "引き受ける", "引き継ぐ")
	if a := b.post("/reviews/R8-0001-1/take", url.Values{"back": {"/reviews"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.get("/reviews").has(t, "点検中", "点検する")
	w.Pass(3 * time.Hour)
	b = w.as("mori")
	b.get("/reviews/R8-0001-1").has(t, "判定を記録する", `name="verdict"`, `type="date"`)
	a := b.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"ok"}, "back": {"/reviews/R8-0001-1"}})
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("without the reason that a cut needs: %d", a.status)
	}
	a.has(t, "適正とする理由が必要です")
	a = b.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"question"}, "note": {"<b>なぜ二回</b>"}, "back": {"/reviews/R8-0001-1"}})
	a.has(t, "相手が必要です", "&lt;b&gt;")
	until := w.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	a = b.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"question"}, "note": {"なぜ二回"}, "addressee": {"V-012"}, "answer_by": {until}, "back": {"/reviews/R8-0001-1"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.get("/reviews/S-20261124-02").has(t, "要確認", "なぜ二回", "V-012")
	if a := w.as("kato").get("/reviews"); a.status != http.StatusForbidden {
		t.Errorf("the requester: %d", a.status)
	}
	w.as("head").get("/reviews/R8-0001-1").has(t, "要確認")
}

// The engineer whom a review asks finds the question on the portal's first page and answers there; another engineer is not asked and does
// not see it. The auditor finds the answer, and signs for good.
func TestAReviewsQuestionIsAnsweredOnThePortal(t *testing.T) {
	w := found(t)
	w.worked()
	w.Pass(3 * time.Hour)
	mori := w.as("mori")
	until := w.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	sign := func(b *browser, verdict string, more url.Values) int {
		in := url.Values{"verdict": {verdict}, "back": {"/reviews/R8-0001-1"}}
		for k, v := range more {
			in[k] = v
		}
		return b.post("/reviews/R8-0001-1/sign", in).status
	}
	question := url.Values{"note": {"<b>なぜ二回</b>"}, "addressee": {"sato"}, "answer_by": {until}}
	if got := sign(mori, "question", question); got != http.StatusSeeOther {
		t.Fatalf("asked: %d", got)
	}
	mori.get("/reviews/R8-0001-1").has(t, "回答待ち", "もう一度判定する", "&lt;b&gt;なぜ二回")

	for _, other := range []string{"kimura"} {
		b := w.as(other)
		if b.get("/v/").holds("点検からの質問 1件") || b.get("/v/questions").holds("なぜ二回") {
			t.Errorf("%s sees the question", other)
		}
		if a := b.get("/v/reviews/R8-0001-1/answer"); a.status != http.StatusForbidden || a.holds("なぜ二回") {
			t.Errorf("%s opens the form: %d", other, a.status)
		}
		if a := b.post("/v/reviews/R8-0001-1/answer", url.Values{"answer": {"x"}}); a.status != http.StatusForbidden {
			t.Errorf("%s answers: %d", other, a.status)
		}
	}
	if a := w.as("kato").get("/reviews/R8-0001-1/answer"); a.status != http.StatusNotFound {
		t.Errorf("staff who are not asked: %d", a.status)
	}
	sato := w.as("sato")
	sato.get("/v/?lang=en").has(t, "Questions from reviews: 1", "/v/questions")
	sato.get("/v/questions?lang=en").has(t, "Awaiting the answer", "/v/reviews/R8-0001-1/answer")
	sato.get("/v/reviews/R8-0001-1/answer?lang=ja").has(t, "なぜ二回", `<textarea`, `name="answer"`)
	if a := sato.post("/v/reviews/R8-0001-1/answer", url.Values{"answer": {"  "}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty answer: %d", a.status)
	} else {
		a.has(t, "回答を入力してください")
	}
	if a := sato.post("/v/reviews/R8-0001-1/answer", url.Values{"answer": {"一度目は <i>切れました</i>"}}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/v/questions?done=answer" {
		t.Fatalf("answered: %d %s %s", a.status, a.header.Get("Location"), a.body)
	}
	if a := sato.post("/v/reviews/R8-0001-1/answer", url.Values{"answer": {"やはり違います"}}); a.status == http.StatusSeeOther {
		t.Error("answered twice")
	}
	sato.get("/v/questions").has(t, "回答あり", "&lt;i&gt;切れました")
	if sato.get("/v/").holds("点検からの質問 1件") {
		t.Error("the answered question still waits")
	}

	mori = w.as("mori")
	mori.get("/today?lang=en").has(t, "answered: 1")
	mori.get("/reviews?lang=ja").has(t, "回答あり", "点検する")
	mori.get("/reviews/S-20261124-02").has(t, "質問と回答", "&lt;i&gt;切れました", "保守要員A(E-0031)")
	if got := sign(mori, "ok", url.Values{"note": {"回答のとおり"}}); got != http.StatusSeeOther {
		t.Fatalf("signed for good: %d", got)
	}
	a := mori.get("/reviews/R8-0001-1")
	a.has(t, "適正", "切れました")
	if a.holds("もう一度判定する") {
		t.Error("the form stands after the last signature")
	}
	if a := sato.post("/v/reviews/R8-0001-1/answer", url.Values{"answer": {"遅れて"}}); a.status == http.StatusSeeOther {
		t.Error("answered after the last signature")
	}
}

// A section's staff find the question on the day's page.
func TestAReviewsQuestionIsAnsweredByTheSection(t *testing.T) {
	w := found(t)
	w.worked()
	w.Pass(3 * time.Hour)
	until := w.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	if a := w.as("mori").post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"question"}, "note": {"だれの依頼か"}, "addressee": {"人事課"}, "answer_by": {until}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	kato := w.as("kato")
	kato.get("/today").has(t, "点検からの質問 1件", "/questions")
	kato.get("/questions").has(t, "だれの依頼か", "/reviews/R8-0001-1/answer")
	if a := kato.post("/reviews/R8-0001-1/answer", url.Values{"answer": {"課長の依頼"}}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/questions?done=answer" {
		t.Fatalf("%d %s", a.status, a.header.Get("Location"))
	}
	w.as("mori").get("/reviews/R8-0001-1?lang=en").has(t, "Answered", "課長の依頼")
}

func TestTheSectionConfirmsItsDayOnAPage(t *testing.T) {
	w := found(t)
	s := w.worked()
	id := store.DayID(policy.DateOf(s.Created, time.UTC), "hr")
	b := w.as("head")
	b.get("/days").has(t, id, "確認待ち", "人事給与")
	b.get("/days/"+id).has(t, "S-20261124-02", "その日の接続を確認した", "断られた接続", "S-20261124-01")
	w.as("mori").get("/days/"+id).has(t, "S-20261124-02")
	if a := w.as("ito").post("/days/"+id+"/confirm", url.Values{}); a.status != http.StatusForbidden {
		t.Errorf("the attendant: %d", a.status)
	}
	if a := b.post("/days/"+id+"/confirm", url.Values{"note": {"申請のとおり"}, "back": {"/days/" + id}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.get("/days/"+id+"?lang=en").has(t, "Confirmed", "申請のとおり", "Confirmations so far")
}

// A judgement "fix" is a finding: the vendor finds it on the portal and answers there, the head reads it, the auditor closes it. People whom it
// does not concern do not see it.
func TestAFindingIsAnsweredOnThePortalAndClosed(t *testing.T) {
	w := found(t)
	w.worked()
	w.Pass(3 * time.Hour)
	mori := w.as("mori")
	until := w.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	if a := mori.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"fix"}, "note": {"<b>共用の鍵</b>"}, "addressee": {"V-012"}, "answer_by": {until}, "back": {"/reviews/R8-0001-1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	mori.get("/reviews/R8-0001-1").has(t, "是正要", `href="/findings/F-001"`)
	mori.get("/findings?lang=ja").has(t, "指摘 F-001", "指摘対応中", "&lt;b&gt;共用の鍵")
	mori.get("/findings/F-001?lang=en").has(t, "Open", "None so far.")
	w.as("head").get("/findings/F-001?lang=ja").has(t, "指摘対応中", "共用の鍵")
	for _, other := range []string{"kato", "ito"} {
		b := w.as(other)
		if b.get("/findings").holds("F-001") || b.get("/findings/F-001").status != http.StatusNotFound {
			t.Errorf("%s sees the finding", other)
		}
	}
	if b := w.as("kimura"); b.get("/v/findings").holds("F-001") || b.get("/v/findings/F-001").status != http.StatusForbidden {
		t.Error("another vendor sees the finding")
	}
	sato := w.as("sato")
	sato.get("/v/?lang=en").has(t, "Findings that await your correction: 1", "/v/findings")
	sato.get("/v/findings/F-001?lang=ja").has(t, "是正を報告する", "指摘対応中")
	if a := sato.post("/v/findings/F-001/answer", url.Values{"correction": {"鍵を替えました"}}); a.status != http.StatusSeeOther {
		t.Fatalf("answered: %d %s", a.status, a.body)
	}
	if sato.get("/v/?lang=en").holds("await your correction") {
		t.Error("an answered finding still waits")
	}
	mori.get("/findings/F-001?lang=ja").has(t, "是正報告あり", "鍵を替えました", "指摘を完了する")
	if a := mori.post("/findings/F-001/close", url.Values{"verified": {"鍵の台帳を見た"}}); a.status != http.StatusSeeOther {
		t.Fatalf("closed: %d %s", a.status, a.body)
	}
	mori.get("/findings/F-001?lang=ja").has(t, "指摘完了", "確認者", "鍵の台帳を見た")
}

// TestAReviewSaysHowMuchOfTheRecordingsWasSent: before a look nothing; then the merged intervals per person, and a look of which the ledger lacks
// the end. The month's report sums up what the signer was sent; another person's looks do not count there.
func TestAReviewSaysHowMuchOfTheRecordingsWasSent(t *testing.T) {
	w := found(t)
	s := w.worked()
	w.Pass(3 * time.Hour)
	mori := w.as("mori")
	mori.get("/reviews/R8-0001-1?lang=ja").has(t, "操作記録を送った範囲", s.ID+": 0:00 / 25:00 (0%)。まだだれにも送っていません")
	look := func(login, name string, ended bool, intervals ...ledger.Interval) {
		t.Helper()
		id := w.known(login).ID
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			actor := ledger.Actor{Kind: "person", ID: id, Via: "web"}
			_, err := tx.Append(ledger.Draft{Kind: ledger.KindViewed, Actor: actor, Subjects: []string{s.ID, id}, Payload: map[string]string{"look": name, "purpose": "periodic-review"}})
			_, err2 := tx.Append(ledger.Draft{Kind: ledger.KindServed, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID, id},
				Payload: ledger.Served{Look: name, Session: s.ID, Person: id, Length: 1500, Picture: intervals, Ended: ended}})
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look("mori", "a", true, ledger.Interval{0, 600})
	look("mori", "b", true, ledger.Interval{300, 750})
	look("head", "c", false, ledger.Interval{700, 1500})
	mori.get("/reviews/R8-0001-1?lang=ja").has(t, s.ID+": 25:00 / 25:00 (100%)", "12:30 / 25:00 (50%)", "13:20 / 25:00 (53%)、終わりの記載がない閲覧 1件")
	mori.get("/reviews/R8-0001-1?lang=en").has(t, "looks without an end in the ledger: 1", "not necessarily read")

	if a := mori.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"ok"}, "note": {"切断は予定どおり"}, "back": {"/reviews/R8-0001-1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	month, err := w.pages.o.Views.Form(t.Context(), view.Reader{Person: w.known("mori"), Via: "web"}, view.FormAsked{Form: "reviews"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range month.Parts[0].Fields {
		got[f.Key] = f.Text.EN
	}
	if got["recorded_seconds"] != "1500" || got["sent_seconds"] != "750" || got["coverage"] != "50" || got["longest_delay_days"] != "0" {
		t.Errorf("%v", got)
	}
}

// TestAReviewLeadsToTheNextOne: the queue and each review lead to the auditor's own review that falls due first, beside the one that is open; after the
// last there is no such link. A head reads reviews and owes none.
func TestAReviewLeadsToTheNextOne(t *testing.T) {
	t.Parallel()
	w := found(t)
	s := w.worked()
	w.Pass(3 * time.Hour)
	w.put(func(tx *store.Tx) error {
		return errors.Join(tx.AddReview(store.Review{ID: "R8-0002-1", Window: "R8-0001-1", System: "hr", Vendor: "V-012", Auditor: "mori", Named: true, Due: tx.Now.AddDate(0, 0, 30)}),
			tx.AddReview(store.Review{ID: "R8-0003-1", Window: "R8-0001-1", System: "hr", Vendor: "V-012", Auditor: "other", Named: true, Due: tx.Now.AddDate(0, 0, 1)}))
	})
	b := w.as("mori")
	b.get("/reviews?lang=ja").has(t, `href="/reviews/R8-0001-1" accesskey="n"`, "次の点検 R8-0001-1(点検待ち 2件)")
	open := b.get("/reviews/R8-0001-1?lang=en")
	open.has(t, `href="/reviews/R8-0002-1" accesskey="n"`, "Next review R8-0002-1 (2 to review)", `href="#judge" accesskey="j"`, `href="/recordings/`+s.ID+`?purpose=periodic-review" accesskey="p"`)
	b.get("/recordings/"+s.ID+"?purpose=periodic-review").has(t, `value="periodic-review" checked`)
	if a := b.post("/reviews/R8-0001-1/sign", url.Values{"verdict": {"ok"}, "note": {"切断は予定どおり"}, "back": {"/reviews/R8-0001-1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.get("/reviews/R8-0001-1").has(t, `class="button primary" href="/reviews/R8-0002-1" accesskey="n"`)
	if a := b.post("/reviews/R8-0002-1/sign", url.Values{"verdict": {"ok"}, "note": {"切断は予定どおり"}, "back": {"/reviews/R8-0002-1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	b.get("/reviews/R8-0002-1").lacks(t, `accesskey="n"`)
	w.as("head").get("/reviews/R8-0001-1").lacks(t, `accesskey="n"`, `accesskey="j"`)
}

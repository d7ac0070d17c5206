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
	b.get("/reviews").has(t, "R8-0001-1", "強制切断・異常終了", "引き受ける", "点検 0/1件(0%)", "点検待ち")
	b.get("/reviews?lang=en").has(t, "cut or abnormal end", "Take", "0/1 reviewed (0%)")
	b.get("/reviews/R8-0001-1?lang=ja").has(t, "申請と実際", "S-20261124-02", "[203]", "時間枠が終わってから", "保守要員A(E-0031)")
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

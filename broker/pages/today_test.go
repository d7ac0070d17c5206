package pages

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The second approver and the deputy get a link to the decision on what waits for them, and it opens; others get none.
func TestTodayLeadsToTheDecision(t *testing.T) {
	second := found(t)
	second.planned(policy.PendingSecond, policy.WindowScheduled)
	b := second.as("deputy") // of the information-systems section, who approves second
	b.get("/today").has(t, "第二承認待ち 1件", `href="/requests/R8-0001/decide"`, "令和8年度第1号の承認へ", `href="/requests?state=pending-second"`)
	b.get("/requests/R8-0001/decide").has(t, "判断")
	b.get("/requests?state=pending-second").has(t, "/requests/R8-0001")
	if a := second.as("head").get("/today"); a.holds("/requests/R8-0001/decide") {
		t.Error("the head, who decided first, is led to the second decision")
	}

	first := found(t)
	first.planned(policy.PendingFirst, policy.WindowScheduled)
	if a := first.as("ito").get("/today"); a.holds("/decide") {
		t.Error("a person without a part in it is led to a decision")
	}
	if _, err := first.o.Desk.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", From: first.Now(), Until: first.Now().Add(24 * time.Hour), Reason: "出張", SetBy: "head"}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	first.Pass(time.Second)
	b = first.as("ito")
	b.get("/today?lang=en").has(t, "Awaiting your decision: 1", `href="/requests/R8-0001/decide"`, "Decide ")
	b.get("/requests/R8-0001/decide?lang=ja").has(t, "判断", "代決")
}

// Changes of the registry that wait for a second person stand on the first page of the section that confirms them.
func TestTodayTellsOfChangesThatWait(t *testing.T) {
	w := found(t)
	w.put(func(tx *store.Tx) error {
		_, err := tx.AddPendingChange("objects", []byte(`[]`), "admin")
		return err
	})
	w.as("deputy").get("/today").has(t, "登録の変更の確認待ち 1件", `href="/changes"`)
	if a := w.as("kato").get("/today"); a.holds("登録の変更の確認待ち 1件") {
		t.Error("a requester is told")
	}
}

// Where no decision waits, a person who decides is told that, and of the next work.
func TestTodayTellsThatNoDecisionWaits(t *testing.T) {
	w := found(t)
	w.as("head").get("/today").has(t, "承認待ちはありません。")
	w.as("deputy").get("/today?lang=en").has(t, "Nothing awaits your decision.")
	if a := w.as("kato").get("/today"); a.holds("承認待ちはありません。") {
		t.Error("a requester, who decides nothing, is told of decisions")
	}
}

// The day of an auditor says which of their own reviews fall due soon, by the system's rule. Another person's reviews are not among them.
func TestTodaySaysWhichReviewsAreDueSoon(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.worked()
	w.put(func(tx *store.Tx) error { return tx.NameAuditor("R8-0001-1", w.known("mori").ID) })
	if a := w.as("mori").get("/today?lang=ja"); strings.Contains(a.body, "期限が近い") || !strings.Contains(a.body, "点検待ち") {
		t.Error("ten days before the date")
	}
	w.Pass(review.DueIn - 3*24*time.Hour)
	w.as("mori").get("/today?lang=ja").has(t, "期限が近い 1件(最も早い期限 令和8年12月")
	w.as("mori").get("/today?lang=en").has(t, "due soon: 1 (the earliest on ")
	w.put(func(tx *store.Tx) error { return tx.NameAuditor("R8-0001-1", w.known("kato").ID) })
	if a := w.as("mori").get("/today?lang=ja"); strings.Contains(a.body, "期限が近い") {
		t.Error("handed over, and still said to the earlier auditor")
	}
}

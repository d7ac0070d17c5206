package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// used is a window of hr that is over, with one session and its work report.
func (w *world) used() {
	w.t.Helper()
	w.planned(policy.RequestApproved, policy.WindowAttended)
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		s := store.Session{ID: "S-20261124-02", State: store.SessionEnded, Reason: policy.EndedByEngineer, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", System: "hr",
			Target: "hr-db", Account: "hr-db/hrmnt01", Created: tx.Now, Started: tx.Now.Add(time.Hour), Ended: tx.Now.Add(90 * time.Minute)}
		_, err := tx.Append(townhall.Draft("test.used"))
		return errors.Join(tx.AddSession(s), tx.AddWorkReport(store.WorkReport{ID: "WR-1", Sessions: []string{s.ID}, Window: s.Window, Request: s.Request, System: s.System, Vendor: s.Vendor,
			State: store.ReportSubmitted, SubmittedBy: "E-0031", SubmittedAt: s.Ended, Due: s.Ended.Add(time.Hour), SHA256: "ab",
			Body: `{"sessions":["S-20261124-02"],"done":"<b>端数</b>の修正","result":"done","files":[],"engineers":["E-0031"],"pii_viewed":true}`}), err)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Pass(3 * time.Hour)
}

// The attendant attests on the session's page; a statement that is left open is said at its field, and only attendants come in.
func TestAttestAPageOfASession(t *testing.T) {
	w := found(t)
	w.used()
	ito := w.as("ito")
	a := ito.get("/sessions/S-20261124-02/attest")
	a.has(t, "まだ確認されていません", `action="/sessions/S-20261124-02/attest"`, "予定外の操作", "立会確認書を出す", "S-20261124-02")
	at := "/sessions/S-20261124-02/attest"
	if a := ito.post(at, url.Values{"remarks": {"<b>途中</b>"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("%d:\n%s", a.status, a.body)
	} else { // on the same page, at the field, with what was typed
		a.has(t, "予定外の操作の有無を答えてください", `href="#unexpected"`, `id="unexpected-error"`, "&lt;b&gt;途中&lt;/b&gt;", "まだ確認されていません", `action="/sessions/S-20261124-02/attest"`)
	}
	given := url.Values{"unexpected": {"no"}, "remarks": {"特になし"}}
	if a := ito.post(at, given); a.status != http.StatusSeeOther || a.header.Get("Location") != "/sessions/S-20261124-02/attest?done=attest" {
		t.Errorf("%d %s:\n%s", a.status, a.header.Get("Location"), a.body)
	}
	ito.get("/sessions/S-20261124-02/attest").has(t, "特になし", "確認書を訂正する")
	if kinds := w.Kinds(t, "R8-0001-1"); !slices.Contains(kinds, "attendance.attested") || !slices.Contains(kinds, "attendance.viewed") {
		t.Errorf("entries %v", kinds)
	}
	if a := w.as("mori").get("/sessions/S-20261124-02/attest"); a.status != http.StatusForbidden {
		t.Errorf("an auditor: %d", a.status)
	}
}

// The section reads the report and accepts it; the look is ledgered, and markup stays text.
func TestTheSectionAcceptsAReport(t *testing.T) {
	w := found(t)
	w.used()
	head := w.as("head")
	a := head.get("/sessions/S-20261124-02/report")
	a.has(t, "&lt;b&gt;端数&lt;/b&gt;の修正", "完了", "/reports/WR-1/accept", "/reports/WR-1/return")
	if a := head.post("/reports/WR-1/accept", url.Values{"password": {"right"}, "code": {"000000"}}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/sessions/WR-1/report?done=accept" {
		t.Errorf("%d %s:\n%s", a.status, a.header.Get("Location"), a.body)
	}
	head.get("/sessions/WR-1/report").has(t, "確認済み")
	if kinds := w.Kinds(t, "WR-1"); !slices.Contains(kinds, "report.opened") || !slices.Contains(kinds, "report.accepted") {
		t.Errorf("entries %v", kinds)
	}
	if a := head.get("/sessions/S-20261124-01/report"); a.status != http.StatusNotFound || !a.holds("まだ提出されていません") {
		t.Errorf("no report: %d", a.status)
	}
}

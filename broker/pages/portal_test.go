package pages

import (
	"testing"
	"time"

	"sekimori/policy"
)

// The portal's pages name the vendor's own things with addresses of the portal only, and count down.
func TestPortalRequestsAndWindows(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	b := w.as("sato")
	b.get("/v/").has(t, "これからの作業時間枠", "/v/windows/R8-0001-1", "/v/requests/new")
	b.get("/v/requests").has(t, `href="/v/requests/R8-0001"`)
	a := b.get("/v/requests/R8-0001")
	a.has(t, `href="/v/windows/R8-0001-1"`, "調査")
	for _, staffs := range []string{`href="/requests`, `href="/windows`, "/decide"} {
		if a.holds(staffs) {
			t.Errorf("the portal leads to %s", staffs)
		}
	}
	b.get("/v/windows/R8-0001-1").has(t, "開始まで ", `data-countdown="`, `role="timer"`)
	w.Pass(time.Hour + time.Minute)
	b = w.as("sato")
	b.get("/v/windows/R8-0001-1").has(t, "残り 5")
	b.get("/v/windows/R8-0001-1/extensions").has(t, "延長を申請する") // the form of the act
	w.Pass(time.Hour)
	b = w.as("sato")
	b.get("/v/windows/R8-0001-1").has(t, "この時間枠は終了しています")
	b.get("/v/?lang=en").has(t, "Windows to come")
}

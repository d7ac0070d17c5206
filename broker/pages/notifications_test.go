package pages

import (
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// raised raises an alarm for the section and the central desk.
func (w *world) raised(what store.AlarmKind, about string) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: what, About: about, Detail: map[string]any{"error": "<b>x</b>\u202e"}}, []string{"personnel"}, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.o.Teller.Address(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// A person sees their own notices, and the number in the header follows what they have seen.
func TestNotifications(t *testing.T) {
	w := found(t)
	b, other := w.as("ito"), w.as("mori")
	b.get("/notifications").has(t, "通知はありません。")
	w.raised(store.AlarmTarget, "hr-db")
	b.get("/notifications").has(t, "通知 1件", "警報 A-0001", "新着", `href="/alarms"`)
	a := b.post("/notifications/seen", url.Values{"up_to": {"9999"}})
	if a.status != 303 {
		t.Errorf("seen: %d", a.status)
	}
	b.get("/notifications").has(t, "通知 0件", "警報 A-0001")
	other.get("/notifications?lang=en").has(t, "Notices: 1", "Alarm A-0001")
	b.get("/notifications/undelivered").has(t, "[301]")
	w.as("admin").get("/notifications/undelivered").has(t, "届かない通知はありません。")
}

// An alarm stays open at the other desk (R16), and its particulars are no markup.
func TestAlarmsAreAcknowledgedDeskByDesk(t *testing.T) {
	w := found(t)
	w.raised(store.AlarmTarget, "hr-db")
	ito, admin := w.as("ito"), w.as("admin")
	page := ito.get("/alarms")
	page.has(t, "A-0001", "所管課として確認する", "&lt;b&gt;x&lt;/b&gt;")
	if strings.Contains(page.body, "情報システム課として確認する") || strings.Contains(page.body, "\u202e") {
		t.Error("ito is offered another desk, or the particulars are raw")
	}
	if a := ito.post("/alarms/A-0001/ack", url.Values{"desk": {"section:personnel"}, "note": {"見た"}}); a.status != 303 {
		t.Fatalf("ack: %d\n%s", a.status, a.body)
	}
	ito.get("/alarms").has(t, "確認した(所管課)", "未確認", "見た")
	if a := ito.post("/alarms/A-0001/ack", url.Values{"desk": {"information-systems"}}); a.status != 403 {
		t.Errorf("ito for the central desk: %d", a.status)
	}
	admin.get("/alarms").has(t, "情報システム課として確認する")
	admin.post("/alarms/A-0001/ack", url.Values{"desk": {"information-systems"}})
	admin.get("/alarms").has(t, "確認した(情報システム課)", "確認した(所管課)")
}

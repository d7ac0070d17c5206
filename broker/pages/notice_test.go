package pages

import (
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// The notice tells which version is in force since when, what each version changed, and what is going to change.
func TestTheNoticeTellsItsVersionsAndWhatIsAnnounced(t *testing.T) {
	w := found(t, func(o *Options) {
		today := o.Clock().In(o.Zone)
		o.House.Notice.Changes = []view.NoticeChange{
			{Version: 1, From: "2024-04-01", JA: "最初の版", EN: "first version"},
			{Version: 3, From: "2026-10-01", JA: "審議会の意見による", EN: "as the council advised"},
			{Version: 4, From: "2099-04-01", JA: "閲覧者に監査法人を加える", EN: "auditors of the firm may view"},
		}
		for _, in := range []store.NoticeInForce{{Version: 2, KeptDays: 730}, {Version: 3, KeptDays: 365}} {
			err := o.DB.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: in})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if today.Before(time.Date(2026, 10, 1, 0, 0, 0, 0, o.Zone)) {
			t.Fatalf("the town's day is %s", today)
		}
	})
	b := w.browser()
	b.get("/notice?lang=ja").has(t, "第3版", "令和8年10月1日(木)から", "変更の予告: 令和81年4月1日(水)から閲覧者に監査法人を加える",
		"審議会の意見による(操作記録の保存期間を2年から1年に)", "第2版", "(変更の内容の記載はありません)", "第1版", "最初の版", "台帳の記載", `id="print"`)
	b.get("/notice?lang=en").has(t, "version 3", "Announced change: ", "auditors of the firm may view", "as the council advised (recordings are kept 1 year, before it was 2 years)", "first version")
}

func TestTheNoticeSaysThatNothingIsAnnounced(t *testing.T) {
	w := found(t)
	w.browser().get("/notice?lang=ja").has(t, "(次の変更の予告はありません)", "第3版(いま効いている版)")
	w.browserOn(w.portal.URL).get("/v/notice?lang=en").has(t, "No further change is announced.")
}

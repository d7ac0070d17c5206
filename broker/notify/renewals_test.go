package notify_test

import (
	"path/filepath"
	"strings"
	"testing"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/papers"
	"sekimori/broker/store"
)

// A vendor that is asked to renew papers gets a mail that lists each with its end; the desks see in their lists that it was asked.
func TestAVendorIsAskedToRenew(t *testing.T) {
	w := found(t)
	k, err := papers.New(t.Context(), papers.Options{DB: w.DB, Acts: w.Runner(), Ring: w.Keys, Dir: filepath.Join(t.TempDir(), "papers"), Zone: townhall.Zone})
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) forms.Day {
		y, m, d := w.Now().In(townhall.Zone).AddDate(0, 0, n).Date()
		return forms.Day{Year: y, Month: m, Day: d}
	}
	for name, days := range map[string]int{"賠償責任保険": 20, "火災保険": 50} {
		if _, err := k.File(t.Context(), papers.Filing{Kind: store.PaperOther, Vendor: "reiji", Name: name, From: day(-1), Until: day(days), Size: -1}, strings.NewReader("copy"), townhall.By("mori")); err != nil {
			t.Fatal(err)
		}
	}
	w.told()
	if _, err := k.AskRenewal(t.Context(), "reiji", papers.RenewalBody{Note: "監査の前にお願いします"}, townhall.Caller("mori")); err != nil {
		t.Fatal(err)
	}
	w.all()
	mails := w.mail.took()
	equal(t, "asked", to(mails), "desk") // there is no contact: the vendor's mailbox
	for _, m := range mails {
		body := m.parts["text/plain"]
		for _, want := range []string{"賠償責任保険: 令和8年12月14日(月)まで(残り20日)", "until Mon 14 Dec 2026 (Reiwa 8) (20 days left)", "火災保険", "監査の前にお願いします", "https://portal.example.jp/v/pledge"} {
			if !strings.Contains(body, want) {
				t.Errorf("the mail lacks %q:\n%s", want, body)
			}
		}
		if s := m.subject(t); !strings.Contains(s, "2件") || strings.Contains(s, "保険") || strings.Contains(s, "監査") {
			t.Errorf("subject %q", s)
		}
	}
	for _, login := range []string{"admin", "deputy"} {
		if got := w.listed(w.id(login)); len(got) == 0 || got[0] != "renewal.sent" {
			t.Errorf("%s has %v in their list", login, got)
		}
	}
	_, err = k.AskRenewal(t.Context(), "reiji", papers.RenewalBody{}, townhall.Caller("mori"))
	if townhall.Reason(err) == "" {
		t.Error("the same papers were asked for twice on a day")
	}
	equal(t, "twice", w.told())
}

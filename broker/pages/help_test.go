package pages

import (
	"testing"

	"sekimori/policy"
	"sekimori/policy/text"
)

// The foot of each page names the reader's section with its telephone, and the telephone at night; a refusal names the same.
func TestEachPageSaysWhomToCall(t *testing.T) {
	w := found(t, func(o *Options) { o.House.Night = "0000-00-0009" })
	const help = "困ったとき: 人事課 0000-00-1234 ／ 夜間・休日 0000-00-0009 ／ 理由番号をお伝えください"
	staff := w.as("ito")
	staff.get("/today?lang=ja").has(t, help)
	if a := staff.get("/settings?lang=ja"); a.status != 403 {
		t.Errorf("an attendant opened the rules in force: %d", a.status)
	} else {
		a.has(t, help, "<dt>連絡先</dt><dd>人事課 0000-00-1234 ／ 夜間・休日 0000-00-0009</dd>")
	}
	staff.get("/nothing-here?lang=ja").has(t, help)
	w.browser().get("/signin?lang=en").has(t, "Help: 0000-00-0000 / nights and holidays 0000-00-0009 ／ tell the reason number")

	w.planned(policy.RequestApproved, policy.WindowScheduled)
	w.as("sato").get("/v/?lang=ja").has(t, help)
}

func TestHelpWithoutAnyTelephone(t *testing.T) {
	for _, one := range []struct {
		h  Help
		ja string
	}{
		{Help{}, ""},
		{Help{Contact: "0000-00-0000"}, "0000-00-0000"},
		{Help{Night: "0009"}, "夜間・休日 0009"},
		{Help{Section: "人事課", Contact: "0000"}, "0000"},
		{Help{Section: "人事課", Phone: "内線1", Contact: "0000"}, "人事課 内線1"},
	} {
		if got := one.h.Call(); got.JA != one.ja || (one.ja == "") != (got == text.Text{}) {
			t.Errorf("%+v says %q", one.h, got.JA)
		}
	}
}

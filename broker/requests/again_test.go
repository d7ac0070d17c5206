package requests_test

import (
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/policy"
)

// An act sent twice, or by a desk restarted between two steps, is done once. The second sender is told so, and nothing is made a
// second time.
func TestActsSentTwiceAndOverARestart(t *testing.T) {
	h, d := desk(t)
	anew := func() *requests.Desk {
		return requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone})
	}

	no := asked(t, h, d, simple())
	first := second(anew().AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy")))
	want(t, "agreed at a desk that was started anew", first, "")
	want(t, "agreed again", second(anew().AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))), "already-decided")
	shown, err := d.Show(t.Context(), no)
	if err != nil || len(shown.Windows) != 1 || len(shown.Grants) != 1 {
		t.Fatalf("%+v, %v", shown, err)
	}
	w := shown.Windows[0].ID
	want(t, "post", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	want(t, "post taken again", post(h).Open(t.Context(), w, townhall.Caller("ito")), "stale-page")
	x, err := d.AskExtension(t.Context(), w, 10*time.Minute, "終わらない", townhall.Caller("E-0031"))
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "asked again", second(anew().AskExtension(t.Context(), w, 10*time.Minute, "終わらない", townhall.Caller("E-0031"))), "extension-open")
	want(t, "denied at a desk that was started anew", second(anew().DenyExtension(t.Context(), x.ID, "終わりにする", townhall.Caller("ito"))), "")
	want(t, "granted after it was denied", second(anew().GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))), "already-decided")
	want(t, "closed", post(h).Close(t.Context(), w, "", townhall.Caller("ito")), "")
	want(t, "closed again", post(h).Close(t.Context(), w, "", townhall.Caller("ito")), "window-over")
	want(t, "cut after it was closed", post(h).Cut(t.Context(), w, "", townhall.Caller("head")), "window-over")
	for range 2 { // the timer may run twice too
		if err := anew().Due(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if kinds := count(h.Kinds(t, no)); kinds["emergency.opened"] != 1 || kinds["emergency.follow-up-due"] != 1 || kinds["window.closed"] != 1 {
		t.Errorf("the ledger tells %v", kinds)
	}

	f := simple()
	f.Start, f.End = f.Start.Add(24*time.Hour), f.End.Add(24*time.Hour)
	plain := submit(t, d, f, "kato")
	want(t, "withdrawn", d.Withdraw(t.Context(), plain, "不要になった", townhall.Caller("kato")), "")
	want(t, "withdrawn again", anew().Withdraw(t.Context(), plain, "不要になった", townhall.Caller("kato")), "already-decided")
	want(t, "approved after it was withdrawn", second(anew().Approve(t.Context(), plain, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))), "already-decided")
	if state(t, d, plain) != policy.RequestWithdrawn {
		t.Errorf("it is %s", state(t, d, plain))
	}
}

func count(all []string) map[string]int {
	n := map[string]int{}
	for _, v := range all {
		n[v]++
	}
	return n
}

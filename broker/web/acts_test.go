package web

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// change changes planned rows, under an entry of the tests' own.
func (w *world) change(fn func(*store.Tx) error) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, written := tx.Append(ledger.Draft{Kind: "test.planned", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(fn(tx), written)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// The cost of an approval: one call to read all that it rests on, one to approve. It used to take three calls and fourteen
// transactions.
func TestAnApprovalTakesTwoCallsAndSevenTransactions(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	w.planned()
	w.change(func(tx *store.Tx) error {
		r, err := tx.Request("R8-0001")
		r.State, r.ApprovedVersion = policy.PendingFirst, 0
		r.Body.Attendant, r.Body.ResponsibleParty, r.Body.Files, r.Body.Accounts = "U-002", "V-012", policy.FilesNone, []string{"hr-db/maint"}
		return errors.Join(err,
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "127.0.0.1", Port: 22}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}}),
			tx.AddPledge(store.Pledge{Person: "E-0031", Pledge: policy.Pledge{Signed: tx.Now.AddDate(0, -1, 0), Until: tx.Now.AddDate(0, 6, 0), Copy: true}}),
			tx.UpdateRequest(r))
	})
	fresh := w.fresh("kacho")
	ok[api.Person](w, "GET", "/v1/whoami", tokens["kacho"], nil) // notes that the token is in use, which happens once a minute
	before := w.db.Begun()
	read := ok[api.Checked](w, "GET", "/v1/requests/R8-0001/check", tokens["kacho"], nil)
	if read.Whole.No != "R8-0001" || read.Whole.Purpose != "調査" || len(read.Items) == 0 {
		t.Fatalf("not everything in one call: %+v", read)
	}
	if n := w.db.Begun() - before; n > 2 {
		t.Errorf("reading took %d transactions", n)
	}
	body := api.DecideBody{Version: read.Version, Because: map[string]string{}, Fresh: fresh}
	for _, item := range read.Items {
		body.Because[item.Code] = "確かめた"
	}
	between := w.db.Begun()
	a := w.call("POST", "/v1/requests/R8-0001/approve", tokens["kacho"], body)
	if a.fault != nil {
		t.Fatalf("%s", a.body)
	}
	if !strings.Contains(string(a.body), `"state":"approved"`) || !strings.Contains(string(a.body), `"by":"U-001"`) {
		t.Errorf("the answer is not the request as it was left: %s", a.body)
	}
	if n := w.db.Begun() - between; n > 5 { // token, three of the proof, the act
		t.Errorf("approving took %d transactions", n)
	}
	if n := w.db.Begun() - before; n > 7 {
		t.Errorf("both took %d transactions", n)
	}
}

// One proof covers a person's acts on one window for five minutes, and on no other window; the window shows which acts are open next.
func TestOneProofCoversTheActsOnAWindow(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	w.planned()
	act := func(what string, body any) answer {
		return w.call("POST", "/v1/windows/R8-0001-1/"+what, tokens["tachiai"], body)
	}
	asked := func(a answer) bool { return a.fault != nil && a.fault.Code == "fresh-authentication-required" }
	if a := act("open", api.OpenBody{Fresh: w.fresh("tachiai")}); a.fault != nil {
		t.Fatalf("open: %s", a.body)
	}
	again := func(when string, want bool) {
		t.Helper()
		if a := act("unpermit", api.WindowBody{}); a.fault != nil {
			t.Fatalf("unpermit: %s", a.body)
		}
		if a := act("permit", struct{}{}); asked(a) != want || !want && a.fault != nil {
			t.Errorf("%s: asked %v, want %v: %s", when, asked(a), want, a.body)
		}
	}
	again("at once", false)
	if offers := w.offers("R8-0001-1", tokens["tachiai"]); !offers["unpermit"] || !offers["close"] || offers["open"] || offers["permit"] || offers["override"] {
		t.Errorf("offers to the attendant: %v", offers)
	}
	if offers := w.offers("R8-0001-1", tokens["madoguchi"]); slices.ContainsFunc([]string{"unpermit", "close", "cut", "open", "tick"}, func(name string) bool { return offers[name] }) {
		t.Errorf("offers to the vendor: %v", offers)
	}
	w.set.Step(4 * time.Minute)
	again("after four minutes and more", false)
	ok[map[string]any](w, "POST", "/v1/password", tokens["tachiai"], api.PasswordBody{Fresh: w.fresh("tachiai"), New: "another password 2026"})
	again("after another password", true)
}

// offers tells which acts on a window are open to the caller.
func (w *world) offers(window, token string) map[string]bool {
	w.t.Helper()
	open := map[string]bool{}
	for _, o := range ok[api.Window](w, "GET", "/v1/windows/"+window, token, nil).Offers {
		open[o.Act] = o.Open
		if o.Open == (o.Reason != "") {
			w.t.Errorf("an offer that is closed has a reason, one that is open has none: %+v", o)
		}
	}
	if len(open) == 0 {
		w.t.Error("no offers")
	}
	return open
}

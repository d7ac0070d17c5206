package web

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// deputise lets a person decide for another from now on.
func (w *world) deputise(away, deputy string, until time.Time) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		if _, err := tx.AddDeputation(store.Deputation{Deputation: policy.Deputation{For: away, Deputy: deputy, From: tx.Now, Until: until, Reason: "away", SetBy: away}, SetAt: tx.Now}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A deputy of a head sees the sessions of the head's section and the ledger while the deputation runs, and neither the recordings nor the
// reviews. Before it and from its end on the session does not exist for a head of another section, and a person without a role is refused.
func TestADeputySeesSessionsAndTheLedger(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	plain := store.Person{Person: policy.Person{ID: "S-NONE", Login: "s-none", Kind: policy.Staff, Name: "S-NONE", Section: "jinji", Roles: []policy.Role{policy.Requester}}}
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutPerson(plain); err != nil {
			return err
		}
		if err := tx.AddToken(store.Token{Hash: store.HashToken("token-S-NONE"), Person: plain.ID, Created: tx.Now, Expires: tx.Now.Add(8 * time.Hour)}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens["s-none"] = "token-S-NONE"
	const session = "S-20261124-01"
	look := func(when, login string, sees bool) {
		t.Helper()
		list, one := w.call("GET", "/v1/sessions", tokens[login], nil), w.call("GET", "/v1/sessions/"+session, tokens[login], nil)
		if got := strings.Contains(string(list.body), session); got != sees {
			t.Errorf("%s: %s: the list: %v: %d %.200s", when, login, got, list.status, list.body)
		}
		if got := one.status == 200; got != sees {
			t.Errorf("%s: %s: the session: %d", when, login, one.status)
		}
		if login == "s-none" { // S-ALL reads the ledger as a head
			if got := w.call("GET", "/v1/ledger", tokens[login], nil).status == 200; got != sees {
				t.Errorf("%s: %s: the ledger: %v", when, login, got)
			}
		}
		for _, path := range []string{"/v1/recordings/" + session, "/v1/reviews/" + session} {
			if a := w.call("GET", path, tokens[login], nil); a.status == 200 {
				t.Errorf("%s: %s opens %s", when, login, path)
			}
		}
	}
	for _, login := range []string{"s-all", "s-none"} {
		look("before", login, false)
	}
	until := w.clock().Add(time.Hour)
	w.deputise("U-001", "S-ALL", until)
	w.deputise("U-001", "S-NONE", until)
	for _, login := range []string{"s-all", "s-none"} {
		look("as deputy", login, true)
	}
	w.set.Step(until.Sub(w.clock()) - time.Minute)
	look("a minute before the end", "s-none", true)
	w.set.Step(time.Minute)
	for _, login := range []string{"s-all", "s-none"} {
		look("at the end", login, false)
	}
}

package web

import (
	"net/http"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// People see and end their own passkeys, the information-systems section those of others. Everyone else is refused, and one person's
// passkey is not found under another's name.
func TestPasskeysOverTheAPI(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	me := ok[api.Person](w, "GET", string(api.WhoAmIPath), tokens["kacho"], nil)
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		for _, k := range []store.Passkey{{ID: "pk-1", Person: me.ID, Label: "電話", Sealed: []byte("x")}, {ID: "pk-2", Person: me.ID, Label: "鍵", Sealed: []byte("x")}} {
			if err := tx.AddPasskey(k); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.passkeys", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: struct{}{}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	own := ok[api.List[api.Passkey]](w, "GET", string(api.Passkeys), tokens["kacho"], nil)
	if len(own.Items) != 2 || own.Items[0].State != "active" || own.Items[0].Label == "" {
		t.Fatalf("%+v", own)
	}
	if a := w.call("GET", string(api.Passkeys)+"?person=kacho", tokens["tachiai"], nil); a.status != http.StatusForbidden {
		t.Errorf("another person's list: %d", a.status)
	}
	for who, body := range map[string]api.PasskeyEndBody{"another person ends it": {Person: "kacho", Passkey: "pk-1", Reason: "x"}, "under one's own name": {Passkey: "pk-1", Reason: "x"}} {
		if a := w.call("POST", string(api.PasskeyEndPath), tokens["tachiai"], body); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", who, a.status, a.body)
		}
	}
	if a := w.call("POST", string(api.PasskeyEndPath), tokens["kacho"], api.PasskeyEndBody{Passkey: "pk-9", Reason: "x"}); a.status != http.StatusNotFound {
		t.Errorf("one that does not exist: %d %s", a.status, a.body)
	}
	ended := ok[api.Passkey](w, "POST", string(api.PasskeyEndPath), tokens["kacho"], api.PasskeyEndBody{Passkey: "pk-1", Reason: "lost\x1b[2J"}) // a stop is not held up by its reason
	if ended.State != "revoked" || ended.Ended.IsZero() || ended.Person != me.ID {
		t.Errorf("%+v", ended)
	}
	if a := w.call("GET", string(api.WhoAmIPath), tokens["kacho"], nil); a.status != http.StatusOK {
		t.Errorf("the token in use ended: %d", a.status)
	}
}

package pages

import (
	"html"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// The page of an entry whose payload was disposed of says so, and still shows the hash.
func TestADisposedPayloadIsNamed(t *testing.T) {
	t.Parallel()
	w := found(t)
	var e ledger.Entry
	timer := ledger.Actor{Kind: "broker", Via: "timer"}
	for _, write := range []func(tx *store.Tx) error{
		func(tx *store.Tx) (err error) {
			e, err = tx.Append(ledger.Draft{Kind: "person.language", Actor: timer, Payload: map[string]string{"person": "U-SECRET"}})
			return err
		},
		func(tx *store.Tx) error {
			d, err := tx.PrepareDisposal(e.Index)
			if err != nil {
				return err
			}
			return tx.Dispose("retention of 365 days", ledger.ByRule, timer, d)
		},
	} {
		if err := w.DB.Write(t.Context(), write); err != nil {
			t.Fatal(err)
		}
	}
	b := w.as("mori")
	got := html.UnescapeString(b.get("/ledger/" + itoa(int(e.Index))).body)
	if !strings.Contains(got, "廃棄済み") || !strings.Contains(got, e.Leaf().String()) || strings.Contains(got, "U-SECRET") {
		t.Errorf("the page says %s", got)
	}
	if got := b.get("/ledger/" + itoa(int(e.Index)+1)).body; strings.Contains(got, "廃棄済み") || !strings.Contains(got, "retention of 365 days") {
		t.Errorf("the entry of the disposal says %s", got)
	}
}

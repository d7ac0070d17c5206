package requests_test

import (
	"fmt"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Ten thousand requests in the store: a list takes under 100 ms, and its pages have no gap or repetition.
func TestAListAmongTenThousandRequests(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	all := tenThousand
	err = h.DB.Write(t.Context(), func(tx *store.Tx) error {
		for i := 1; i < all; i++ {
			r := shown.Request
			r.No, r.State = fmt.Sprintf("R8-%04d", i+1), policy.RequestClosed
			if i%50 == 0 {
				r.State = policy.PendingFirst
			}
			if err := tx.AddRequest(r); err != nil {
				return err
			}
		}
		_, err := tx.Append(townhall.Draft("test.requests"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]store.RequestFilter{
		"the newest":             {},
		"of a section":           {Section: "personnel"},
		"of a vendor":            {Vendor: "V-012"},
		"of an engineer":         {Engineer: "E-0031"},
		"awaiting an approval":   {States: []policy.RequestState{policy.PendingFirst}},
		"far back":               {Section: "personnel", Before: "R8-0300"},
		"nothing of another":     {Section: "is"},
		"to be seen by somebody": {SeenDue: "U-003"},
	} {
		quickest(t, name, func() error { _, err := d.List(t.Context(), f); return err })
	}
	seen, before := map[string]bool{}, ""
	for {
		page, err := d.List(t.Context(), store.RequestFilter{Before: before, Limit: 700})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if seen[r.No] {
				t.Fatalf("%s stands on two pages", r.No)
			}
			seen[r.No], before = true, r.No
		}
		if len(page) == 0 {
			break
		}
	}
	if len(seen) != all {
		t.Errorf("%d requests on all pages", len(seen))
	}
}

package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// pages reads a list to its end, as a caller, and fails where something comes twice.
func pages[T any](w *world, path, token string, query url.Values, id func(T) string) (ids []string) {
	w.t.Helper()
	for {
		a := w.call("GET", path+"?"+query.Encode(), token, nil)
		var l api.List[T]
		if err := json.Unmarshal(a.body, &l); err != nil || a.status != http.StatusOK {
			w.t.Fatalf("%s: %d %v %.300s", path, a.status, err, a.body)
		}
		for _, v := range l.Items {
			if slices.Contains(ids, id(v)) {
				w.t.Errorf("%s: %s comes twice", path, id(v))
			}
			ids = append(ids, id(v))
		}
		if l.Next == "" {
			if l.Total != len(ids) {
				w.t.Errorf("%s: %d of %d", path, len(ids), l.Total)
			}
			return ids
		}
		query.Set("next", l.Next)
	}
}

// 210 refused attempts do not hide a live session, and of 206 live ones none is hidden.
func TestAttackSessionsHiddenBehindTrivialOnes(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	now := w.clock()
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 210 {
			if err := tx.AddSession(store.Session{ID: fmt.Sprintf("S-20261124-R%03d", i), State: store.SessionRefused, Person: "E-OWN", Vendor: "V-001", System: "hr",
				Reason: policy.NoGrant, Created: now.Add(time.Minute), Ended: now.Add(time.Minute)}); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	id := func(s api.Session) string { return s.ID }
	all := pages(w, "/v1/sessions", tokens["kacho"], url.Values{}, id)
	if len(all) != 211 || all[0] != "S-20261124-01" {
		t.Errorf("%d sessions, first %s", len(all), all[0])
	}
	err = w.db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 205 {
			if err := tx.AddSession(store.Session{ID: fmt.Sprintf("S-20261124-L%03d", i), State: store.SessionActive, Person: "E-OWN", Vendor: "V-001", Grant: "R8-0001-1-1",
				Window: "R8-0001-1", Request: "R8-0001", System: "hr", Target: "hr-db", Account: "hr-db/maint", Created: now.Add(time.Minute), Started: now, Until: now.Add(time.Hour)}); err != nil {
				return err
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if live := pages(w, "/v1/sessions", tokens["kacho"], url.Values{"live": {"true"}}, id); len(live) != 206 || live[205] != "S-20261124-01" {
		t.Errorf("%d are under way", len(live))
	}
}

// Entries are paged by their number, under every filter, although each page adds an entry.
func TestPagesOfTheLedger(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for _, query := range []url.Values{{}, {"kind": {"registry.*"}}, {"kind": {"registry.applied"}}, {"subject": {"U-001"}}, {"subject": {"U-001"}, "kind": {"re*"}}} {
		query.Set("limit", "3")
		var seen []string
		var total, before int
		for next := ""; ; {
			if query.Set("next", next); next == "" {
				query.Del("next")
			}
			a := w.call("GET", "/v1/ledger?"+query.Encode(), tokens["tenken"], nil)
			var l api.List[api.Entry]
			if err := json.Unmarshal(a.body, &l); err != nil || a.status != http.StatusOK {
				t.Fatalf("%v: %d %.300s", query, a.status, a.body)
			}
			for _, e := range l.Items {
				if no := strconv.FormatInt(e.No, 10); slices.Contains(seen, no) {
					t.Errorf("%v: entry %s comes twice", query, no)
				} else {
					seen = append(seen, no)
				}
			}
			if total < l.Total && before == 0 {
				total, before = l.Total, 1
			}
			if next = l.Next; next == "" {
				break
			}
		}
		if len(seen) != total {
			t.Errorf("%v: %d of %d", query, len(seen), total)
		}
	}
}

// A place that no list gave out is refused, and reveals nothing.
func TestAPlaceInAListThatWasMadeUp(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for _, path := range []string{"/v1/sessions", "/v1/requests", "/v1/windows", "/v1/reviews", "/v1/recordings", "/v1/ledger"} {
		for _, next := range []string{"x", "%21", "eyJwIjo5fQ"} {
			if a := w.call("GET", path+"?next="+next, tokens["tenken"], nil); a.status != http.StatusBadRequest && a.status != http.StatusForbidden {
				t.Errorf("%s?next=%s: %d %.200s", path, next, a.status, a.body)
			}
		}
	}
}

package requests_test

import (
	"fmt"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A recurring request that was edited a few times has more windows than a list shows. After a withdrawal none is usable, and none
// blocks others.
func TestWithdrawnLeavesNoWindow(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Recurrence = "FREQ=DAILY;COUNT=53"
	no := submit(t, d, f, "kato")
	for range 3 {
		approve(t, d, no, "head")
		if err := d.Edit(t.Context(), no, f, townhall.Caller("kato")); err != nil {
			t.Fatal(err)
		}
	}
	approve(t, d, no, "head")
	want(t, "withdrawn", d.Withdraw(t.Context(), no, "取下げ", townhall.Caller("kato")), "")
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		all, err := s.Windows(store.WindowFilter{Request: no, Limit: 1000})
		if len(all) != 4*53 {
			t.Errorf("%d windows", len(all))
		}
		for _, w := range all {
			if w.State != policy.WindowCancelled {
				t.Errorf("%s is %s", w.ID, w.State)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A used window owes its report and its attendance record, however the request ends afterwards: withdrawn, or edited and then rejected
// or lapsed.
func TestAttackAUsedRequestIsTakenBack(t *testing.T) {
	edit := func(t *testing.T, h *townhall.Hall, d *requests.Desk, no string) {
		t.Helper()
		f := simple()
		f.Start = h.Now().Add(time.Hour)
		f.End = f.Start.Add(time.Hour)
		want(t, "edited", d.Edit(t.Context(), no, f, townhall.Caller("kato")), "")
	}
	ends := map[string]struct {
		act    func(t *testing.T, h *townhall.Hall, d *requests.Desk, no string)
		unused policy.RequestState // of an unused request
	}{
		"withdrawn": {func(t *testing.T, _ *townhall.Hall, d *requests.Desk, no string) {
			want(t, "withdrawn", d.Withdraw(t.Context(), no, "もう要らない", townhall.Caller("kato")), "")
		}, policy.RequestWithdrawn},
		"revoked": {func(t *testing.T, _ *townhall.Hall, d *requests.Desk, no string) {
			want(t, "revoked", d.Revoke(t.Context(), no, "止める", townhall.Caller("head")), "")
		}, policy.RequestRevoked},
		"edited and withdrawn": {func(t *testing.T, h *townhall.Hall, d *requests.Desk, no string) {
			edit(t, h, d, no)
			want(t, "withdrawn", d.Withdraw(t.Context(), no, "もう要らない", townhall.Caller("kato")), "")
		}, policy.RequestWithdrawn},
		"edited and rejected": {func(t *testing.T, h *townhall.Hall, d *requests.Desk, no string) {
			edit(t, h, d, no)
			want(t, "rejected", d.Reject(t.Context(), no, "認めない", townhall.Caller("head")), "")
		}, policy.RequestRejected},
		"edited and left alone": {func(t *testing.T, h *townhall.Hall, d *requests.Desk, no string) {
			edit(t, h, d, no)
			h.Pass(time.Hour)
			if lapsed, _, err := d.LapseDue(t.Context()); err != nil || len(lapsed) != 1 {
				t.Errorf("lapsed %v, %v", lapsed, err)
			}
		}, policy.RequestLapsed},
	}
	for name, end := range ends {
		for _, used := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, used=%v", name, used), func(t *testing.T) {
				h, d := desk(t)
				no, w := granted(t, d)
				h.Pass(time.Hour)
				want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
				expected := end.unused
				if used {
					expected = policy.ReportDue
					change(t, h, func(tx *store.Tx) error {
						return tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Grant: w + "-1",
							Window: w, Request: no, System: "map", Target: "map-web", Account: "map-web/web", Created: tx.Now, Started: tx.Now,
							Ended: tx.Now.Add(time.Minute), Fingerprint: "x", Factor: "code"})
					})
				}
				h.Pass(2 * time.Minute)
				end.act(t, h, d, no)
				if s := state(t, d, no); s != expected {
					t.Errorf("it is %s, want %s", s, expected)
				}
				if got := decision(t, h, "map-web"); got == "allowed" {
					t.Errorf("and it opens")
				}
			})
		}
	}
}

package requests_test

import (
	"slices"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/refusals"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The second approver must not complete the approval of a person who is locked since.
func TestAttackCompleteTheApprovalOfSomebodyLocked(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, hr(), "kato")
	if out := approve(t, d, no, "head"); out.State != policy.PendingSecond {
		t.Fatalf("after the first stage: %+v", out)
	}
	changeHead(t, h, func(tx *store.Tx, p store.Person) error {
		return tx.LockPerson(p.ID, "admin", "なりすましの疑い")
	})
	yes := requests.Approval{Because: townhall.Because()}
	want(t, "the second stage on it", second(d.Approve(t.Context(), no, yes, townhall.Caller("deputy"))), "forbidden")
	if got := state(t, d, no); got != policy.PendingSecond {
		t.Errorf("now it is %s", got)
	}
	// Another approver of the section takes the first stage again, and then the second counts.
	change(t, h, func(tx *store.Tx) error {
		p, err := tx.Person("head")
		if err != nil {
			return err
		}
		p.ID, p.Login = "acting", "acting"
		return tx.PutPerson(p)
	})
	if out := approve(t, d, no, "acting"); out.State != policy.PendingSecond {
		t.Errorf("the first stage again: %+v", out)
	}
	if out := approve(t, d, no, "deputy"); out.State != policy.RequestApproved || len(out.Grants) == 0 {
		t.Errorf("the second stage then: %+v", out)
	}
}

// A person who may not approve learns nothing from their own conditions.
func TestWhoMayIsAskedBeforeTheConditions(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	wider := requests.Approval{Conditions: store.Conditions{End: h.Now().AddDate(0, 0, 7)}}
	for _, who := range []string{"ito", "deputy", "sato", "kato"} {
		if _, err := d.Approve(t.Context(), no, wider, townhall.Caller(who)); has(err, "condition-widens") || err == nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := d.Approve(t.Context(), no, wider, townhall.Caller("head")); !has(err, "condition-widens") {
		t.Errorf("the head: %v", err)
	}
}

// A person who asks a hundred times for a forbidden act costs the ledger one entry and a summary.
func TestAttackFloodTheLedgerWithRefusals(t *testing.T) {
	h, _ := desk(t)
	tally := refusals.New(h.DB)
	d := requests.New(requests.Options{DB: h.DB, Acts: h.Counting(tally.First), Zone: townhall.Zone})
	no := submit(t, d, simple(), "kato")
	for range 100 {
		want(t, "by somebody else", second(d.Approve(t.Context(), no, requests.Approval{}, townhall.Caller("ito"))), "forbidden")
	}
	if got := h.Kinds(t, no); !slices.Equal(got, []string{"request.submitted", "request.refused-approval"}) {
		t.Errorf("entries %v", got)
	}
	if err := tally.Due(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if all := h.Kinds(t, ""); all[len(all)-1] != "refusals.summed" {
		t.Errorf("no summary: %v", all)
	}
}

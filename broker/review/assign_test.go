package review_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Two further auditors of the hall.
const (
	abe  = "  - {login: abe, name: 点検担当二, section: is, roles: [auditor]}\n"
	baba = "  - {login: baba, name: 点検担当三, section: is, roles: [auditor]}\n"
)

func TestHandingOverHoldsItsBody(t *testing.T) { fieldtest.Holds(t, review.HandingOver) }

// told reads the members of the newest entry of a kind.
func (w *world) told(kind string) (m map[string]any) {
	w.Helper()
	err := w.h.DB.Read(w.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind, Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			return json.Unmarshal(e.Payload, &m)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return m
}

// TestAnAuditorIsNamedAtOnce: the transaction that makes the item names its auditor, with an entry. A named auditor has not taken the review.
func TestAnAuditorIsNamedAtOnce(t *testing.T) {
	w := opened(t, abe, baba)
	// Earlier work counts: mori has two open reviews, abe one.
	act(t, w.h, func(tx *store.Tx) error {
		for id, auditor := range map[string]string{"R8-0000-1": "mori", "R8-0000-2": "mori", "R8-0000-3": "abe"} {
			if err := tx.AddReview(store.Review{ID: id, Window: id, System: "map", Vendor: "V-012", Due: tx.Now, Auditor: auditor}); err != nil {
				return err
			}
		}
		return nil
	})
	w.end(w.s, policy.EndedByEngineer)
	r := w.owed(w.s.ID)
	if r.Auditor != "baba" || !r.Named {
		t.Fatalf("owed is %+v", r)
	}
	if m := w.told("review.assigned"); m["auditor"] != "baba" || m["review"] != r.ID || m["before"] != "" || m["due"] == nil {
		t.Errorf("the ledger tells %v", m)
	}
	w.h.Pass(time.Hour)
	w.want("signed by another auditor", w.sign(w.s.ID, ok, "mori"), "forbidden")
	w.want("taken over", w.q.Take(t.Context(), w.s.ID, townhall.Caller("mori")), "")
	if r := w.owed(w.s.ID); r.Auditor != "mori" || r.Named {
		t.Errorf("%+v", r)
	}
	w.want("signed", w.sign(w.s.ID, ok, "mori"), "")
}

// TestAttackTheNamedAuditorAttendsALaterSession: the review goes to an auditor without a part in the work.
func TestAttackTheNamedAuditorAttendsALaterSession(t *testing.T) {
	w := opened(t, abe)
	w.end(w.s, policy.EndedByEngineer)
	named := w.owed(w.s.ID).Auditor
	second := w.another()
	act(t, w.h, func(tx *store.Tx) error {
		win, err := tx.Window(w.s.Window)
		if err != nil {
			return err
		}
		win.Attendant = named
		return tx.UpdateWindow(win)
	})
	w.end(second, policy.WindowEnded)
	r := w.owed(w.s.ID)
	if r.Auditor == named || r.Auditor == "" {
		t.Errorf("%s attends and reviews: %+v", named, r)
	}
	if m := w.told("review.assigned"); m["before"] != named {
		t.Errorf("the ledger tells %v", m)
	}
}

func TestAReviewIsHandedOverWithAReason(t *testing.T) {
	w := opened(t, abe)
	w.end(w.s, policy.EndedByEngineer)
	from, to := "abe", "mori"
	hand := func(auditor, reason, by string) error {
		return w.q.HandOver(t.Context(), w.s.ID, api.ReviewHandover{Auditor: auditor, Reason: reason}, townhall.Caller(by))
	}
	w.want("by another auditor", hand(from, "休暇", to), "forbidden")
	w.want("by the attendant", hand(to, "休暇", "ito"), "forbidden")
	w.code("without a reason", hand(to, "", from), "reason-required")
	w.code("with a blank reason", hand(to, " \u3000", from), "reason-required")
	w.code("to oneself", hand(from, "休暇", from), "auditor-self")
	w.code("to the attendant", hand("ito", "休暇", from), "auditor-conflict")
	w.code("to the approver", hand("head", "休暇", from), "auditor-conflict")
	w.code("to the requester", hand("kato", "休暇", from), "auditor-conflict")
	w.code("to no auditor", hand("deputy", "休暇", from), "auditor-unknown")
	w.code("to an engineer", hand("E-0031", "休暇", from), "auditor-unknown")
	w.code("to no one", hand("nobody", "休暇", from), "auditor-unknown")
	w.want("handed over", hand(to, "休暇", from), "")
	if m := w.told("review.handed-over"); m["before"] != from || m["reason"] != "休暇" || m["auditor"] != to {
		t.Errorf("the ledger tells %v", m)
	}
	w.want("handed over by the one who had it", hand(from, "休暇", from), "forbidden")
	w.h.Pass(time.Hour)
	w.want("signed by the one who had it", w.sign(w.s.ID, ok, from), "forbidden")
	w.want("signed", w.sign(w.s.ID, ok, to), "")
	w.want("handed over after it", hand(from, "休暇", to), "already-decided")
}

// TestWorkWithoutAnAuditorIsShown: where all auditors had a part, no one is named and the item still falls due.
func TestWorkWithoutAnAuditorIsShown(t *testing.T) {
	w := opened(t)
	act(t, w.h, func(tx *store.Tx) error {
		return tx.AddDecision(store.Decision{Request: w.s.Request, Version: 1, Stage: 2, By: "mori", Verdict: store.VerdictApprove})
	})
	w.end(w.s, policy.EndedByEngineer)
	if r := w.owed(w.s.ID); r.Auditor != "" || r.Due.IsZero() {
		t.Errorf("%+v", r)
	}
	if kinds := strings.Join(w.h.Kinds(t, w.s.ID), " "); strings.Contains(kinds, "review.assigned") {
		t.Errorf("the ledger tells %s", kinds)
	}
}

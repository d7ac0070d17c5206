package review_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// hall is a hall where everybody in the procedure is an auditor too, and a session under way.
func hall(t *testing.T) (*townhall.Hall, *review.Queue, store.Session) {
	t.Helper()
	h := townhall.Open(t)
	h.Apply(t, strings.NewReplacer("roles: [approver]", "roles: [approver, auditor]", "roles: [requester]", "roles: [requester, auditor]",
		"roles: [attendant]", "roles: [attendant, auditor]").Replace(townhall.Registry(t)), "admin")
	s := store.Session{State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: "R8-0001-1", Grant: "R8-0001-1-1",
		System: "map", Target: "map-web", Account: "map-web/web", Until: h.Now().Add(time.Hour)}
	act(t, h, func(tx *store.Tx) error {
		id, err := tx.NextSessionNo(tx.Now)
		if err != nil {
			return err
		}
		s.ID, s.Created = id, tx.Now
		w := policy.Window{ID: s.Window, Request: s.Request, System: s.System, Start: tx.Now, End: s.Until, State: policy.WindowPermitted, Attendant: "ito"}
		return errors.Join(
			tx.AddRequest(store.Request{No: s.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: s.System, Vendor: s.Vendor,
				Requester: "kato", Start: w.Start, End: w.End}),
			tx.AddDecision(store.Decision{Request: s.Request, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}),
			tx.AddWindow(store.Window{Window: w}),
			tx.AddGrant(policy.Grant{ID: s.Grant, Person: s.Person, Vendor: s.Vendor, Target: s.Target, Account: s.Account, Window: w,
				Request: s.Request, Files: policy.FilesNone, State: policy.GrantActive}),
			tx.AddSession(s),
		)
	})
	return h, review.New(review.Options{DB: h.DB}), s
}

func act(t *testing.T, h *townhall.Hall, fn func(*store.Tx) error) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSign(t *testing.T) {
	h, q, s := hall(t)
	sign := func(v review.Verdict, note, by string) error {
		return q.Sign(t.Context(), s.ID, v, note, townhall.By(by))
	}
	want := func(what string, err error, reason string) {
		t.Helper()
		if got := townhall.Reason(err); got != reason {
			t.Errorf("%s: %q, want %q", what, got, reason)
		}
	}
	code := func(what string, err error, code string) {
		t.Helper()
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has(code) {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	code("a session under way", sign(review.OK, "", "mori"), "still-live")
	s.State, s.Ended, s.Reason = store.SessionEnded, h.Now(), policy.EndedByEngineer
	act(t, h, func(tx *store.Tx) error {
		return errors.Join(tx.UpdateSession(s), review.Owe(tx, s.ID), review.Owe(tx, s.ID))
	})
	list, err := q.List(t.Context(), store.ReviewFilter{Unsigned: true})
	if err != nil || len(list) != 1 || !list[0].Due.Equal(h.Now().Add(review.DueIn)) {
		t.Fatalf("the queue holds %+v, %v", list, err)
	}
	for _, by := range []string{"kato", "head", "ito"} {
		want("signed by "+by, sign(review.OK, "", by), "auditor-conflict")
	}
	want("signed by no auditor", sign(review.OK, "", "deputy"), "forbidden")
	want("signed by the engineer", sign(review.OK, "", "E-0031"), "forbidden")
	code("question without a reason", sign(review.Question, "", "mori"), "reason-required")
	code("an unknown verdict", sign("fine", "", "mori"), "unknown-word")
	want("no such session", q.Sign(t.Context(), "S-20261124-99", review.OK, "", townhall.By("mori")), `session "S-20261124-99": not found`)
	want("signed", sign(review.Question, "手順書と違う", "mori"), "")
	want("signed twice", sign(review.OK, "", "mori"), "already-decided")
	r, err := q.Show(t.Context(), s.ID)
	if err != nil || r.SignedBy != "mori" || r.Verdict != "question" || r.Note != "手順書と違う" {
		t.Errorf("%+v, %v", r, err)
	}
	if kinds := h.Kinds(t, s.ID); !slices.Equal(kinds, []string{"review.signed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
}

package requests_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// One engineer's proposals are bounded: those that await the section, and those in a day. The answer says what to do, in both
// languages, and each proposal that the section takes over makes room.
func TestAttackProposalsWithoutEnd(t *testing.T) {
	h, d := desk(t)
	f := simple()
	f.Start, f.End = f.Start.AddDate(0, 1, 0), f.End.AddDate(0, 1, 0)
	propose := func() (string, error) { return d.Submit(t.Context(), f, townhall.Caller("E-0031")) }
	var made []string
	for {
		no, err := propose()
		if err != nil {
			wantProblem(t, "one more", err, "too-many")
			var bad *forms.Invalid
			if errors.As(err, &bad) && (bad.Problems[0].JA == "" || bad.Problems[0].EN == "") {
				t.Errorf("%+v", bad.Problems)
			}
			break
		}
		if made = append(made, no); len(made) > 60 {
			t.Fatal("more than sixty wait")
		}
	}
	if len(made) != 60 {
		t.Errorf("%d were taken", len(made))
	}
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); err != nil {
		t.Errorf("the section's own requests are not proposals: %v", err)
	}
	want(t, "taken over", d.Take(t.Context(), made[0], townhall.Caller("kato")), "")
	if _, err := propose(); err != nil {
		t.Errorf("after one was taken over: %v", err)
	}
	for _, no := range made[1:] {
		want(t, "withdrawn", d.Withdraw(t.Context(), no, "取り下げます", townhall.Caller("E-0031")), "")
	}
	for n := 61; n < 120; n++ {
		if _, err := propose(); err != nil {
			t.Fatalf("the %d. of the day: %v", n+1, err)
		}
		all, err := d.List(t.Context(), store.RequestFilter{States: []policy.RequestState{policy.RequestProposed}})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "withdrawn", d.Withdraw(t.Context(), all[0].No, "取り下げます", townhall.Caller("E-0031")), "")
	}
	_, err := propose()
	wantProblem(t, "the 121st of the day", err, "too-many")
	h.Pass(24 * time.Hour)
	_, err = propose()
	want(t, "a day later", err, "")
}

// A year of weekly maintenance approved one by one may be proposed at once; a second year waits until the section took the first over.
func TestProposalsOfASeriesCountEach(t *testing.T) {
	h, d := desk(t)
	change(t, h, func(tx *store.Tx) error {
		s, err := tx.System("map")
		s.Recurring = policy.RecurringEach
		return errors.Join(err, tx.PutSystem(s))
	})
	f := simple()
	f.Recurrence = "FREQ=DAILY;COUNT=53"
	_, err := d.Submit(t.Context(), f, townhall.Caller("E-0031"))
	want(t, "a year's", err, "")
	_, err = d.Submit(t.Context(), f, townhall.Caller("E-0031"))
	wantProblem(t, "another", err, "too-many")
}

// An undecided request lapses at its start, however many requests for later days came after it.
func TestAttackACrowdKeepsNothingFromLapsing(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	change(t, h, func(tx *store.Tx) error {
		for i := range 1100 {
			r := shown.Request
			r.No, r.Start, r.End = fmt.Sprintf("R8-%04d", i+2), r.Start.AddDate(0, 0, 30), r.End.AddDate(0, 0, 30)
			if err := tx.AddRequest(r); err != nil {
				return err
			}
		}
		return nil
	})
	toInstant(h, shown.Request.Start)
	lapsed, next, err := d.LapseDue(t.Context())
	if err != nil || !slices.Equal(lapsed, []string{no}) || !next.Equal(shown.Request.Start.AddDate(0, 0, 30)) {
		t.Errorf("%v, %v, %v", lapsed, next, err)
	}
	toInstant(h, next)
	for left := 1100; left > 0; left -= len(lapsed) {
		if lapsed, _, err = d.LapseDue(t.Context()); err != nil || len(lapsed) == 0 {
			t.Fatalf("%d are left: %v", left, err)
		}
	}
}

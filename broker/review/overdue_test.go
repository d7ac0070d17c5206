package review_test

import (
	"slices"
	"testing"
	"time"

	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestAReviewThatStaysOverdueRaisesAnAlarmOnce: to both desks, not a millisecond too early, and not for a signed review or one that a plan leaves out.
func TestAReviewThatStaysOverdueRaisesAnAlarmOnce(t *testing.T) {
	w := opened(t)
	w.plan("") // a queue with a database
	w.end(w.s, policy.EndedByEngineer)
	due := func() (list []store.Alarm) {
		if err := w.q.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.read(func(s *store.Snap) (err error) {
			list, err = s.Alarms(store.AlarmFilter{What: store.AlarmReview})
			return err
		})
		return list
	}
	w.h.Pass(review.DueIn + review.AlarmAfter - time.Millisecond)
	if got := due(); len(got) != 0 {
		t.Fatalf("before its time: %+v", got)
	}
	w.h.Pass(time.Millisecond)
	due()
	got := due()
	if len(got) != 1 || got[0].About != w.s.Window {
		t.Fatalf("%+v", got)
	}
	var desks []string
	for _, d := range got[0].Desks {
		desks = append(desks, d.Desk)
	}
	slices.Sort(desks)
	if !slices.Equal(desks, []string{store.CentralDesk, store.SectionDesk("personnel")}) {
		t.Errorf("the alarm went to %v", desks)
	}
	for name, change := range map[string]func(*world){
		"signed": func(w *world) { w.want("signed", w.sign(w.s.ID, ok, "mori"), "") },
		"left out": func(w *world) {
			act(w.T, w.h, func(tx *store.Tx) error { return tx.DrawReview(w.s.Window, store.DrawnLeftOut, "1/2", 0) })
		},
	} {
		w = opened(t)
		w.plan("")
		w.end(w.s, policy.EndedByEngineer)
		w.h.Pass(time.Hour)
		change(w)
		w.h.Pass(review.DueIn + review.AlarmAfter)
		if got := due(); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestTheSignatureTellsTheDelay: whoever has the entries alone can count what was late.
func TestTheSignatureTellsTheDelay(t *testing.T) {
	for pass, late := range map[time.Duration]bool{review.DueIn: false, review.DueIn + time.Millisecond: true} {
		w := opened(t)
		w.end(w.s, policy.EndedByEngineer)
		w.h.Pass(pass)
		w.want("signed", w.sign(w.s.ID, ok, "mori"), "")
		if m := w.told("review.signed"); m["late"] != late || m["due"] == nil {
			t.Errorf("after %v: %v", pass, m)
		}
	}
}

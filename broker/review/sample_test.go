package review_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// plan sets the plan of the system, and gives the queue what Sample needs.
func (w *world) plan(plan string) {
	w.Helper()
	w.q = review.New(review.Options{Acts: w.h.Runner(), DB: w.h.DB, Ring: w.h.Keys, Zone: townhall.Zone})
	act(w.T, w.h, func(tx *store.Tx) error {
		sys, err := tx.System("map")
		sys.ReviewSample = plan
		return errors.Join(err, tx.PutSystem(sys))
	})
}

func (w *world) sample() {
	w.Helper()
	if err := w.q.Sample(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// many is the work of n windows that ended ordinarily now, by an engineer who was there before.
func (w *world) many(n int) {
	w.Helper()
	act(w.T, w.h, func(tx *store.Tx) error {
		for i := range n {
			no := fmt.Sprintf("R8-%04d", 100+i+int(tx.Now.Unix()%1000000))
			s := w.s
			s.Request, s.Window, s.Grant = no, no+"-1", no+"-1-1"
			id, err := tx.NextSessionNo(tx.Now)
			if err != nil {
				return err
			}
			s.ID, s.Created, s.Started = id, tx.Now.Add(-time.Minute), tx.Now.Add(-time.Minute)
			s.State, s.Ended, s.Reason, s.RecordingSum = store.SessionEnded, tx.Now, policy.EndedByEngineer, "00ff"
			err = errors.Join(
				tx.AddRequest(store.Request{No: no, State: policy.ReportDue, Version: 1, ApprovedVersion: 1, System: s.System, Vendor: s.Vendor, Requester: "kato", Start: s.Created, End: tx.Now}),
				tx.AddDecision(store.Decision{Request: no, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}),
				tx.AddWindow(store.Window{Window: policy.Window{ID: s.Window, Request: no, System: s.System, Start: s.Created, End: tx.Now, State: policy.WindowClosed, Attendant: "ito"}}),
				tx.AddSession(s), review.Owe(tx, s.ID))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// entries reads the members of all entries of a kind.
func (w *world) entries(kind string) (all []map[string]any) {
	w.Helper()
	w.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			var m map[string]any
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				return err
			}
			m["index"] = float64(e.Index)
			all = append(all, m)
		}
		return nil
	})
	return all
}

// TestAPlanChoosesByASeedThatTheLedgerFixedBefore: the seed's commitment comes before the work, exactly the plan's share is chosen, and once the
// seed is revealed the ledger alone gives the same choice.
func TestAPlanChoosesByASeedThatTheLedgerFixedBefore(t *testing.T) {
	w := opened(t, abe)
	w.plan("")
	w.sample()
	if got := w.entries("review.seed-committed"); len(got) != 0 {
		t.Fatalf("without a plan: %v", got)
	}
	w.plan("2/10")
	w.sample()
	w.h.Pass(time.Hour)
	w.many(30)
	w.h.Pass(time.Minute)
	w.sample()
	w.sample() // once for each
	sampled := w.entries("review.sampled")
	if len(sampled) != 30 {
		t.Fatalf("%d works were drawn", len(sampled))
	}
	left, chosen := 0, 0
	w.read(func(s *store.Snap) error {
		for _, m := range sampled {
			r, err := s.Review(m["review"].(string))
			if err != nil {
				return err
			}
			picks, err := review.Picks(s, r, townhall.Zone)
			if err != nil {
				return err
			}
			switch r.Drawn {
			case store.DrawnChosen:
				if chosen++; r.Auditor == "" || !slices.Contains(picks, api.PickRandom) {
					t.Errorf("chosen: %+v %v", r, picks)
				}
			case store.DrawnLeftOut:
				if left++; r.Auditor != "" || slices.Contains(picks, api.PickRandom) {
					t.Errorf("left out: %+v %v", r, picks)
				}
			}
		}
		return nil
	})
	if chosen != 6 || left != 24 {
		t.Errorf("%d chosen, %d left out", chosen, left)
	}
	if got := w.entries("review.seed-revealed"); len(got) != 0 {
		t.Errorf("the seed is revealed within its month: %v", got)
	}
	w.h.Pass(40 * 24 * time.Hour)
	w.sample()
	revealed := w.entries("review.seed-revealed")
	if len(revealed) == 0 {
		t.Fatal("no seed was revealed")
	}
	recompute(t, w.entries("review.seed-committed"), sampled, revealed)
	w.read(func(s *store.Snap) error { // what is left out never falls due
		n, err := s.OverdueReviews("map")
		if n != 6 {
			t.Errorf("%d of the 6 chosen are overdue", n)
		}
		return err
	})
}

// recompute is the check of an outsider, by entries alone.
func recompute(t *testing.T, committed, sampled, revealed []map[string]any) {
	t.Helper()
	seeds, since := map[string][]byte{}, map[string]float64{}
	for _, m := range committed {
		since[m["commitment"].(string)] = m["index"].(float64)
	}
	for _, m := range revealed {
		seed, err := hex.DecodeString(m["seed"].(string))
		if _, known := since[ledger.SeedCommitment(seed)]; err != nil || !known {
			t.Fatalf("%v is no seed to which the ledger committed: %v", m, err)
		}
		seeds[m["month"].(string)] = seed
	}
	checked := 0
	for _, m := range sampled {
		seed := seeds[m["month"].(string)]
		plan, ok := ledger.ParseSample(m["plan"].(string))
		if seed == nil || !ok || since[ledger.SeedCommitment(seed)] >= m["index"].(float64) {
			t.Fatalf("%v cannot be recomputed", m)
		}
		want := store.DrawnLeftOut
		if plan.Chosen(seed, "map", m["month"].(string), int(m["place"].(float64))) {
			want = store.DrawnChosen
		}
		if checked++; m["outcome"] != want {
			t.Errorf("%v: the seed says %s", m, want)
		}
	}
	if checked == 0 {
		t.Error("nothing was recomputed")
	}
}

// TestWorkThatStandsOutIsReviewedWhateverThePlanSays: cut work, work from before the seed, and work that an auditor has taken.
func TestWorkThatStandsOutIsReviewedWhateverThePlanSays(t *testing.T) {
	w := opened(t)
	w.end(w.s, policy.CutByAttendant) // before any seed
	w.plan("1%")
	w.sample()
	w.h.Pass(time.Hour)
	w.sample()
	if m := w.told("review.sampled"); m["outcome"] != store.DrawnForced || fmt.Sprint(m["forced"]) != "[rv-cut]" || m["place"] != float64(-1) {
		t.Errorf("cut work: %v", m)
	}
	w2 := opened(t)
	w2.end(w2.s, policy.EndedByEngineer)
	w2.plan("1%")
	w2.h.Pass(time.Hour)
	w2.sample()
	if m := w2.told("review.sampled"); m["outcome"] != store.DrawnForced || m["unseeded"] != true {
		t.Errorf("work from before the seed: %v", m)
	}
}

// TestWorkThatIsLeftOutCanBeTaken: an auditor may review it all the same; then it is owed like any other.
func TestWorkThatIsLeftOutCanBeTaken(t *testing.T) {
	w := opened(t)
	w.plan("1/100")
	w.sample()
	w.h.Pass(time.Hour)
	w.many(3)
	w.h.Pass(time.Minute)
	w.sample()
	id := ""
	for _, m := range w.entries("review.sampled") {
		if m["outcome"] == store.DrawnLeftOut {
			id = m["review"].(string)
		}
	}
	if id == "" {
		t.Fatal("nothing was left out")
	}
	w.want("taken by the attendant", w.q.Take(t.Context(), id, townhall.Caller("ito")), "auditor-conflict")
	w.want("taken", w.q.Take(t.Context(), id, townhall.Caller("mori")), "")
	w.read(func(s *store.Snap) error {
		r, err := s.Review(id)
		if r.LeftOut() || r.Drawn != store.DrawnTaken || r.Auditor != "mori" {
			t.Errorf("%+v", r)
		}
		return err
	})
	w.want("signed", w.sign(id, ok, "mori"), "")
}

// TestAPlaceIsGivenOutOnce: work with the last place of a month that is drawn again, and then has to be reviewed, gives its place to no other work: the
// ledger would show the place twice, and fail where others verify it.
func TestAPlaceIsGivenOutOnce(t *testing.T) {
	w := opened(t, abe)
	w.plan("1/10")
	w.sample()
	w.h.Pass(time.Hour)
	w.many(10)
	w.h.Pass(time.Minute)
	w.sample()
	last := ""
	for _, m := range w.entries("review.sampled") {
		if m["place"] == 9.0 {
			last = m["review"].(string)
		}
	}
	act(t, w.h, func(tx *store.Tx) error {
		r, err := tx.Review(last)
		if err != nil {
			return err
		}
		if r.Drawn != store.DrawnLeftOut {
			t.Log("the last place was chosen by the seed; its work is drawn again all the same")
			if err := tx.DrawReview(last, store.DrawnLeftOut, r.Plan, -1); err != nil {
				return err
			}
		}
		s := w.s
		s.Window, s.Request = r.Window, r.Request
		if s.ID, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		s.State, s.Created, s.Started, s.Ended, s.Reason, s.RecordingSum = store.SessionEnded, tx.Now, tx.Now, tx.Now, policy.CutByAttendant, "00ff"
		return errors.Join(tx.AddSession(s), review.Owe(tx, s.ID))
	})
	w.sample()
	w.h.Pass(time.Minute)
	w.many(1)
	w.h.Pass(time.Minute)
	w.sample()
	var places []float64
	for _, m := range w.entries("review.sampled") {
		if p := m["place"].(float64); p >= 0 {
			places = append(places, p)
		}
	}
	if !slices.Equal(places, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("places %v", places)
	}
}

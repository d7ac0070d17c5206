package review_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sekimori/broker/evidence"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/internal/works"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// generated is a work and what was planted.
type generated struct {
	id      string
	odd     works.Oddity
	careful bool
	table   string // which the work reads for certain; empty: by chance
	asks    string // the request's procedure; empty: by chance
}

// generator makes work that looks like that of a city's vendors, through the real recorder.
type generator struct {
	*works.Maker
	h     *townhall.Hall
	keep  *evidence.Keeper
	queue *review.Queue
	all   []generated
}

func newGenerator(tb testing.TB, seed uint64) *generator {
	h := townhall.Found(tb)
	g := &generator{Maker: &works.Maker{Hall: h, Dir: tb.TempDir(), Rnd: rand.New(rand.NewPCG(seed, 8))}, h: h}
	g.keep = evidence.New(evidence.Options{DB: h.DB, Dir: g.Dir, Clock: h.Now, Viewing: h.Keys.ViewingIdentity()})
	g.queue = review.New(review.Options{Acts: h.Runner(), DB: h.DB, Ring: h.Keys, Zone: townhall.Zone, Clock: h.Now, Traits: g.keep.Traits})
	office := policy.Week{}
	for day := time.Monday; day <= time.Friday; day++ {
		office[day] = policy.Hours{From: 8*time.Hour + 30*time.Minute, Until: 17*time.Hour + 15*time.Minute}
	}
	g.write(tb, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.PutInstitution(policy.Institution{Declared: true, Hours: office}))
	})
	return g
}

func (g *generator) write(tb testing.TB, do func(tx *store.Tx) error) {
	tb.Helper()
	if err := g.h.DB.Write(tb.Context(), do); err != nil {
		tb.Fatal(err)
	}
}

// works makes n works, three a working day. After the first tenth every tenth has an oddity; of these every third is a careful one.
func (g *generator) works(tb testing.TB, n int) {
	tb.Helper()
	monday := time.Date(2026, 11, 30, 9, 0, 0, 0, townhall.Zone)
	for i := range n {
		day := monday.AddDate(0, 0, i/15*7+i/3%5).Add(time.Duration(i%3)*150*time.Minute + time.Duration(g.Rnd.IntN(40))*time.Minute)
		w := generated{id: fmt.Sprintf("S-%s-%02d", day.Format("20060102"), i%3+1)}
		if planted := i - n/10; planted >= 0 && planted%10 == 4 {
			w.odd, w.careful = works.Oddities[planted/10%len(works.Oddities)], planted/10/len(works.Oddities)%3 == 2
		}
		g.work(tb, w, day, i)
		g.all = append(g.all, w)
	}
}

// work makes one work: its request, recording, session and review.
func (g *generator) work(tb testing.TB, w generated, at time.Time, no int) {
	tb.Helper()
	j := works.Jobs[no%len(works.Jobs)]
	if w.odd == works.NightWork {
		at = time.Date(at.Year(), at.Month(), at.Day(), 22, g.Rnd.IntN(60), 0, 0, townhall.Zone)
		if w.careful { // it begins within office hours and ends a moment before they do
			at = time.Date(at.Year(), at.Month(), at.Day(), 16, 0, 0, 0, townhall.Zone)
		}
	}
	g.h.Pass(at.Sub(g.h.Now()))
	table := cmp.Or(w.table, works.Pick(g.Maker, j.Tables))
	body := request.Body{Purpose: "障害の調査と修正", WorkType: "repair", Procedure: "画面の表示を確かめ、表 " + table + " を直す", Files: policy.FilesNone}
	if g.One(0.12) { // the requester wrote no name of a table
		body.Procedure = "明細の画面を直す"
	}
	body.Procedure = cmp.Or(w.asks, body.Procedure)
	if g.One(0.06) {
		body.Urgent = "窓口が止まっている"
	}
	if g.One(0.06) {
		body.Files = policy.FilesAllowed
	}
	s := store.Session{ID: w.id, State: store.SessionEnded, Person: j.Person, Vendor: j.Vendor, Request: fmt.Sprintf("R8-%04d", no+1), System: j.System, Target: j.Target, Account: j.Target + "/maint",
		Created: g.h.Now(), Started: g.h.Now(), Reason: policy.EndedByEngineer, Recording: w.id + ".skr", Masked: w.odd == works.NumberSeen && !w.careful}
	if g.One(0.15) {
		s.Person = j.Second
	}
	if g.One(0.02) {
		s.Reason = policy.WindowEnded
	}
	d := g.Record(tb, works.Work{ID: w.id, Odd: w.odd, Careful: w.careful, Job: j, Table: table, Reads: w.table != "", Files: body.Files == policy.FilesAllowed})
	s.Ended, s.RecordingSum, s.RecordingSize = g.h.Now(), d.SHA256.String(), d.Size
	g.write(tb, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID}, Payload: map[string]any{"session_id": s.ID, "recording": d}})
		return errors.Join(err,
			tx.AddRequest(store.Request{No: s.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: s.System, Vendor: s.Vendor, Requester: "kato", Start: s.Created, End: s.Ended, Body: body}),
			tx.AddSession(s), tx.AddReview(store.Review{ID: s.ID, Session: s.ID, Request: s.Request, System: s.System, Vendor: s.Vendor, Created: s.Ended, Due: s.Ended.Add(review.DueIn)}))
	})
}

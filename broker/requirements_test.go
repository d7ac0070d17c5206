package broker_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/papers"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// paperWorld is an institution with random papers of one engineer, sato, and of the companies that sato works for. sato asks
// for the window [start, end).
type paperWorld struct {
	*townhall.Hall
	desk       *requests.Desk
	keeper     *papers.Keeper
	rand       *rand.Rand
	start, end time.Time
	no         string // another vendor's request for the same window; the check items take their other facts from it
	filed      int
	clerk      string // files everything
	follow     bool   // a paper ends inside the window, and the next follows without a gap
}

func newPaperWorld(t *testing.T, seed uint64) *paperWorld {
	t.Helper()
	w := &paperWorld{Hall: townhall.Open(t), rand: rand.New(rand.NewPCG(seed, 0))}
	w.Apply(t, strings.Replace(townhall.Registry(t), "\n    pledge: {signed: 2026-04-01, until: 2027-03-31}", "", 1), "admin") // sato's
	w.desk = requests.New(requests.Options{DB: w.DB, Zone: townhall.Zone})
	w.start = w.Now().Add(time.Hour).Truncate(time.Millisecond)
	w.end = w.start.Add(time.Hour)
	var err error
	if w.keeper, err = papers.New(t.Context(), papers.Options{DB: w.DB, Acts: w.Runner(), Ring: w.Keys, Dir: filepath.Join(t.TempDir(), "papers"), Zone: townhall.Zone}); err != nil {
		t.Fatal(err)
	}
	if w.no, err = w.desk.Submit(t.Context(), w.form("kimura", "V-013"), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *paperWorld) form(engineer, vendor string) request.Form {
	return request.Form{System: "map", Start: w.start, End: w.end, Body: request.Body{Accounts: []string{"map-web/web"}, Engineers: []string{engineer},
		Purpose: "端数誤りの調査", WorkType: "survey", ResponsibleParty: vendor, Phone: "0000-11-1111", ClausesTold: true, RecordingTold: true}}
}

// often is true with a probability of three quarters.
func (w *paperWorld) often() bool { return w.rand.IntN(4) > 0 }

// term mostly covers the window; otherwise an end of it lies at, next to, or inside the window.
func (w *paperWorld) term() policy.Span {
	s := policy.Span{Start: w.start.AddDate(0, -1, 0), End: w.end.AddDate(0, 3, 0)}
	edge := func() time.Time {
		at := []time.Time{w.start, w.start.Add(20 * time.Minute), w.start.Add(40 * time.Minute), w.end}[w.rand.IntN(4)]
		return at.Add(time.Duration(w.rand.IntN(3)-1) * time.Millisecond)
	}
	if w.rand.IntN(8) == 0 {
		s.End = edge()
	}
	if w.rand.IntN(20) == 0 {
		s.Start = edge()
	}
	if !s.Start.Before(s.End) {
		s.Start = s.End.AddDate(0, -1, 0)
	}
	return s
}

// terms gives one term, or two that follow each other with or without a gap; seldom none.
func (w *paperWorld) terms() []policy.Span {
	if w.rand.IntN(24) == 0 {
		return nil
	}
	first := w.term()
	if w.rand.IntN(2) == 0 {
		return []policy.Span{first}
	}
	gap := time.Duration(w.rand.IntN(4)-2) * time.Millisecond
	if w.rand.IntN(3) == 0 {
		first.End = w.start.Add(30 * time.Minute)
		w.follow = w.follow || gap <= 0
	}
	return []policy.Span{{Start: first.End.Add(gap), End: first.End.AddDate(1, 0, 0)}, first}
}

// draw writes random papers.
func (w *paperWorld) draw(t *testing.T) {
	t.Helper()
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		clerk, err := tx.Person("admin")
		if err != nil {
			return err
		}
		w.clerk = clerk.ID
		institution := policy.Institution{Declared: w.often(), SpecialClauses: w.rand.IntN(2) == 0, PledgeCopy: w.rand.IntN(2) == 0}
		for _, name := range []string{"isms", "privacy-mark"} {
			if w.rand.IntN(2) == 0 {
				institution.Certifications = append(institution.Certifications, name)
			}
		}
		v, err := tx.Vendor("V-012")
		if err == nil && w.rand.IntN(2) == 0 {
			v.Prime, v.PrimeApproved = "V-001", w.often()
			prime := v
			prime.ID, prime.Login, prime.Prime = "V-001", "prime", ""
			err = w.vendor(tx, prime)
		}
		if err == nil {
			err = w.vendor(tx, v)
		}
		if w.often() && v.Prime != "" {
			err = errors.Join(err, w.file(tx, store.Paper{Kind: store.PaperSubcontract, Vendor: v.ID}))
		}
		if s := w.term(); w.often() {
			err = errors.Join(err, tx.AddPledge(store.Pledge{Person: "E-0031", FiledBy: w.clerk, Pledge: policy.Pledge{Signed: s.Start, Until: s.End}}))
		}
		if s := w.term(); w.rand.IntN(2) == 0 {
			err = errors.Join(err, w.add(tx, store.Paper{Kind: store.PaperPledge, Vendor: v.ID, Person: "E-0031", From: s.Start, Until: s.End}))
		}
		err = errors.Join(err, tx.PutInstitution(institution))
		if err == nil {
			_, err = tx.Append(townhall.Draft("test.papers"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// vendor writes a vendor with random papers.
func (w *paperWorld) vendor(tx *store.Tx, v store.Vendor) error {
	contract := w.term()
	v.ContractFrom, v.ContractUntil = contract.Start, contract.End
	v.Qualified = w.rand.IntN(12) > 0
	err := tx.PutVendor(v)
	for _, name := range []string{"isms", "privacy-mark"} {
		err = errors.Join(err, w.file(tx, store.Paper{Kind: store.PaperCertification, Vendor: v.ID, Name: name}))
	}
	return errors.Join(err, w.file(tx, store.Paper{Kind: store.PaperSpecialClauses, Vendor: v.ID}))
}

func (w *paperWorld) file(tx *store.Tx, p store.Paper) error {
	for _, s := range w.terms() {
		p.From, p.Until = s.Start, s.End
		if err := w.add(tx, p); err != nil {
			return err
		}
	}
	return nil
}

func (w *paperWorld) add(tx *store.Tx, p store.Paper) error {
	w.filed++
	p.ID, p.State, p.FiledBy, p.AcceptedBy, p.File = fmt.Sprintf("P-%04d", w.filed), store.PaperAccepted, w.clerk, w.clerk, fmt.Sprint(w.filed)
	return tx.AddPaper(p)
}

// refused tells whether the form refuses sato for the window.
func (w *paperWorld) refused(t *testing.T) bool {
	t.Helper()
	_, err := w.desk.Submit(t.Context(), w.form("sato", "reiji"), townhall.Caller("kato"))
	var bad *forms.Invalid
	switch {
	case err == nil:
		return false
	case errors.As(err, &bad) && len(bad.Problems) == 1 && bad.Problems[0].Code == "engineer-not-eligible":
		return true
	}
	t.Fatal(err)
	return true
}

// application gives the facts for the check items, with sato instead of the other engineer.
func (w *paperWorld) application(t *testing.T) (a policy.Application) {
	t.Helper()
	err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		if a, err = requests.Application(s, w.no, townhall.Zone); err != nil {
			return err
		}
		sato, err := s.Person("sato")
		v, missing := s.Vendor("V-012")
		a.Engineers, a.Vendor, a.Prime = []policy.Person{sato.Person}, v.Vendor, policy.Vendor{}
		if prime, err := s.Vendor(v.Prime); err == nil {
			a.Prime = prime.Vendor
		}
		return errors.Join(err, missing)
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// unmet tells whether a check item about papers is unmet.
func unmet(a policy.Application, now time.Time) bool {
	for _, i := range policy.Check(a, now)[:4] {
		if i.State == policy.ItemUnmet {
			return true
		}
	}
	return false
}

// due tells whether the list of papers shows sato, the vendor or its prime contractor as stopped now.
func (w *paperWorld) due(t *testing.T) bool {
	t.Helper()
	lines, err := w.keeper.Vendors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var page papers.Page
	if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) { page, err = w.keeper.Page(s, "V-012"); return err }); err != nil {
		t.Fatal(err)
	}
	stopped := page.Engineers[0].Standing.State == papers.Expired
	for _, l := range lines {
		if l.Vendor.ID == "V-012" || l.Vendor.ID == page.Vendor.Prime {
			stopped = stopped || l.Standing.State == papers.Expired
		}
	}
	return stopped
}

// facts are sato's facts, with a window that is open from start to end.
func (w *paperWorld) facts(t *testing.T) (policy.Facts, policy.Attempt) {
	t.Helper()
	var f policy.Facts
	if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) { f, err = s.Facts("sato"); return err }); err != nil {
		t.Fatal(err)
	}
	f.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady}
	f.Systems = map[string]policy.System{"map": {ID: "map", Attendance: policy.AttendanceNone, Line: policy.LineNone}}
	f.Targets = map[string]policy.Target{"map-web": {ID: "map-web", System: "map"}}
	f.Accounts = map[string]policy.Account{"map-web/web": {ID: "map-web/web", Target: "map-web", Login: "web"}}
	f.Grants = []policy.Grant{{ID: "R8-9999-1-1", Person: "E-0031", Vendor: "V-012", Target: "map-web", Account: "map-web/web", Request: "R8-9999",
		RequestState: policy.RequestApproved, RequestVersion: 1, ApprovedVersion: 1, State: policy.GrantActive,
		Window: policy.Window{ID: "R8-9999-1", Request: "R8-9999", System: "map", Start: w.start, End: w.end, State: policy.WindowPermitted}}}
	return f, policy.Attempt{Act: policy.ActConnect, Person: "E-0031", Key: true, Print: f.Keys[0], Factor: true}
}

// Form, check items, decision, deadline, next change, a session's verdict and the list of papers all read policy.Requirements. With
// random papers they must all agree.
func TestEveryReaderOfPapersSaysTheSame(t *testing.T) {
	t.Parallel()
	var allowed, refused, broken, mended int
	seeds := 24
	if testbed.Whole() {
		seeds = 80
	}
	for seed := range uint64(seeds) {
		w := newPaperWorld(t, seed)
		w.draw(t)
		form := w.refused(t)
		f, a := w.facts(t)
		app := w.application(t)
		if item := unmet(app, w.Now()); item != form {
			t.Errorf("seed %d: the form refuses: %v; an item is unmet at the approval: %v", seed, form, item)
		}
		type moment struct {
			at    time.Time
			holds bool
		}
		var seen []moment
		covered := true
		for at := w.start; at.Before(w.end); {
			w.Pass(at.Sub(w.Now()))
			d := policy.Decide(f, a, at)
			if !d.Allow && d.Reason != policy.VendorLocked && d.Reason != policy.PledgeMissing && d.Reason != policy.QualificationUnmet {
				t.Fatalf("seed %d: refused for %s, which is no paper", seed, d.Reason)
			}
			covered = covered && d.Allow
			seen = append(seen, moment{at, d.Allow})
			r := policy.Running{Session: "S-1", Person: a.Person, Print: a.Print, Grant: f.Grants[0].ID, Target: "map-web", Account: "web", LastInput: at}
			if v := policy.Recheck(f, r, at); v.Keep != d.Allow || !v.Keep && v.Reason != policy.Lapsed || v.Keep && !v.Until.Equal(d.Until) {
				t.Errorf("seed %d at %s: the decision allows: %v until %s; the session is kept: %v (%s) until %s", seed, at, d.Allow, d.Until, v.Keep, v.Reason, v.Until)
			}
			if due := w.due(t); due == d.Allow {
				t.Errorf("seed %d at %s: allowed: %v (%s %v); listed as stopped: %v", seed, at, d.Allow, d.Reason, d.Args, due)
			}
			next := policy.NextChange(f, at)
			if next.IsZero() || next.After(w.end) {
				next = w.end
			}
			if d.Allow && d.Until.Before(w.end) {
				if before, then := policy.Decide(f, a, d.Until.Add(-1)), policy.Decide(f, a, d.Until); !before.Allow || then.Allow || next.After(d.Until) {
					t.Errorf("seed %d: the deadline is %s; allowed just before: %v, and then: %v; the next change is %s", seed, d.Until, before.Allow, then.Allow, next)
				}
			}
			for range 3 { // nothing changes in between
				between := at.Add(time.Duration(w.rand.Int64N(int64(next.Sub(at)))))
				if got := policy.Decide(f, a, between); got.Allow != d.Allow || got.Reason != d.Reason {
					t.Errorf("seed %d: at %s %v %s, at %s %v %s, and no change is announced before %s", seed, at, d.Allow, d.Reason, between, got.Allow, got.Reason, next)
				}
			}
			at = next
		}
		if form == covered {
			t.Errorf("seed %d: the form refuses: %v; the papers hold all the time: %v", seed, form, covered)
		}
		holds := true // from a moment on to the end
		for n := len(seen) - 1; n >= 0; n-- {
			holds = holds && seen[n].holds
			if unmet(app, seen[n].at) == holds {
				t.Errorf("seed %d: at %s an item is unmet: %v; the papers hold from then on: %v", seed, seen[n].at, !holds, holds)
			}
		}
		switch {
		case !covered && len(seen) > 1:
			broken++
		case covered && w.follow:
			mended++
		}
		if covered {
			allowed++
		} else {
			refused++
		}
	}
	t.Logf("%d worlds allow, in %d of which the next paper follows; %d refuse, in %d of which papers begin or end during the window", allowed, mended, refused, broken)
	if least := seeds / 8; allowed < least || refused < least || broken < least || mended < least/2 {
		t.Error("that shows too little")
	}
}

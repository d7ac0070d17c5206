package requests_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Ten thousand requests with their windows, grants and decisions, as after thirty years, and a few planned ones: every read for a page
// and every decision at a connection takes under 100 ms.
func TestTenThousandRequestsInTheStore(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	all := tenThousand
	err = h.DB.Write(t.Context(), func(tx *store.Tx) error {
		for i := 1; i < all; i++ {
			r := shown.Request
			r.No, r.State, r.ApprovedVersion = fmt.Sprintf("R8-%04d", i+1), policy.RequestClosed, 1
			r.Start = townhall.Start.Add(time.Duration(i-all) * time.Hour)
			w := store.Window{Window: policy.Window{ID: r.No + "-1", Request: r.No, System: "map", State: policy.WindowClosed, Attendant: "ito"}}
			g := policy.Grant{ID: w.ID + "-1", Person: "E-0031", Vendor: "V-012", Target: "map-web", Account: "map-web/web", Request: r.No,
				Files: policy.FilesNone, State: policy.GrantActive, PersonLimit: 1}
			if i%200 == 0 { // ahead, over two months
				r.State, r.Start, w.State = policy.RequestApproved, townhall.Start.Add(time.Duration(i)*8*time.Minute), policy.WindowScheduled
			}
			r.End = r.Start.Add(time.Hour)
			w.Start, w.End = r.Start, r.End
			g.Window = w.Window
			if err := tx.AddRequest(r); err != nil {
				return err
			}
			if err := tx.AddDecision(store.Decision{Request: r.No, Version: 1, Stage: 1, By: "head", Verdict: store.VerdictApprove}); err != nil {
				return err
			}
			if err := tx.AddWindow(w); err != nil {
				return err
			}
			if err := tx.AddGrant(g); err != nil {
				return err
			}
		}
		_, err := tx.Append(townhall.Draft("test.requests"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	book := agenda.New(agenda.Options{DB: h.DB, Zone: townhall.Zone})
	read := func(fn func(s *store.Snap) error) func() error {
		return func() error { return h.DB.Read(t.Context(), fn) }
	}
	for name, look := range map[string]func() error{
		"the check items of a request": func() error { _, err := d.Check(t.Context(), no); return err },
		"a request whole":              func() error { _, err := d.Show(t.Context(), no); return err },
		"windows of the section": read(func(s *store.Snap) error {
			_, err := s.Windows(store.WindowFilter{Section: "personnel", Newest: true})
			return err
		}),
		"windows of the section, as they stand": read(func(s *store.Snap) error {
			rows, err := s.Windows(store.WindowFilter{Section: "personnel", Newest: true, Limit: 1000})
			ids := make([]string, 0, len(rows))
			for _, w := range rows {
				ids = append(ids, w.ID)
			}
			return errors.Join(err, second(s.WindowsNow(ids...)))
		}),
		"windows of the vendor": read(func(s *store.Snap) error {
			_, err := s.Windows(store.WindowFilter{Sight: &policy.Sight{Vendor: "V-012"}, Newest: true})
			return err
		}),
		"windows to come": read(func(s *store.Snap) error {
			_, err := s.Windows(store.WindowFilter{Section: "personnel", EndAfter: s.Now})
			return err
		}),
		"the facts of an engineer":           read(func(s *store.Snap) error { _, err := s.Facts("sato"); return err }),
		"the facts of somebody under way":    read(func(s *store.Snap) error { _, err := s.Standing("sato"); return err }),
		"follow-ups":                         read(func(s *store.Snap) error { _, err := s.FollowUps("V-012"); return err }),
		"a month of the calendar":            func() error { _, err := book.Month(t.Context(), townhall.Start, "", townhall.By("kato")); return err },
		"what falls due by the clock":        func() error { return d.Due(t.Context()) },
		"a copy of a request":                func() error { _, err := d.Copy(t.Context(), no, townhall.By("kato")); return err },
		"requests that a deputy decided":     read(func(s *store.Snap) error { _, err := s.Requests(store.RequestFilter{SeenDue: "head"}); return err }),
		"requests of an engineer":            read(func(s *store.Snap) error { _, err := s.Requests(store.RequestFilter{Engineer: "E-0031"}); return err }),
		"requests of one who has none":       read(func(s *store.Snap) error { _, err := s.Requests(store.RequestFilter{Engineer: "E-0040"}); return err }),
		"requests of a series":               read(func(s *store.Snap) error { _, err := s.Requests(store.RequestFilter{Series: "R8-0001"}); return err }),
		"wishes for more time that ran out":  read(func(s *store.Snap) error { _, err := s.StaleExtensions(); return err }),
		"emergencies whose follow-up is due": read(func(s *store.Snap) error { _, err := s.LateFollowUps(); return err }),
	} {
		best := quickest(t, name, look)
		t.Logf("%-36s %v", name, best)
	}
}

// inTime is the promised time of a list among ten thousand requests.
const inTime = 100 * time.Millisecond

// quickest is the time of a look at the best of several tries; it fails if none is in time. If other processes take the machine, only
// the processor time of this process counts. The race detector makes everything some ten times as slow, so the promise does not hold
// under it.
func quickest(t *testing.T, name string, look func() error) time.Duration {
	t.Helper()
	best := time.Hour
	for try := range 20 {
		began, used := time.Now(), processorTime(t)
		if err := look(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		took := time.Since(began)
		if took < 10*inTime { // longer: it waited for something of its own
			took = min(took, processorTime(t)-used)
		}
		best = min(best, took)
		if raceEnabled || try >= 2 && best <= inTime {
			return best
		}
	}
	t.Errorf("%s: %v at the quickest", name, best)
	return best
}

// processorTime is the processor time of this process.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

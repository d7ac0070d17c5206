package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekimori/policy"
)

// walk reads a list page by page. between runs after each page but the last. The test fails where a row comes twice.
func walk[T any](o *office, limit int, read func(*Snap, Page) (Paged[T], error), id func(T) string, between func(page int)) (ids []string, totals []int) {
	o.t.Helper()
	next := ""
	for n := 0; ; n++ {
		var p Paged[T]
		o.read(func(s *Snap) (err error) {
			p, err = read(s, Page{Next: next, Limit: limit})
			return err
		})
		if len(p.Rows) > limit {
			o.t.Fatalf("a page of %d has %d rows", limit, len(p.Rows))
		}
		totals = append(totals, p.Total)
		for _, r := range p.Rows {
			if slices.Contains(ids, id(r)) {
				o.t.Errorf("%s comes twice", id(r))
			}
			ids = append(ids, id(r))
		}
		if next = p.Next; next == "" {
			return ids, totals
		}
		if between != nil {
			between(n)
		}
	}
}

func sessionID(s Session) string { return s.ID }

// 1,200 ended sessions hide neither the three live ones nor each other, though sessions begin and end between the pages.
func TestPagesOfSessions(t *testing.T) {
	o := open(t)
	o.declare()
	const many = 1200
	under := []string{"S-20261124-0010", "S-20261124-0400", "S-20261124-0800"}
	o.write(func(tx *Tx) error {
		_, err := tx.grant(noon, "E-0031")
		for i := range many {
			s := live(fmt.Sprintf("S-20261124-%04d", i), "E-0031", SessionEnded)
			s.Created = noon.Add(time.Duration(i/3) * time.Second) // three at a time
			s.Reason, s.Ended = policy.EndedByEngineer, noon
			if slices.Contains(under, s.ID) {
				s.State, s.Reason, s.Ended = SessionActive, "", time.Time{}
			}
			err = all(err, tx.AddSession(s))
		}
		return err
	})
	o.clock.set(noon.Add(time.Hour))
	sessions := func(s *Snap, p Page) (Paged[Session], error) { return s.SessionPage(SessionFilter{}, p) }
	ended := 0
	for _, limit := range []int{2, 97, 200, 1000} {
		ids, totals := walk(o, limit, sessions, sessionID, func(page int) {
			o.clock.set(o.clock.now().Add(time.Minute))
			o.write(func(tx *Tx) error { // one more attempt, and a live one ends
				n := ended*10000 + page
				err := tx.AddSession(Session{ID: fmt.Sprintf("S-20261125-%d-%d", limit, n), State: SessionRefused, Person: "E-0032", System: "hr", Reason: policy.NoGrant, Created: tx.Now, Ended: tx.Now})
				if limit == 97 && page < 2 {
					s, err2 := tx.Session(under[page])
					s.State, s.Reason, s.Ended = SessionEnded, policy.WindowEnded, tx.Now
					return all(err, err2, tx.UpdateSession(s))
				}
				return err
			})
		})
		ended++
		for i := range many {
			if id := fmt.Sprintf("S-20261124-%04d", i); !slices.Contains(ids, id) {
				t.Errorf("pages of %d: %s is hidden", limit, id)
			}
		}
		if want := map[int][]string{2: {under[2], under[1], under[0]}, 97: {under[2], under[1], under[0]}}[limit]; want != nil && !slices.Equal(ids[:3], want) {
			t.Errorf("pages of %d begin with %v", limit, ids[:3])
		}
		if totals[0] < many {
			t.Errorf("pages of %d: %d in all", limit, totals[0])
		}
	}
	ids, totals := walk(o, 1, func(s *Snap, p Page) (Paged[Session], error) { return s.SessionPage(SessionFilter{Live: true}, p) }, sessionID, nil)
	if !slices.Equal(ids, []string{under[2]}) || totals[0] != 1 {
		t.Errorf("under way: %v of %v", ids, totals)
	}
}

// Owed reviews come first, the earliest due on top, even while reviews are signed between the pages.
func TestPagesOfReviews(t *testing.T) {
	o := open(t)
	o.declare()
	const many = 1100
	name := func(i int) string { return fmt.Sprintf("S-20261124-%04d", i) }
	o.write(func(tx *Tx) error {
		_, err := tx.grant(noon, "E-0031")
		for i := range many {
			s := live(name(i), "E-0031", SessionEnded)
			s.Reason, s.Ended = policy.EndedByEngineer, noon
			err = all(err, tx.AddSession(s), tx.AddReview(Review{ID: s.ID, Session: s.ID, Due: noon.AddDate(0, 0, i%7)}))
			if i%50 != 0 {
				err = all(err, tx.SignReview(s.ID, "U-001", Signature{Verdict: "ok"}))
			}
		}
		return err
	})
	ids, _ := walk(o, 10, func(s *Snap, p Page) (Paged[Review], error) { return s.ReviewPage(ReviewFilter{}, p) },
		func(r Review) string { return r.Session }, func(page int) {
			o.clock.set(o.clock.now().Add(time.Minute))
			if page < 2 { // one that was shown, and one that was not
				o.write(func(tx *Tx) error { return tx.SignReview(name(page*700), "U-001", Signature{Verdict: "ok"}) })
			}
		})
	if len(ids) != many {
		t.Errorf("%d of %d", len(ids), many)
	}
	for i, id := range ids[:many/50] {
		if n := 0; id != "" {
			fmt.Sscanf(id, "S-20261124-%d", &n)
			if n%50 != 0 {
				t.Errorf("place %d: %s, which is signed", i, id)
			}
		}
	}
}

// Requests that need work come before 1,000 settled ones, and windows that are not over before those that are.
func TestPagesOfRequestsAndWindows(t *testing.T) {
	o := open(t)
	o.declare()
	const many = 1050
	open := map[string]bool{}
	o.write(func(tx *Tx) error {
		var errs []error
		for i := range many {
			start := noon.AddDate(0, 0, -i-1)
			if i%300 == 0 {
				start = noon.AddDate(0, 0, i+1)
			}
			no, err := tx.grant(start, "E-0031")
			errs = append(errs, err)
			if i%300 != 0 {
				r, err := tx.Request(no)
				r.State = policy.RequestClosed
				errs = append(errs, err, tx.UpdateRequest(r))
			} else {
				open[no] = true
			}
		}
		return all(errs...)
	})
	o.clock.set(noon.Add(time.Minute))
	between := func(page int) {
		o.clock.set(o.clock.now().Add(time.Minute))
		if page == 0 { // one that was shown is settled, and one is submitted
			o.write(func(tx *Tx) error {
				var no string
				for n := range open {
					no = max(no, n)
				}
				r, err := tx.Request(no)
				r.State = policy.RequestClosed
				_, err2 := tx.grant(noon.AddDate(0, 2, 0), "E-0031")
				return all(err, err2, tx.UpdateRequest(r))
			})
		}
	}
	ids, totals := walk(o, 2, func(s *Snap, p Page) (Paged[Request], error) { return s.RequestPage(RequestFilter{}, p) },
		func(r Request) string { return r.No }, between)
	if len(ids) != many || totals[0] != many || totals[1] != many+1 {
		t.Errorf("%d requests, %v", len(ids), totals[:2])
	}
	for _, no := range ids[:len(open)] {
		if !open[no] {
			t.Errorf("%s, which is settled, comes before what is open", no)
		}
	}
	windows, _ := walk(o, 100, func(s *Snap, p Page) (Paged[Window], error) { return s.WindowPage(WindowFilter{}, p) },
		func(w Window) string { return w.ID }, nil)
	if len(windows) != many+1 {
		t.Errorf("%d windows", len(windows))
	}
	o.read(func(s *Snap) error {
		for i, id := range windows {
			w, err := s.Window(id)
			if err != nil || w.End.After(s.Now) != (i <= len(open)) {
				t.Errorf("place %d: %s ends %s, %v", i, id, w.End, err)
			}
		}
		return nil
	})
}

// A Next that no list gave out is refused, and reveals no row.
func TestAPlaceThatNoListGaveOut(t *testing.T) {
	o := open(t)
	o.declare()
	for _, next := range []string{"x", "e30x", "!!", "eyJwIjoyfQ", "eyJrIjpbMV19", "eyJrIjpbW11dfQ", "eyJrIjpbMSwyLDNdfQ"} {
		o.read(func(s *Snap) error {
			if _, err := s.SessionPage(SessionFilter{}, Page{Next: next}); !errors.Is(err, ErrBadPage) {
				t.Errorf("%q: %v", next, err)
			}
			return nil
		})
	}
}

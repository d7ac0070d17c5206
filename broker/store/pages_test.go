package store

import (
	"fmt"
	"slices"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// everyPage reads a list to its end and gives the rows of each page. between runs after each page.
func everyPage[T any](t *testing.T, o *office, size int, id func(T) string, read func(*Snap, Page) (Paged[T], error), between func()) [][]string {
	t.Helper()
	var pages [][]string
	p := Page{Limit: size}
	for range 100 {
		var ids []string
		o.read(func(s *Snap) error {
			got, err := read(s, p)
			for _, r := range got.Rows {
				ids = append(ids, id(r))
			}
			p.Next = got.Next
			return err
		})
		pages = append(pages, ids)
		if p.Next == "" {
			return pages
		}
		between()
	}
	t.Fatal("the list has no end")
	return nil
}

// completeOnce reports whether a list has all of these, and each only once.
func completeOnce(t *testing.T, what string, pages [][]string, wanted []string) {
	t.Helper()
	all := slices.Sorted(slices.Values(slices.Concat(pages...)))
	if twice := len(all) - len(slices.Compact(slices.Clone(all))); twice > 0 {
		t.Errorf("%s: %d are shown twice", what, twice)
	}
	for _, id := range wanted {
		if _, found := slices.BinarySearch(all, id); !found {
			t.Errorf("%s: %s is left out", what, id)
		}
	}
}

// A thousand failed logins push no alarm out of the desk's list, and no page loses one while others come in.
func TestAttackAnonymousFailuresHideNoAlarm(t *testing.T) {
	o := open(t)
	o.declare()
	broker := ledger.Actor{Kind: "broker", Via: "timer"}
	var all []string
	raise := func(a Alarm) {
		o.write(func(tx *Tx) error {
			id, err := tx.RaiseAlarm(a, []string{"jinji"}, broker)
			all = append(all, id)
			return err
		})
	}
	raise(Alarm{What: AlarmEvidence, About: "S-20261124-01"})
	raise(Alarm{What: AlarmUnrecordable}) // about no person, and not caused by a stranger
	raise(Alarm{What: AlarmLock, About: "E-0031"})
	o.write(func(tx *Tx) error { return tx.AckAlarm("A-0003", CentralDesk, "U-001", "") })
	o.write(func(tx *Tx) error {
		for range 1050 {
			id, err := tx.RaiseAlarm(Alarm{What: AlarmFailures}, nil, broker)
			if err != nil {
				return err
			}
			all = append(all, id)
		}
		return nil
	})
	for name, f := range map[string]AlarmFilter{
		"all": {}, "open": {Open: true, Desks: []string{CentralDesk, SectionDesk("jinji")}},
	} {
		known := slices.Clone(all)
		pages := everyPage(t, o, 200, func(a Alarm) string { return a.ID }, func(s *Snap, p Page) (Paged[Alarm], error) {
			page, err := s.AlarmPage(f, p)
			if page.Total < len(known) {
				t.Errorf("%s: a total of %d", name, page.Total)
			}
			return page, err
		}, func() {
			raise(Alarm{What: AlarmFailures})
			o.write(func(tx *Tx) error { // acknowledged while the list is being read
				if a, err := tx.Alarm("A-0002"); err != nil || name == "open" || !a.Desks[0].AckedAt.IsZero() {
					return err
				}
				return tx.AckAlarm("A-0002", CentralDesk, "U-001", "")
			})
		})
		completeOnce(t, name, pages, known)
		if got := pages[0][:3]; !slices.Equal(got, []string{"A-0003", "A-0002", "A-0001"}) {
			t.Errorf("%s begins with %v", name, got)
		}
	}
}

// Papers and reports that need an answer are on the first page, however long the list is.
func TestWhatIsOwedIsOnTheFirstPage(t *testing.T) {
	o := open(t)
	o.declare()
	const many = 1050
	var papers, reports []string
	o.write(func(tx *Tx) error {
		no, err := tx.grant(noon, "E-0031")
		for i := range many {
			p := Paper{ID: fmt.Sprintf("P-%04d", i+1), Kind: PaperOther, Vendor: "V-012", Name: "x", State: PaperAccepted, FiledBy: "U-001", Filed: noon, AcceptedBy: "U-001", Accepted: noon}
			if i == many-1 {
				p.State, p.AcceptedBy, p.Accepted = PaperSubmitted, "", p.Withdrawn
			}
			papers = append(papers, p.ID)
			w := WorkReport{ID: fmt.Sprintf("W-%04d", i+1), Window: no + "-1", Request: no, System: "hr", Vendor: "V-012", SubmittedBy: "E-0031", Body: "{}"}
			reports = append(reports, w.ID)
			err = all(err, tx.AddPaper(p), tx.AddWorkReport(w))
			if i > 0 {
				err = all(err, tx.SettleReport(w.ID, ReportAccepted, "U-001", ""))
			}
		}
		return err
	})
	owed := everyPage(t, o, 0, func(p Paper) string { return p.ID }, func(s *Snap, p Page) (Paged[Paper], error) { return s.PaperPage(PaperFilter{}, p) }, func() {
		o.write(func(tx *Tx) error { // accepted, and one more filed, while the list is being read
			id := fmt.Sprintf("P-%04d", len(papers)+1)
			papers = append(papers, id)
			return tx.AddPaper(Paper{ID: id, Kind: PaperOther, Vendor: "V-012", Name: "x", State: PaperAccepted, FiledBy: "U-001", Filed: tx.Now, AcceptedBy: "U-001", Accepted: tx.Now})
		})
	})
	completeOnce(t, "papers", owed, papers[:many])
	if owed[0][0] != papers[many-1] || len(owed[0]) != defaultLimit {
		t.Errorf("papers begin with %s, %d", owed[0][0], len(owed[0]))
	}
	sight := &policy.Sight{Vendor: "V-012"}
	owed = everyPage(t, o, 1000, func(p WorkReport) string { return p.ID }, func(s *Snap, p Page) (Paged[WorkReport], error) {
		return s.WorkReportPage(ReportFilter{Sight: sight}, p)
	}, func() {})
	completeOnce(t, "reports", owed, reports)
	if owed[0][0] != reports[0] || len(owed) != 2 {
		t.Errorf("reports begin with %s, %d pages", owed[0][0], len(owed))
	}
}

package store

import (
	"fmt"
	"testing"
	"time"

	"sekimori/policy"
)

// Lists are cut at a limit. The cut must remove only rows that need no attention.
func TestListsKeepWhatIsWanted(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		var errs []error
		for i := range 3 {
			no, err := tx.grant(noon.AddDate(0, 0, i), "E-0031")
			errs = append(errs, err)
			s := live(fmt.Sprintf("S-20261124-%02d", i+1), "E-0031", SessionEnded)
			s.Created = noon.Add(time.Duration(i) * time.Minute)
			s.Request, s.Window, s.Reason = no, no+"-1", policy.WindowEnded
			if i == 0 {
				s.Recording = "2026/11/" + s.ID + ".skr"
			}
			errs = append(errs, tx.AddSession(s), tx.AddReview(Review{ID: s.ID, Session: s.ID, System: s.System, Due: noon.AddDate(0, 0, 10+i)}))
		}
		return all(append(errs, tx.SignReview("S-20261124-01", "U-001", Signature{Verdict: "ok"}), tx.SignReview("S-20261124-02", "U-001", Signature{Verdict: "ok"}))...)
	})
	o.read(func(s *Snap) error {
		var ids []string
		windows, err := s.Windows(WindowFilter{Newest: true, Limit: 2, Sight: &policy.Sight{Vendor: "V-012"}})
		for _, w := range windows {
			ids = append(ids, w.ID)
		}
		same(t, "newest windows", ids, []string{"R8-0003-1", "R8-0002-1"}, err)
		none, err := s.Windows(WindowFilter{Sight: &policy.Sight{Vendor: "V-999"}})
		same(t, "windows of another vendor", len(none), 0, err)

		sessions, err := s.Sessions(SessionFilter{Recorded: true, Limit: 1})
		if len(sessions) != 1 || sessions[0].ID != "S-20261124-01" {
			t.Errorf("recorded: %+v", sessions)
		}
		reviews, err2 := s.ReviewPage(ReviewFilter{Sight: &policy.Sight{Sections: []string{"jinji"}}}, Page{})
		ids = nil
		for _, r := range reviews.Rows {
			ids = append(ids, r.Session)
		}
		same(t, "reviews: owed first, then the latest signed", ids, []string{"S-20261124-03", "S-20261124-02", "S-20261124-01"}, err2)
		others, err3 := s.ReviewPage(ReviewFilter{Sight: &policy.Sight{Sections: []string{"somu"}}}, Page{})
		same(t, "reviews of another section", len(others.Rows), 0, err3)
		return err
	})
}

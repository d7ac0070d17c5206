package store

import (
	"errors"
	"testing"
	"time"

	"sekimori/policy"
)

// The last work is that of another request: a request whose work has begun is not compared with itself.
func TestLastWorkIsOfAnotherRequest(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.declare()
	work := func(no string) (found string) {
		t.Helper()
		o.read(func(s *Snap) error {
			v, err := s.LastWork("V-012", "hr", []string{"hr-db"}, no)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			found = v.ID
			return err
		})
		return found
	}
	add := func(id, request string, at time.Time) {
		t.Helper()
		o.write(func(tx *Tx) error {
			return tx.AddSession(Session{ID: id, State: SessionEnded, Person: "E-0031", Vendor: "V-012", System: "hr", Target: "hr-db", Request: request,
				Reason: policy.WindowEnded, Created: at, Ended: at})
		})
	}
	if got := work("R8-0002"); got != "" {
		t.Errorf("before any work: %s", got)
	}
	add("S-20261124-02", "R8-0002", noon)
	if got := work("R8-0002"); got != "" {
		t.Errorf("the request itself: %s", got)
	}
	add("S-20261123-01", "R8-0001", noon.Add(-time.Hour))
	for no, want := range map[string]string{"R8-0002": "S-20261123-01", "R8-0003": "S-20261124-02", "": "S-20261124-02"} {
		if got := work(no); got != want {
			t.Errorf("beside %q: %q, want %q", no, got, want)
		}
	}
}

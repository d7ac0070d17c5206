package pages

import (
	"strings"
	"testing"

	"sekimori/broker/store"
)

// A person who is not locked has nothing to unlock, and the last valid day of a pledge is shown, not the first invalid one.
func TestThePageOfAPersonWhoIsNotLocked(t *testing.T) {
	w := found(t)
	a := w.as("head").get("/people/E-0031")
	a.has(t, `href="/people/E-0031/lock"`)
	if a.holds("/people/E-0031/unlock") || a.holds("[305]") {
		t.Errorf("it offers to unlock:\n%s", a.body)
	}
	err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		p, err := s.Person("E-0031")
		last := endDay(p.Pledge.Until, w.o.Zone).JA
		if err == nil && (last == "" || !strings.Contains(a.body, last)) {
			t.Errorf("the pledge is valid to %s:\n%s", last, a.body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

package pages

import (
	"testing"

	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// A line that an engineer typed and a rule holds is part of the record. The attendant alone, who answers, sees it without a purpose: not the
// section's head, the information-systems section or an auditor who look at the session.
func TestAttackAHeldLineSeenWithoutAPurpose(t *testing.T) {
	t.Parallel()
	w := found(t)
	e := w.withEntrance(t)
	w.holdsDrops()
	w.granted(t)
	_, s, session := w.connected(t, e)
	s.types("drop table 給与\r")
	s.await("waiting for the attendant")
	w.holds(t, session)
	for who, want := range map[string]int{"ito": 1, "head": 0, "deputy": 0, "mori": 0} {
		var p policy.Person
		err := w.DB.Read(t.Context(), func(s *store.Snap) error {
			one, err := s.Person(who)
			p = one.Person
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		seen, err := w.o.Views.Session(t.Context(), view.Reader{Person: p, Via: "cli"}, session)
		if err != nil || len(seen.Held) != want {
			t.Errorf("%s: %+v, %v", who, seen.Held, err)
		}
	}
}

// holds waits until the broker holds a command of the session. The engineer is told before the entry of it, and so before it can be answered.
func (w *world) holds(t *testing.T, session string) {
	t.Helper()
	eventually(t, session+" holds a command", func() bool { return len(w.o.Sessions.Held(session)) > 0 })
}

package gate

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/policy"
)

// Of connections that come at the same time the first get in, a refused one takes no place, and those that end leave nothing.
func TestPlacesOfOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	most := w.sup.MostConnections()
	var all []*caller
	var mu sync.Mutex // guards all
	var coming sync.WaitGroup
	for range most + mostRefused + 10 {
		coming.Go(func() {
			if c := (&caller{}); w.gate.addConnection(c, "E-1") {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, c)
			}
		})
	}
	coming.Wait()
	if len(all) != most+mostRefused {
		t.Fatalf("%d were let in", len(all))
	}
	var fit, over []*caller
	for _, c := range all {
		if w.gate.beside(c, "E-1") < most {
			fit = append(fit, c)
		} else {
			over = append(over, c)
		}
	}
	if len(fit) != most {
		t.Errorf("%d fit", len(fit))
	}
	if n := w.gate.beside(&caller{}, "E-2"); n != 0 {
		t.Errorf("another person has %d", n)
	}
	for _, c := range over {
		w.gate.refusedConnection(c)
		w.gate.refusedConnection(c)
	}
	if n := w.gate.beside(&caller{}, "E-1"); n != most {
		t.Errorf("%d count", n)
	}
	w.gate.removeConnection(fit[0])
	w.gate.removeConnection(fit[0])
	if n := w.gate.beside(&caller{}, "E-1"); n != most-1 {
		t.Errorf("%d count when one has ended", n)
	}
	if moved := fit[1]; !w.gate.addConnection(moved, "E-2") || w.gate.beside(&caller{}, "E-1") != most-2 {
		t.Error("a connection counts as two people's")
	}
	for _, c := range all {
		w.gate.removeConnection(c)
	}
	w.gate.mu.Lock()
	defer w.gate.mu.Unlock()
	if len(w.gate.people) != 0 {
		t.Errorf("left: %v", w.gate.people)
	}
}

// A connection that is not even to be told on a channel is told at the login.
func TestTooManyConnectionsAreToldAtTheLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	for range w.sup.MostConnections() + mostRefused {
		if !w.gate.addConnection(&caller{}, e.id) {
			t.Fatal("no room")
		}
	}
	for _, user := range []string{"sato+hr-db", "sato"} {
		a := &answers{consent: "yes"}
		if c, err := e.dial(user, a); err == nil {
			c.Close()
			t.Errorf("%s: let in", user)
		}
		if !strings.Contains(a.said(), "[135]") {
			t.Errorf("%s: told %q", user, a.said())
		}
	}
	if got := w.entries("session.attempted"); len(got) != 0 {
		t.Errorf("attempts: %v", got)
	}
	for _, row := range w.entries("session.refused") {
		if row["number"] != float64(policy.OwnConnections.Number()) {
			t.Errorf("refused: %v", row)
		}
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
}

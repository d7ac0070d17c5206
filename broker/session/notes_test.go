package session

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A note that the store does not take must neither hold the others back nor stay for ever.
func TestANoteThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		at := w.clock.Now()
		w.sup.notes.mu.Lock() // without waking the writer: the order is what counts
		w.sup.notes.list = []pauseNote{{session: "S-none", kind: "session.paused", at: at}, {session: v.id, kind: "session.paused", at: at}}
		w.sup.notes.mu.Unlock()
		w.sup.writeNotes(t.Context())
		if got := v.kinds(); !slices.Contains(got, "paused broker broker") {
			t.Errorf("the ledger tells %q", got)
		}
		if n := len(w.sup.notes.list); n != 1 {
			t.Fatalf("%d notes are left", n)
		}
		for range noteTries {
			w.sup.note(pauseNote{session: v.id, kind: "session.resumed", at: at})
			synctest.Wait()
		}
		w.sup.notes.mu.Lock()
		defer w.sup.notes.mu.Unlock()
		if n := len(w.sup.notes.list); n != 0 {
			t.Errorf("%d notes are left in the end", n)
		}
		v.client.Close()
	})
}

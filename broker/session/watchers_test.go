package session

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A page that is loaded again leaves and comes back: the engineer reads of the person who came, and of the one who stays away.
func TestAReloadTellsTheEngineerNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(1))
		_, _, screen := v.shell()
		screen.await(t, "Connected, ")
		watch := func() func() {
			_, stop, err := w.sup.Watch(v.id)
			if err != nil {
				t.Fatal(err)
			}
			return stop
		}
		said := func(n string) int {
			synctest.Wait()
			return strings.Count(screen.String(), "Watched by "+n)
		}
		stop := watch()
		if said("1") != 1 {
			t.Fatalf("the engineer is not told at once:\n%s", screen)
		}
		begun := said("0") // the notice of the start
		for range 5 {
			stop()
			time.Sleep(watchersRest / 3) // of the bubble
			stop = watch()
			time.Sleep(watchersRest)
		}
		if said("1") != 1 || said("0") != begun {
			t.Errorf("reloads are told:\n%s", screen)
		}
		other := watch()
		if said("2") != 1 {
			t.Errorf("a second person is not told at once:\n%s", screen)
		}
		other()
		stop()
		time.Sleep(watchersRest)
		if said("0") != begun+1 || said("1") != 1 {
			t.Errorf("that nobody watches any more is not told once:\n%s", screen)
		}
		if err := w.sup.End(v.id, policy.CutByAttendant, ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}, ""); err != nil {
			t.Fatal(err)
		}
		// A question that comes now is answered once the end is written.
		w.sup.Settled(t.Context(), "R8-0001-1")
		if row, _ := v.stored("session.ended"); row.State.Live() {
			t.Errorf("settled, and the session is %s", row.State)
		}
		if err := <-v.over; err != nil {
			t.Error(err)
		}
		v.gone()
	})
}

// A page does not wait longer than it says, and not for sessions that go on.
func TestSettledWaitsOnlyForAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(1))
		_, _, screen := v.shell()
		screen.await(t, "Connected, ")
		began := time.Now()
		w.sup.Settled(t.Context(), v.id)
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %s for a session that goes on", took)
		}
		v.hole.vanished.Store(true) // the client says nothing any more: the end takes its time
		if err := w.sup.End(v.id, policy.CutByAttendant, ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}, ""); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began = time.Now()
		w.sup.Settled(ctx, v.id)
		if took := time.Since(began); took != time.Millisecond {
			t.Errorf("waited %s", took)
		}
		if err := <-v.over; err != nil {
			t.Error(err)
		}
		v.hole.Close()
		v.gone()
	})
}

// The supervisor sees a commit as early as the act that made it. Whichever ends the session, the person's act is the cause.
func TestAnActOfAPersonIsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(1))
		_, _, screen := v.shell()
		screen.await(t, "Connected, ")
		by := ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}
		failed := w.sup.Ending("R8-0001-1", policy.CutByAuthority, by, "this one fails")
		done := w.sup.Ending("R8-0001-1", policy.CutByAttendant, by, "")
		failed() // takes nothing away from the other
		w.write("test.taken-back", func(tx *store.Tx) error {
			win, err := tx.Window("R8-0001-1")
			if err != nil {
				return err
			}
			win.State = policy.WindowClosed
			return tx.UpdateWindow(win)
		})
		if err := <-v.over; err != nil { // EndWindow is never called
			t.Error(err)
		}
		done()
		v.gone()
		if row, _ := v.stored("session.ended"); row.Reason != policy.CutByAttendant || row.By != "U-001" {
			t.Errorf("ended as %s by %q", row.Reason, row.By)
		}
		if c := w.sup.causeIn("R8-0001-1", Cause{Reason: policy.Locked}); c.Reason != policy.Locked {
			t.Errorf("the act is over, and the cause is %s", c.Reason)
		}
	})
}

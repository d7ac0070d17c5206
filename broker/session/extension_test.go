package session

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// asks stores a wish for more time, as the requests package does.
func (w *world) asks(by time.Duration) (id string) {
	w.t.Helper()
	w.write("extension.asked", func(tx *store.Tx) (err error) {
		if id, err = tx.NextExtensionNo(); err != nil {
			return err
		}
		win, err := tx.Window("R8-0001-1")
		if err != nil {
			return err
		}
		return tx.AddExtension(store.Extension{ID: id, Window: win.ID, Request: win.Request, System: win.System, AskedBy: "E-0001", Via: "ssh", By: by,
			Reason: "検証", Ends: win.End})
	})
	return id
}

// answers stores the answer, and moves the window's end where it is yes.
func (w *world) answers(id string, state store.ExtensionState, why string) {
	w.t.Helper()
	w.write("test.answered", func(tx *store.Tx) error {
		x, err := tx.Extension(id)
		if err != nil {
			return err
		}
		x.State, x.Decider, x.Role, x.Answer = state, "U-001", policy.Attendant, why
		if state == store.ExtensionGranted {
			win, err := tx.Window(x.Window)
			if err != nil {
				return err
			}
			win.End = win.End.Add(x.By)
			x.NewEnd = win.End
			if err := tx.UpdateWindow(win); err != nil {
				return err
			}
		}
		return tx.SettleExtension(x)
	})
}

// An extension that is granted a second before the end: no gap, the warnings anew for the new end, and the cut there.
func TestAnExtensionGrantedOneSecondBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 12*time.Minute)
		w.write("test.changed", func(tx *store.Tx) error {
			sys, err := tx.System("hr")
			if err != nil {
				return err
			}
			sys.Delegated = 15 * time.Minute
			return tx.PutSystem(sys)
		})
		v := w.admit(w.engineer(0))
		_, in, screen := v.shell()
		screen.await(t, "Started")
		end := w.start.Add(12 * time.Minute)
		time.Sleep(time.Until(end) - 30*time.Second)
		x := w.asks(15 * time.Minute)
		screen.await(t, "Asked for 15 min. No answer means "+end.UTC().Format("15:04")+" stands.")
		time.Sleep(time.Until(end) - time.Second)
		w.answers(x, store.ExtensionGranted, "")
		later := end.Add(15 * time.Minute)
		screen.await(t, "Extended to "+later.UTC().Format("15:04")+" (15 min left).")
		time.Sleep(time.Until(end) + time.Minute)
		if !echoed(t, in, screen, "after the old end") {
			t.Errorf("a gap:\n%s", screen)
		}
		time.Sleep(time.Until(later.Add(-9 * time.Minute)))
		in.Write([]byte("still here\n")) // or else idle
		<-v.over
		if late := v.endedAt.Sub(later); late < 0 || late > cutWithin {
			t.Errorf("ended %s after the new end", late)
		}
		for _, want := range []string{"] 10 min left", "] 5 min left", "] 1 min left"} {
			if n := strings.Count(screen.String(), want); n != 2 {
				t.Errorf("the engineer saw %q %d times:\n%s", want, n, screen)
			}
		}
		if row, _ := v.stored("session.ended"); row.Reason != policy.WindowEnded {
			t.Errorf("ended as %s", row.Reason)
		}
	})
}

func TestAnExtensionDeniedAndOverTheLimit(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.attended() // 30 minutes are delegated
	e := w.engineer(0)
	first := w.asks(20 * time.Minute)
	w.answers(first, store.ExtensionGranted, "")
	w.heard()
	v := w.admit(e)
	_, _, screen := v.shell()
	screen.await(t, "Started")
	w.answers(w.asks(10*time.Minute), store.ExtensionDenied, "次の予定があります")
	screen.await(t, "Not extended (次の予定があります). Ends ")
	w.asks(11 * time.Minute)
	screen.await(t, "Attendant may add 10 min at most; head must approve.")
	seen := screen.String()
	if n := strings.Count(seen, "at most"); n != 1 {
		t.Errorf("the limit was told %d times:\n%s", n, seen)
	}
	if strings.Contains(seen, "Extended to") {
		t.Errorf("what was answered before the session was told to it:\n%s", seen)
	}
	v.client.Close()
	<-v.over
}

// The deadline may come nearer too.
func TestADeadlineThatComesNearer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		end := w.start.Add(7 * time.Minute)
		w.write("test.changed", func(tx *store.Tx) error {
			win, err := tx.Window("R8-0001-1")
			if err != nil {
				return err
			}
			win.End = end
			return tx.UpdateWindow(win)
		})
		<-v.over
		if late := v.endedAt.Sub(end); late < 0 || late > cutWithin {
			t.Errorf("ended %s after the end", late)
		}
		if n := strings.Count(screen.String(), "] 5 min left"); n != 1 {
			t.Errorf("five minutes were told %d times", n)
		}
	})
}

package session

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// slow makes the world's target wait for the channel before it opens anything, and gives what it received.
func (w *world) slow(open chan struct{}) *arrivals {
	a := &arrivals{}
	w.target = testbed.NewTarget(w.t, testbed.TargetOptions{
		Opening: func() { <-open },
		Session: func(s *testbed.TargetSession) {
			a.mu.Lock()
			a.commands = append(a.commands, s.Command)
			a.mu.Unlock()
			s.Exit(0)
		},
	})
	w.rekey()
	return a
}

// The attendant presses pause while the target takes its time to open a channel. The command that waits for it is held like
// one that comes later, and runs when input goes on.
func TestCommandStartedDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30*time.Minute)
		open := make(chan struct{})
		got := w.slow(open)
		v := w.admit(w.engineer(1))
		ran := make(chan int, 1)
		go func() { _, _, exit := v.run("touch file"); ran <- exit }()
		synctest.Wait() // the channel was decided, and waits for the target
		if err := w.sup.Pause(context.Background(), v.id, attendant, "wait"); err != nil {
			t.Fatal(err)
		}
		close(open)
		<-time.After(time.Minute)
		if n := got.count(); n != 0 {
			t.Errorf("%d commands reached the target during the pause", n)
		}
		if err := w.sup.Resume(context.Background(), v.id, attendant, ""); err != nil {
			t.Fatal(err)
		}
		if exit := <-ran; exit != 0 || got.count() != 1 {
			t.Errorf("after the pause: exit %d, %d commands received", exit, got.count())
		}
	})
}

// A command allowed when the engineer asked, and no longer when the target is ready, does not run.
func TestCommandRevokedWhileTheTargetOpens(t *testing.T) {
	for name, what := range map[string]struct {
		happen func(w *world, id string)
		want   policy.Reason
	}{
		"the grant is revoked": {func(w *world, _ string) {
			w.write("test.revoked", func(tx *store.Tx) error {
				return tx.SetGrantState("R8-0001-1-E-0001", policy.GrantRevoked, "U-001", "test")
			})
		}, policy.GrantRevokedLive},
		"the window ends by the clock": {func(w *world, _ string) { w.clock.Step(time.Hour) }, policy.WindowEnded},
		"the attendant cuts": {func(w *world, id string) {
			if err := w.sup.End(id, policy.CutByAttendant, attendant, "test"); err != nil {
				w.t.Error(err)
			}
		}, policy.CutByAttendant},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 30*time.Minute)
				open := make(chan struct{})
				got := w.slow(open)
				v := w.admit(w.engineer(1))
				c, err := v.client.NewSession()
				if err != nil {
					t.Fatal(err)
				}
				ran := make(chan error, 1)
				go func() { ran <- c.Run("touch file") }()
				synctest.Wait()
				what.happen(w, v.id)
				close(open)
				<-ran
				<-v.over
				if n := got.count(); n != 0 {
					t.Errorf("%d commands reached the target", n)
				}
				if row, _ := v.stored("session.ended"); row.Reason != what.want {
					t.Errorf("ended as %s", row.Reason)
				}
			})
		})
	}
}

// A number shown by a broker that crashed does not stay with the attendant for ever.
func TestCrashEmptiesTheWaitingRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		p := w.engineer(1)
		var id string
		w.write("test.number", func(tx *store.Tx) (err error) {
			if id, err = tx.NextSessionNo(tx.Now); err != nil {
				return err
			}
			_, err = tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: broker, Subjects: []string{id, p.ID, "R8-0001-1"},
				Payload: map[string]string{"session_id": id, "person": p.ID, "window": "R8-0001-1"}})
			return err
		})
		for range 2 { // the second finds nothing left to do
			if ended, err := w.sup.Reconcile(context.Background()); err != nil || len(ended) != 0 {
				t.Fatal(ended, err)
			}
		}
		v := &visit{w: w, id: id}
		row, said := v.stored("session.refused")
		if row.State != store.SessionRefused || row.Reason != policy.BrokerCrashed || said["number"] != float64(213) {
			t.Errorf("%+v, %v", row, said)
		}
	})
}

package session

import (
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// The engineer's machine loses its power while output runs, or while nothing does. The session ends as client-lost within some
// seconds of a minute after it was asked, the attendant reads since when there is no answer, and an exclusive window is free.
func TestClientThatVanishes(t *testing.T) {
	for name, pace := range map[string]time.Duration{"while output runs": time.Second, "while nothing does": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2*time.Hour)
				w.write("test.registered", func(tx *store.Tx) error {
					s, err := tx.System("hr")
					if err != nil {
						return err
					}
					s.Exclusive = true
					return tx.PutSystem(s)
				})
				flooded(w, pace)
				first, second := w.engineer(1), w.engineer(1)
				v := w.admit(first)
				_, _, out := v.shell()
				out.await(t, "line 0")
				time.Sleep(time.Minute)
				v.hole.vanished.Store(true)
				begun := time.Now()
				time.Sleep(50 * time.Second) // not at the instant of a look
				live := w.sup.Live()
				if len(live) != 1 || live[0].NoAnswer.IsZero() || live[0].NoAnswer.Sub(begun).Abs() > answerEvery {
					t.Errorf("what the attendant sees after 50 s: %+v, vanished at %s", live, begun)
				}
				<-v.over
				if took := v.endedAt.Sub(begun); took < time.Minute || took > 100*time.Second {
					t.Errorf("ended after %s", took)
				}
				if row, _ := v.stored("session.ended"); row.Reason != policy.ClientLost {
					t.Errorf("ended as %s", row.Reason)
				}
				v.hole.Close()
				x := w.admit(second)
				_, _, out = x.shell()
				out.await(t, "line 0")
				x.client.Close()
				<-x.over
			})
		})
	}
}

// A silent engineer whose client answers for an hour counts as present.
func TestQuietClientIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2*time.Hour, func(o *Options) {})
		w.write("test.registered", func(tx *store.Tx) error {
			s, err := tx.System("hr")
			if err != nil {
				return err
			}
			s.Idle = 4 * time.Hour
			return tx.PutSystem(s)
		})
		flooded(w, 24*time.Hour)
		v := w.admit(w.engineer(1))
		_, _, out := v.shell()
		out.await(t, "line 0")
		for range 60 {
			time.Sleep(time.Minute)
			if live := w.sup.Live(); len(live) != 1 || !live[0].NoAnswer.IsZero() {
				t.Fatalf("%+v", live)
			}
		}
		v.client.Close()
		<-v.over
	})
}

package session

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"sekimori/broker/dial"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The time connected runs from session.started to the end, in seconds: how long the target took to answer, and a minute that was
// only begun, do not count. The ledger and the list say the same start.
func TestTimeConnectedBeginsWhenTheTargetIsReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour, func(o *Options) {
			reach := o.Dialer.Connect
			o.Dialer = &dial.Dialer{Connect: func(ctx context.Context, addr string) (net.Conn, error) {
				time.Sleep(7 * time.Second) // a slow target
				return reach(ctx, addr)
			}}
		})
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		time.Sleep(6*time.Minute + 54*time.Second)
		v.client.Close()
		<-v.over
		_, started := v.stored("session.started")
		row, ended := v.stored("session.ended")
		if got := row.Connected(); got < 6*time.Minute+54*time.Second || got > 6*time.Minute+55*time.Second {
			t.Errorf("connected for %s", got)
		}
		if ended["seconds"] != row.Connected().Seconds() {
			t.Errorf("the ledger says %v s, the row %s", ended["seconds"], row.Connected())
		}
		if at := row.Started.UTC().Format(time.RFC3339Nano); ended["started_at"] != at || started["started_at"] != at {
			t.Errorf("started at %v, %v and %s", ended["started_at"], started["started_at"], at)
		}
		if _, old := ended["minutes"]; old {
			t.Error("minutes are rounded")
		}
	})
}

func TestNobodyWasConnectedToATargetThatWasNeverReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour)
	w.refuse = errors.New("no route")
	v := w.admit(w.engineer(0))
	if err := <-v.over; err != nil {
		t.Fatal(err)
	}
	row, ended := v.stored("session.ended")
	if _, said := ended["started_at"]; said || ended["seconds"] != 0.0 || !row.Started.IsZero() || row.Reason != policy.TargetUnreachable {
		t.Errorf("%s, started %s: %v", row.Reason, row.Started, ended)
	}
}

// A broker that comes back days after a crash does not count the days: the session ended when the last of it was recorded.
func TestTheDaysAfterACrashAreNoTimeConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Hour)
		v := w.admit(w.engineer(0))
		_, _, screen := v.shell()
		screen.await(t, "Started")
		synctest.Wait() // session.started is written beside the relay
		row, _ := v.stored("session.started")
		last := row.Started.Add(95 * time.Second)
		path := w.dir + "/recordings/" + row.Recording
		if err := os.Chtimes(path, last, last); err != nil {
			t.Fatal(err)
		}
		w.clock.Step(72 * time.Hour)
		after, err := New(w.sup.o)
		if err != nil {
			t.Fatal(err)
		}
		defer after.Close(context.Background())
		if _, err := after.Reconcile(context.Background()); err != nil {
			t.Fatal(err)
		}
		if row, ended := v.stored("session.ended"); ended["seconds"] != 95.0 || row.Connected() != 95*time.Second {
			t.Errorf("connected for %s, the ledger says %v s", row.Connected(), ended["seconds"])
		}
	})
}

func TestConnectedOfRows(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		row  store.Session
		want time.Duration
	}{
		"refused":                {store.Session{Created: at, Ended: at}, 0},
		"never reached":          {store.Session{Created: at, Ended: at.Add(time.Minute)}, 0},
		"under way":              {store.Session{Created: at, Started: at}, 0},
		"ended":                  {store.Session{Created: at, Started: at.Add(time.Second), Ended: at.Add(62 * time.Second)}, 61 * time.Second},
		"the clock was set back": {store.Session{Created: at, Started: at, Ended: at.Add(-time.Hour)}, 0},
	} {
		if got := c.row.Connected(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

package session

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"sekimori/broker/dial"
	"sekimori/policy"
)

// stuckLeg is a connection to a target that takes as long to close as the test says, as where the broker's processors are busy.
type stuckLeg struct {
	net.Conn
	release chan struct{}
}

func (s *stuckLeg) Close() error {
	<-s.release
	return s.Conn.Close()
}

// The engineer's connection is closed within a second of the cause, also where the work that ends a session in order is held up: the time of
// the last words is counted from the cause.
func TestTheEngineersSideIsClosedThoughTheEndIsHeldUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	w := newWorld(t, time.Hour, func(o *Options) {
		connect := o.Dialer.Connect
		o.Dialer = &dial.Dialer{Connect: func(ctx context.Context, addr string) (net.Conn, error) {
			c, err := connect(ctx, addr)
			return &stuckLeg{c, release}, err
		}}
	})
	t.Cleanup(free) // before the world ends
	v := w.admit(w.engineer(0))
	_, _, screen := v.shell()
	screen.await(t, "Started")
	closed := make(chan time.Time, 1)
	go func() {
		_ = v.client.Wait()
		closed <- time.Now()
	}()
	ended := time.Now()
	if err := w.sup.End(v.id, policy.CutByAuthority, broker, "様子がおかしい"); err != nil {
		t.Fatal(err)
	}
	select {
	case at := <-closed:
		if took := at.Sub(ended); took > cutWithin {
			t.Errorf("the engineer's connection was closed after %s", took)
		}
	case <-time.After(time.Minute):
		t.Error("the engineer's connection waits for the target's")
	}
	free()
	if err := <-v.over; err != nil {
		t.Error(err)
	}
}

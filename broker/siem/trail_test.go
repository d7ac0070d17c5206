package siem

import (
	"io"
	"net"
	"sync"
	"testing"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
)

// mortal is a collector that reads what it is sent and handles nothing of it. Its death ends all of its connections, as that of a process does.
type mortal struct {
	l     net.Listener
	mu    sync.Mutex // guards the next two
	conns []net.Conn
	dead  bool
	done  sync.WaitGroup
}

func mortalAt(t *testing.T, address string) *mortal {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m := &mortal{l: l}
	m.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			if m.conns = append(m.conns, conn); m.dead { // it was accepted at the moment of the death
				conn.Close()
			}
			m.mu.Unlock()
			m.done.Go(func() {
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
			})
		}
	})
	return m
}

func (m *mortal) die() {
	m.l.Close()
	m.mu.Lock()
	m.dead = true
	for _, c := range m.conns {
		c.Close()
	}
	m.mu.Unlock()
	m.done.Wait()
}

// TestAttackACollectorDiesWithWhatItHasRead: over plain TCP its death looks like a confirmation. What it was sent within the last seconds is sent
// again to the next one, also by a broker that was started anew; settled entries are not.
func TestAttackACollectorDiesWithWhatItHasRead(t *testing.T) {
	t.Parallel()
	for _, restarted := range []bool{false, true} {
		r := newRoom(t)
		clock := testbed.NewClock()
		r.db.Close()
		var err error
		if r.db, err = openStore(r.dir, clock.Now); err != nil {
			t.Fatal(err)
		}
		address := testrun.FreeAddress(t) // the next collector takes it too
		first := mortalAt(t, address)
		f := New(Options{DB: r.db, Address: address, Format: SyslogJSON})
		send := func() {
			t.Helper()
			if err := appended(t.Context(), r.db, 10); err != nil {
				t.Fatal(err)
			}
			if err := f.Forward(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		send()
		clock.Step(settles)
		if err := f.Forward(t.Context()); err != nil { // nothing is to be sent: what it had is settled
			t.Fatal(err)
		}
		old := r.size(t)
		send()
		if s := r.state(t, f); s.Next != r.size(t) {
			t.Errorf("the state says %+v", s)
		}
		first.die()
		got := &arrived{}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		next := &collector{l: l, take: got.take}
		go next.serve()
		if restarted {
			f.Close()
			f = New(Options{DB: r.db, Address: address, Format: SyslogJSON})
		} else {
			<-f.trail.over
		}
		if err := f.Forward(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := got.list()
		if int64(len(all)) != r.size(t)-old || all[0] != old || all[len(all)-1] != r.size(t)-1 {
			t.Errorf("started anew %t: the next collector got %v, want %d to %d", restarted, all, old, r.size(t)-1)
		}
		f.Close()
		l.Close()
		next.done.Wait()
	}
}

// A collector that ends connections over which nothing comes makes the forwarder go back only so often.
func TestACollectorThatEndsIdleConnections(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	m := mortalAt(t, "127.0.0.1:0")
	defer m.die()
	f := New(Options{DB: r.db, Address: m.l.Addr().String(), Format: SyslogJSON})
	defer f.Close()
	if err := appended(t.Context(), r.db, 3); err != nil {
		t.Fatal(err)
	}
	for range mostAgain + 5 {
		if err := f.Forward(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.trail.watch.Close()
		<-f.trail.over
	}
	if n := len(f.trail.again); n != mostAgain {
		t.Errorf("went back %d times", n)
	}
	var at store.Forwarded
	if err := r.db.Read(t.Context(), func(s *store.Snap) (err error) { at, err = s.Forwarded(f.o.Address); return err }); err != nil || at.Next != 0 {
		t.Errorf("stored %+v, %v", at, err)
	}
}

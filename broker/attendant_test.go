package broker_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// goneAfter is how long the attendant may not be heard of. A slow machine loses heartbeats for a second, seldom for five.
const goneAfter = 5 * time.Second

// unattended founds an office whose system requires an attendant, who is heard of every so often: the session pauses after
// one second and is cut after goneAfter.
func unattended(t *testing.T) *office {
	t.Helper()
	o := found(t, time.Hour)
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.Attendance, s.PauseAfter, s.CutAfter = policy.AttendanceRequired, time.Second, goneAfter
		return tx.PutSystem(s)
	})
	return o
}

// beats is the attendant's client until stop is called: it says every 200 ms that the attendant is there.
func (o *office) beats() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	o.post("/v1/windows/"+office1+"/present", struct{}{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				o.post("/v1/windows/"+office1+"/present", struct{}{})
			}
		}
	}()
	return func() { cancel(); <-done }
}

// An attendant's connection that is open and says nothing is no attendant: the work pauses and is cut, whatever the
// connection pretends.
func TestAttackStalledConnectionOfTheAttendant(t *testing.T) {
	t.Parallel()
	o := unattended(t)
	b := o.start()
	e := o.engineers(1)[0]
	stop := o.beats()
	v := e.mustDial(b.addr)
	s := v.mustStream(t, "beat")
	s.await(1000)
	for range 3 { // half a heartbeat each, and then silence
		conn, err := net.Dial("unix", o.config.Socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/windows/%s/present HTTP/1.1\r\nHost: sekimori\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{", office1, token)
	}
	stop()
	last := o.byMachine(o.heard())
	<-v.gone
	if late := v.at.Sub(last) - goneAfter; late < 0 || late > cutWithin {
		t.Errorf("cut %s after the attendant's time was over", late)
	}
	if row := o.awaitEnd(e.id); row.Reason != policy.AttendantLost {
		t.Errorf("ended as %s", row.Reason)
	}
	if !strings.Contains(s.problems.String(), numbered(policy.AttendantLost)) {
		t.Errorf("the engineer was told %q", s.problems.String())
	}
	if n := o.entries("session.paused"); n == 0 { // more where the machine was so slow that a heartbeat came late
		t.Error("no pause in the ledger")
	}
	b.close()
	o.verifyLedger()
}

// Presence counts from what was stored: a broker that starts again does not take a gap for presence, nor lose what it knew.
func TestPresenceOutlivesTheBroker(t *testing.T) {
	t.Parallel()
	o := unattended(t)
	b := o.start()
	e := o.engineers(1)[0]
	stop := o.beats()
	stop()
	last := o.byMachine(o.heard())
	b.close()
	b = o.start()
	limit := last.Add(goneAfter)
	if now := time.Now(); now.After(limit) {
		limit = now // a slow machine: whoever comes this late is turned away at once
	}
	v := e.mustDial(b.addr)
	if s, err := v.stream("cat"); err == nil {
		<-s.over // refused where the start took so long that input is paused already: whoever is refused leaves, as a client does
	}
	v.Close()
	<-v.gone
	if late := v.at.Sub(limit); late > cutWithin {
		t.Errorf("cut %s after the attendant's time was over", late)
	}
	b.close()
	o.verifyLedger()
}

// heard is when the attendant was heard of last, as it was stored.
func (o *office) heard() (at time.Time) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		w, err := s.Window(office1)
		at = w.Present
		return err
	})
	return at
}

// entries counts those of a kind in the ledger.
func (o *office) entries(kind string) (n int) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		for _, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n
}

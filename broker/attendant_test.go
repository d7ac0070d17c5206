package broker_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// goneAfter is how long the attendant may give no sign. A slow machine loses heartbeats for a second, now and then for five.
const goneAfter = 10 * time.Second

// unattended founds an office whose system requires an attendant with regular heartbeats: the session pauses after
// one second without and is cut after goneAfter.
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

// beats is the attendant's client until stop is called: it sends a heartbeat every 200 ms.
func (o *office) beats() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	post(o, api.Attend(office1, "present"), api.PresentBody{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				post(o, api.Attend(office1, "present"), api.PresentBody{})
			}
		}
	}()
	return func() { cancel(); <-done }
}

// An attendant's open but silent connection does not count as an attendant: the work pauses and is cut, whatever else
// the connection sends.
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
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: sekimori\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{", api.Attend(office1, "present"), token)
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
	<-s.over
	if !strings.Contains(s.problems.String(), numbered(policy.AttendantLost)) {
		t.Errorf("the engineer was told %q", s.problems.String())
	}
	if n := o.entries("session.paused"); n == 0 { // more where the machine was so slow that a heartbeat came late
		t.Error("no pause in the ledger")
	}
	b.close()
	o.verifyLedger()
}

// Presence is judged by the stored time: a restarted broker neither counts a gap as presence nor forgets the last sign.
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
	v := e.mustDial(b.addr)
	if now := time.Now(); now.After(limit) {
		limit = now // a slow machine: a client this late is refused at once
	}
	if s, err := v.stream("cat"); err == nil {
		<-s.over // refused where the start took so long that input is paused already: a refused client leaves
	}
	v.Close()
	<-v.gone
	if late := v.at.Sub(limit); late > cutWithin {
		t.Errorf("cut %s after the attendant's time was over", late)
	}
	b.close()
	o.verifyLedger()
}

// heard is the stored time of the attendant's last sign.
func (o *office) heard() (at time.Time) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		w, err := s.Window(office1)
		at = w.Present
		return err
	})
	return at
}

// entries counts the entries of a kind in the ledger.
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

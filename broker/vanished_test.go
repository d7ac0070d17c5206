package broker_test

import (
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// A client vanishes during output: its TCP connection stays open, but it neither reads nor answers. Its session ends as
// client-lost, and the exclusive window admits the next engineer.
func TestVanishedClientFreesAnExclusiveSystem(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	o.answer = 500 * time.Millisecond // a busy machine lets a client that is there answer later than that, but not three times
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.Exclusive = true
		return tx.PutSystem(s)
	})
	people := o.engineers(2)
	b := o.start()
	c := people[0].mustDial(b.addr)
	c.mustStream(t, "beat").await(1)
	gone := time.Now()
	c.wire.stalled.Store(true)
	deadline := time.Now().Add(patience)
	for {
		row := o.sessions(people[0].id)[0]
		if row.State == store.SessionEnded {
			o.sealed(row, o.ended()[row.ID], policy.ClientLost)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the session of a client that vanished goes on after %s", time.Since(gone))
		}
		<-time.After(50 * time.Millisecond)
	}
	if took := time.Since(gone); took < 5*o.answer/2 {
		t.Errorf("given up after %s already", took)
	}
	if _, said, exit, err := people[1].mustDial(b.addr).run("exit 0"); err != nil || exit != 0 {
		t.Errorf("the next engineer: exit %d, %v, %q", exit, err, said)
	}
}

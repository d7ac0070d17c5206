package broker_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A key is revoked while it has many open sessions, in the database beside the running broker, as by a door that cuts nothing
// itself. Every session ends, and no channel opens on any of them afterwards.
func TestRevokedKeyKeepsNothingOpen(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	n := many(t, 40)
	open := make([]*client, n)
	var logins sync.WaitGroup
	for i := range open {
		// Each opens its channel at once: a connection that opens none is closed after a while.
		logins.Go(func() {
			open[i] = e.mustDial(b.addr)
			open[i].mustStream(t, "beat").await(1)
		})
		if i%8 == 7 {
			logins.Wait()
		}
	}
	logins.Wait()
	o.write(func(tx *store.Tx) error {
		_, k, err := tx.PersonByKey(ssh.FingerprintSHA256(e.signer.PublicKey()))
		if err != nil {
			return err
		}
		return tx.SetKeyState(k.ID, store.KeyRevoked)
	})
	revoked := time.Now()
	var last, seen time.Duration // the targets of these sessions write without a pause: a session goes on until its last byte
	for _, c := range open {
		<-c.gone
		last, seen = max(last, time.Unix(0, c.wire.heard.Load()).Sub(revoked)), max(seen, c.at.Sub(revoked))
	}
	t.Logf("the last byte came %s after the revocation; the clients saw the end by %s", last, seen)
	if last > time.Second+cutWithin { // the recheck of this office is each second
		t.Errorf("a session went on for %s", last)
	}
	if _, err := e.dial(b.addr); err == nil {
		t.Error("the key still opens")
	}
	b.close()
	ended := o.ended()
	for _, row := range o.sessions(e.id) {
		o.sealed(row, ended[row.ID], policy.CutByAuthority)
	}
	o.verifyLedger()
}

// TestAttackUnopenedOutlivesACut: an idle connection (ssh -N) waits beside a session. The session is cut. A new login then needs
// a code, and the idle connection opens nothing without one.
func TestAttackUnopenedOutlivesACut(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	first := e.mustDial(b.addr)
	first.mustStream(t, "beat").await(1)
	row := o.sessions(e.id)[0]
	spare := e.mustDial(b.addr)
	post(o, api.Sessions.Act(row.ID, "end"), act.Said{Reason: "様子がおかしい"})
	<-first.gone
	for deadline := time.Now().Add(time.Minute); o.sessions(e.id)[0].State.Live(); {
		if time.Now().After(deadline) {
			t.Fatal("the end of the session was not written")
		}
	}
	if _, err := e.dial(b.addr); err == nil {
		t.Error("a fresh login is asked for nothing")
	}
	out, said, exit, err := spare.run("print alive")
	if err != nil || out != "" || exit != policy.FactorDropped.Exit() || !strings.Contains(said, numbered(policy.FactorDropped)) {
		t.Errorf("the idle connection: %q, %q, exit %d, %v", out, said, exit, err)
	}
}

// A person has a limited number of connections at a time. The next one is refused with the reason; other people are not
// affected. A connection that ends makes room.
func TestConnectionsOfOnePersonAreBounded(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour, func(c *broker.Config) { c.Gate.Connections = 3 })
	people := o.engineers(2)
	b := o.start()
	var open []*client
	for range 3 {
		c := people[0].mustDial(b.addr)
		c.mustStream(t, "beat").await(1)
		open = append(open, c)
	}
	_, said, exit, err := people[0].mustDial(b.addr).run("exit 0")
	if err != nil || exit != policy.ExitNotNow || !strings.Contains(said, numbered(policy.OwnConnections)) {
		t.Errorf("one too many: exit %d, %v, %q", exit, err, said)
	}
	if _, said, exit, err := people[1].mustDial(b.addr).run("exit 0"); err != nil || exit != 0 {
		t.Errorf("another person: exit %d, %v, %q", exit, err, said)
	}
	open[0].Close()
	<-open[0].gone
	deadline := time.Now().Add(time.Minute)
	for {
		if _, _, exit, err := people[0].mustDial(b.addr).run("exit 0"); err == nil && exit == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the one that ended made no room")
		}
	}
}

// TestAttackUnopenedConnectionsOfOnePerson: admitted connections that open nothing count too. Those beyond the limit are told so,
// a few at a time; further ones are refused at the login. The ledger gets one entry for all of them.
func TestAttackUnopenedConnectionsOfOnePerson(t *testing.T) {
	t.Parallel()
	const most, told = 3, 16
	o := found(t, time.Hour, func(c *broker.Config) { c.Gate.Connections = most })
	people := o.engineers(2)
	b := o.start()
	var before, after int64
	o.read(func(s *store.Snap) (err error) { before, err = s.LedgerSize(); return err })
	var open []*client
	refused := 0
	for range 100 {
		c, err := people[0].dial(b.addr)
		if err != nil {
			refused++
			continue
		}
		t.Cleanup(func() { c.Close(); <-c.gone })
		open = append(open, c)
	}
	if len(open) != most+told || refused != 100-most-told {
		t.Errorf("%d were let in, %d refused", len(open), refused)
	}
	o.read(func(s *store.Snap) (err error) { after, err = s.LedgerSize(); return err })
	if after-before > 3*most {
		t.Errorf("%d entries in the ledger", after-before)
	}
	if _, said, exit, err := open[most].run("exit 0"); err != nil || exit != policy.ExitNotNow || !strings.Contains(said, numbered(policy.OwnConnections)) {
		t.Errorf("the first one too many: exit %d, %v, %q", exit, err, said)
	}
	if _, said, exit, err := open[most-1].run("exit 0"); err != nil || exit != 0 {
		t.Errorf("the last that fits: exit %d, %v, %q", exit, err, said)
	}
	if _, said, exit, err := people[1].mustDial(b.addr).run("exit 0"); err != nil || exit != 0 {
		t.Errorf("another person: exit %d, %v, %q", exit, err, said)
	}
	for _, c := range open {
		c.Close()
		<-c.gone
	}
	for deadline := time.Now().Add(time.Minute); ; {
		if c, err := people[0].dial(b.addr); err == nil {
			_, _, exit, err := c.run("exit 0")
			c.Close()
			if err == nil && exit == 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("those that ended made no room")
		}
	}
	b.close()
	o.verifyLedger()
}

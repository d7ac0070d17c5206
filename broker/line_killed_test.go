package broker_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestAKilledBrokerReconcilesBeforeItAdmits: a broker is killed with SIGKILL while an engineer works on a driven line with a prepared account.
// The next start has taken the maintenance line off and the account away, and has said so in the ledger, by the time its door opens. The
// attendant puts the line on anew.
func TestAKilledBrokerReconcilesBeforeItAdmits(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	c := lined(t, o)
	orders := c.stewarded(o)
	e := o.engineers(1)[0]
	b := o.spawn()
	c.open(o)
	v := e.mustDial(b.addr)
	v.mustStream(t, "beat").await(1)
	b.kill(t)
	<-v.gone
	if c.reads("maintenance") != "up" {
		t.Fatal("the cable's switch has no lease: the line is on until it is told otherwise")
	}
	c.set("orders", "")

	b = o.spawn()
	if got := c.reads("maintenance"); got != "down" {
		t.Errorf("the door is open while the maintenance line is %s", got)
	}
	if !strings.Contains(orders(), "verb withdraw\n") || !strings.Contains(orders(), "verb prove\n") {
		t.Errorf("the door is open while the account is not taken away: %q", orders())
	}
	if row := o.row(); row.On() || row.OffBy != "broker" || !row.Open() {
		t.Errorf("%+v", row)
	}
	for kind, n := range map[string]int{"line.reconciled": 1, "line.lost": 0} {
		if got := o.entries(kind); got != n {
			t.Errorf("%d entries %s, want %d", got, kind, n)
		}
	}
	if row := o.awaitEnd(e.id); row.Reason != policy.BrokerCrashed {
		t.Errorf("the session ended as %s", row.Reason)
	}
	c.looks(4)
	if c.reads("maintenance") != "down" {
		t.Error("the line is on again by itself")
	}
	post(o, api.Windows.Act(office1, "line-on"), act.Said{})
	w := e.mustDial(b.addr)
	w.mustStream(t, "beat").await(1)
	w.Close()
	<-w.gone
	o.awaitEnd(e.id)

	// A driver that does not answer at a start leaves the line unknown, and no one gets in.
	b.kill(t)
	c.set("driver-fault", "exit 1\n")
	b = o.spawn()
	e.mustBeRefused(b.addr, policy.InterlockNotReady)
	if n := len(o.alarmsOf(store.AlarmLineLeft)); n != 1 {
		t.Errorf("%d alarms about a line that could not be taken off", n)
	}
	c.remove("driver-fault")
	b.stop(t)
	if c.reads("maintenance") != "down" || c.reads("joined") != "" {
		t.Errorf("after a planned stop the maintenance line is %s, joined %q", c.reads("maintenance"), c.reads("joined"))
	}
	o.verifyLedger()
}

// stewarded gives the office's target a program that looks after its accounts. It keeps the orders that it got.
func (c *cable) stewarded(o *office) (orders func() string) {
	c.t.Helper()
	path := filepath.Join(c.dir, "steward")
	testbed.Program(c.t, path, `#!/bin/sh
order=$(cat)
cd `+c.dir+`
printf '%s\n' "$order" >>orders
echo 'sekimori-target 1'
case $order in
*"verb prove"*) printf 'gone\tmaint\tlocked\n' ;;
esac
echo done
`)
	o.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.Steward = path
		return tx.PutTarget(target)
	})
	return func() string {
		c.t.Helper()
		b, err := os.ReadFile(filepath.Join(c.dir, "orders"))
		if err != nil {
			c.t.Fatal(err)
		}
		return string(b)
	}
}

func (o *office) alarmsOf(what store.AlarmKind) (all []store.Alarm) {
	o.t.Helper()
	o.read(func(s *store.Snap) (err error) { all, err = s.Alarms(store.AlarmFilter{What: what}); return err })
	return all
}

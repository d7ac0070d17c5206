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

// cable is a switch for a system's line, as an administrator's program drives it, and the office network that its probe asks. The file
// "hand" puts the office network back without the switch. The files "driver-fault" and "probe-fault" are commands that the programs run first.
type cable struct {
	t   *testing.T
	dir string
}

// lined gives the office's system a driven line. A window's line may then be opened.
func lined(t *testing.T, o *office) *cable {
	t.Helper()
	dir := t.TempDir()
	testbed.NeedRoot(t)
	driver, probe := filepath.Join(dir, "driver"), filepath.Join(dir, "probe")
	testbed.Program(t, driver, `#!/bin/sh
cd `+dir+`
[ ! -e driver-fault ] || . ./driver-fault
read -r in <internal
read -r out <maintenance
put() { echo $1 >$2.new; mv $2.new $2; } # at once: the test reads it meanwhile
case $1 in
look)
	echo >>looks
	echo internal=$in maintenance=$out ;;
cut) put down internal ;;
restore) put up internal; [ $out = down ] || echo >>joined ;;
on) put up maintenance; [ $in = down ] || echo >>joined ;;
off) put down maintenance ;;
esac
`)
	testbed.Program(t, probe, "#!/bin/sh\ncd "+dir+"\n[ ! -e probe-fault ] || . ./probe-fault\nread -r in <internal\n[ -e hand ] || [ $in = up ]\n")
	c := &cable{t, dir}
	c.set("internal", "up\n")
	c.set("maintenance", "down\n")
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.Line, s.LineDriver, s.LineProbes = policy.LineInterlocked, "exec "+driver, []string{"internal exec " + probe}
		return tx.PutSystem(s)
	})
	return c
}

func (c *cable) set(file, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// reads is a file's text; empty: there is none.
func (c *cable) reads(file string) string {
	b, err := os.ReadFile(filepath.Join(c.dir, file))
	if err != nil && !os.IsNotExist(err) {
		c.t.Fatal(err)
	}
	return strings.TrimSuffix(string(b), "\n")
}

// looks waits for some more looks of the driver.
func (c *cable) looks(n int) {
	c.t.Helper()
	to := len(c.reads("looks")) + n
	eventually(c.t, "more looks at the line", func() bool { return len(c.reads("looks")) >= to })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for tick := time.NewTicker(50 * time.Millisecond); !holds(); {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// open tests the line, cuts the office network and puts the maintenance line on, as the attendant.
func (c *cable) open(o *office) {
	c.t.Helper()
	post(o, api.Lines.Act("hr", "test"), act.Said{})
	post(o, api.Windows.Act(office1, "line-cut"), act.Said{})
	post(o, api.Windows.Act(office1, "line-on"), act.Said{})
	if in, out := c.reads("internal"), c.reads("maintenance"); in != "down" || out != "up" {
		c.t.Fatalf("after line on: internal %s, maintenance %s", in, out)
	}
}

// row is the line of the office's window.
func (o *office) row() (l store.WindowLine) {
	o.t.Helper()
	o.read(func(s *store.Snap) (err error) { l, err = s.WindowLine(office1); return err })
	return l
}

// mustBeRefused logs in, and is told the reason.
func (e *engineer) mustBeRefused(addr string, want policy.Reason) {
	e.o.t.Helper()
	v := e.mustDial(addr)
	_, said, exit, err := v.run("true")
	if err != nil || exit == 0 || !strings.Contains(said, numbered(want)) {
		e.o.t.Errorf("exit %d, %v, told %q; want %s", exit, err, said, numbered(want))
	}
	v.Close()
	<-v.gone
}

// TestAttackInternalLineBackUp: the office network comes back by hand while an engineer works. The session is cut with 211 within five
// seconds, the maintenance line goes off, the ledger says so once, and the line is not put on again until the attendant begins anew.
func TestAttackInternalLineBackUp(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	c := lined(t, o)
	e := o.engineers(1)[0]
	b := o.start()
	e.mustBeRefused(b.addr, policy.InterlockNotReady)
	c.open(o)
	v := e.mustDial(b.addr)
	v.mustStream(t, "beat").await(1)

	lost := time.Now()
	c.set("hand", "")
	<-v.gone
	if took := v.at.Sub(lost); took > 5*time.Second {
		t.Errorf("cut after %v", took)
	}
	if row := o.awaitEnd(e.id); row.Reason != policy.InterlockLost {
		t.Errorf("ended as %s", row.Reason)
	}
	eventually(t, "the maintenance line goes off, with its entry", func() bool { return c.reads("maintenance") == "down" && o.entries("line.lost") > 0 })
	if row := o.row(); !row.Lost() || row.On() || row.OffBy != "broker" {
		t.Errorf("%+v", row)
	}
	e.mustBeRefused(b.addr, policy.InterlockNotReady)

	if err := os.Remove(filepath.Join(c.dir, "hand")); err != nil {
		t.Fatal(err)
	}
	c.looks(4)
	if n := o.entries("line.lost"); n != 1 {
		t.Errorf("one loss has %d entries", n)
	}
	e.mustBeRefused(b.addr, policy.InterlockNotReady)
	if c.reads("maintenance") != "down" {
		t.Error("the line is on again by itself")
	}
	post(o, api.Windows.Act(office1, "line-cut"), act.Said{})
	post(o, api.Windows.Act(office1, "line-on"), act.Said{})
	w := e.mustDial(b.addr)
	w.mustStream(t, "beat").await(1)

	o.endsAt(o.clock.Now())
	<-w.gone
	eventually(t, "the office network is back, with its entries", func() bool {
		return c.reads("internal") == "up" && o.entries("line.off") == 1 && o.entries("line.restored") == 1
	})
	if c.reads("joined") != "" {
		t.Error("the switch joined the sides")
	}
	b.close()
	o.verifyLedger()
}

// TestALineThatWasLostIsPutBack: a window whose separation was lost, and which is over then, gets its office network back as any other.
func TestALineThatWasLostIsPutBack(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	c := lined(t, o)
	o.start()
	c.open(o)
	c.set("hand", "")
	eventually(t, "the loss has its entry", func() bool { return o.entries("line.lost") > 0 })
	if err := os.Remove(filepath.Join(c.dir, "hand")); err != nil {
		t.Fatal(err)
	}
	o.endsAt(o.clock.Now())
	eventually(t, "the office network is back, with its entry", func() bool { return c.reads("internal") == "up" && o.entries("line.restored") == 1 })
}

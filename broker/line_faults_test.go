package broker_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// lineFault makes a line unknown while an engineer works on it. mend takes the fault away.
type lineFault struct {
	name string
	do   func(c *cable)
	mend func(c *cable)
}

func (c *cable) remove(file string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, file)); err != nil {
		c.t.Fatal(err)
	}
}

// whenRun is a fault of a program: commands that it runs first.
func whenRun(name, file, commands string) lineFault {
	return lineFault{name, func(c *cable) { c.set(file, commands) }, func(c *cable) { c.remove(file) }}
}

// ofFile is a fault of a program's file.
func ofFile(name, file string, do, mend func(path string) error) lineFault {
	on := func(f func(string) error) func(*cable) {
		return func(c *cable) {
			c.t.Helper()
			if err := f(filepath.Join(c.dir, file)); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	return lineFault{name, on(do), on(mend)}
}

func toMode(mode os.FileMode) func(string) error {
	return func(path string) error { return os.Chmod(path, mode) }
}

// TestALineFaultCutsTheSessionWithinFiveSeconds: whatever makes the line unknown, the session that lives on it is cut with 211 within
// five seconds. The engineer is told, the ledger says so once, and the maintenance line is not put on again by itself.
func TestALineFaultCutsTheSessionWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	for _, f := range []lineFault{
		whenRun("the probe hangs", "probe-fault", "sleep 60\n"),
		whenRun("the probe is killed", "probe-fault", "kill -9 $$\n"),
		whenRun("the driver hangs", "driver-fault", "sleep 60\n"),
		whenRun("the driver prints nothing", "driver-fault", "exit 0\n"),
		ofFile("the probe can be written to by others", "probe", toMode(0o777), toMode(0o755)),
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			o := found(t, time.Hour)
			c := lined(t, o)
			e := o.engineers(1)[0]
			b := o.start()
			c.open(o)
			v := e.mustDial(b.addr)
			s := v.mustStream(t, "beat")
			s.await(1)
			began := time.Now()
			f.do(c)
			<-v.gone
			if took := v.at.Sub(began); took > 5*time.Second {
				t.Errorf("cut after %v", took)
			} else {
				t.Logf("cut after %v", took)
			}
			if row := o.awaitEnd(e.id); row.Reason != policy.InterlockLost {
				t.Errorf("ended as %s", row.Reason)
			}
			<-s.over
			if said := s.problems.String(); !strings.Contains(said, numbered(policy.InterlockLost)) {
				t.Errorf("the engineer was told %q", said)
			}
			eventually(t, "the loss has its entry", func() bool { return o.entries("line.lost") == 1 })
			if got := o.lastLoss(); got != policy.LineUnknown {
				t.Errorf("the entry says %q", got)
			}
			e.mustBeRefused(b.addr, policy.InterlockNotReady)
			f.mend(c)
			c.looks(2)
			if row := o.row(); !row.Lost() || row.On() || c.reads("maintenance") != "down" {
				t.Errorf("after it was mended: %+v, the maintenance line is %s", row, c.reads("maintenance"))
			}
			if c.reads("joined") != "" {
				t.Error("the switch joined the sides")
			}
			b.close()
			o.verifyLedger()
		})
	}
}

// lastLoss is the verdict that the last entry of a loss has; empty for unknown.
func (o *office) lastLoss() policy.LineState {
	o.t.Helper()
	var said struct {
		State policy.LineState `json:"state"`
	}
	o.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "line.lost", Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			return json.Unmarshal(e.Payload, &said)
		}
		return nil
	})
	if said.State == "unknown" {
		return policy.LineUnknown
	}
	return said.State
}

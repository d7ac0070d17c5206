package broker_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/policy"
)

// resident is a process's resident memory, in bytes.
func (c *child) resident(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		var n int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &n); err == nil {
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// A few connections fill their channels, which never get a request and so are never read. The broker stops
// reading these connections, holds the memory that DESIGN.md states, and goes on serving others. One that sends standard error,
// which no client does, is ended.
func TestAttackMemoryOfTheWholeBroker(t *testing.T) {
	o := found(t, time.Hour)
	people := o.engineers(3)
	b := o.spawn()
	const connections, channels = 4, 32
	var sent atomic.Int64
	var work sync.WaitGroup
	before := b.resident(t)
	var hostile []*client
	piece := make([]byte, 256)
	for range connections {
		c := people[0].mustDial(b.addr)
		hostile = append(hostile, c)
		var open []ssh.Channel
		for range channels {
			ch, _, err := c.OpenChannel("session", nil)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, ch)
		}
		for _, ch := range open {
			work.Go(func() {
				for {
					if _, err := ch.Write(piece); err != nil {
						return
					}
					sent.Add(int64(len(piece)))
				}
			})
		}
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for last := int64(-1); sent.Load() != last || last < connections*(8<<20); <-tick.C {
		last = sent.Load()
	}
	grown := b.resident(t) - before
	t.Logf("%d connections sent %d MiB; the broker grew by %d MiB", connections, sent.Load()>>20, grown>>20)
	// Up to twice the memory may be held before the collector runs.
	if grown > connections*2*24<<20 {
		t.Errorf("the broker grew by %d MiB", grown>>20)
	}
	if out, _, exit, err := people[1].mustDial(b.addr).run("print served"); out != "served" || exit != 0 || err != nil {
		t.Errorf("another engineer meanwhile: %q, %d, %v", out, exit, err)
	}
	loud := people[2].mustDial(b.addr)
	ch, _, err := loud.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	work.Go(func() {
		for {
			if _, err := ch.Stderr().Write(piece); err != nil {
				return
			}
		}
	})
	select {
	case <-loud.gone:
	case <-time.After(time.Minute):
		t.Error("standard error is taken for ever")
	}
	for _, c := range hostile {
		c.Close()
	}
	work.Wait()
	b.stop(t)
	row := o.sessions(people[2].id)[0]
	o.sealed(row, o.ended()[row.ID], policy.ProtocolAbuse)
}

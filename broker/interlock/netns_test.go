package interlock

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// The tests of this file send real packets between network namespaces of their own: an office host and an engineer's host, both behind a
// router, the broker's machine. A helper process in the router's namespace is the broker's part: the watch over a line, with the driver
// nftables and real probes, and a door that admits connections of the engineer's host while the line is separated. It is killed with
// SIGKILL and started anew.

// The hosts.
const (
	officeHost, officeGate = "10.11.0.2", "10.11.0.1"
	lineHost, lineGate     = "10.12.0.2", "10.12.0.1"
	door                   = lineGate + ":2222"
)

// quick is a look's interval in these tests.
const quick = 40 * time.Millisecond

// helping is the variable that makes a process of this test binary a helper.
const helping = "SEKIMORI_LINES_HELPER"

type office struct {
	t       *testing.T
	o, r, m string // the namespaces: office, router, maintenance
	fd      netns.NsHandle
	loose   atomic.Bool
	helper  *exec.Cmd
	orders  io.WriteCloser

	mu     sync.Mutex // guards the following
	state  string     // of the line, as the helper last said
	live   int        // connections that its door holds
	since  time.Time  // when it let the first of them in
	gone   chan struct{}
	joined time.Time     // since when the office network is up while a connection lives; zero: it is not so
	beside []span        // when it was so before; the helper's word of the connection's end may still be under way
	worst  time.Duration // that this lasted
	late   time.Duration // how long the machine let this test itself wait
}

func run(t testing.TB, words ...string) string {
	t.Helper()
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// newOffice makes the namespaces. Both hosts then send a packet to each other's address every few milliseconds, and the engineer's host
// knocks at the door, until the test ends.
func newOffice(t *testing.T, loose bool) *office {
	t.Helper()
	testbed.NeedRoot(t)
	testbed.Need(t, "ip")
	testbed.Need(t, "nft")
	id := fmt.Sprintf("%d-%d", os.Getpid(), rand.IntN(100000))
	w := &office{t: t, o: "sko" + id, r: "skr" + id, m: "skm" + id, gone: make(chan struct{})}
	w.loose.Store(loose)
	close(w.gone)
	for _, ns := range []string{w.o, w.r, w.m} {
		run(t, "ip", "netns", "add", ns)
		t.Cleanup(func() { run(t, "ip", "netns", "del", ns) })
		run(t, "ip", "-n", ns, "link", "set", "lo", "up")
	}
	for _, one := range []struct{ ns, iface, host, gate string }{{w.o, "office", officeHost, officeGate}, {w.m, "line", lineHost, lineGate}} {
		run(t, "ip", "-n", one.ns, "link", "add", "veth0", "type", "veth", "peer", "name", one.iface, "netns", w.r)
		run(t, "ip", "-n", one.ns, "addr", "add", one.host+"/24", "dev", "veth0")
		run(t, "ip", "-n", one.ns, "link", "set", "veth0", "up")
		run(t, "ip", "-n", w.r, "addr", "add", one.gate+"/24", "dev", one.iface)
		run(t, "ip", "-n", w.r, "link", "set", one.iface, "up")
		run(t, "ip", "-n", one.ns, "route", "add", "default", "via", one.gate)
	}
	run(t, "ip", "netns", "exec", w.r, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
	// The hosts count the packets that arrive from the other side, apart from the driver's table.
	for ns, from := range map[string]string{w.o: lineHost, w.m: officeHost} {
		run(t, "ip", "netns", "exec", ns, "nft", "add table inet seen; add counter inet seen crossed; add chain inet seen in { type filter hook prerouting priority -300; }; add rule inet seen in ip saddr "+from+" counter name crossed")
	}
	var err error
	if w.fd, err = netns.GetFromName(w.r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.fd.Close() })
	// The table stands before the first packet, as a start of the broker lays it before its doors open.
	if err := w.driver().Do(context.Background(), Off, 0); err != nil {
		t.Fatal(err)
	}
	w.aside(w.o, "send "+lineHost)
	w.aside(w.m, "send "+officeHost)
	w.aside(w.m, "knock")
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { w.watch(stop) })
	t.Cleanup(func() { close(stop); watching.Wait() })
	return w
}

// process starts this test binary as a helper in a namespace.
func (w *office) process(ns, what string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command("ip", "netns", "exec", ns, self, "-test.run=^TestHelperProcess$", "-test.timeout=2h") // ip replaces itself by the helper
	c.Env = append(os.Environ(), helping+"="+what)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

func (w *office) aside(ns, what string) {
	c := w.process(ns, what)
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
}

// start starts the broker's part.
func (w *office) start() {
	w.t.Helper()
	c := w.process(w.r, fmt.Sprintf("line %v", w.loose.Load()))
	orders, err := c.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	gone := make(chan struct{})
	w.mu.Lock()
	w.helper, w.orders, w.gone, w.state = c, orders, gone, ""
	w.mu.Unlock()
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			what, value, _ := strings.Cut(s.Text(), " ")
			w.mu.Lock()
			switch what {
			case "state":
				w.state = value
			case "live":
				w.said(value)
			}
			w.mu.Unlock()
		}
		_ = c.Wait()
		w.mu.Lock()
		w.ended(time.Now())
		w.live = 0 // the kernel closed its connections
		w.mu.Unlock()
		close(gone)
	}()
	w.t.Cleanup(w.kill)
}

// kill ends the broker's part with SIGKILL.
func (w *office) kill() {
	w.mu.Lock()
	c, gone := w.helper, w.gone
	w.mu.Unlock()
	if c != nil {
		_ = c.Process.Kill()
	}
	<-gone
}

func (w *office) order(what string) {
	if _, err := fmt.Fprintln(w.orders, what); err != nil {
		w.t.Fatalf("order %s: %v", what, err)
	}
}

// kernel reads what the kernel lets through now.
func (w *office) kernel() (Reading, error) {
	n := w.driver()
	return n.Look(context.Background())
}

func (w *office) driver() *netfilter {
	return &netfilter{table: "sekimori_test", internal: "office", maintenance: "line", netns: int(w.fd), loose: w.loose.Load()}
}

// watch compares the kernel's sets with the connections that live.
func (w *office) watch(stop <-chan struct{}) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		before := time.Now()
		read, err := w.kernel()
		after := time.Now()
		w.mu.Lock()
		w.late, last = max(w.late, time.Since(last)), time.Now()
		up := err == nil && read.Internal == policy.SideUp
		switch {
		case up && w.joined.IsZero() && w.live > 0 && before.After(w.since): // the reading is of the connection's time
			w.joined = after
		case !up && !w.joined.IsZero():
			w.beside, w.joined = append(w.beside, span{w.joined, before}), time.Time{}
		}
		w.mu.Unlock()
	}
}

// said takes the helper's number of connections and when it was so. A connection beside an office network that is up ends at that time, however
// late this process reads of it. The caller holds mu.
func (w *office) said(value string) {
	var n int
	var nanos int64
	_, _ = fmt.Sscan(value, &n, &nanos)
	when := time.Unix(0, nanos)
	switch {
	case n > 0 && w.live == 0:
		w.since = when
	case n == 0:
		w.ended(when)
	}
	w.live = n
}

// span is a time that the watch saw.
type span struct{ from, to time.Time }

// ended counts how long the connection that has ended lived beside an office network that was up. The caller holds mu.
func (w *office) ended(when time.Time) {
	if !w.joined.IsZero() {
		w.beside = append(w.beside, span{w.joined, when})
	}
	for _, s := range w.beside {
		if s.to.After(when) {
			s.to = when
		}
		w.worst = max(w.worst, s.to.Sub(s.from))
	}
	w.beside, w.joined = nil, time.Time{}
}

// until waits for a condition.
func (w *office) until(what string, holds func() bool) {
	w.t.Helper()
	limit := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !holds(); <-tick.C {
		if time.Now().After(limit) {
			read, err := w.kernel()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("not within a minute: %s; the line is %q, %d live, the kernel %+v %v", what, w.state, w.live, read, err)
		}
	}
}

func (w *office) says(state string) func() bool {
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return strings.HasPrefix(w.state, state)
	}
}

func (w *office) lets(want Reading) func() bool {
	return func() bool { read, err := w.kernel(); return err == nil && read == want }
}

func (w *office) lives() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.live > 0
}

// crossed is how many packets arrived from the other side.
func (w *office) crossed() int {
	sum := 0
	for _, ns := range []string{w.o, w.m} {
		out := run(w.t, "ip", "netns", "exec", ns, "nft", "list", "counter", "inet", "seen", "crossed")
		_, rest, _ := strings.Cut(out, "packets ")
		n, err := strconv.Atoi(strings.Fields(rest + " x")[0])
		if err != nil {
			w.t.Fatalf("counter: %v in %s", err, out)
		}
		sum += n
	}
	return sum
}

// TestTheCountersCount: with both sides open by hand and no rule between them, packets do cross, and are counted. Without this the counts of
// the other tests would mean nothing. With the rule they do not cross.
func TestTheCountersCount(t *testing.T) {
	w := newOffice(t, true)
	open := func() {
		for _, step := range []Step{Restore, On} {
			if err := w.driver().Do(context.Background(), step, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	open()
	w.until("a packet crosses", func() bool { return w.crossed() > 0 })
	w.loose.Store(false)
	open() // another table: laid anew, with the rule
	before := w.crossed()
	sent := func() int { return countOf(t, w.r, "forward") }
	w.until("fifty packets are dropped", func() bool { return sent() >= 50 })
	if now := w.crossed(); now != before {
		t.Errorf("%d packets crossed although a rule stands between the sides", now-before)
	}
}

// countOf sums up the packets that the driver's table dropped in a chain.
func countOf(t *testing.T, ns, chain string) int {
	sum := 0
	for line := range strings.Lines(run(t, "ip", "netns", "exec", ns, "nft", "list", "chain", "inet", "sekimori_test", chain)) {
		if _, rest, ok := strings.Cut(line, "counter packets "); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			sum += n
		}
	}
	return sum
}

// TestAKilledBrokerLeavesTheLineDown: after kill -9 the kernel takes the maintenance line out by itself; the office network stays cut; the
// next start puts it back only then.
func TestAKilledBrokerLeavesTheLineDown(t *testing.T) {
	t.Parallel()
	w := newOffice(t, true)
	w.start()
	w.until("the line is closed", w.lets(Reading{policy.SideUp, policy.SideDown}))
	w.order("want connected")
	w.connected(map[string]int{})
	w.kill()
	w.until("the kernel took the line out", w.lets(Reading{policy.SideDown, policy.SideDown}))
	w.start()
	w.order("want closed")
	w.until("the line is closed again", w.lets(Reading{policy.SideUp, policy.SideDown}))
	if n := w.crossed(); n != 0 {
		t.Errorf("%d packets crossed", n)
	}
}

// TestAReturnedLineEndsConnections: the office network is put back by hand while a connection lives. The connection ends within five seconds,
// the maintenance line goes off, and no packet crosses meanwhile.
func TestAReturnedLineEndsConnections(t *testing.T) {
	w := newOffice(t, false)
	w.start()
	measured := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.worst > 0
	}
	// A look that comes at once ends the connection before the measure of TestNoPacketCrosses sees it; one of several it does see.
	for n := 0; n < 50 && (n == 0 || !measured()); n++ {
		w.order("want connected")
		w.connected(map[string]int{})
		began := time.Now()
		if err := w.driver().Do(context.Background(), Restore, 0); err != nil {
			t.Fatal(err)
		}
		w.until("the connection ends", func() bool { return !w.lives() })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the connection lived for %v", took)
		}
		w.until("the line goes off", func() bool { read, err := w.kernel(); return err == nil && read.Maintenance == policy.SideDown })
	}
	if !measured() {
		t.Error("no connection beside an office network that is up was seen")
	}
	if n := w.crossed(); n != 0 {
		t.Errorf("%d packets crossed", n)
	}
}

// TestNoPacketCrosses goes through random orders of opening, closing, crash, failing probes and, with the rule between the sides, of an
// office network that someone puts back by hand. No packet crosses, and no connection lives while the office network is up, except for
// the time that the watch needs to see a hand.
//
// SEKIMORI_LINES is how many orders; 50 without it.
func TestNoPacketCrosses(t *testing.T) {
	t.Parallel()
	orders := 12 // too few for everything to happen: a whole run has more
	if testbed.Whole() {
		orders = 50
	}
	if said := os.Getenv("SEKIMORI_LINES"); said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 2 {
			t.Fatalf("SEKIMORI_LINES=%q", said)
		}
		orders = n
	}
	if testing.Short() {
		orders = 4
	}
	for _, loose := range []bool{true, false} {
		t.Run(map[bool]string{true: "by order alone", false: "with hands"}[loose], func(t *testing.T) {
			t.Parallel()
			w := newOffice(t, loose)
			w.start()
			seen := map[string]int{}
			for n := range orders / 2 {
				seed := rand.Uint64()
				w.interleave(rand.New(rand.NewPCG(seed, 0)), seen)
				if t.Failed() {
					t.Fatalf("order %d, seed %d", n, seed)
				}
			}
			if orders >= 50 && (seen["connection"] == 0 || seen["kill"] == 0 || seen["blind"] == 0 || !loose && seen["hand"] == 0) {
				t.Errorf("not everything happened: %v", seen)
			}
			bound := 5 * time.Second
			if loose {
				bound = 0
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.worst > bound {
				t.Errorf("a connection lived for %v while the office network was up", w.worst)
			}
			t.Logf("%d orders: %v; a connection beside an office network that is up: %v at the most; the machine let the test wait for %v", orders/2, seen, w.worst, w.late)
		})
	}
}

// interleave does one random order of events and compares the counters.
func (w *office) interleave(r *rand.Rand, seen map[string]int) {
	for range 3 + r.IntN(4) {
		pick := r.IntN(10)
		switch {
		case pick < 3:
			w.order("want connected")
			if r.IntN(3) > 0 {
				w.connected(seen)
				seen["connection"]++
			}
		case pick < 4:
			w.order("want apart")
		case pick < 6:
			w.order("want closed")
			if r.IntN(2) > 0 {
				w.until("the line is closed", w.lets(Reading{policy.SideUp, policy.SideDown}))
			}
		case pick < 8:
			w.kill()
			if r.IntN(2) > 0 {
				w.until("the kernel took the line out", func() bool { read, err := w.kernel(); return err == nil && read.Maintenance == policy.SideDown })
			}
			w.start()
			seen["kill"]++
		case pick < 9 || w.loose.Load():
			w.order("blind") // the probes cannot look for a while
			seen["blind"]++
		default:
			_ = w.driver().Do(context.Background(), Restore, 0)
			seen["hand"]++
		}
	}
	w.order("want closed")
	w.until("the line is closed", w.lets(Reading{policy.SideUp, policy.SideDown}))
	if n := w.crossed(); n != 0 {
		w.t.Errorf("%d packets crossed", n)
	}
}

// connected waits for a connection. A hand that came just before an order, and a machine that lets the watch wait for a second, lose that
// order: the attendant has to begin again, as this does after two seconds.
func (w *office) connected(seen map[string]int) {
	ordered := time.Now()
	w.until("a connection is let in", func() bool {
		if time.Since(ordered) > 2*time.Second {
			ordered = time.Now()
			w.order("want connected")
			seen["begun again"]++
		}
		return w.lives()
	})
}

// TestALostOrderIsNotTakenUpAgain: the office network comes back by hand while the line is on. Although it is cut again at once, the
// maintenance line stays off until the attendant orders anew.
func TestALostOrderIsNotTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newOffice(t, false)
	w.start()
	w.order("want connected")
	w.connected(map[string]int{})
	if err := w.driver().Do(context.Background(), Restore, 0); err != nil {
		t.Fatal(err)
	}
	w.until("the office network is cut again and the line off, and the helper has said that the connection ended", func() bool {
		return w.lets(Reading{policy.SideDown, policy.SideDown})() && w.says(" down down")() && !w.lives()
	})
	for began := time.Now(); time.Since(began) < 20*quick; { // twenty looks, each of which could put it on
		if read, err := w.kernel(); err == nil && read.Maintenance == policy.SideUp || w.lives() {
			t.Fatalf("the line is on again by itself: %+v", read)
		}
	}
	w.order("want connected")
	w.connected(map[string]int{})
	if n := w.crossed(); n != 0 {
		t.Errorf("%d packets crossed", n)
	}
}

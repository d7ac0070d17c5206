package interlock

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestHelperProcess is the helper, in a process of its own; it is no test.
func TestHelperProcess(t *testing.T) {
	what, arg, _ := strings.Cut(os.Getenv(helping), " ")
	switch what {
	case "send":
		sendForEver(arg)
	case "knock":
		knockForEver()
	case "line":
		keepLine(arg == "true")
	case "probe":
		lookOnce()
		os.Exit(0) // without the words of a test that passed
	default:
		t.Skip("no helper")
	}
}

// sendForEver sends a packet every two milliseconds.
func sendForEver(to string) {
	c, err := net.Dial("udp", net.JoinHostPort(to, "9"))
	if err != nil {
		panic(err)
	}
	for tick := time.NewTicker(2 * time.Millisecond); ; <-tick.C {
		_, _ = c.Write([]byte("packet"))
	}
}

// knockForEver connects to the door and stays as long as it is let in.
func knockForEver() {
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		c, err := net.DialTimeout("tcp", door, 50*time.Millisecond)
		if err == nil {
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}
}

// doorkeeper holds connections while the line is separated and meant to be connected.
type doorkeeper struct {
	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	open  bool // the last order is to be connected
}

// say gives the number of connections and the time, in nanoseconds since 1970: the test may read it late.
func (d *doorkeeper) say() { fmt.Println("live", len(d.conns), time.Now().UnixNano()) }

func (d *doorkeeper) admit(c net.Conn, s *Switch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open || s.Lines()["hr"].State != policy.LineSeparated {
		c.Close()
		return
	}
	d.conns[c] = true
	d.say()
}

func (d *doorkeeper) changed(s *Switch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := s.Lines()["hr"]
	if l.State != policy.LineSeparated {
		d.end()
	}
	d.say()
	fmt.Println("state", l.State, l.Internal, l.Maintenance)
}

// end ends all connections. The caller holds mu.
func (d *doorkeeper) end() {
	for c := range maps.Keys(d.conns) {
		c.Close()
		delete(d.conns, c)
	}
}

// ordered opens the door, or shuts it before the line is closed: the attendant's step is refused while a session has not ended (acts.go).
func (d *doorkeeper) ordered(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = open
	if !open {
		d.end()
		d.say()
	}
}

// keepLine is the broker's part: the watch over one line, without a database. Orders come on standard input.
func keepLine(loose bool) {
	driver := &netfilter{table: "sekimori_test", internal: "office", maintenance: "line", netns: -1, loose: loose}
	self, err := netns.Get()
	if err != nil {
		panic(err)
	}
	driver.netns = int(self)
	if err := driver.Do(context.Background(), Off, 0); err != nil { // as Reconcile does
		panic(err)
	}
	var blinded time.Time
	var mu sync.Mutex
	keeper := &doorkeeper{conns: map[net.Conn]bool{}}
	var s *Switch
	s = New(Options{Every: quick, Stale: 25 * quick, Lease: 20 * quick, Changed: func(string) { keeper.changed(s) },
		Drive: func(*rules.System) (Driver, error) { return driver, nil },
		Look: func(ctx context.Context, p rules.Probe) (policy.LineSide, error) {
			mu.Lock()
			until := blinded
			mu.Unlock()
			if time.Now().Before(until) {
				return policy.SideUnknown, errNoLook
			}
			ctx, cancel := context.WithTimeout(ctx, quick)
			defer cancel()
			return lookTCP(ctx, p.Address)
		}})
	sys := rules.System{System: policy.System{ID: "hr", Line: policy.LineInterlocked}, LineDriver: "nftables internal=office maintenance=line", LineProbes: []string{"internal tcp " + netip.MustParseAddrPort(officeHost+":9").String()}}
	// The probe was seen both ways before: what is tested here is not the thirty days.
	seen := []store.LineProbe{{System: "hr", Probe: sys.LineProbes[0], Up: time.Now(), Down: time.Now()}}
	l := s.newLine(&state{system: sys}, seen)
	s.lines["hr"] = l
	go l.watch()
	go s.guarding(context.Background())
	go func() {
		listener, err := net.Listen("tcp", door)
		if err != nil {
			panic(err)
		}
		for {
			c, err := listener.Accept()
			if err != nil {
				panic(err)
			}
			keeper.admit(c, s)
		}
	}()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		now := time.Now()
		st := state{system: sys}
		switch in.Text() {
		case "want connected":
			st.row = store.WindowLine{Window: "w", System: "hr", CutAt: now, OnAt: now}
		case "want apart":
			st.row = store.WindowLine{Window: "w", System: "hr", CutAt: now}
		case "want closed":
		case "blind":
			mu.Lock()
			blinded = now.Add(5 * quick)
			mu.Unlock()
			continue
		}
		keeper.ordered(st.row.On())
		l.take(&st)
	}
}

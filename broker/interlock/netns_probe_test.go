package interlock

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"sekimori/broker/rules"
	"sekimori/policy"
)

// probing is the variable with the probe that a helper process looks with, in the namespace of the broker's machine.
const probing = "SEKIMORI_PROBE"

// sees looks once with a probe from the router's namespace. It gives the side, or the error's text.
func (w *office) sees(probe string) string {
	w.t.Helper()
	c := w.process(w.r, "probe")
	c.Env = append(c.Env, probing+"="+probe)
	out, err := c.Output()
	if err != nil {
		w.t.Fatalf("probe %s: %v\n%s", probe, err, out)
	}
	said, _, _ := strings.Cut(string(out), "\n")
	return said
}

// seesUp looks at a host that answers. A busy machine may run the helper too late to read the answer; then it looks again.
func (w *office) seesUp(probe string) string {
	w.t.Helper()
	saw := w.sees(probe)
	for tries := 0; saw != "up" && tries < 60; tries++ {
		saw = w.sees(probe)
	}
	return saw
}

// lookOnce is the helper's part.
func lookOnce() {
	p, err := rules.ParseProbe(os.Getenv(probing))
	if err != nil {
		panic(err)
	}
	saw, err := look(context.Background(), p)
	if err != nil {
		fmt.Println("cannot look:", err)
		return
	}
	fmt.Println(saw)
}

// TestAnICMPProbe: a host that answers is up. One that does not answer, one that no way leads to, and one behind the broker's own rules is
// down. Where the kernel does not let the broker ask, nothing is known.
func TestAnICMPProbe(t *testing.T) {
	t.Parallel()
	w := newOffice(t, false)
	open := func() {
		t.Helper()
		if err := w.driver().Do(t.Context(), Restore, 0); err != nil {
			t.Fatal(err)
		}
	}
	inRouter := func(words ...string) { run(t, append([]string{"ip", "netns", "exec", w.r}, words...)...) }
	inRouter("sysctl", "-q", "-w", "net.ipv4.ping_group_range=0 2147483647")
	office, nobody := "internal icmp "+officeHost, "internal icmp 10.11.0.99"
	open()
	if got := w.seesUp(office); got != "up" {
		t.Errorf("a host that answers: %q", got)
	}
	for _, c := range []struct{ what, probe, want string }{{"a host that is not there", nobody, "down"}, {"a network to which no way leads", "internal icmp 198.51.100.1", "down"}} {
		if got := w.sees(c.probe); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	if err := w.driver().Do(t.Context(), Cut, 0); err != nil {
		t.Fatal(err)
	}
	if got := w.sees(office); got != "down" {
		t.Errorf("while the office network is cut: %q", got)
	}
	open()
	run(t, "ip", "netns", "exec", w.o, "nft", "add table inet quiet; add chain inet quiet in { type filter hook input priority 0; }; add rule inet quiet in icmp type echo-request drop")
	if got := w.sees(office); got != "down" {
		t.Errorf("a host that does not answer: %q", got)
	}
	inRouter("sysctl", "-q", "-w", "net.ipv4.ping_group_range=1 0")
	if got := w.sees(office); !strings.HasPrefix(got, "cannot look: echo socket") {
		t.Errorf("without the right to ask: %q", got)
	}
}

// TestAProbeTargetThatAnswersSometimes: a host behind a bad cable answers every third question. Its side counts as up throughout: two answers
// in three that are missing make no separation, and a third does.
func TestAProbeTargetThatAnswersSometimes(t *testing.T) {
	t.Parallel()
	w := newOffice(t, false)
	if err := w.driver().Do(t.Context(), Restore, 0); err != nil {
		t.Fatal(err)
	}
	cable := func(rules string) { run(t, "ip", "netns", "exec", w.o, "nft", rules) }
	cable("add table inet bad; add chain inet bad in { type filter hook input priority 0; }")
	question := "internal tcp " + netip.MustParseAddrPort(officeHost+":9").String()
	p := &probe{Probe: rules.Probe{Side: rules.InternalSide}}
	note := func(saw string, counts policy.LineSide) {
		t.Helper()
		if p.note(policy.LineSide(saw), nil, at); p.saw != counts {
			t.Fatalf("after a look that saw %q the side counts as %q, want %q", saw, p.saw, counts)
		}
	}
	for range 2 {
		note(w.seesUp(question), policy.SideUp)
		cable("add rule inet bad in tcp dport 9 drop")
		for range downAfter - 1 {
			note(w.sees(question), policy.SideUp)
		}
		cable("flush chain inet bad in")
	}
	cable("add rule inet bad in tcp dport 9 drop")
	note(w.sees(question), policy.SideDown)
}

package interlock

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sekimori/policy"
)

const exampleBase, exampleLink = "../../examples/hooks/line/sekimori-line-base", "../../examples/hooks/line/sekimori-line-link"

// inRouter runs a program on the broker's machine and gives its exit status and what it printed.
func (w *office) inRouter(env []string, words ...string) (int, string) {
	w.t.Helper()
	c := exec.Command("ip", append([]string{"netns", "exec", w.r}, words...)...)
	c.Env = append(c.Environ(), env...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		w.t.Fatalf("%v: %v", words, err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// TestTheLineIsShutBeforeTheBrokerRuns: the rules of the boot's unit let nothing of the maintenance line through, and leave the office network
// on. The driver takes their table over as it is; from then on the unit changes nothing.
func TestTheLineIsShutBeforeTheBrokerRuns(t *testing.T) {
	t.Parallel()
	w := newOffice(t, false)
	run(t, "ip", "netns", "exec", w.r, "nft", "flush", "ruleset") // the machine boots: there is no table yet
	if status, said := w.inRouter(nil, "sh", exampleBase, "hr", "office", "line"); status != 0 {
		t.Fatalf("%d: %s", status, said)
	}
	made, err := newNftables("hr", "office", "line")
	if err != nil {
		t.Fatal(err)
	}
	driver := made.(*netfilter)
	driver.netns = int(w.fd)
	reads := func(want Reading) {
		t.Helper()
		if read, err := driver.Look(t.Context()); err != nil || read != want {
			t.Errorf("the driver reads %+v, %v; want %+v", read, err, want)
		}
	}
	table := func() string {
		return run(t, "ip", "netns", "exec", w.r, "nft", "-a", "list", "table", "inet", driver.table)
	}
	rules := func() (handles []string) {
		for line := range strings.Lines(table()) {
			if _, handle, ok := strings.Cut(line, "drop # handle "); ok {
				handles = append(handles, strings.TrimSpace(handle))
			}
		}
		return handles
	}
	reads(Reading{policy.SideUp, policy.SideDown})
	laid := fmt.Sprint(rules())
	before := w.crossed()
	w.until("packets of the maintenance line are dropped", func() bool { return dropped(table()) > 50 })
	if n := w.crossed() - before; n != 0 {
		t.Errorf("%d packets crossed", n)
	}
	for _, step := range []Step{Cut, On} {
		if err := driver.Do(t.Context(), step, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	reads(Reading{policy.SideDown, policy.SideUp})
	if status, said := w.inRouter(nil, "sh", exampleBase, "hr", "office", "line"); status != 0 || said != "" {
		t.Errorf("again: %d, %s", status, said)
	}
	reads(Reading{policy.SideDown, policy.SideUp})
	if now := fmt.Sprint(rules()); now != laid {
		t.Errorf("the driver laid the table anew: rules %s, then %s", laid, now)
	}
	for _, words := range [][]string{{"hr", "office"}, {"hr", "line", "line"}, {"hr", "office; flush ruleset", "line"}, {"hr", "", "line"}} {
		if status, said := w.inRouter(nil, append([]string{"sh", exampleBase}, words...)...); status != 2 {
			t.Errorf("%q: %d, %s", words, status, said)
		}
	}
}

// dropped sums up the packets that a table dropped.
func dropped(table string) (sum int) {
	for line := range strings.Lines(table) {
		var n int
		if _, rest, ok := strings.Cut(line, "counter packets "); ok {
			if _, err := fmt.Sscan(rest, &n); err == nil {
				sum += n
			}
		}
	}
	return sum
}

// TestAnExampleDriverLetsTheLeaseEnd: the example of a program as a driver does its steps, refuses what would join the sides, and takes the
// maintenance line down by itself where no one renews it.
func TestAnExampleDriverLetsTheLeaseEnd(t *testing.T) {
	t.Parallel()
	w := newOffice(t, false)
	env := []string{"SEKIMORI_LINE_RUN=" + t.TempDir()}
	does := func(want int, says string, words ...string) {
		t.Helper()
		status, said := w.inRouter(env, append([]string{exampleLink, "office", "line"}, words...)...)
		if status != want || !strings.Contains(said, says) {
			t.Errorf("%v: %d, %q; want %d, %q", words, status, said, want, says)
		}
	}
	look := func() Reading {
		c := exec.Command("ip", "netns", "exec", w.r, exampleLink, "office", "line", "look")
		said, err := c.Output() // ip has remarks on standard error
		read, unread := parseReading(string(said))
		if err := errors.Join(err, unread); err != nil {
			t.Error(err)
		}
		return read
	}
	does(0, "", "off")
	if read := look(); read != (Reading{policy.SideUp, policy.SideDown}) {
		t.Errorf("%+v", read)
	}
	does(1, "the office network is up", "on", "10")
	if status, said := w.inRouter(env, exampleLink, "offise", "line", "look"); status != 1 || !strings.Contains(said, "no interface offise") {
		t.Errorf("an interface that is not there: %d, %s", status, said)
	}
	does(0, "", "cut")
	does(2, "seconds", "on", "soon")
	does(2, "no step", "open")
	// On a busy machine the watchdog may take longer than the program waits for it; the broker orders anew with each look.
	w.until("the line is on", func() bool {
		status, _ := w.inRouter(env, exampleLink, "office", "line", "on", "60")
		return status == 0
	})
	does(1, "the maintenance line is up", "restore")
	does(0, "", "on", "60") // renewed
	if read := look(); read != (Reading{policy.SideDown, policy.SideUp}) {
		t.Errorf("%+v", read)
	}
	does(0, "", "on", "3") // the last one
	w.until("the line is down by itself", func() bool { return look() == Reading{policy.SideDown, policy.SideDown} })
	does(0, "", "restore")
	if read := look(); read != (Reading{policy.SideUp, policy.SideDown}) {
		t.Errorf("%+v", read)
	}
	if n := w.crossed(); n != 0 {
		t.Errorf("%d packets crossed", n)
	}
}

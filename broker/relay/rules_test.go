package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/relay"
	"sekimori/policy"
	"sekimori/recordings"
)

// ruledShell is a real bash on a real terminal of a real sshd, behind a relay with live rules.
type ruledShell struct {
	*rig
	t    *testing.T
	dir  string
	in   io.Writer
	wait func() error
	rest time.Duration // for which nothing is shown when the screen rests

	mu       sync.Mutex // guards what follows
	out      bytes.Buffer
	more     chan struct{}
	hits     []relay.RuleHit
	deciding func(relay.RuleHit) policy.LiveAnswer // answers held lines; nil: the answer is given
}

// newRuledShell starts it. answer is the attendant's to held lines.
func newRuledShell(t *testing.T, answer policy.LiveAnswer, rules ...string) *ruledShell {
	t.Helper()
	testbed.Need(t, "bash")
	signer := testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	s := &ruledShell{t: t, dir: t.TempDir(), more: make(chan struct{}), rest: 80 * time.Millisecond}
	if err := os.WriteFile(filepath.Join(s.dir, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.rig = newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, rules: policy.NewLiveRules(rules),
		onRule: func(_ context.Context, hit relay.RuleHit) policy.LiveAnswer {
			s.mu.Lock()
			s.hits = append(s.hits, hit)
			deciding := s.deciding
			s.mu.Unlock()
			s.wake()
			if deciding != nil && hit.Effect == policy.LiveHold {
				return deciding(hit)
			}
			switch hit.Effect {
			case policy.LiveWarn:
				return policy.LiveAllowed
			case policy.LiveHold:
				return answer
			}
			return policy.LiveByRule
		}})
	session, err := s.client().NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm", 24, 60, nil); err != nil {
		t.Fatal(err)
	}
	s.in, _ = session.StdinPipe()
	session.Stdout, session.Stderr = s, s
	s.wait = session.Wait
	if err := session.Start(`cd ` + s.dir + ` && exec env -i PATH="$PATH" TERM=xterm LC_ALL=C.UTF-8 PS1='[m@db ~]$ ' bash --norc --noprofile -i`); err != nil {
		t.Fatal(err)
	}
	s.shows("$ ")
	return s
}

// Write takes what the engineer's terminal shows.
func (s *ruledShell) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.out.Write(p)
	s.mu.Unlock()
	s.wake()
	return len(p), nil
}

func (s *ruledShell) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
}

// until waits until done, which is called with mu held.
func (s *ruledShell) until(limit time.Duration, done func() bool) bool {
	over := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s.mu.Lock()
		ok, more := done(), s.more
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-more:
		case <-tick.C:
		case <-over:
			return false
		}
	}
}

func (s *ruledShell) shows(text string) {
	s.t.Helper()
	if !s.until(patience, func() bool { return strings.Contains(s.out.String(), text) }) {
		s.t.Fatalf("%q does not come; shown is %q; the target got %q; rules had the effects %+v", text, s.out.String(), s.recorded(recordings.Stdin), s.hits)
	}
}

// rests waits until nothing was shown for a moment.
func (s *ruledShell) rests() {
	for n := -1; ; {
		m := 0
		s.until(s.rest, func() bool { m = s.out.Len(); return false })
		if m == n {
			return
		}
		n = m
	}
}

// drawn waits until the line with the cursor ends so on the screen, and the screen rests. Programs draw the same line in several ways.
func (s *ruledShell) drawn(end string) {
	s.t.Helper()
	if !s.until(patience, func() bool {
		g := recordings.NewGrid(60, 24)
		g.Feed(s.recorded(recordings.Stdout))
		return strings.HasSuffix(g.Line(recordings.GridMark{}).Text, end)
	}) {
		s.t.Errorf("no line ends with %q; shown is %q", end, s.out.String())
	}
	s.rests()
}

// prompted waits until the shell's prompt stands again after keys were typed. Lines typed before that are held rather than judged wrongly.
func (s *ruledShell) prompted(types func()) {
	s.t.Helper()
	const prompt = "[m@db ~]$ "
	prompts := func() int { return strings.Count(s.out.String(), prompt) }
	s.mu.Lock()
	before := prompts()
	s.mu.Unlock()
	types()
	if !s.until(patience, func() bool { return prompts() > before && strings.HasSuffix(s.out.String(), prompt) }) {
		s.t.Fatalf("no prompt; shown is %q; the target got %q; rules had the effects %+v", s.out.String(), s.recorded(recordings.Stdin), s.hits)
	}
}

func (s *ruledShell) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *ruledShell) gone() bool {
	_, err := os.Stat(filepath.Join(s.dir, "f"))
	return errors.Is(err, os.ErrNotExist)
}

// hit waits for the effect number n.
func (s *ruledShell) hit(n int) relay.RuleHit {
	s.t.Helper()
	if !s.until(patience, func() bool { return len(s.hits) > n }) {
		s.t.Fatalf("no rule has an effect; shown is %q", s.out.String())
	}
	return s.hits[n]
}

// TestARefusedLineLeavesTheShellUsable: the line never runs, the shell shows its prompt again, and the next command works. The recording
// tells the rule and the line, and every byte that the target got.
func TestARefusedLineLeavesTheShellUsable(t *testing.T) {
	t.Parallel()
	s := newRuledShell(t, policy.LiveRefused, "refuse rm")
	s.types("rm f\r")
	hit := s.hit(0)
	if hit.Rule != "refuse rm" || !strings.Contains(hit.Line, "$ rm f") || hit.Exec || hit.Held != 0 {
		t.Errorf("%+v", hit)
	}
	s.shows("the command was not sent: a rule refuses it")
	s.types("echo still-$((40+2))\r")
	s.shows("still-42")
	if s.gone() {
		t.Error("the refused command ran")
	}
	if got := s.events(recordings.EventRule); len(got) != 1 || !strings.Contains(got[0], `"effect":"refuse","rule":"refuse rm"`) {
		t.Errorf("recorded are %q", got)
	}
	if in := s.recorded(recordings.Stdin); !bytes.Contains(in, []byte("rm f\x03echo")) {
		t.Errorf("the target got %q", in)
	}
}

// TestAHeldLineWaits: the Enter waits, not the characters; after the answer the line runs, or does not.
func TestAHeldLineWaits(t *testing.T) {
	t.Parallel()
	for answer, runs := range map[policy.LiveAnswer]bool{policy.LiveAllowed: true, policy.LiveRefused: false, policy.LiveTimedOut: false, policy.LiveUnattended: false, policy.LiveNotKept: false} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			s := newRuledShell(t, answer, "hold rm")
			s.types("rm f\r")
			if hit := s.hit(0); hit.Held != 1 || hit.Effect != policy.LiveHold {
				t.Errorf("%+v", hit)
			}
			s.shows("waiting for the attendant")
			s.types("echo next-$((40+2))\r")
			s.shows("next-42")
			if s.gone() != runs {
				t.Errorf("the command ran: %v", s.gone())
			}
			if got := s.events(recordings.EventRuled); len(got) != 1 || got[0] != fmt.Sprintf(`{"held":1,"answer":%q}`, answer) {
				t.Errorf("recorded are %q", got)
			}
		})
	}
}

// TestAWarnedLineRuns, and both people read the warning.
func TestAWarnedLineRuns(t *testing.T) {
	t.Parallel()
	s := newRuledShell(t, "", "warn rm")
	s.types("rm f\r")
	s.shows("warning: rule \"warn rm\"")
	if !s.until(patience, s.gone) {
		t.Error("the command did not run")
	}
}

// TestNoFalseAlarms: ordinary work is not held up.
func TestNoFalseAlarms(t *testing.T) {
	t.Parallel()
	s := newRuledShell(t, policy.LiveRefused, "hold rm", "hold shutdown")
	for i, line := range []string{"sudo -n ls *", "env A=1 cat f* >/dev/null 2>&1", "rm f\x03|then|echo rm", "ls -l f\x1b[I", "\x1b[?62;1c", "\x1b]11;rgb:0/0/0\x1b\\", "read -sp pw$((6))- p; echo\r|asks|secrex\x7f\x7f\x7fret", "echo rm", "ls -l | grep shutdown", "cat f", "x=$(date); echo $x", "for i in 1 2; do echo $i; done", "echo \\\rjoined", "printf '%s' \"it's\"", "read -sp pw$((14))- p; echo\r|asks|secret"} {
		if dropped, rest, two := strings.Cut(line, "|then|"); two {
			s.prompted(func() { s.types(dropped) })
			line = rest
		}
		s.prompted(func() {
			if asking, secret, two := strings.Cut(line, "|asks|"); two {
				s.types(asking)
				s.shows(fmt.Sprintf("pw%d-", i)) // before it, the terminal may not yet be in the mode of a line, and takes the next line into the secret
				line = secret
			}
			s.types(line + "\r")
		})
		mark := fmt.Sprintf("done-%d-", i)
		s.prompted(func() { s.types("echo " + mark + "$((1+1))\r") })
		s.shows(mark + "2")
	}
	if len(s.hits) > 0 {
		t.Errorf("held up are %+v", s.hits)
	}
}

// TestAttackALineChangedWhileItIsHeld: the attendant allows the line that was shown. A program or a second channel that changes it meanwhile
// has it shown again, and the changed line never runs on the first permission.
func TestAttackALineChangedWhileItIsHeld(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "tmux")
	s := newRuledShell(t, "", "hold rm")
	socket := filepath.Join(s.dir, "t")
	changes := []string{"BSpace f", "BSpace g"}
	s.deciding = func(hit relay.RuleHit) policy.LiveAnswer {
		if hit.Held > len(changes) {
			return policy.LiveRefused
		}
		if out, err := exec.Command("tmux", append([]string{"-S", socket, "send-keys"}, strings.Fields(changes[hit.Held-1])...)...).CombinedOutput(); err != nil {
			t.Errorf("tmux: %v: %s", err, out)
		}
		// tmux draws the change a moment later. A line that changes after the broker's last look at the screen is not seen by anyone.
		s.drawn("rm " + changes[hit.Held-1][len("BSpace "):])
		return policy.LiveAllowed
	}
	s.types("tmux -S " + socket + " -f /dev/null new bash --norc --noprofile\r")
	if !s.until(patience, func() bool { return strings.Count(s.out.String(), "[m@db ~]$ ") > 1 }) {
		t.Fatalf("no prompt in tmux; shown is %q", s.out.String())
	}
	s.rests()
	s.types("rm x")
	s.drawn("rm x")
	s.types("\r")
	for i, want := range []string{"rm x", "rm f", "rm g"} {
		if hit := s.hit(i); !strings.HasSuffix(hit.Line, want) {
			t.Errorf("asked about %q, want %q", hit.Line, want)
		}
	}
	s.rests()
	if s.gone() {
		t.Error("a line ran that the attendant had not been shown")
	}
}

// TestAHeldLineThatIsShownLate: a target that shows a typed line in pieces, with pauses, has the attendant asked once, about the whole line. A
// target that shows nothing has the attendant asked too, without the line: it may be a password.
func TestAHeldLineThatIsShownLate(t *testing.T) {
	t.Parallel()
	const line = "rm old-result.csv"
	for _, late := range []bool{true, false} {
		ran := make(chan string, 1)
		var mu sync.Mutex
		var hits []relay.RuleHit
		target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
			_, _ = io.WriteString(s, "[m@db ~]$ ")
			typed := make([]byte, len(line))
			if _, err := io.ReadFull(s, typed); err != nil {
				return
			}
			if late { // each pause is longer than the relay waits for an echo of its own accord
				for _, piece := range []string{line[:4], line[4:9], line[9:]} {
					_, _ = io.WriteString(s, piece)
					<-time.After(200 * time.Millisecond)
				}
			}
			enter := make([]byte, 1)
			if _, err := io.ReadFull(s, enter); err == nil {
				ran <- string(enter)
			}
		}})
		r := newRig(t, rigOptions{target: target, rules: policy.NewLiveRules([]string{"hold rm"}), onRule: func(_ context.Context, hit relay.RuleHit) policy.LiveAnswer {
			mu.Lock()
			defer mu.Unlock()
			hits = append(hits, hit)
			return policy.LiveAllowed
		}})
		session, err := r.client().NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := session.RequestPty("xterm", 24, 60, nil); err != nil {
			t.Fatal(err)
		}
		in, _ := session.StdinPipe()
		if err := session.Shell(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, line+"\r"); err != nil {
			t.Fatal(err)
		}
		select {
		case key := <-ran:
			if key != "\r" {
				t.Errorf("late %v: the target got %q", late, key)
			}
		case <-time.After(patience):
			t.Fatalf("late %v: the line never runs", late)
		}
		mu.Lock()
		want := map[bool]string{true: "[m@db ~]$ " + line, false: ""}[late]
		if len(hits) != 1 || hits[0].Line != want {
			t.Errorf("late %v: asked %d times: %+v; want once, about %q", late, len(hits), hits, want)
		}
		mu.Unlock()
	}
}

// TestARuleOnACommandSendsNothing: the target does not even get a channel for a refused command; a held one waits.
func TestARuleOnACommandSendsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule   string
		answer policy.LiveAnswer
		status int
		ran    bool
	}{
		{"refuse rm", "", policy.ExitNotPermitted, false}, {"hold rm", policy.LiveTimedOut, policy.ExitNotPermitted, false},
		{"hold rm", policy.LiveAllowed, 0, true}, {"warn rm", policy.LiveAllowed, 0, true}, {"end rm", policy.LiveByRule, policy.ExitStopped, false},
	} {
		var hits []relay.RuleHit
		ran := false
		target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(*testbed.TargetSession) { ran = true }})
		r := newRig(t, rigOptions{target: target, rules: policy.NewLiveRules([]string{c.rule}), onRule: func(_ context.Context, hit relay.RuleHit) policy.LiveAnswer {
			hits = append(hits, hit)
			if c.answer == "" {
				return policy.LiveByRule
			}
			return c.answer
		}})
		session, err := r.client().NewSession()
		if err != nil {
			t.Fatal(err)
		}
		err = session.Run("sudo rm x")
		status := 0
		var exit *ssh.ExitError
		if errors.As(err, &exit) {
			status = exit.ExitStatus()
		}
		if status != c.status || ran != c.ran || len(hits) != 1 || !hits[0].Exec || hits[0].Line != "sudo rm x" {
			t.Errorf("%s, %s: status %d, ran %v, %+v (%v)", c.rule, c.answer, status, ran, hits, err)
		}
		if !c.ran && len(r.events(recordings.EventExec)) > 0 {
			t.Errorf("%s: the command was sent", c.rule)
		}
	}
}

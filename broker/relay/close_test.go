package relay_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
	"sekimori/recordings"
)

// Each channel with a recorded start has exactly one recorded end, on every path, and no event after it: readers keep their
// state of a channel until then.
func TestEachChannelThatOpensClosesOnceInTheRecording(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) { s.Exit(0) }})
	exec := func(command string) func(ssh.Channel) {
		return func(ch ssh.Channel) {
			_, _ = ch.SendRequest("exec", true, ssh.Marshal(struct{ S string }{command}))
		}
	}
	ways := map[string]func(ssh.Channel){
		"closed without a request": func(ch ssh.Channel) { ch.Close() },
		"closed after an unknown request": func(ch ssh.Channel) {
			_, _ = ch.SendRequest("unknown", true, nil)
			ch.Close()
		},
		"refused":                 exec("scp -t /x"),
		"of an unknown subsystem": func(ch ssh.Channel) { _, _ = ch.SendRequest("subsystem", true, ssh.Marshal(struct{ S string }{"x"})) },
		"carried":                 exec("true"),
		"closed at once": func(ch ssh.Channel) {
			_, _ = ch.SendRequest("exec", false, ssh.Marshal(struct{ S string }{"true"}))
			ch.Close()
		},
		"asked after its end": func(ch ssh.Channel) {
			exec("true")(ch)
			for range 10 {
				_, _ = ch.SendRequest("window-change", false, make([]byte, 16))
				_, _ = ch.SendRequest("signal", false, ssh.Marshal(struct{ S string }{"TERM"}))
			}
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{target: target, deny: map[policy.ChannelKind]bool{policy.ChannelCopy: true}})
			c := r.client()
			const channels = 5
			for range channels {
				ch, reqs, err := c.OpenChannel("session", nil)
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan struct{})
				go func() { defer close(ended); ssh.DiscardRequests(reqs) }()
				way(ch)
				within(t, "the channel ends", func() { <-ended })
				ch.Close()
			}
			c.Close()
			_ = r.end()
			r.kill()
			open, closed := map[uint32]int{}, map[uint32]int{}
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, f := range r.frames {
				switch {
				case f.Event == recordings.EventOpen:
					open[f.Channel]++
				case f.Event == recordings.EventClose:
					closed[f.Channel]++
				case f.Event != "" && f.Channel != recordings.SessionChannel && closed[f.Channel] > 0:
					t.Errorf("channel %d: %s %s after its end", f.Channel, f.Event, f.Data)
				}
			}
			if len(open) != channels || len(closed) != channels {
				t.Errorf("%d channels opened, %d closed", len(open), len(closed))
			}
			for n := range open {
				if open[n] != 1 || closed[n] != 1 {
					t.Errorf("channel %d opened %d times, closed %d times", n, open[n], closed[n])
				}
			}
		})
	}
}

// A channel that is refused only when the target is ready closes once too.
func TestChannelThatIsRefusedLateClosesOnceInTheRecording(t *testing.T) {
	var asked atomic.Int32
	r := newRig(t, rigOptions{decide: func(policy.ChannelKind) policy.Decision {
		return policy.Decision{Allow: asked.Add(1)%2 == 1, Reason: policy.FeatureNotGranted}
	}})
	if err := session(t, r.client()).Run("true"); exitStatus(err) != policy.FeatureNotGranted.Exit() {
		t.Errorf("the command ended with %v", err)
	}
	if n := len(r.events(recordings.EventClose)); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

// A command whose channel the engineer closes during a pause does not run after the pause, and the recording says so.
func TestCommandTakenBackDuringAPauseDoesNotRun(t *testing.T) {
	var ran atomic.Int32
	target := testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) { ran.Add(1); s.Exit(0) }})
	r := newRig(t, rigOptions{target: target})
	c := r.client()
	r.relay.Pause(true)
	ch, reqs, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); ssh.DiscardRequests(reqs) }()
	if _, err := ch.SendRequest("exec", false, ssh.Marshal(struct{ S string }{"rm -rf /srv/x"})); err != nil {
		t.Fatal(err)
	}
	ch.Close()
	limit := time.Now().Add(patience)
	for len(r.events(recordings.EventClose)) == 0 && time.Now().Before(limit) {
		if _, _, err := c.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.relay.Pause(false)
	if err := session(t, c).Run("true"); err != nil {
		t.Fatal(err)
	}
	if n := ran.Load(); n != 1 {
		t.Errorf("%d commands ran, 1 was not taken back", n)
	}
	said := false
	for _, body := range r.events(recordings.EventRefused) {
		var x recordings.Refused
		if err := json.Unmarshal([]byte(body), &x); err != nil {
			t.Fatal(err)
		}
		said = said || x.Side == "client" && x.What == "exec"
	}
	if !said {
		t.Errorf("the recording does not say that the command was taken back: %q", r.events(recordings.EventRefused))
	}
}

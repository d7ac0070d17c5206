package accounts_test

import (
	"os"
	"strings"
	"testing"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/rules"
	"sekimori/broker/store"
)

// outliving are ways in which an engineer's work can go on after the session, with what the proof of the end says of each.
var outliving = []struct{ name, program, command, named string }{
	{"nohup", "nohup", "nohup sleep 2001 >/dev/null 2>&1 &", "process"},
	{"setsid", "setsid", "setsid sleep 2002 >/dev/null 2>&1 &", "sleep 2002"},
	{"tmux", "tmux", "tmux -S ~/left new-session -d 'sleep 2003'", "tmux -S"},
	{"mosh-server", "mosh-server", "LC_ALL=C.UTF-8 mosh-server new -i 127.0.0.1 -- sleep 2004 </dev/null", "mosh-server new"},
	{"at", "at", "echo '/bin/true left-by-at' | at now + 1 hour", "left-by-at"},
	{"cron", "crontab", "echo '* * * * * /bin/true left-by-cron' | crontab -", "left-by-cron"},
	{"user unit", "", "mkdir -p ~/.config/systemd/user/default.target.wants && echo '[Service]' >~/.config/systemd/user/left.service", "unit left.service"},
}

// TestAttackWhatOutlivesTheSession: each way is used for real. The proof of the end names it; by rule it is ended or goes on, which fails the
// proof, raises an alarm and freezes the vendor where the rule says so.
func TestAttackWhatOutlivesTheSession(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{true, false} {
		name, word, state := "ended by rule", "ended: ", store.ProofVerified
		if !ends {
			name, word, state = "named by rule", "left: ", store.ProofFailed
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range outliving {
				if w.program != "" {
					testbed.Need(t, w.program)
				}
			}
			l := newLinux(t, store.Account{}, func(s *store.System) {
				s.Unproved = rules.UnprovedFreeze
				if !ends {
					s.Leftovers = rules.LeftoversName
				}
			}, "mkdir -p /var/lib/systemd/linger\n", "127.0.0.0/8:*")
			ctx := within(t)
			if err := l.Prepare(ctx, use(1)); err != nil {
				t.Fatal(err)
			}
			for _, w := range outliving {
				if out, err := l.login(w.command); err != nil {
					t.Fatalf("%s: %q, %v", w.name, out, err)
				}
			}
			// An administrator's loginctl enable-linger leaves this file.
			if err := os.WriteFile(l.host.Path("/var/lib/systemd/linger/maint"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := l.Release(ctx, use(1), store.Finding{What: "connections", State: store.ProofVerified}); err != nil {
				t.Fatal(err)
			}
			left := l.finding(use(1).Session, "leftovers")
			want := []string{word + "linger maint"}
			for _, w := range outliving {
				want = append(want, w.named)
			}
			if miss := named(left.Names, want...); miss != "" || left.State != state {
				t.Errorf("%s: %s", left.State, miss)
			}
			for _, n := range left.Names {
				if !strings.HasPrefix(n, word) {
					t.Errorf("%q, want each to be %s", n, word)
				}
			}
			if frozen := len(l.frees) == 1 && l.frees[0] == "V-012 on hr"; frozen == ends || (len(l.alarms(store.AlarmNotGone)) == 1) == ends {
				t.Errorf("frozen %v, %d alarms", l.frees, len(l.alarms(store.AlarmNotGone)))
			}
		})
	}
}

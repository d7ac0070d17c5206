package accounts_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
)

// outside is a listener on an address of this machine that is no loopback: targets' connections within themselves are not listed.
func outside(t *testing.T) *net.TCPAddr {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		p, ok := a.(*net.IPNet)
		if !ok || p.IP.IsLoopback() || p.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(p.IP.String(), "0"))
		if err != nil {
			continue
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().(*net.TCPAddr)
	}
	t.Skip("this machine has no address but loopback's")
	return nil
}

// TestAttackATargetConnectsElsewhereDuringASession: the engineer opens a connection from the target; ss shows it, and an alarm names it.
// One to a listed address raises none.
func TestAttackATargetConnectsElsewhereDuringASession(t *testing.T) {
	t.Parallel()
	to := outside(t)
	testbed.Need(t, "bash")
	for _, c := range []struct {
		name   string
		egress string
		alarms int
	}{{"unlisted", "198.51.100.7:5432", 1}, {"listed", to.String(), 0}} {
		t.Run(c.name, func(t *testing.T) {
			// Other tests of this machine have connections too; those to this listener are meant.
			l := newLinux(t, store.Account{}, nil, "", c.egress)
			ctx := within(t)
			if err := l.Prepare(ctx, use(1)); err != nil {
				t.Fatal(err)
			}
			conn, err := ssh.Dial("tcp", l.host.Addr, &ssh.ClientConfig{User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(l.key)}, HostKeyCallback: ssh.FixedHostKey(l.host.HostKey), Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			s, err := conn.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Start(fmt.Sprintf(`exec bash -c 'exec 3<>/dev/tcp/%s/%d && echo open && sleep 600'`, to.IP, to.Port)); err != nil {
				t.Fatal(err)
			}
			opened := make([]byte, 5)
			if _, err := io.ReadFull(out, opened); err != nil || string(opened) != "open\n" {
				t.Fatalf("%q, %v", opened, err)
			}
			if err := l.Watch(ctx); err != nil {
				t.Fatal(err)
			}
			named := 0
			for _, a := range l.alarms(store.AlarmEgress) {
				if strings.Contains(fmt.Sprint(a.Detail["names"]), to.String()) {
					named++
				}
			}
			if named != c.alarms {
				t.Errorf("%d alarms name %s: %+v", named, to, l.alarms(store.AlarmEgress))
			}
			if c.alarms == 1 && l.entries("target.connections") == 0 {
				t.Error("no entry")
			}
		})
	}
}

// TestTheMonthlyInventory: by rule and clock, with what came and went since the last one; a target that does not answer is due again.
func TestTheMonthlyInventory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lines := filepath.Join(dir, "lines")
	say := func(text string) {
		t.Helper()
		if err := os.WriteFile(lines, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	say("sekimori-target 1\naccount\tmaint\tuid 1001\ndone\n")
	hook := testbed.Hook(t, "#!/bin/sh\ncat >/dev/null\ncat "+lines+"\n")
	w := newTown(t, store.Target{Steward: hook}, store.Account{}, func(s *store.System) { s.InventoryMonthly = true })
	run := func(want int) {
		t.Helper()
		if err := w.Monthly(within(t)); err != nil {
			t.Fatal(err)
		}
		if n := w.entries("target.inventoried"); n != want {
			t.Errorf("%d entries, want %d", n, want)
		}
	}
	run(1) // the first is due at once
	run(1)
	w.clock.Step(29 * 24 * time.Hour)
	run(1)
	say("sekimori-target 1\naccount\tmaint\tuid 1001\nkey\tmaint\tssh-ed25519 AAAAplanted\ndone\n")
	w.clock.Step(24 * time.Hour)
	run(2)
	if all := w.alarms(store.AlarmChanged); len(all) != 1 || !strings.Contains(fmt.Sprint(all[0].Detail["names"]), "+ key maint: ssh-ed25519 AAAAplanted") {
		t.Errorf("%+v", all)
	}
	// No answer: written as such, and due again at the next look.
	w.clock.Step(30 * 24 * time.Hour)
	say("nonsense\n")
	run(3)
	say("sekimori-target 1\naccount\tmaint\tuid 1001\ndone\n")
	run(4)
	run(4)
	// Without the rule there is none.
	w.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.InventoryMonthly = false
		if err != nil {
			return err
		}
		return tx.PutSystem(s)
	})
	w.clock.Step(60 * 24 * time.Hour)
	run(4)
}

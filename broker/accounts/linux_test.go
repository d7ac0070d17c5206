package accounts_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sekimori/broker/accounts"
	"sekimori/broker/rules"
	"sekimori/broker/store"
)

// TestAnAccountOfARealHostIsPreparedAndGone: a real sshd, usermod, chage; what the engineer leaves behind is named and ended.
func TestAnAccountOfARealHostIsPreparedAndGone(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{Groups: []string{"payroll"}, Probe: []string{"/etc/numbers.csv"}}, endBy,
		"echo 123456789018 >/etc/numbers.csv\nchmod 600 /etc/numbers.csv\n", "0.0.0.0/0:*") // the machine has connections of its own
	if _, err := l.login("true"); err == nil {
		t.Fatal("the account opens before it was prepared")
	}
	ctx := within(t)
	if err := l.Prepare(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if out, err := l.login("id -Gn"); err != nil || !strings.Contains(out, "payroll") {
		t.Fatalf("%q, %v", out, err)
	}
	// An engineer could leave these: a process without a terminal, one that takes another session, a crontab, a key.
	if out, err := l.login(`nohup sleep 1001 >/dev/null 2>&1 & setsid sleep 1002 >/dev/null 2>&1 & echo '* * * * * /bin/true planted' | crontab - ; mkdir -p ~/.ssh; echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlantedPlantedPlantedPlantedPlantedPlantedPla planted@home' >> ~/.ssh/authorized_keys; mkdir -p ~/.config/systemd/user; echo x > ~/.config/systemd/user/back.service`); err != nil {
		t.Fatalf("%q, %v", out, err)
	}
	if err := l.Release(ctx, use(1), store.Finding{What: "connections", State: store.ProofVerified}); err != nil {
		t.Fatal(err)
	}
	left := l.finding(use(1).Session, "leftovers")
	if miss := named(left.Names, "ended: process", "sleep 1001", "sleep 1002", "ended: cron maint", "planted", "ended: unit back.service"); miss != "" || left.State != store.ProofVerified {
		t.Errorf("%s %s", left.State, miss)
	}
	if f := l.finding(use(1).Session, "account"); f.State != store.ProofVerified || f.Detail != "locked, expired, no groups" {
		t.Errorf("%+v", f)
	}
	target := l.finding(use(1).Session, "target")
	if miss := named(target.Names, "+ key maint: ssh-ed25519", "planted@home"); miss != "" || target.State != store.ProofFailed {
		t.Errorf("%s %s", target.State, miss)
	}
	if miss := named(target.Names, "maint: uid"); miss == "" {
		t.Errorf("the broker's own changes are named: %v", target.Names)
	}
	if _, err := l.login("true"); err == nil {
		t.Error("the account opens after it was taken away")
	}
	if p := l.proof(use(1).Session); p.State != store.ProofFailed || len(l.open()) != 0 {
		t.Errorf("%s, open: %+v", p.State, l.open())
	}
	if n := len(l.alarms(store.AlarmChanged)); n != 1 {
		t.Errorf("%d alarms about the target", n)
	}
	if n := len(l.alarms(store.AlarmNotGone)); n != 0 { // what was left has ended; the planted key is a change of the target
		t.Errorf("%d alarms about the end", n)
	}
	for _, kind := range []string{"account.preparing", "account.prepared", "account.probed", "session.end-verified"} {
		if n := l.entries(kind); n != 1 {
			t.Errorf("%d entries %s", n, kind)
		}
	}

	// A second session that leaves nothing is verified; the first one's unit is the state of before now.
	if err := os.RemoveAll(l.host.Path("/home/maint/.config")); err != nil {
		t.Fatal(err)
	}
	second := use(2)
	second.Window = "R8-0002-1"
	if err := l.Prepare(ctx, second); err != nil {
		t.Fatal(err)
	}
	if _, err := l.login("true"); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(ctx, second, store.Finding{What: "connections", State: store.ProofVerified}); err != nil {
		t.Fatal(err)
	}
	if p := l.proof(second.Session); p.State != store.ProofVerified {
		t.Errorf("%+v", p)
	}
}

// TestAnAccountThatCanReadTheNumbersOpensNoSession: the probe reads as the account does.
func TestAnAccountThatCanReadTheNumbersOpensNoSession(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{Groups: []string{"payroll"}, Probe: []string{"/etc/numbers.csv", "column"}}, nil,
		"echo 123456789018 >/etc/numbers.csv\nchown root:payroll /etc/numbers.csv\nchmod 640 /etc/numbers.csv\nprintf '#!/bin/sh\\nexit 1\\n' >/etc/sekimori/probes/column\nchmod 755 /etc/sekimori /etc/sekimori/probes /etc/sekimori/probes/column\n")
	ctx := within(t)
	err := l.Prepare(ctx, use(1))
	var refused *accounts.Refused
	if !errors.As(err, &refused) || refused.What != "account-readable" || !strings.Contains(err.Error(), "/etc/numbers.csv") {
		t.Fatalf("%v", err)
	}
	l.read(func(s *store.Snap) error {
		all, err := s.Probes(account)
		if err != nil || len(all) != 2 || all[0].Result != store.CanRead || all[1].Result != store.CannotRead {
			t.Errorf("%+v, %v", all, err)
		}
		return nil
	})
	if err := l.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if f := l.finding(use(1).Session, "account"); f.State != store.ProofVerified {
		t.Errorf("%+v", f)
	}
	// Work for which the case was accepted goes on, and the result stays an entry.
	special := use(2)
	special.Special = true
	if err := l.Prepare(ctx, special); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(ctx, special); err != nil {
		t.Fatal(err)
	}
	if n := l.entries("account.probed"); n != 2 {
		t.Errorf("%d probes in the ledger", n)
	}
}

// TestTwoSessionsOfOneAccount: the account goes with the last of them.
func TestTwoSessionsOfOneAccount(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{}, func(s *store.System) { s.Leftovers = rules.LeftoversName }, "", "127.0.0.0/8:*")
	ctx := within(t)
	for n := 1; n <= 2; n++ {
		if err := l.Prepare(ctx, use(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if f := l.finding(use(1).Session, "account"); f.State != store.ProofPartly || len(f.Names) != 1 || f.Names[0] != use(2).Session {
		t.Errorf("%+v", f)
	}
	if _, err := l.login("nohup sleep 1003 >/dev/null 2>&1 &"); err != nil {
		t.Fatalf("the second session lost its account: %v", err)
	}
	if err := l.Release(ctx, use(2)); err != nil {
		t.Fatal(err)
	}
	// The rule only names it, so it goes on and the end is not verified.
	if f := l.finding(use(2).Session, "leftovers"); f.State != store.ProofFailed || named(f.Names, "left: process", "sleep 1003") != "" {
		t.Errorf("%+v", f)
	}
	if f := l.finding(use(2).Session, "account"); f.State != store.ProofVerified || len(l.open()) != 0 {
		t.Errorf("%+v, open %+v", f, l.open())
	}
}

// TestAttackTheForcedCommandChangesNothingElse: a holder of the broker's key cannot touch other accounts or give other groups.
func TestAttackTheForcedCommandChangesNothingElse(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{Groups: []string{"root"}}, nil, "useradd -m other\n")
	ctx := within(t)
	if err := l.Prepare(ctx, use(1)); err == nil || !strings.Contains(err.Error(), "the group root is not in") {
		t.Fatalf("the group root: %v", err)
	}
	if _, err := l.login("true"); err == nil {
		t.Fatal("the account was opened all the same")
	}
	for _, login := range []string{"other", "root", "-R/tmp"} {
		l.write(func(tx *store.Tx) error {
			return tx.PutAccount(store.Account{Account: policyAccount("hr-db/x"+login, login), Credential: store.CredentialCertificate})
		})
		u := use(2)
		u.Account = "hr-db/x" + login
		if err := l.Prepare(ctx, u); err == nil || !strings.Contains(err.Error(), "is not in /etc/sekimori/accounts") {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// TestAfterACrashTheAccountIsTakenAway: the next broker takes away an account that a crashed one left, before anybody is admitted.
func TestAfterACrashTheAccountIsTakenAway(t *testing.T) {
	t.Parallel()
	l := newLinux(t, store.Account{}, nil, "")
	ctx := within(t)
	if err := l.Prepare(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.login("true"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := l.login("true"); err == nil {
		t.Error("the account is open after the broker's start")
	}
	if n := l.entries("account.withdrawn"); n != 1 || len(l.open()) != 0 {
		t.Errorf("%d entries, open: %+v", n, l.open())
	}
	if f := l.finding(use(1).Session, "account"); f.State != store.ProofVerified {
		t.Errorf("%+v", f)
	}
	if err := l.Reconcile(ctx); err != nil || l.entries("account.withdrawn") != 1 {
		t.Errorf("again: %v", err)
	}
}

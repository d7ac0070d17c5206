package accounts_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/hook"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/rules"
	"sekimori/broker/store"
)

// answering is a steward's program that answers each verb with the shell text of its case.
func answering(t *testing.T, cases string) string {
	t.Helper()
	return testbed.Hook(t, "#!/bin/sh\nverb= password=\nwhile read -r w v; do case $w in verb) verb=$v ;; password) password=$v ;; esac; done\nf() { printf '%s\\t' \"$@\" | sed 's/\\t$//'; echo; }\necho 'sekimori-target 1'\ncase $verb in\n"+cases+"\n*) ;;\nesac\necho done\n")
}

const honest = "prove) f gone maint locked ;;\nleftovers|connections|inventory|withdraw|prepare) ;;"

// TestAttackAStewardThatHangsLiesOrFloods: whatever the program does, no session begins, and no end is said to be proved.
func TestAttackAStewardThatHangsLiesOrFloods(t *testing.T) {
	for _, c := range []struct {
		name, cases string
		prepares    bool   // the session begins
		says        string // of the account's finding
	}{
		{"says nothing", "prepare) exit 0 ;;", false, "no clear answer"},
		{"fails", "prepare) f failed 'disk full'; exit 0 ;;\n" + honest, false, ""},
		{"ends with a status", "prepare) echo done; exit 3 ;;\n" + honest, false, ""},
		{"floods", "prepare) yes ;;\n" + honest, false, ""},
		{"lies about another account", "prove) f gone other locked ;;\n" + honest, true, "not about maint alone"},
		{"proves twice", "prove) f gone maint locked; f open maint open ;;\n" + honest, true, "not about maint alone"},
		{"proves nothing", "prove) ;;\n" + honest, true, "not about maint alone"},
		{"says it is open", "prove) f open maint 'it has not expired' ;;\n" + honest, true, "it has not expired"},
		{"cannot withdraw", "withdraw) f failed 'no'; exit 0 ;;\nprove) f open maint 'it has not expired' ;;\n" + honest, true, "no"},
		{"breaks off", "prove) printf 'gone\\tmaint\\tlocked\\n'; exit 0 ;;\n" + honest, true, "breaks off"},
		{"leftovers cannot be had", "leftovers) f failed 'no /proc'; exit 0 ;;\n" + honest, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, store.Target{Steward: answering(t, c.cases)}, store.Account{}, func(s *store.System) { s.Unproved = rules.UnprovedFreeze })
			ctx := within(t)
			err := w.Prepare(ctx, use(1))
			var refused *accounts.Refused
			if c.prepares != (err == nil) || err != nil && !errors.As(err, &refused) {
				t.Fatalf("%v", err)
			}
			if err := w.Release(ctx, use(1)); err != nil {
				t.Fatal(err)
			}
			p := w.proof(use(1).Session)
			if c.says == "" {
				return
			}
			if f := w.finding(use(1).Session, "account"); f.State != store.ProofFailed || !strings.Contains(f.Detail, c.says) {
				t.Errorf("want %q: %+v", c.says, f)
			}
			if p.State != store.ProofFailed || len(w.alarms(store.AlarmNotGone)) != 1 || len(w.open()) != 1 || w.open()[0].State != store.UseFailed {
				t.Errorf("%s, %d alarms, open %+v", p.State, len(w.alarms(store.AlarmNotGone)), w.open())
			}
			if len(w.frees) != 1 || w.frees[0] != "V-012 on hr" {
				t.Errorf("freezes: %v", w.frees)
			}
		})
	}
}

// TestAnUnprovedEndIsTriedAgain: once the target answers, the account is gone and the proof says so.
func TestAnUnprovedEndIsTriedAgain(t *testing.T) {
	t.Parallel()
	program := answering(t, "prove) f open maint 'it has not expired' ;;\n"+honest)
	w := newTown(t, store.Target{Steward: program}, store.Account{}, nil)
	ctx := within(t)
	if err := w.Prepare(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Retry(ctx); err != nil || w.entries("account.withdrawn") != 0 {
		t.Fatalf("an account in use was taken away: %v", err)
	}
	if err := w.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Retry(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(w.alarms(store.AlarmNotGone)); n != 1 {
		t.Errorf("%d alarms for one fault", n)
	}
	if len(w.frees) != 0 {
		t.Errorf("frozen without the rule: %v", w.frees)
	}
	good, err := os.ReadFile(answering(t, honest))
	if err != nil {
		t.Fatal(err)
	}
	testbed.Program(t, program, string(good))
	if err := w.Retry(ctx); err != nil {
		t.Fatal(err)
	}
	if f := w.finding(use(1).Session, "account"); f.State != store.ProofVerified || len(w.open()) != 0 {
		t.Errorf("%+v, open %+v", f, w.open())
	}
}

// TestAttackAStewardThatOthersCanChange: the program is looked at before each order.
func TestAttackAStewardThatOthersCanChange(t *testing.T) {
	t.Parallel()
	program := answering(t, honest)
	w := newTown(t, store.Target{Steward: program}, store.Account{}, nil)
	ctx := within(t)
	if err := w.Prepare(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	second := use(2)
	second.Until = second.Until.Add(time.Hour) // not covered by the first
	for _, change := range []func() error{
		func() error { return os.Chmod(program, 0o777) },
		func() error { return errors.Join(os.Chmod(program, 0o755), os.Chown(program, 65534, -1)) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := w.Prepare(ctx, second); !errors.Is(err, hook.ErrUnfit) {
			t.Fatalf("%v", err)
		}
	}
}

// TestAnOrderIsCalledOffWithItsSession: an end of the session does not wait for a target that hangs.
func TestAnOrderIsCalledOffWithItsSession(t *testing.T) {
	t.Parallel()
	fifo := testbed.Hook(t, "")
	w := newTown(t, store.Target{Steward: answering(t, "prepare) echo here > "+fifo+".said; sleep 1000 ;;\n"+honest)}, store.Account{}, nil)
	ctx, cancel := context.WithCancelCause(within(t))
	why := errors.New("the attendant cut the session")
	go func() {
		for {
			if _, err := os.Stat(fifo + ".said"); err == nil {
				cancel(why)
				return
			}
		}
	}()
	if err := w.Prepare(ctx, use(1)); !errors.Is(err, why) {
		t.Fatalf("%v", err)
	}
	if err := w.Release(within(t), use(1)); err != nil {
		t.Fatal(err)
	}
	if f := w.finding(use(1).Session, "account"); f.State != store.ProofVerified || len(w.open()) != 0 {
		t.Errorf("%+v", f)
	}
}

// TestAnAccountThatCouldReadIsProbedAgain: its windows do not open, so the clock probes it; once its rights are mended, the result changes.
func TestAnAccountThatCouldReadIsProbedAgain(t *testing.T) {
	t.Parallel()
	program := answering(t, "probe) f can-read /srv/numbers yes ;;\n"+honest)
	w := newTown(t, store.Target{Steward: program}, store.Account{Probe: []string{"/srv/numbers"}}, nil)
	ctx := within(t)
	if err := w.Prepare(ctx, use(1)); err == nil {
		t.Fatal("it was prepared")
	}
	if err := w.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []store.ProbeResult{store.CanRead, store.CannotRead} {
		if err := w.Reprobe(ctx); err != nil {
			t.Fatal(err)
		}
		w.read(func(s *store.Snap) error {
			all, err := s.Probes(account)
			if err != nil || len(all) != 1 || all[0].Result != want || len(w.open()) != 0 {
				t.Errorf("%+v, %v, open %+v", all, err, w.open())
			}
			return nil
		})
		mended, err := os.ReadFile(answering(t, "probe) f cannot-read /srv/numbers no ;;\n"+honest))
		if err != nil {
			t.Fatal(err)
		}
		testbed.Program(t, program, string(mended))
	}
	if n := w.entries("account.probed"); n != 3 {
		t.Errorf("%d probes in the ledger", n)
	}
}

// TestAttackASecondSessionOnAnAccountThatCanRead: the account of a session that was refused for what it can read stays prepared until it
// is taken away. Nobody slips in meanwhile, nor beside a session that may see individual numbers.
func TestAttackASecondSessionOnAnAccountThatCanRead(t *testing.T) {
	t.Parallel()
	for _, special := range []bool{false, true} {
		w := newTown(t, store.Target{Steward: answering(t, "probe) f can-read /srv/numbers yes ;;\n"+honest)}, store.Account{Probe: []string{"/srv/numbers"}}, nil)
		ctx := within(t)
		first := use(1)
		first.Special = special
		if err := w.Prepare(ctx, first); special != (err == nil) {
			t.Fatalf("the first session: %v", err)
		}
		var refused *accounts.Refused
		if err := w.Prepare(ctx, use(2)); !errors.As(err, &refused) || refused.What != "account-readable" {
			t.Errorf("the second session: %v", err)
		}
	}
}

package session

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// stewarded is a world whose target is looked after by a program that answers each verb with the shell text of its case and writes the
// verbs into a file.
func stewarded(t *testing.T, probe []string, cases string) (w *world, verbs func() string) {
	said := t.TempDir() + "/verbs"
	program := testbed.Hook(t, "#!/bin/sh\nverb=\nwhile read -r w v; do [ \"$w\" = verb ] && verb=$v; done\necho $verb >>"+said+"\nf() { printf '%s\\t' \"$@\" | sed 's/\\t$//'; echo; }\necho 'sekimori-target 1'\ncase $verb in\n"+
		cases+"\nprove) f gone maint locked ;;\nesac\necho done\n")
	w = newWorld(t, time.Hour, func(o *Options) {
		o.Accounts = accounts.New(accounts.Options{DB: o.DB, Dialer: &dial.Dialer{}, Signer: o.Ring.StewardSigner, Log: hclog.NewNullLogger()})
	})
	w.write("test.registered", func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.Steward = program
		if err := tx.PutTarget(target); err != nil {
			return err
		}
		account, err := tx.Account("hr-db/maint")
		if err != nil {
			return err
		}
		account.Probe = probe
		return tx.PutAccount(account)
	})
	return w, func() string {
		return strings.Join(strings.Fields(string(mustRead(t, said))), " ")
	}
}

// proved waits for the proof of a session's end by its target, and gives it.
func (v *visit) proved(t *testing.T) store.EndProof {
	t.Helper()
	for {
		var p store.EndProof
		var there bool
		err := v.w.db.Read(context.Background(), func(s *store.Snap) error {
			for _, err := range s.Entries(store.EntryFilter{Kind: "session.end-verified"}) {
				if err != nil {
					return err
				}
				there = true
			}
			var err error
			if there {
				p, err = s.EndProof(v.id)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if there {
			return p
		}
		select {
		case <-t.Context().Done():
			t.Fatal("no proof")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestTheAccountIsThereForTheSessionOnly: prepared and probed before the target is dialled, taken away and proved gone after.
func TestTheAccountIsThereForTheSessionOnly(t *testing.T) {
	w, verbs := stewarded(t, []string{"/srv/numbers"}, "probe) f cannot-read /srv/numbers no ;;\nleftovers) f ended process 77 'sleep 9' ;;")
	v := w.admit(w.engineer(1))
	_, _, _ = v.run("true")
	if got := verbs(); got != "inventory prepare probe" {
		t.Errorf("before the session: %s", got)
	}
	v.client.Close()
	if err := <-v.over; err != nil {
		t.Fatal(err)
	}
	p := v.proved(t)
	if got := verbs(); got != "inventory prepare probe connections withdraw leftovers prove inventory" {
		t.Errorf("after the session: %s", got)
	}
	states := map[string]store.ProofState{}
	for _, f := range p.Findings {
		states[f.What] = f.State
	}
	if states["account"] != store.ProofVerified || states["leftovers"] != store.ProofVerified || states["target"] != store.ProofVerified || states["egress"] != store.ProofVerified {
		t.Errorf("%+v", p)
	}
	// These connections lie in memory, so the kernel has no word on them, which is said.
	if states["connections"] != store.ProofPartly || p.State != store.ProofPartly {
		t.Errorf("%+v", p)
	}
	if _, ended := v.stored("session.ended"); ended["findings"] == nil {
		t.Errorf("the end's entry has no findings: %v", ended)
	}
}

// TestAnAccountThatCannotBeUsedOpensNoSession: 129, the target is never dialled, and the account is taken away all the same.
func TestAnAccountThatCannotBeUsedOpensNoSession(t *testing.T) {
	for name, c := range map[string]struct{ cases, note string }{
		"it can read the numbers": {"probe) f can-read /srv/numbers yes ;;", "read what the account must not"},
		"it is not prepared":      {"prepare) f failed 'disk full'; exit 0 ;;", "disk full"},
		"it is not probed":        {"probe) ;;", "nothing about /srv/numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			w, verbs := stewarded(t, []string{"/srv/numbers"}, c.cases)
			v := w.admit(w.engineer(1))
			_, said, exit := v.run("true")
			if exit != policy.AccountProbeFailed.Exit() || !strings.Contains(said, "[129]") || strings.Contains(said, "/srv/numbers") {
				t.Errorf("exit %d: %s", exit, said)
			}
			<-v.over
			row, ended := v.stored("session.ended")
			if row.Reason != policy.AccountProbeFailed || !strings.Contains(ended["note"].(string), c.note) || !row.Started.IsZero() {
				t.Errorf("%+v, %v", row, ended)
			}
			v.proved(t)
			if got := verbs(); !strings.Contains(got, "withdraw") || !strings.Contains(got, "prove") {
				t.Errorf("afterwards: %s", got)
			}
			var alarms []store.Alarm
			err := w.db.Read(context.Background(), func(s *store.Snap) (err error) {
				alarms, err = s.Alarms(store.AlarmFilter{What: store.AlarmTarget})
				return err
			})
			if err != nil || len(alarms) != 1 || alarms[0].Detail["number"] != float64(129) {
				t.Errorf("%+v, %v", alarms, err)
			}
		})
	}
}

// TestAnEndWithoutAStewardSaysWhatCannotBeVerified: the ledger and the page do not stay silent about it.
func TestAnEndWithoutAStewardSaysWhatCannotBeVerified(t *testing.T) {
	w := newWorld(t, time.Hour)
	v := w.admit(w.engineer(1))
	_, _, _ = v.run("true")
	v.client.Close()
	if err := <-v.over; err != nil {
		t.Fatal(err)
	}
	var p store.EndProof
	if err := w.db.Read(context.Background(), func(s *store.Snap) (err error) { p, err = s.EndProof(v.id); return err }); err != nil {
		t.Fatal(err)
	}
	if p.State != store.ProofPartly || len(p.Findings) != 4 || p.Findings[1].Detail != "the target has no administrative connection" {
		t.Errorf("%+v", p)
	}
}

// TestAStopTakesTheAccountAway: a planned stop of the broker leaves no account open.
func TestAStopTakesTheAccountAway(t *testing.T) {
	w, verbs := stewarded(t, nil, "")
	v := w.admit(w.engineer(1))
	_, _, _ = v.run("true")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.sup.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if got := verbs(); !strings.Contains(got, "withdraw") || !strings.Contains(got, "prove") {
		t.Errorf("the stop asked for %s", got)
	}
	err := w.db.Read(context.Background(), func(s *store.Snap) error {
		open, err := s.OpenUses("")
		if len(open) != 0 {
			t.Errorf("%+v", open)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

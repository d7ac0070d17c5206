package broker_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// rolesProgram looks after the account of the office's target. Its database is a file that holds the role's password. Of the files beside
// it, "hold" makes it wait within a change of the password, and "fault" lets it fail there.
const rolesProgram = `#!/bin/sh
cd "$(dirname -- "$0")" || exit 9
order=$(cat)
password=$(printf '%s\n' "$order" | sed -n 's/^password //p')
account=$(printf '%s\n' "$order" | sed -n 's/^account //p')
echo 'sekimori-target 1'
case $order in
*"verb prove"*) printf 'gone\t%s\tlocked\n' "$account" ;;
*"verb set-role-password"*)
  if [ -e fault ]; then printf 'failed\tthe database is down\n'; exit; fi
  printf %s "$password" >database
  [ ! -e hold ] || { : >held; while [ -e hold ]; do sleep .02; done; exit 1; } ;;
*"verb try-role-password"*)
  if [ "$password" = "$(cat database)" ]; then printf 'opens\t%s\n' "$account"; else printf 'refused\t%s\n' "$account"; fi ;;
esac
echo done
`

// TestABrokerKilledWithinAChangeOfASecret: the broker is killed with SIGKILL after the database has the new password and before it knows so.
// After the start the target opens, the page and the command say what the ledger says, also of a failure, and the change is finished.
func TestABrokerKilledWithinAChangeOfASecret(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	testbed.Program(t, at("steward"), rolesProgram)
	if err := errors.Join(os.WriteFile(at("database"), []byte("gyosha"), 0o600), os.WriteFile(at("hold"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	o.usedRole("hr-db/maint", at("steward"))
	e := o.engineers(1)[0]
	until := func(what string, holds func() bool) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for limit := time.Now().Add(3 * time.Minute); !holds(); <-tick.C { // the broker looks each minute
			if time.Now().After(limit) {
				t.Fatalf("not within three minutes: %s", what)
			}
		}
	}
	there := func(name string) func() bool {
		return func() bool { _, err := os.Stat(at(name)); return err == nil }
	}

	b := o.spawn()
	until("the change is under way", there("held"))
	if said := o.changes(); len(said) != 1 || said[0].State != "made" || said[0].Failed != 0 || said[0].Credential != "role-password" || said[0].Said.JA == "" {
		t.Errorf("within the change: %+v", said)
	}
	b.kill(t)
	if err := errors.Join(os.WriteFile(at("fault"), nil, 0o600), os.Remove(at("hold"))); err != nil {
		t.Fatal(err)
	}

	b = o.spawn()
	until("the failure is in the ledger", func() bool { return o.entries("secret.change-failed") == 1 })
	if said := o.changes(); len(said) != 1 || said[0].Failed != 1 || said[0].Again.IsZero() || said[0].Error == "" || said[0].Next.EN == "" {
		t.Errorf("after the failure: %+v", said)
	}
	if n := len(o.alarmsOf(store.AlarmSecret)); n != 1 {
		t.Errorf("%d alarms", n)
	}
	v := e.mustDial(b.addr)
	if out, problems, _, err := v.run("print in"); out != "in" || err != nil {
		t.Errorf("the target is not reached: %q, %q, %v", out, problems, err)
	}
	v.Close()
	<-v.gone
	o.awaitEnd(e.id)
	b.kill(t)

	if err := os.Remove(at("fault")); err != nil {
		t.Fatal(err)
	}
	o.clock.Step(20 * time.Minute) // past the pause before the next try, also where a slow machine left time for a second failure or third
	b = o.spawn()
	until("the change is over", func() bool { return o.entries("secret.changed") == 1 })
	if said := o.changes(); len(said) != 0 || o.entries("secret.changing") != 1 {
		t.Errorf("after the change: %+v, begun %d times", said, o.entries("secret.changing"))
	}
	o.read(func(s *store.Snap) error {
		sealed, err := s.Secret("account:hr-db/maint/role")
		if err != nil {
			return err
		}
		kept, err := o.ring.Unseal("account:hr-db/maint/role", sealed)
		in, err2 := os.ReadFile(at("database"))
		if string(kept) != string(in) {
			t.Error("the kept password is not that of the database")
		}
		return errors.Join(err, err2)
	})
	b.stop(t)
	o.verifyLedger()
}

// changes are the changes of secrets that the target's page and command say.
func (o *office) changes() []api.SecretChange {
	o.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", o.config.Socket)
	}}
	defer transport.CloseIdleConnections()
	target, err := api.Get(o.t.Context(), api.NewClient(transport, "http://sekimori", token, "ja"), api.Targets.Of("hr-db"), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return target.Changes
}

// usedRole has the broker keep the password of an account's role, which a program sets, after a window in which the account was used.
func (o *office) usedRole(account, program string) {
	o.t.Helper()
	now := o.clock.Now()
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		target, err2 := tx.Target("hr-db")
		a, err3 := tx.Account(account)
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		s.ChangeSecrets, target.Steward, a.RolePassword = true, program, true
		used := store.Window{Window: policy.Window{ID: "R8-0000-1", Request: "R8-0000", System: "hr", Start: now.Add(-2 * time.Hour), End: now.Add(-time.Hour), State: policy.WindowClosed}}
		return errors.Join(tx.PutSystem(s), tx.PutTarget(target), tx.PutAccount(a),
			tx.AddRequest(store.Request{No: "R8-0000", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-001", Requester: "U-001", Start: used.Start, End: used.End}),
			tx.AddWindow(used),
			tx.AddSession(store.Session{ID: "S-20261124-00", State: store.SessionEnded, Person: "U-001", Vendor: "V-001", Window: used.ID, Request: "R8-0000", System: "hr", Target: "hr-db", Account: a.ID,
				Created: used.Start, Started: used.Start, Ended: used.End, Until: used.End}))
	})
}

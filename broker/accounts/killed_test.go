package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// killedChild is the variable that makes this test binary a process which changes secrets and is killed meanwhile. It holds an order.
const killedChild = "SEKIMORI_ACCOUNTS_KILLED"

type killOrder struct {
	DB, Keys string
	Ahead    time.Duration
	// At is the moment at which the process kills itself: before its first connection (0), after that one's answer (1), before its
	// second connection (2) and so on. Negative: the program on the other side kills it.
	At int64
}

// changeAsChild is the process.
func changeAsChild(said string) error {
	var o killOrder
	if err := json.Unmarshal([]byte(said), &o); err != nil {
		return err
	}
	ring, err := keys.Open(o.Keys, make([]byte, keys.MasterSize))
	if err != nil {
		return err
	}
	clock := testbed.Ahead(o.Ahead)
	db, err := openDB(o.DB, ring, clock, func(what string) { panic("not in the catalogue: " + what) })
	if err != nil {
		return err
	}
	var moment atomic.Int64
	passes := func() {
		if o.At >= 0 && moment.Add(1)-1 == o.At {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	}
	s := accounts.New(accounts.Options{DB: db, Signer: ring.StewardSigner, Ring: ring, Ahead: func() time.Duration { return -o.Ahead }, Log: hclog.NewNullLogger(),
		Dialer: &dial.Dialer{Connect: func(ctx context.Context, addr string) (net.Conn, error) {
			passes()
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", addr)
			return &toldConn{Conn: c, closed: passes}, err
		}}})
	return errors.Join(s.ChangeSecrets(context.Background()), db.Close())
}

// toldConn tells when it is closed: the answer was read, and nothing is written about it yet.
type toldConn struct {
	net.Conn
	once   sync.Once
	closed func()
}

func (c *toldConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}

// killed runs the change in a process of its own, which is killed with SIGKILL, and starts the broker's part anew: what a start does
// before anyone is admitted. false: the process finished.
func (w *town) killed(keysDir string, at int64) bool {
	w.t.Helper()
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
	order, err := json.Marshal(killOrder{w.dir, keysDir, w.clock.Ahead(), at})
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), killedChild+"="+string(order))
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		w.t.Fatalf("moment %d: %v\n%s", at, err, out)
	}
	w.reopen()
	w.Steward = accounts.New(w.options)
	if err := w.Reconcile(within(w.t)); err != nil {
		w.t.Fatalf("moment %d: %v", at, err)
	}
	if n := len(w.open()); n != 0 {
		w.t.Errorf("moment %d: %d uses are open after the start", at, n)
	}
	return err != nil
}

// told checks that the ledger and the account say alike how far the change is: as many were begun as are over or under way.
func (w *town) told(at int64) {
	w.t.Helper()
	var changes []store.SecretChange
	var a store.Account
	w.read(func(s *store.Snap) (err error) {
		if a, err = s.Account(account); err == nil {
			changes, err = s.SecretChangesOf(account)
		}
		return err
	})
	if begun, over := w.entries("secret.changing"), w.entries("secret.changed"); begun != over+len(changes) {
		w.t.Errorf("moment %d: the ledger has %d changes begun and %d over, %d are under way", at, begun, over, len(changes))
	}
	for _, c := range changes {
		if said, next := accounts.SayChange(c, accounts.ChangedKind(c, a)); said == (text.Text{}) || next != (text.Text{}) {
			w.t.Errorf("moment %d: %+v is told as %v, %v", at, c.State, said, next)
		}
	}
}

// TestKilledWithinAChange: the process that changes a secret is killed with SIGKILL before each connection and after each answer. After
// the start one of the kept secrets opens the account, the ledger says how far the change came, and the next round finishes it.
func TestKilledWithinAChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind         store.CredentialKind
		steward      bool
		plain, whole []int64 // moments of a plain run, and those of a whole one
	}{
		// By the steward: prepared, set, tried, (removed,) the old one tried, taken away.
		"password by the steward": {store.CredentialPassword, true, []int64{3}, []int64{2, 3, 5, 7, 9}},
		"key by the steward":      {store.CredentialKey, true, nil, []int64{3, 5, 7, 9}},
		// By itself: set, tried, (removed,) the old one tried.
		"password by itself": {store.CredentialPassword, false, nil, []int64{0, 1, 2, 3, 4, 5}},
		"key by itself":      {store.CredentialKey, false, []int64{1, 2, 5}, []int64{0, 1, 2, 3, 4, 5, 6, 7}},
	} {
		moments := c.plain
		if testbed.Whole() {
			moments = c.whole
		}
		if len(moments) == 0 {
			continue // a plain run has a like case
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newChanging(t, c.kind, c.steward)
			for _, at := range moments {
				w.window()
				before, _ := w.secret()
				if !w.killed(w.keys, at) {
					t.Fatalf("moment %d: it was over", at)
				}
				w.told(at)
				now, other := w.secret()
				w.prepared(func() {
					if !w.opens(now) && (other == nil || !w.opens(other)) {
						t.Fatalf("moment %d: no kept secret opens the account", at)
					}
				})
				w.due()
				if err := w.ChangeSecrets(within(t)); err != nil {
					t.Fatalf("moment %d, then: %v", at, err)
				}
				w.told(at)
				now, other = w.secret()
				w.prepared(func() {
					if other != nil || !w.opens(now) || w.opens(before) {
						t.Errorf("moment %d: under way: %t, the new one opens: %t, the old one: %t", at, other != nil, w.opens(now), w.opens(before))
					}
				})
			}
		})
	}
}

// TestKilledWithinARolesChange: the program of a real PostgreSQL kills the process before it carries out an order, or after that and
// without an answer, at each order of a change.
func TestKilledWithinARolesChange(t *testing.T) {
	t.Parallel()
	if !testbed.Whole() {
		t.Skip("a whole run, with SEKIMORI_REQUIRE_PEERS=1, kills the steward of a database too")
	}
	r := newRole(t, byPassword...)
	whole, err := os.ReadFile(r.p.program)
	if err != nil {
		t.Fatal(err)
	}
	real := filepath.Join(r.p.home, "real")
	testbed.Program(t, real, string(whole))
	moments := []int64{3, 9} // prepared, set, tried, tried again, another one tried, taken away
	if testbed.Whole() {
		moments = []int64{0, 2, 3, 4, 5, 6, 7, 8, 9, 11}
	}
	var last string
	for _, at := range moments {
		r.window()
		count := filepath.Join(t.TempDir(), "count")
		testbed.Program(t, r.p.program, fmt.Sprintf(`#!/bin/sh
n=$(cat %[1]s 2>/dev/null || echo 0)
echo $((n+2)) >%[1]s
[ "$n" -ne %[2]d ] || { kill -9 $PPID; exit; }
answer=$(%[3]s)
[ $((n+1)) -ne %[2]d ] || { kill -9 $PPID; exit; }
printf '%%s\n' "$answer"
`, count, at, real))
		dead := r.killed(r.keys, -1)
		testbed.Program(t, r.p.program, string(whole))
		if !dead {
			t.Fatalf("moment %d: it was over", at)
		}
		r.told(at)
		now, other := r.kept()
		r.lent(func() {
			if last != "" && !r.opens(now) && (other == "" || !r.opens(other)) {
				t.Fatalf("moment %d: no kept password opens the role", at)
			}
		})
		r.due()
		if err := r.ChangeSecrets(within(t)); err != nil {
			t.Fatalf("moment %d, then: %v", at, err)
		}
		r.told(at)
		now, other = r.kept()
		r.lent(func() {
			if other != "" || now == last || !r.opens(now) || last != "" && r.opens(last) {
				t.Errorf("moment %d: under way: %t, changed: %t, the new one opens: %t", at, other != "", now != last, r.opens(now))
			}
		})
		last = now
	}
}

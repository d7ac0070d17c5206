package accounts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// changing is a real host whose account is opened by a stored secret, and a town that changes it.
type changing struct {
	*town
	host *testbed.Host
	kind store.CredentialKind
	cut  atomic.Int64 // connections that still work; the next one breaks. Negative: all work
	used int          // windows that were used
	keys string       // directory of the broker's keys
}

// oldPassword is what the target had at first.
const oldPassword = "Hajime-no-Kotoba-1"

func newChanging(t *testing.T, kind store.CredentialKind, steward bool) *changing {
	t.Helper()
	for _, p := range []string{"usermod", "chage", "setpriv", "chpasswd", "passwd"} {
		testbed.Need(t, p)
	}
	keysDir := filepath.Join(t.TempDir(), "keys")
	ring := newRingIn(t, keysDir)
	signer, err := ring.StewardSigner()
	if err != nil {
		t.Fatal(err)
	}
	private := filepath.Join(t.TempDir(), "key")
	public := testbed.WriteKey(t, private)
	secret := []byte(oldPassword)
	if kind == store.CredentialKey {
		if secret, err = os.ReadFile(private); err != nil {
			t.Fatal(err)
		}
	}
	setup := "cat >/etc/ssh/root_keys <<'EOF'\nrestrict,command=\"" + scriptPath(t) + "\" " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + "\nEOF\n" +
		"echo 'maint:" + oldPassword + "' | chpasswd\nmkdir -p /home/maint/.ssh\ncat >/home/maint/.ssh/authorized_keys <<'EOF'\n# kept\nno-agent-forwarding " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " old\nEOF\n" +
		"chown -R maint /home/maint/.ssh; chmod 700 /home/maint/.ssh; chmod 600 /home/maint/.ssh/authorized_keys\n"
	if steward {
		setup += "usermod -L -e 1970-01-02 maint\n"
	}
	c := &changing{kind: kind, keys: keysDir}
	c.cut.Store(-1)
	c.host = testbed.StartHost(t, testbed.HostOptions{Accounts: []string{"maint"}, Setup: setup, Conf: []string{"AuthorizedKeysFile /etc/ssh/%u_keys .ssh/authorized_keys", "PasswordAuthentication yes"}})
	target := store.Target{Target: policy.Target{Host: "127.0.0.1", Port: portOf(t, c.host.Addr), HostKey: string(ssh.MarshalAuthorizedKey(c.host.HostKey))}}
	if steward {
		target.Steward = "root"
	}
	c.town = newTownOf(t, ring, target, store.Account{Credential: kind, Secret: "account:" + account}, func(s *store.System) { s.ChangeSecrets = true })
	c.restart()
	sealed, err := ring.Seal("account:"+account, secret)
	if err != nil {
		t.Fatal(err)
	}
	c.write(func(tx *store.Tx) error { return tx.PutSecret("account:"+account, sealed) })
	return c
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// restart makes a steward that knows only the database, as after a kill.
func (c *changing) restart() {
	o := c.options
	o.Dialer = &dial.Dialer{Connect: func(ctx context.Context, addr string) (net.Conn, error) {
		if n := c.cut.Load(); n >= 0 && c.cut.Add(-1) < 0 {
			c.cut.Store(0) // it stays broken until the test mends it
			return nil, errors.New("broken by the test")
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}}
	c.Steward = accounts.New(o)
}

// window adds a window that is over, with a session that used the account.
func (c *changing) window() {
	c.t.Helper()
	c.used++
	c.write(func(tx *store.Tx) error { return usedWindow(tx, c.used) })
}

// secret is the account's secret, and the other one of a change that is under way.
func (c *changing) secret() (now, other []byte) {
	c.t.Helper()
	c.read(func(s *store.Snap) error {
		sealed, err := s.Secret("account:" + account)
		if err != nil {
			return err
		}
		if now, err = c.ring.Unseal("account:"+account, sealed); err != nil {
			return err
		}
		change, err := s.SecretChange("account:" + account)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		purpose := "account:" + account + "/next"
		if change.State == store.SecretProved {
			purpose = "account:" + account + "/old"
		}
		other, err = c.ring.Unseal(purpose, change.Sealed)
		return err
	})
	return now, other
}

// opens tries a secret at the target, whose account is opened for the try.
func (c *changing) opens(secret []byte) bool {
	c.t.Helper()
	config := &ssh.ClientConfig{User: "maint", HostKeyCallback: ssh.FixedHostKey(c.host.HostKey), Auth: []ssh.AuthMethod{ssh.Password(string(secret))}}
	if c.kind == store.CredentialKey {
		signer, err := ssh.ParsePrivateKey(secret)
		if err != nil {
			c.t.Fatal(err)
		}
		config.Auth = []ssh.AuthMethod{ssh.PublicKeys(signer)}
	}
	conn, err := ssh.Dial("tcp", c.host.Addr, config)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// prepared runs something while the account is open.
func (c *changing) prepared(do func()) {
	c.t.Helper()
	ctx := within(c.t)
	u := use(90 + c.used)
	u.Window = "R8-0001-90"
	if err := c.Prepare(ctx, u); err != nil {
		c.t.Fatal(err)
	}
	do()
	if err := c.Release(ctx, u); err != nil {
		c.t.Fatal(err)
	}
}

// TestAStoredSecretIsChangedAfterItsWindow: with a real sshd, through the steward and in the account's own session.
func TestAStoredSecretIsChangedAfterItsWindow(t *testing.T) {
	t.Parallel()
	for _, kind := range []store.CredentialKind{store.CredentialPassword, store.CredentialKey} {
		for _, steward := range []bool{true, false} {
			t.Run(string(kind)+map[bool]string{true: " by the steward", false: " by itself"}[steward], func(t *testing.T) {
				t.Parallel()
				c := newChanging(t, kind, steward)
				old, _ := c.secret()
				if err := c.ChangeSecrets(within(t)); err != nil || c.entries("secret.changing") != 0 {
					t.Fatalf("changed before any window: %v", err)
				}
				c.window()
				processes := testbed.Processes(t) // also those of the target, which are this machine's
				if err := c.ChangeSecrets(within(t)); err != nil {
					t.Fatal(err)
				}
				now, other := c.secret()
				if said := processes(); !bytes.Contains(said, []byte("sshd")) || bytes.Contains(said, now) || kind == store.CredentialPassword && bytes.Contains(said, old) {
					t.Error("a process has a secret in its arguments or its environment, or none was seen")
				}
				if string(now) == string(old) || other != nil {
					t.Fatalf("not changed, or still under way: %t", other != nil)
				}
				c.prepared(func() {
					if !c.opens(now) || c.opens(old) {
						t.Errorf("the new one opens: %t, the old one: %t", c.opens(now), c.opens(old))
					}
				})
				for _, kind := range []string{"secret.changing", "secret.placed", "secret.proved", "secret.changed"} {
					if n := c.entries(kind); n != 1 {
						t.Errorf("%d entries %s", n, kind)
					}
				}
				if err := c.ChangeSecrets(within(t)); err != nil || c.entries("secret.changing") != 1 {
					t.Errorf("changed again without a window: %v", err)
				}
				if kind == store.CredentialKey {
					b, err := os.ReadFile(c.host.Path("/home/maint/.ssh/authorized_keys"))
					if err != nil || !strings.HasPrefix(string(b), "# kept\n") || strings.Count(string(b), "no-agent-forwarding ssh-ed25519 ") != 1 {
						t.Errorf("%q, %v", b, err)
					}
				}
				if strings.Contains(c.log(), string(old)) || strings.Contains(c.log(), string(now)) {
					t.Error("an entry holds a secret")
				}
			})
		}
	}
}

// TestAChangeThatBreaksOffGoesOn: each connection of a change is broken in turn, and the broker is killed there. At no point is the
// account lost: one of the kept secrets opens it. The next broker finishes the change.
func TestAChangeThatBreaksOffGoesOn(t *testing.T) {
	t.Parallel()
	for _, kind := range []store.CredentialKind{store.CredentialPassword, store.CredentialKey} {
		for _, steward := range []bool{true, false} {
			t.Run(string(kind)+map[bool]string{true: " by the steward", false: " by itself"}[steward], func(t *testing.T) {
				t.Parallel()
				c := newChanging(t, kind, steward)
				broken, places := 0, []int64{0, 1, 2, 3, 4, 5, 6}
				if steward { // each account's opening and closing takes seconds: where it is set, and where it is tried
					places = []int64{1, 2}
				}
				for _, n := range places {
					c.window()
					c.cut.Store(n)
					err := c.ChangeSecrets(within(t))
					finished := c.cut.Load() > 0 || err == nil
					c.cut.Store(-1)
					c.restart()
					if err := c.Reconcile(within(t)); err != nil {
						t.Fatal(err)
					}
					now, other := c.secret()
					c.prepared(func() {
						if !c.opens(now) && (other == nil || !c.opens(other)) {
							t.Fatalf("broken at connection %d: no kept secret opens the account", n)
						}
					})
					if finished {
						break
					}
					broken++
					c.due()
					if err := c.ChangeSecrets(within(t)); err != nil {
						t.Fatalf("broken at connection %d, then: %v", n, err)
					}
					after, other := c.secret()
					if other != nil {
						t.Fatalf("broken at connection %d: still under way", n)
					}
					c.prepared(func() {
						if !c.opens(after) || string(after) != string(now) && c.opens(now) {
							t.Errorf("broken at connection %d: the new secret does not open the account, or the old one does", n)
						}
					})
				}
				if broken < 2 {
					t.Errorf("only %d places were tried", broken)
				}
			})
		}
	}
}

// TestATargetThatLosesTheAnswer: the secret is set, and the answer is lost, at each order. The next try finds out by a login.
func TestATargetThatLosesTheAnswer(t *testing.T) {
	t.Parallel()
	for kind, verbs := range map[store.CredentialKind][]string{store.CredentialPassword: {"set-password"}, store.CredentialKey: {"add-key", "remove-key"}} {
		for _, verb := range verbs {
			t.Run(verb, func(t *testing.T) {
				t.Parallel()
				c := newChanging(t, kind, true)
				old, _ := c.secret()
				c.window()
				keys := c.host.Path("/etc/ssh/root_keys")
				line, err := os.ReadFile(keys)
				if err != nil {
					t.Fatal(err)
				}
				losing := filepath.Join(c.host.Root, "losing")
				testbed.Program(t, losing, "#!/bin/sh\no=$(cat)\nprintf '%s\\n' \"$o\" | "+scriptPath(t)+" >"+c.host.Root+"/answer\ncase $o in *'verb "+verb+"'*) exit 9 ;; esac\ncat "+c.host.Root+"/answer\n")
				if err := os.WriteFile(keys, []byte(strings.Replace(string(line), scriptPath(t), losing, 1)), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := c.ChangeSecrets(within(t)); err == nil {
					t.Fatal("the lost answer was not noticed")
				}
				if err := os.WriteFile(keys, line, 0o600); err != nil {
					t.Fatal(err)
				}
				if n := len(c.alarms(store.AlarmSecret)); n != 1 || c.entries("secret.change-failed") != 1 {
					t.Errorf("%d alarms, %d entries", n, c.entries("secret.change-failed"))
				}
				c.restart()
				c.due()
				if err := c.ChangeSecrets(within(t)); err != nil {
					t.Fatal(err)
				}
				now, other := c.secret()
				c.prepared(func() {
					if other != nil || !c.opens(now) || c.opens(old) {
						t.Errorf("under way: %t, the new one opens: %t, the old one: %t", other != nil, c.opens(now), c.opens(old))
					}
				})
			})
		}
	}
}

// TestATargetThatDoesNotSetTheSecret: the old one is kept and stays the account's.
func TestATargetThatDoesNotSetTheSecret(t *testing.T) {
	t.Parallel()
	c := newChanging(t, store.CredentialKey, true)
	old, _ := c.secret()
	if err := os.WriteFile(c.host.Path("/home/maint/.ssh/authorized_keys"), []byte("# empty\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.window()
	if err := c.ChangeSecrets(within(t)); err == nil || !strings.Contains(err.Error(), "the old key is not in .ssh/authorized_keys") {
		t.Errorf("%v", err)
	}
	if now, other := c.secret(); string(now) != string(old) || other == nil {
		t.Errorf("the old one is kept: %t, the new one too: %t", string(now) == string(old), other != nil)
	}
	// It is not tried again at once.
	if err := c.ChangeSecrets(within(t)); err != nil || c.entries("secret.change-failed") != 1 {
		t.Errorf("%v, %d entries", err, c.entries("secret.change-failed"))
	}
}

// due lets the pause before the next try be over.
func (c *town) due() {
	c.t.Helper()
	c.write(func(tx *store.Tx) error {
		all, err := tx.SecretChanges()
		if err != nil {
			return err
		}
		for _, one := range all {
			one.Again = time.Time{}
			if err := tx.PutSecretChange(one); err != nil {
				return err
			}
		}
		return nil
	})
}

// log is every payload of the ledger.
func (c *town) log() string {
	c.t.Helper()
	var b strings.Builder
	c.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			b.Write(e.Payload)
		}
		return nil
	})
	return b.String()
}

// usedWindow adds a window that is over, with a session that used the account.
func usedWindow(tx *store.Tx, n int) error {
	no := fmt.Sprintf("R8-%04d", n)
	window := store.Window{Window: policy.Window{ID: no + "-1", Request: no, System: "hr", Start: tx.Now.Add(-time.Hour), End: tx.Now.Add(-time.Millisecond), State: policy.WindowClosed}}
	if n == 1 {
		err := errors.Join(
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示", Qualified: true, ContractFrom: tx.Now.AddDate(-1, 0, 0), ContractUntil: tx.Now.AddDate(1, 0, 0)}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "U-009", Login: "tanto", Kind: policy.Staff, Name: "職員B", Section: "S-01", Roles: []policy.Role{policy.Requester}}}))
		if err != nil {
			return err
		}
	}
	return errors.Join(
		tx.AddRequest(store.Request{No: no, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "U-009", Start: window.Start, End: window.End}),
		tx.AddWindow(window),
		tx.AddSession(store.Session{ID: fmt.Sprintf("S-20261124-%02d", n), State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Window: window.ID, Request: no, System: "hr", Target: "hr-db", Account: account,
			Created: tx.Now, Started: tx.Now, Ended: tx.Now, Until: tx.Now}))
}

package accounts_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
)

// TestMain also makes this test binary a steward that is killed (killed_test.go).
func TestMain(m *testing.M) {
	if said := os.Getenv(killedChild); said != "" {
		if err := changeAsChild(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testrun.Waiting()
	os.Exit(m.Run())
}

// town is a database with one system, one target and one account, and a steward over it.
type town struct {
	*accounts.Steward
	t       *testing.T
	dir     string // of the database
	db      *store.DB
	ring    *keys.Ring
	clock   *testbed.Clock
	options accounts.Options
	frees   []string // freezes that the steward declared
}

const account = "hr-db/maint"

func newTown(t *testing.T, target store.Target, of store.Account, change func(*store.System)) *town {
	t.Helper()
	return newTownOf(t, newRing(t), target, of, change)
}

func newRing(t *testing.T) *keys.Ring {
	t.Helper()
	return newRingIn(t, filepath.Join(t.TempDir(), "keys"))
}

func newRingIn(t *testing.T, dir string) *keys.Ring {
	t.Helper()
	ring, err := keys.Create(dir, make([]byte, keys.MasterSize), "sekimori.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newTownOf(t *testing.T, ring *keys.Ring, target store.Target, of store.Account, change func(*store.System)) *town {
	t.Helper()
	dir := t.TempDir()
	clock := testbed.NewClock()
	w := &town{t: t, dir: dir, ring: ring, clock: clock}
	w.reopen()
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.options = accounts.Options{DB: w.db, Dialer: &dial.Dialer{}, Signer: ring.StewardSigner, Ring: ring, Ahead: func() time.Duration { return -clock.Ahead() }, Log: hclog.NewNullLogger(),
		Freeze: func(tx *store.Tx, vendor, system, why string) error {
			w.frees = append(w.frees, vendor+" on "+system)
			return nil
		}}
	w.Steward = accounts.New(w.options)
	w.write(func(tx *store.Tx) error {
		if err := tx.PutSection(store.Section{ID: "S-01", Name: "人事課"}); err != nil {
			return err
		}
		s := store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "S-01", Line: policy.LineNone}}
		if change != nil {
			change(&s)
		}
		if err := tx.PutSystem(s); err != nil {
			return err
		}
		if target.Port == 0 {
			target.Host, target.Port = "192.0.2.1", 22 // a program on the broker's host is not dialled
		}
		target.ID, target.System = "hr-db", "hr"
		if err := tx.PutTarget(target); err != nil {
			return err
		}
		of.ID, of.Target, of.Login = account, "hr-db", "maint"
		if of.Credential == "" {
			of.Credential = store.CredentialCertificate
		}
		return tx.PutAccount(of)
	})
	return w
}

// reopen opens the database, as a start of the broker does.
func (w *town) reopen() {
	w.t.Helper()
	db, err := openDB(w.dir, w.ring, w.clock, func(what string) { w.t.Errorf("not in the catalogue: %s", what) })
	if err != nil {
		w.t.Fatal(err)
	}
	w.db, w.options.DB = db, db
}

func openDB(dir string, ring *keys.Ring, clock *testbed.Clock, uncatalogued func(string)) (*store.DB, error) {
	return store.Open(context.Background(), filepath.Join(dir, "sekimori.db"), store.Options{
		Clock: clock.Now, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "sekimori.test/ledger", Zone: time.UTC, Uncatalogued: uncatalogued,
	})
}

func (w *town) write(f func(*store.Tx) error) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.written", Actor: ledger.Actor{Kind: "broker", ID: "test"}, Payload: map[string]any{}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) read(f func(*store.Snap) error) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func use(n int) accounts.Use {
	return accounts.Use{Session: fmt.Sprintf("S-20261124-%02d", n), Window: "R8-0001-1", Request: "R8-0001", Person: "E-0031", Vendor: "V-012", Account: account, Until: testbed.NewClock().Now().Truncate(time.Millisecond).Add(time.Hour)}
}

// proof is how a session's end was verified.
func (w *town) proof(session string) (p store.EndProof) {
	w.t.Helper()
	w.read(func(s *store.Snap) (err error) { p, err = s.EndProof(session); return err })
	return p
}

// finding is one finding of a session's end.
func (w *town) finding(session, what string) store.Finding {
	w.t.Helper()
	p := w.proof(session)
	for _, f := range p.Findings {
		if f.What == what {
			return f
		}
	}
	w.t.Fatalf("no finding about %s: %+v", what, p)
	return store.Finding{}
}

// entries counts the entries of a kind.
func (w *town) entries(kind string) (n int) {
	w.t.Helper()
	w.read(func(s *store.Snap) error {
		for _, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n
}

func (w *town) alarms(what store.AlarmKind) (all []store.Alarm) {
	w.t.Helper()
	w.read(func(s *store.Snap) (err error) { all, err = s.Alarms(store.AlarmFilter{What: what}); return err })
	return all
}

func (w *town) open() (all []store.AccountUse) {
	w.t.Helper()
	w.read(func(s *store.Snap) (err error) { all, err = s.OpenUses(""); return err })
	return all
}

// linux is a real host with the program of examples/hooks, and a town that looks after its account.
type linux struct {
	*town
	host *testbed.Host
	key  ssh.Signer // opens the account maint
}

func newLinux(t *testing.T, of store.Account, change func(*store.System), setup string, egress ...string) *linux {
	t.Helper()
	for _, p := range []string{"usermod", "chage", "crontab", "setpriv", "ss", "last"} {
		testbed.Need(t, p)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	ring := newRing(t)
	steward, err := ring.StewardSigner()
	if err != nil {
		t.Fatal(err)
	}
	script := scriptPath(t)
	host := testbed.StartHost(t, testbed.HostOptions{
		Accounts: []string{"maint"}, Steward: steward.PublicKey(), Program: script, Keys: []ssh.PublicKey{signer.PublicKey()}, CA: ring.CAPublic(),
		// The account begins as it is between windows.
		Setup: "groupadd payroll\necho payroll >/etc/sekimori/groups\nusermod -L -e 1970-01-02 maint\n" + setup,
	})
	name, port, err := net.SplitHostPort(host.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	target := store.Target{Target: policy.Target{Host: name, Port: n, HostKey: string(ssh.MarshalAuthorizedKey(host.HostKey))}, Steward: "root", Egress: egress}
	return &linux{newTownOf(t, ring, target, of, change), host, signer}
}

// login connects as the account and runs a command; the error of a refused login is returned.
func (l *linux) login(command string) (string, error) {
	c, err := ssh.Dial("tcp", l.host.Addr, &ssh.ClientConfig{User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(l.key)}, HostKeyCallback: ssh.FixedHostKey(l.host.HostKey), Timeout: 10 * time.Second})
	if err != nil {
		return "", err
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		return "", err
	}
	out, err := s.CombinedOutput(command)
	return strings.TrimSpace(string(out)), err
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func named(names []string, want ...string) string {
	all := strings.Join(names, "\n")
	for _, w := range want {
		if !strings.Contains(all, w) {
			return fmt.Sprintf("no %q in:\n%s", w, all)
		}
	}
	return ""
}

var endBy = func(s *store.System) { s.Leftovers = rules.LeftoversEnd }

func policyAccount(id, login string) policy.Account {
	return policy.Account{ID: id, Target: "hr-db", Login: login}
}

// scriptPath is the program of examples/hooks.
func scriptPath(t *testing.T) string {
	t.Helper()
	script, err := filepath.Abs("../../examples/hooks/linux-account/sekimori-target")
	if err != nil {
		t.Fatal(err)
	}
	return script
}

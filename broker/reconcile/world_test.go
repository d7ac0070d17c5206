package reconcile_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/reconcile"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
)

// targetClock is the clock of the target, a real host: the machine's.
var targetClock = time.Now

func TestMain(m *testing.M) {
	testrun.Waiting()
	os.Exit(m.Run())
}

// office is a town hall whose target hr-db is looked after by a program.
type office struct {
	*reconcile.Office
	*townhall.Hall
	t      *testing.T
	dialer *dial.Dialer
}

func newOffice(t *testing.T, change func(*store.Target)) *office {
	h := townhall.Found(t)
	w := &office{Hall: h, t: t}
	w.dialer = &dial.Dialer{LoggingIn: func(ctx context.Context, to dial.Target, from netip.AddrPort) {
		err := h.DB.Keep(ctx, store.KeepOwnLogin, func(k *store.KeepTx) error {
			return k.NoteOwnLogin(store.OwnLogin{Target: to.ID, Login: to.Login, From: from})
		})
		if err != nil {
			t.Error(err)
		}
	}}
	steward := accounts.New(accounts.Options{DB: h.DB, Dialer: w.dialer, Signer: h.Keys.StewardSigner, Log: hclog.NewNullLogger()})
	w.Office = reconcile.New(reconcile.Options{DB: h.DB, Acts: h.Runner(), Steward: steward, Zone: townhall.Zone, Log: hclog.NewNullLogger()})
	w.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		change(&target)
		return tx.PutTarget(target)
	})
	return w
}

func (w *office) write(f func(*store.Tx) error) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
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

func (w *office) read(f func(*store.Snap) error) {
	w.t.Helper()
	if err := w.DB.Read(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// last is the newest comparison of the target.
func (w *office) last() (r store.Reconciliation) {
	w.t.Helper()
	w.read(func(s *store.Snap) (err error) { r, err = s.Reconciliation("hr-db"); return err })
	return r
}

// unknown are the target's unknown logins.
func (w *office) unknown() (all []store.UnknownLogin) {
	w.t.Helper()
	w.read(func(s *store.Snap) error {
		p, err := s.UnknownLoginPage(store.UnknownLoginFilter{All: true}, store.Page{})
		all = p.Rows
		return err
	})
	return all
}

func (w *office) alarms() (all []store.Alarm) {
	w.t.Helper()
	w.read(func(s *store.Snap) (err error) {
		all, err = s.Alarms(store.AlarmFilter{What: store.AlarmLogins})
		return err
	})
	return all
}

func (w *office) ask(by string) error { return w.Ask(w.t.Context(), "hr-db", w.by(by)) }

func (w *office) by(login string) act.Caller {
	w.t.Helper()
	var id string
	w.read(func(s *store.Snap) error {
		p, err := s.Person(login)
		id = p.ID
		return err
	})
	return townhall.Caller(id)
}

// session stores a session of the account maint that reached the target now.
func (w *office) session(id string) {
	w.write(func(tx *store.Tx) error {
		return tx.AddSession(store.Session{ID: id, State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Grant: "g", Window: "w", Request: "r", System: "hr", Target: "hr-db", Account: "hr-db/maint", Created: tx.Now, Started: tx.Now})
	})
}

// host is a real sshd, whose log lies in its auth.log, with an office that looks after it.
type host struct {
	*office
	*testbed.Host
	key ssh.Signer
	log chan string // each line of the server, once it is in the log
}

func newHost(t *testing.T) *host {
	for _, p := range []string{"usermod", "last", "unshare"} {
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
	script, err := filepath.Abs("../../examples/hooks/linux-account/sekimori-target")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{key: signer, log: make(chan string, 1000)}
	var mu sync.Mutex // guards path
	path := ""
	said := func(l string) {
		mu.Lock()
		defer mu.Unlock()
		if path == "" {
			return
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return
		}
		fmt.Fprintf(f, "%s db1 sshd[1]: %s\n", targetClock().Format(time.RFC3339), l) // as the target's syslog does
		f.Close()
		h.log <- l
	}
	h.office = newOffice(t, func(target *store.Target) {})
	steward, err := h.Keys.StewardSigner()
	if err != nil {
		t.Fatal(err)
	}
	h.Host = testbed.StartHost(t, testbed.HostOptions{Accounts: []string{"maint", "other"}, Steward: steward.PublicKey(), Program: script, Keys: []ssh.PublicKey{signer.PublicKey()}, Said: said,
		// The machine's own journal is no part of this host.
		Setup: "mkdir -p /run/log\nmount -t tmpfs none /run/log\nusermod -p '*' maint\nusermod -p '*' other\n"})
	mu.Lock()
	path = h.Path("/var/log/auth.log")
	mu.Unlock()
	name, port, err := net.SplitHostPort(h.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	h.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.Host, target.Port, target.HostKey, target.Steward = name, n, string(ssh.MarshalAuthorizedKey(h.HostKey)), "root"
		return tx.PutTarget(target)
	})
	return h
}

// login logs in, through the broker's own door to targets or beside it, from an address of the loopback. tty: with a terminal.
func (h *host) login(who, from string, through, tty bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	var client *ssh.Client
	auth := []ssh.AuthMethod{ssh.PublicKeys(h.key)}
	if through {
		c, err := h.dialer.Dial(ctx, dial.Target{ID: "hr-db", Addr: h.Addr, Login: who, HostKey: h.HostKey}, auth)
		if err != nil {
			h.t.Fatal(err)
		}
		client = ssh.NewClient(c.Conn, c.Chans, c.Reqs)
	} else {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		raw, err := d.DialContext(ctx, "tcp", h.Addr)
		if err != nil {
			h.t.Fatal(err)
		}
		c, chans, reqs, err := ssh.NewClientConn(raw, h.Addr, &ssh.ClientConfig{User: who, Auth: auth, HostKeyCallback: ssh.FixedHostKey(h.HostKey)})
		if err != nil {
			h.t.Fatal(err)
		}
		client = ssh.NewClient(c, chans, reqs)
	}
	defer client.Close()
	s, err := client.NewSession()
	if err != nil {
		h.t.Fatal(err)
	}
	if tty {
		if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
			h.t.Fatal(err)
		}
	}
	if out, err := s.CombinedOutput("true"); err != nil {
		h.t.Fatalf("%s: %v", out, err)
	}
	for { // until the log has it
		select {
		case l := <-h.log:
			if len(l) > 9 && l[:9] == "Accepted " {
				return
			}
		case <-ctx.Done():
			h.t.Fatal("the log does not have the login")
		}
	}
}

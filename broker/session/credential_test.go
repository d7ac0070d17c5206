package session

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// lockedTarget is a target that lets in one password or one key and runs every command as "who LOGIN".
type lockedTarget struct {
	host     ssh.Signer
	password string
	key      ssh.PublicKey
}

func (l *lockedTarget) serve(c net.Conn) {
	defer c.Close()
	no := errors.New("no")
	config := &ssh.ServerConfig{
		PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			if l.password == "" || string(p) != l.password {
				return nil, no
			}
			return nil, nil
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			if l.key == nil || string(k.Marshal()) != string(l.key.Marshal()) {
				return nil, no
			}
			return nil, nil
		},
	}
	config.AddHostKey(l.host)
	conn, chans, reqs, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	for n := range chans {
		ch, asked, err := n.Accept()
		if err != nil {
			return
		}
		for r := range asked {
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			_, _ = io.WriteString(ch, "who "+conn.User()+"\n")
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{}))
			ch.Close()
		}
	}
}

// privateKey is a fresh key as an administrator would hand it in, and its public half.
func privateKey(t *testing.T) ([]byte, ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), signer.PublicKey()
}

// openBy registers target and account anew, the latter opened by a stored secret, which is handed in through
// the registry as an administrator does it.
func openBy(w *world, host ssh.PublicKey, login string, kind store.CredentialKind, secret []byte) {
	w.t.Helper()
	w.write("test.registered", func(tx *store.Tx) error {
		t, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		t.HostKey = string(ssh.MarshalAuthorizedKey(host))
		win, err := tx.Window("R8-0001-1")
		if err != nil {
			return err
		}
		account := "hr-db/" + login
		key := store.Key{Person: tanaka.ID, Fingerprint: keyOf(tanaka), Public: "a key of tanaka"}
		return errors.Join(
			tx.PutTarget(t),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "U-009", Login: "kanri", Kind: policy.Staff, Name: "管理者", Section: "jinji",
				Roles: []policy.Role{policy.Administrator}}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "E-0900", Login: "tanaka", Kind: policy.Engineer, Name: "保守要員", Vendor: "V-001", Lang: "en"}}),
			func() error { _, err := tx.AddKey(key); return err }(),
			tx.AddPledge(store.Pledge{Person: "E-0900", FiledBy: "U-001", Pledge: policy.Pledge{
				Signed: w.start.AddDate(0, -1, 0), Until: w.start.AddDate(1, 0, 0)}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: account, Target: "hr-db", Login: login}, Credential: kind, Secret: "account:" + account}),
			tx.AddGrant(policy.Grant{ID: "R8-0001-1-90", Person: "E-0900", Vendor: "V-001", Target: "hr-db", Account: account,
				Window: win.Window, Request: "R8-0001", Files: policy.FilesNone, State: policy.GrantActive}),
		)
	})
	if secret == nil {
		return
	}
	r := registry.New(registry.Options{DB: w.db, Keys: w.ring})
	err := r.SetAccountSecret(context.Background(), "hr-db/"+login, secret, ledger.Actor{Kind: "person", ID: "U-009", Via: "cli"})
	if err != nil {
		w.t.Fatal(err)
	}
}

var tanaka = policy.Person{ID: "E-0900", Login: "tanaka", Kind: policy.Engineer, Vendor: "V-001", Lang: "en"}

// dialing makes the supervisor reach the target by fn.
func dialing(fn func() (net.Conn, error)) func(*Options) {
	return func(o *Options) {
		o.Dialer = &dial.Dialer{Connect: func(context.Context, string) (net.Conn, error) { return fn() }}
	}
}

func TestStoredSecretsOpenTheAccount(t *testing.T) {
	t.Parallel()
	pem, public := privateKey(t)
	for _, c := range []struct {
		kind   store.CredentialKind
		secret []byte
		target lockedTarget
	}{
		{store.CredentialPassword, []byte("秘密 correct horse"), lockedTarget{password: "秘密 correct horse"}},
		{store.CredentialKey, pem, lockedTarget{key: public}},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			c.target.host = testbed.NewSigner(t)
			var w *world
			w = newWorld(t, time.Hour, dialing(func() (net.Conn, error) {
				a, b := testbed.Pipe()
				w.serving.Go(func() { c.target.serve(b) })
				return a, nil
			}))
			openBy(w, c.target.host.PublicKey(), "hrmnt", c.kind, c.secret)
			v := w.admit(tanaka)
			if out, problems, exit := v.run("id"); out != "who hrmnt\n" || exit != 0 {
				t.Errorf("%q, %q, %d", out, problems, exit)
			}
			v.client.Close()
			if err := <-v.over; err != nil {
				t.Fatal(err)
			}
			if text := v.recorded(); !strings.Contains(text, "who hrmnt") || strings.Contains(text, string(c.secret)) {
				t.Errorf("the recording holds %q", text)
			}
			assertNowhereInTheLedger(t, w, c.secret)
		})
	}
}

// assertNowhereInTheLedger: no entry holds a target's secret (promise 8).
func assertNowhereInTheLedger(t *testing.T, w *world, secret []byte) {
	t.Helper()
	set := 0
	err := w.db.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if e.Kind == "secret.set" {
				set++
			}
			if strings.Contains(string(e.Payload), string(secret)) {
				t.Errorf("entry %d (%s) holds the secret", e.Index, e.Kind)
			}
		}
		return nil
	})
	if err != nil || set != 1 {
		t.Errorf("%d entries say that a secret was set, %v", set, err)
	}
}

// Another account's secret must not open this one, even if its sealed bytes are put in its place: the purpose is
// part of the seal.
func TestASealedSecretInAnothersPlaceOpensNothing(t *testing.T) {
	w := newWorld(t, time.Hour)
	openBy(w, w.target.HostKey, "hrmnt", store.CredentialPassword, nil)
	sealed, err := w.ring.Seal("account:hr-db/other", []byte("秘密"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("test.secret", func(tx *store.Tx) error { return tx.PutSecret("account:hr-db/hrmnt", sealed) })
	l := &session{sup: w.sup, ctx: t.Context(), grant: policy.Grant{Account: "hr-db/hrmnt"}}
	if _, err := l.credential(); !errors.Is(err, keys.ErrUnseal) {
		t.Errorf("%v, want %v", err, keys.ErrUnseal)
	}
}

func TestStoredKeyOpensARealServer(t *testing.T) {
	t.Parallel()
	pem, public := privateKey(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{public}})
	w := newWorld(t, time.Hour, dialing(func() (net.Conn, error) { return net.Dial("tcp", sshd.Addr) }))
	openBy(w, sshd.HostKey, sshd.Login, store.CredentialKey, pem)
	v := w.admit(tanaka)
	if out, problems, exit := v.run("echo in; exit 5"); out != "in\n" || exit != 5 {
		t.Errorf("%q, %q, %d", out, problems, exit)
	}
	v.client.Close()
	if err := <-v.over; err != nil {
		t.Fatal(err)
	}
}

// The broker has no secret yet: the engineer reads that the target cannot be reached, and nothing about secrets; the ledger has the cause.
func TestAnAccountWithoutItsSecretIsNoSession(t *testing.T) {
	w := newWorld(t, time.Hour)
	openBy(w, w.target.HostKey, "hrmnt", store.CredentialKey, nil)
	v := w.admit(tanaka)
	_, said, exit := v.run("cat")
	if exit != policy.TargetUnreachable.Exit() || !strings.Contains(said, "[130]") || strings.Contains(said, "credential") {
		t.Errorf("the engineer read %q, status %d", said, exit)
	}
	if err := <-v.over; err != nil {
		t.Error(err)
	}
	row, payload := v.stored("session.ended")
	if row.Reason != policy.TargetUnreachable || !strings.Contains(row.Detail, "credential of hr-db/hrmnt") || payload["note"] != row.Detail {
		t.Errorf("stored as %s, %q: %v", row.Reason, row.Detail, payload)
	}
}

// A hostile target's error text must not reach the terminal of the ledger's reader, nor fill the ledger.
func TestNotesFromErrorsAreShortAndPrintable(t *testing.T) {
	c := causeOfDial(policy.Target{ID: "hr-db"}, errors.New("ssh: \x1b]0;owned\x07\xff"+strings.Repeat("長", 1000)))
	if strings.ContainsAny(c.Note, "\x1b\x07") || !utf8.ValidString(c.Note) || len(c.Note) > mostNote+len("…") || !strings.HasPrefix(c.Note, "ssh: ") {
		t.Errorf("%d bytes: %q", len(c.Note), c.Note)
	}
}

package gate

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"
	"sekimori/policy"
)

// errNotMine is the error of a signer without the private key.
var errNotMine = errors.New("no private half")

// offered is another person's public key: a client can offer it, but not sign with it.
type offered struct{ pub ssh.PublicKey }

func (o offered) PublicKey() ssh.PublicKey { return o.pub }
func (o offered) Sign(io.Reader, []byte) (*ssh.Signature, error) {
	return nil, errNotMine
}

// CVE-2024-45337: offer a victim's public key, then log in with one's own. The session must be
// the prover's, and under the victim's name there must be none.
func TestAttackOfferedKeyIsNotProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, mallory := w.engineer("victim", "en"), w.engineer("mallory", "en")
	w.window(victim, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	w.window(mallory, "backup", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	login := func(user string, signers ...ssh.Signer) (*ssh.Client, error) {
		a := &answers{consent: "yes", code: mallory.code}
		return ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: user,
			Auth:            []ssh.AuthMethod{ssh.PublicKeys(signers...), ssh.KeyboardInteractive(a.respond)},
			HostKeyCallback: ssh.FixedHostKey(w.ring.HostSigner().PublicKey()), Timeout: 10 * time.Second})
	}
	for _, user := range []string{"victim+hr-db", "victim+maint@hr-db", "victim", victim.id + "+hr-db"} {
		for _, signers := range [][]ssh.Signer{
			{offered{victim.key.PublicKey()}, mallory.key},
			{mallory.key, offered{victim.key.PublicKey()}},
			{mallory.key},
		} {
			if c, err := login(user, signers...); err == nil {
				c.Close()
				t.Errorf("logged in as %s with mallory's key", user)
			}
		}
	}
	// The victim's key is not even looked at under mallory's own name.
	if c, err := login("mallory+hr-db", offered{victim.key.PublicKey()}, mallory.key); err != nil {
		t.Errorf("mallory with mallory's key: %v", err)
	} else {
		c.Close()
	}
	for _, e := range w.entries("session.attempted") {
		if e["fingerprint"] != ssh.FingerprintSHA256(mallory.key.PublicKey()) {
			t.Errorf("attempt under another key: %v", e)
		}
	}
}

// A signature by one key under another's name: the key blob is the victim's, the signature is not.
func TestAttackForeignSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, mallory := w.engineer("victim", "en"), w.engineer("mallory", "en")
	c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "victim",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(forged{victim.key.PublicKey(), mallory.key})},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second})
	if err == nil {
		c.Close()
		t.Error("a forged signature passed")
	}
}

type forged struct {
	pub ssh.PublicKey
	by  ssh.Signer
}

func (f forged) PublicKey() ssh.PublicKey { return f.pub }
func (f forged) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	return f.by.Sign(r, data)
}

// A visitor without proof of key and code gets no reason: every failure looks the same.
func TestAttackProbingWithoutProofLearnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	stranger := newSigner(t)
	attempt := func(user string, key ssh.Signer) string {
		c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second})
		if err == nil {
			c.Close()
			t.Fatalf("%s: in without a code", user)
		}
		return err.Error()
	}
	known := attempt("sato+hr-db", stranger)
	for _, user := range []string{"nobody+hr-db", "sato", "sato+x+y", "", "\x1b[2J", strings.Repeat("x", 500)} {
		if got := attempt(user, stranger); got != known {
			t.Errorf("%q is told apart: %q, not %q", user, got, known)
		}
	}
	// A suspended key belongs to no one.
	w.write(func(tx *store.Tx) error { return tx.SuspendKeys(e.id) })
	if got := attempt("sato+hr-db", e.key); got != known {
		t.Errorf("suspended key is told apart: %q", got)
	}
	w.gate.Stop()
	w.gate.callers.Wait()
	if err := w.gate.LedgerFailures(true); err != nil {
		t.Fatal(err)
	}
	got := w.entries("login.failures")
	if len(got) != 1 || got[0]["count"] != float64(8) || got[0]["address"] != "127.0.0.1" {
		t.Errorf("one summary for the address: %v", got)
	}
}

// A client without a terminal gives empty answers. They are no guesses: they lock no one.
func TestAClientThatTypesNothingLocksNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	for range 5 {
		a := &answers{code: func() string { return "" }}
		if c, err := e.dial("sato", a); err == nil {
			c.Close()
			t.Fatal("let in without a code")
		}
		if seen := a.seen(); len(seen) != maxBlank || !strings.Contains(seen[1], "No code was typed") {
			t.Fatalf("prompts: %q", seen)
		}
	}
	c, err := e.dial("sato", &answers{code: e.code})
	if err != nil {
		t.Fatalf("locked for what was never typed: %v", err)
	}
	c.Close()
}

// A code counts once, in every case.
func TestAttackCodeReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	code := e.code()
	c := e.mustDial("sato", &answers{code: func() string { return code }})
	c.Close()
	a := &answers{code: func() string { return code }}
	if c, err := e.dial("sato", a); err == nil {
		c.Close()
		t.Fatal("the same code twice")
	}
	seen := a.seen()
	if len(seen) != maxCodes+1 || !strings.Contains(seen[maxCodes], "[102]") || !strings.Contains(seen[maxCodes], "opens at 2026-11-24 ") {
		t.Errorf("prompts: %q", seen)
	}
	// Locked now: a right code does not help, and is not asked for twice.
	a = &answers{}
	if c, err := e.dial("sato", a); err == nil {
		c.Close()
		t.Error("in although locked")
	}
	if seen := a.seen(); len(seen) != 2 || !strings.Contains(seen[1], "[102]") {
		t.Errorf("prompts while locked: %q", seen)
	}
}

// No one reads an answer that comes after the prompt has ended.
func TestAttackCodeAnsweredTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Prompt = 50 * time.Millisecond })
	e := w.engineer("sato", "en")
	gone := make(chan struct{})
	nc, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	conn := &watched{Conn: nc, gone: gone}
	a := &answers{code: func() string { <-gone; return e.code() }}
	_, _, _, err = ssh.NewClientConn(conn, w.addr, &ssh.ClientConfig{User: "sato",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(a.respond)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err == nil {
		t.Error("a late answer counted")
	}
}

// watched tells when reading fails.
type watched struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

func (c *watched) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.once.Do(func() { close(c.gone) })
	}
	return n, err
}

// CVE-2026-39828: a decision from before the second factor does not count after it. Here the
// world changes while the code is being typed.
func TestAttackRestrictionsAreRederivedAfterTheLastFactor(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, e *engineer, win store.Window){
		"grant revoked": func(w *world, _ *engineer, win store.Window) {
			w.write(func(tx *store.Tx) error {
				return tx.SetGrantState(win.ID+"-1", policy.GrantRevoked, "U-001", "test")
			})
		},
		"window cut": func(w *world, _ *engineer, win store.Window) { w.setState(win, policy.WindowCut) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.engineer("sato", "en")
			win := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			a := &answers{consent: "yes", code: func() string { change(w, e, win); return e.code() }}
			_, stderr, exit := run(t, e.mustDial("sato+hr-db", a), "true")
			if exit != 250 || !strings.Contains(stderr, "[112]") {
				t.Errorf("exit %d: %s", exit, stderr)
			}
		})
	}
	t.Run("key revoked", func(t *testing.T) {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		a := &answers{consent: "yes", code: func() string {
			w.write(func(tx *store.Tx) error { return tx.SuspendKeys(e.id) })
			return e.code()
		}}
		if c, err := e.dial("sato+hr-db", a); err == nil {
			c.Close()
			t.Error("in with a key that was taken away")
		}
	})
}

// Consent to one card opens no other grant: not when the first is revoked during the answer, nor between the
// login and the first channel, when the session decides again.
func TestAttackConsentToOneGrantOpensAnother(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"while the answer is typed": false, "before the first channel": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := w.engineer("sato", "en")
			shown := w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			other := w.window(e, "maint", noon.Add(-time.Hour), 3*time.Hour, policy.WindowPermitted)
			revoke := func() {
				w.write(func(tx *store.Tx) error { return tx.SetGrantState(shown.ID+"-1", policy.GrantRevoked, "U-001", "test") })
			}
			a := &answers{consent: "yes", code: e.code}
			a.asked = func() {
				if !strings.Contains(strings.Join(a.banners, "")+strings.Join(a.prompts, ""), shown.Request) {
					shown, other = other, shown // the card chose the other one
				}
				if !late {
					revoke()
				}
			}
			c := e.mustDial("sato+hr-db", a)
			if late {
				revoke()
			}
			if _, stderr, exit := run(t, c, "true"); exit == 0 || !strings.Contains(stderr, "[112]") {
				t.Errorf("consent to %s opened %s: exit %d: %s", shown.Request, other.Request, exit, stderr)
			}
			if n := w.target.reached(); n != 0 {
				t.Errorf("the target was reached %d times", n)
			}
		})
	}
}

// CVE-2023-45140: the second factor must not be skipped for any kind of channel.
func TestAttackSecondFactorGrid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	methods := map[string][]ssh.AuthMethod{
		"key alone": {ssh.PublicKeys(e.key)},
		"wrong code": {ssh.PublicKeys(e.key), ssh.KeyboardInteractive(
			(&answers{consent: "yes", code: func() string { return "000000" }}).respond)},
		"code alone": {ssh.KeyboardInteractive((&answers{consent: "yes", code: e.code}).respond)},
		"password":   {ssh.Password("yes")},
		"none":       nil,
	}
	open := map[string]func(c *ssh.Client) error{
		"shell": func(c *ssh.Client) error { _, err := c.NewSession(); return err },
		"exec": func(c *ssh.Client) error {
			s, err := c.NewSession()
			if err == nil {
				err = s.Run("true")
			}
			return err
		},
		"sftp": func(c *ssh.Client) error {
			s, err := c.NewSession()
			if err == nil {
				err = s.RequestSubsystem("sftp")
			}
			return err
		},
		"forward": func(c *ssh.Client) error { _, err := c.Dial("tcp", "hr-db:22"); return err },
		"listen":  func(c *ssh.Client) error { _, err := c.Listen("tcp", "127.0.0.1:0"); return err },
	}
	for how, auth := range methods {
		for what, try := range open {
			c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato+hr-db", Auth: auth,
				HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second})
			if err != nil {
				continue
			}
			t.Errorf("%s: authenticated; %s: %v", how, what, try(c))
			c.Close()
		}
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
}

// Channels and global requests before authentication is complete: the connection ends, nothing
// is opened.
func TestAttackChannelBeforeAdmission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	early := &answers{consent: "yes"}
	var client *rawClient
	early.code = func() string {
		// In the middle of keyboard-interactive: SSH_MSG_CHANNEL_OPEN and SSH_MSG_GLOBAL_REQUEST.
		client.inject()
		return e.code()
	}
	client = dialRaw(t, w)
	_, _, _, err := ssh.NewClientConn(client, w.addr, &ssh.ClientConfig{User: "sato+hr-db",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(e.key), ssh.KeyboardInteractive(early.respond)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err == nil {
		t.Error("authenticated over injected packets")
	}
	if n := w.target.reached(); n != 0 {
		t.Errorf("target reached %d times", n)
	}
}

// rawClient is a connection into which bytes can be put beside the library's.
type rawClient struct{ net.Conn }

func dialRaw(t *testing.T, w *world) *rawClient {
	t.Helper()
	nc, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return &rawClient{nc}
}

// inject writes something that is no packet of the encrypted stream.
func (c *rawClient) inject() { _, _ = c.Conn.Write(bytes.Repeat([]byte{90}, 64)) }

// 200 half-open connections: bounded places, and others are served meanwhile.
func TestAttackHalfOpenConnections(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Limits = Limits{Unauthenticated: 40, PerAddress: 40, Burst: 10_000, Hello: time.Minute}
	})
	e := w.engineer("sato", "en")
	before := runtime.NumGoroutine()
	var open []net.Conn
	for range 200 {
		nc, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, nc)
	}
	// Those beyond the limit are closed without a word: a read on them ends. The others read the gate's version.
	closed := make(chan struct{}, len(open))
	var reading sync.WaitGroup
	for _, nc := range open {
		reading.Go(func() {
			if n, _ := nc.Read(make([]byte, 256)); n == 0 {
				closed <- struct{}{}
			}
		})
	}
	limit := time.NewTimer(30 * time.Second) // before the gate gives up on those inside
	defer limit.Stop()
	for n := range 160 {
		select {
		case <-closed:
		case <-limit.C:
			t.Fatalf("%d of 200 closed", n)
		}
	}
	if n := w.gate.limit.Waiting(); n > 40 {
		t.Errorf("%d stand before the gate", n)
	}
	for tick := time.NewTicker(10 * time.Millisecond); ; { // those of the closed ones may still be ending
		n := runtime.NumGoroutine() - before
		if n <= 40*4 {
			break
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("%d goroutines for half-open connections", n)
		}
	}
	for _, nc := range open {
		nc.Close()
	}
	reading.Wait()
	// Places are free again as soon as the others are gone.
	var c *ssh.Client
	var err error
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); <-time.After(10 * time.Millisecond) {
		if c, err = e.dial("sato", nil); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("nobody gets in any more: %v", err)
	}
	c.Close()
}

// A handshake that drips a byte at a time is cut at its deadline.
func TestAttackSlowHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Hello = 300 * time.Millisecond })
	nc, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	go func() {
		drip := time.NewTicker(20 * time.Millisecond)
		defer drip.Stop()
		for range drip.C {
			if _, err := nc.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	_, _ = io.Copy(io.Discard, nc) // ends when the gate hangs up, in order or not
	w.gate.Stop()
	w.gate.callers.Wait()
	if n := w.gate.limit.Waiting(); n != 0 {
		t.Errorf("%d still before the gate", n)
	}
}

// No weak algorithm is negotiated, for any client's lists.
func TestAttackWeakAlgorithms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	insecure := ssh.InsecureAlgorithms()
	for name, c := range map[string]ssh.Config{
		"sha1 kex":                            {KeyExchanges: insecure.KeyExchanges},
		"group14":                             {KeyExchanges: []string{ssh.KeyExchangeDH14SHA256}},
		"nistp kex":                           {KeyExchanges: []string{ssh.KeyExchangeECDHP256, ssh.KeyExchangeECDHP384, ssh.KeyExchangeECDHP521}},
		"weak cbc":                            {Ciphers: insecure.Ciphers},
		"ctr without etm":                     {Ciphers: []string{ssh.CipherAES128CTR, ssh.CipherAES256CTR}, MACs: []string{ssh.HMACSHA256, ssh.HMACSHA512}},
		"chacha20 where it is not configured": {Ciphers: []string{ssh.CipherChaCha20Poly1305}},
	} {
		if client, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{Config: c, User: "sato",
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second}); err == nil || !strings.Contains(err.Error(), "no common algorithm") {
			if client != nil {
				client.Close()
			}
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.gate.base.MACs; len(got) == 0 {
		t.Error("no MACs")
	} else {
		for _, m := range got {
			if !strings.Contains(m, "etm") {
				t.Errorf("MAC %s", m)
			}
		}
	}
	for _, a := range publicKeyAlgorithms() {
		if a == ssh.KeyAlgoRSA || strings.Contains(a, "dss") {
			t.Errorf("signature %s", a)
		}
	}
	// An RSA key signs with SHA-1 when told to: refused, with SHA-2: a key like any other.
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaSigner, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		_, err := tx.AddKey(store.Key{Person: e.id, Fingerprint: ssh.FingerprintSHA256(rsaSigner.PublicKey()),
			Public: string(ssh.MarshalAuthorizedKey(rsaSigner.PublicKey()))})
		return err
	})
	for _, tt := range []struct {
		algorithm string
		in        bool
	}{{ssh.KeyAlgoRSA, false}, {ssh.KeyAlgoRSASHA256, true}} {
		multi, err := ssh.NewSignerWithAlgorithms(rsaSigner.(ssh.AlgorithmSigner), []string{tt.algorithm})
		if err != nil {
			t.Fatal(err)
		}
		a := &answers{code: e.code}
		c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "sato",
			Auth:            []ssh.AuthMethod{ssh.PublicKeys(multi), ssh.KeyboardInteractive(a.respond)},
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second})
		if (err == nil) != tt.in {
			t.Errorf("%s: %v", tt.algorithm, err)
		}
		if c != nil {
			c.Close()
		}
	}
}

package dial_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// serveOne serves one connection with the given configuration and returns its address.
func serveOne(t *testing.T, config func(c net.Conn) *ssh.ServerConfig) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if conn, chans, reqs, err := ssh.NewServerConn(c, config(c)); err == nil {
				go ssh.DiscardRequests(reqs)
				go func() {
					for nc := range chans {
						_ = nc.Reject(ssh.Prohibited, "")
					}
				}()
				t.Cleanup(func() { conn.Close() })
			} else {
				c.Close()
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// A target that signs with ssh-rsa only shows the pinned key and is no intruder. With its legacy algorithms it is reached;
// another key is refused all the same.
func TestTargetThatSignsOverSHA1Only(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	old, err := ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	addr := serveOne(t, func(net.Conn) *ssh.ServerConfig {
		c := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
		c.AddHostKey(old)
		return c
	})
	var d dial.Dialer
	target := dial.Target{ID: "sw-1", Addr: addr, Login: "maint", HostKey: signer.PublicKey()}
	_, err = d.Dial(t.Context(), target, keys(t))
	want(t, err, policy.TargetTooOld, "no common algorithm for host key")
	var e *dial.Error
	if !errors.As(err, &e) || e.Lists == nil || !slices.Equal(e.Lists.Target, []string{"ssh-rsa"}) || !slices.Contains(e.Lists.Broker, "rsa-sha2-512") {
		t.Errorf("lists %+v", e.Lists)
	}
	target.Legacy = true
	c, err := d.Dial(t.Context(), target, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	c.Abort()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	otherSigner, err := ssh.NewSignerFromKey(other)
	if err != nil {
		t.Fatal(err)
	}
	target.HostKey = otherSigner.PublicKey()
	_, err = d.Dial(t.Context(), target, keys(t))
	want(t, err, policy.TargetKeyChanged, "another host key")
	// A pinned Ed25519 key is not replaced by the target's other keys.
	target.HostKey = testbed.NewSigner(t).PublicKey()
	_, err = d.Dial(t.Context(), target, keys(t))
	want(t, err, policy.TargetKeyChanged, "host key")
}

// A real sshd with only the algorithms of an old switch.
func TestLegacyAlgorithmsReachAnOldTarget(t *testing.T) {
	for _, weak := range []string{
		"KexAlgorithms diffie-hellman-group14-sha1", "KexAlgorithms diffie-hellman-group14-sha256",
		"Ciphers aes128-ctr\nMACs hmac-sha1", "Ciphers aes256-ctr\nMACs hmac-sha2-256",
	} {
		key := testbed.NewSigner(t)
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{key.PublicKey()}, Conf: []string{weak}})
		var d dial.Dialer
		target := dial.Target{ID: "sw-1", Addr: sshd.Addr, Login: sshd.Login, HostKey: sshd.HostKey}
		auth := []ssh.AuthMethod{ssh.PublicKeys(key)}
		_, err := d.Dial(t.Context(), target, auth)
		want(t, err, policy.TargetTooOld, weak[strings.LastIndexByte(weak, 0x20)+1:])
		target.Legacy = true
		c, err := d.Dial(t.Context(), target, auth)
		if err != nil {
			t.Errorf("%q: %v", weak, err)
			continue
		}
		c.Abort()
	}
}

// Legacy algorithms come last, so a better target does not use them.
func TestLegacyAlgorithmsAreTheLastChoice(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{})
	var d dial.Dialer
	c, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: target.Addr, Login: "maint", HostKey: target.HostKey, Legacy: true}, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if got := c.Conn.(ssh.AlgorithmsConnMetadata).Algorithms(); got.Write.Cipher != ssh.CipherAES128GCM || strings.Contains(got.KeyExchange, "group14") {
		t.Errorf("%+v", got)
	}
}

// Broken algorithms stay refused even with Legacy.
func TestAttackLegacyIsNoWayToBrokenAlgorithms(t *testing.T) {
	for _, broken := range []string{"Ciphers aes128-cbc", "Ciphers 3des-cbc", "KexAlgorithms diffie-hellman-group1-sha1"} {
		key := testbed.NewSigner(t)
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{key.PublicKey()}, Conf: []string{broken}})
		var d dial.Dialer
		_, err := d.Dial(t.Context(), dial.Target{ID: "sw-1", Addr: sshd.Addr, Login: sshd.Login, HostKey: sshd.HostKey, Legacy: true}, []ssh.AuthMethod{ssh.PublicKeys(key)})
		want(t, err, policy.TargetTooOld, "no common algorithm")
	}
}

// A target may refuse a login by hanging up, after it has shown the right key.
func TestTargetHangsUpAtTheLogin(t *testing.T) {
	signer := testbed.NewSigner(t)
	addr := serveOne(t, func(nc net.Conn) *ssh.ServerConfig {
		c := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			nc.Close()
			return nil, errors.New("no")
		}}
		c.AddHostKey(signer)
		return c
	})
	var d dial.Dialer
	_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: addr, Login: "maint", HostKey: signer.PublicKey()}, keys(t))
	want(t, err, policy.TargetRefusedLogin, "refused the broker's credential")
}

// The lists of a hostile target are bounded, and safe to show.
func TestAttackHostileListsOfATarget(t *testing.T) {
	evil := make([]string, 1000)
	for i := range evil {
		evil[i] = "\x1b]0;owned\a" + strings.Repeat("x", 500)
	}
	signer := testbed.NewSigner(t)
	addr := serveOne(t, func(net.Conn) *ssh.ServerConfig {
		c := &ssh.ServerConfig{NoClientAuth: true}
		c.KeyExchanges = []string{ssh.KeyExchangeECDHP256}
		c.Ciphers = []string{ssh.CipherAES128CTR}
		c.AddHostKey(signer)
		return c
	})
	var d dial.Dialer
	_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: addr, Login: "maint", HostKey: signer.PublicKey()}, keys(t))
	want(t, err, policy.TargetTooOld, "ecdh-sha2-nistp256")
	if got := dial.Shown(evil); len(got) > 70 || strings.ContainsAny(strings.Join(got, ""), "\x1b\a") || len(got[0]) > 70 {
		t.Errorf("%d names, %q", len(got), got[0])
	}
}

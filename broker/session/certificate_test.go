package session

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// translated forwards a connection to a server from another address of this machine, as an address translation on the way does.
func translated(t *testing.T, to, from string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			go func() { _, _ = io.Copy(in, out); in.Close() }()
			go func() { _, _ = io.Copy(out, in); out.Close() }()
		}
	}()
	return l.Addr().String()
}

// TestAttackASessionCertificateFromAnotherAddress: a real sshd refuses the certificate where it comes from an address that is not the
// broker's, and takes it where the setting names the address.
func TestAttackASessionCertificateFromAnotherAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from string
		sources    []netip.Prefix
		exit       int
	}{
		{"the broker's own", "127.0.0.1", nil, 7},
		{"another", "127.0.0.2", nil, policy.TargetRefusedLogin.Exit()},
		{"a named one", "127.0.0.2", []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, 7},
		{"another than the named one", "127.0.0.3", []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, policy.TargetRefusedLogin.Exit()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var sshd *testbed.SSHD
			var through string
			w := newWorld(t, time.Hour, dialing(func() (net.Conn, error) { return net.Dial("tcp", through) }), func(o *Options) { o.Sources = c.sources })
			sshd = testbed.StartSSHD(t, testbed.SSHDOptions{CA: w.ring.CAPublic()})
			through = translated(t, sshd.Addr, c.from)
			openBy(w, sshd.HostKey, sshd.Login, store.CredentialCertificate, nil)
			w.write("test.registered", func(tx *store.Tx) error {
				return tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/" + sshd.Login, Target: "hr-db", Login: sshd.Login}, Credential: store.CredentialCertificate})
			})
			v := w.admit(tanaka)
			if _, said, exit := v.run("exit 7"); exit != c.exit {
				t.Errorf("status %d, %q", exit, said)
			}
			v.client.Close()
			if err := <-v.over; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestASessionCertificateGivesNothingBeyondTheGrant: a real sshd grants neither an agent nor a forward nor more time than the window has.
func TestASessionCertificateGivesNothingBeyondTheGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 40*time.Minute)
	l := &session{sup: w.sup, ctx: t.Context(), login: "maint", opened: w.clock.Now(), grant: policy.Grant{Account: "hr-db/maint"}}
	l.a.ID = "S-20261124-01"
	l.term.Store(&deadline{until: w.start.Add(40 * time.Minute)})
	certificate := func() *ssh.Certificate {
		t.Helper()
		auth, err := l.credential()
		if err != nil {
			t.Fatal(err)
		}
		var shown *ssh.Certificate
		server := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			shown, _ = k.(*ssh.Certificate)
			return nil, fmt.Errorf("seen")
		}}
		server.AddHostKey(testbed.NewSigner(t))
		methods, err := auth(netip.MustParseAddr("192.0.2.10"))
		if err != nil {
			t.Fatal(err)
		}
		near, far := testbed.Pipe()
		go func() { _, _, _, _ = ssh.NewServerConn(far, server); far.Close() }()
		_, _, _, _ = ssh.NewClientConn(near, "", &ssh.ClientConfig{User: "maint", Auth: methods, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
		if shown == nil {
			t.Fatal("no certificate was shown")
		}
		return shown
	}
	c := certificate()
	if len(c.ValidPrincipals) != 1 || c.ValidPrincipals[0] != "maint" || c.CriticalOptions["source-address"] != "192.0.2.10/32" || len(c.CriticalOptions) != 1 {
		t.Errorf("principals %q, options %v", c.ValidPrincipals, c.CriticalOptions)
	}
	if _, terminal := c.Extensions["permit-pty"]; !terminal || len(c.Extensions) != 1 {
		t.Errorf("extensions %v", c.Extensions)
	}
	if rest := time.Unix(int64(c.ValidBefore), 0).Sub(w.start); rest < 40*time.Minute || rest > 43*time.Minute {
		t.Errorf("valid for %s of a window of 40 minutes", rest)
	}
	l.grant.Forwards, l.grant.Forced = []string{"192.0.2.20:5432"}, "/usr/local/bin/report"
	if c = certificate(); len(c.Extensions) != 2 || c.CriticalOptions["force-command"] != "/usr/local/bin/report" {
		t.Errorf("extensions %v, options %v", c.Extensions, c.CriticalOptions)
	}
}

package dial_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
	"sekimori/policy"
)

func keys(tb testing.TB) []ssh.AuthMethod {
	return []ssh.AuthMethod{ssh.PublicKeys(testbed.NewSigner(tb))}
}

// want checks an error's reason and its text for the log.
func want(t *testing.T, err error, reason policy.Reason, text string) {
	t.Helper()
	var e *dial.Error
	if !errors.As(err, &e) || e.Reason != reason || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want reason %s, %q", err, reason, text)
	}
}

func TestDialReachesTheTarget(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{})
	var d dial.Dialer
	c, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: target.Addr, Login: "maint", HostKey: target.HostKey}, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if got := c.Conn.(ssh.AlgorithmsConnMetadata).Algorithms(); got.Write.Cipher != ssh.CipherAES128GCM || got.Read.Cipher != ssh.CipherAES128GCM {
		t.Errorf("ciphers %v", got)
	}
	s, err := ssh.NewClient(c.Conn, c.Chans, c.Reqs).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("print x"); err != nil || string(out) != "x" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestAttackTargetShowsAnotherHostKey(t *testing.T) {
	tried := false
	target := testbed.StartTarget(t, testbed.TargetOptions{Login: func(string, ssh.PublicKey) error { tried = true; return nil }})
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaSigner, err := ssh.NewSignerFromKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	var d dial.Dialer
	for name, key := range map[string]ssh.PublicKey{
		"same type": testbed.NewSigner(t).PublicKey(), "other type": rsaSigner.PublicKey(), "none registered": nil,
	} {
		_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: target.Addr, Login: "maint", HostKey: key}, keys(t))
		if err == nil {
			t.Fatalf("%s: reached", name)
		}
		want(t, err, policy.TargetKeyChanged, "host key")
	}
	if tried {
		t.Error("the credential was shown to the wrong target")
	}
}

func TestTargetRefusesTheCredential(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Login: func(string, ssh.PublicKey) error { return errors.New("no") }})
	var d dial.Dialer
	_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: target.Addr, Login: "maint", HostKey: target.HostKey}, keys(t))
	want(t, err, policy.TargetRefusedLogin, "refused the broker's credential")
}

func TestNobodyListens(t *testing.T) {
	var d dial.Dialer
	nowhere := net.JoinHostPort("127.0.0.1", strconv.Itoa(testrun.ClosedPort(t)))
	_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: nowhere, HostKey: testbed.NewSigner(t).PublicKey()}, keys(t))
	want(t, err, policy.TargetUnreachable, "refused")
}

func TestAttackEndlessBanner(t *testing.T) {
	target := testbed.StartTarget(t, testbed.TargetOptions{Banner: strings.Repeat("banner ", 5000)})
	var d dial.Dialer
	_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: target.Addr, Login: "maint", HostKey: target.HostKey}, keys(t))
	want(t, err, policy.TargetUnreachable, "banner is too long")
}

// A target that accepts and then sends nothing, or one byte a second, or never connects.
func TestAttackTargetStalls(t *testing.T) {
	for name, target := range map[string]func(net.Conn){
		"silent": func(net.Conn) {},
		"slow": func(c net.Conn) {
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
		"never connects": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var serving sync.WaitGroup
				defer serving.Wait()
				d := dial.Dialer{Connect: func(ctx context.Context, _ string) (net.Conn, error) {
					if target == nil {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					near, far := testbed.Pipe()
					serving.Go(func() { target(far) })
					return near, nil
				}}
				begun := time.Now()
				_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", HostKey: testbed.NewSigner(t).PublicKey()}, keys(t))
				want(t, err, policy.TargetUnreachable, "time limit")
				if took := time.Since(begun); took != 10*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("frozen")
		ctx, cancel := context.WithCancelCause(t.Context())
		d := dial.Dialer{Connect: func(context.Context, string) (net.Conn, error) { near, _ := testbed.Pipe(); return near, nil }}
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := d.Dial(ctx, dial.Target{ID: "hr-db", HostKey: testbed.NewSigner(t).PublicKey()}, keys(t)); !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
	})
}

// A real sshd that has only the weak algorithms must not be reached.
func TestWeakAlgorithmsAreNotSpoken(t *testing.T) {
	for _, weak := range []string{
		"KexAlgorithms ecdh-sha2-nistp256", "KexAlgorithms diffie-hellman-group14-sha256", "KexAlgorithms diffie-hellman-group14-sha1",
		"Ciphers aes128-ctr\nMACs hmac-sha2-256,hmac-sha1", "Ciphers aes128-cbc",
	} {
		key := testbed.NewSigner(t)
		sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{key.PublicKey()}, Conf: []string{weak}})
		var d dial.Dialer
		_, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: sshd.Addr, Login: sshd.Login, HostKey: sshd.HostKey}, []ssh.AuthMethod{ssh.PublicKeys(key)})
		if err == nil {
			t.Fatalf("reached with %q", weak)
		}
		want(t, err, policy.TargetTooOld, "no common algorithm")
	}
}

func TestCertificateLogsInAtARealSSHD(t *testing.T) {
	ca, key := testbed.NewSigner(t), testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{CA: ca.PublicKey()})
	certificate := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.UserCert, KeyId: "S-20261124-03", ValidPrincipals: []string{sshd.Login},
		ValidBefore: ssh.CertTimeInfinity, Permissions: ssh.Permissions{Extensions: map[string]string{"permit-pty": ""}},
	}
	if err := certificate.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	var d dial.Dialer
	c, err := d.Dial(t.Context(), dial.Target{ID: "hr-db", Addr: sshd.Addr, Login: sshd.Login, HostKey: sshd.HostKey}, []ssh.AuthMethod{ssh.PublicKeys(signer)})
	if err != nil {
		t.Fatal(err)
	}
	c.Abort()
	if err := c.Wait(); err == nil {
		t.Error("the connection goes on after Abort")
	}
}

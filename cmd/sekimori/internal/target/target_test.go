package target

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// `ssh host yes | head -1` ends: the client says that it reads no more, and the program's next write fails.
func TestACommandWhoseOutputNobodyReadsEnds(t *testing.T) {
	signer := func() ssh.Signer {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ssh.NewSignerFromKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ca, own := signer(), signer()
	cert := &ssh.Certificate{Key: own.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"maint"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	certified, err := ssh.NewCertSigner(cert, own)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	target, err := Start(ca.PublicKey(), nil, t.TempDir(), func() time.Time { return at }, "maint")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	c, err := ssh.Dial("tcp", target.Addr().String(), &ssh.ClientConfig{User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(certified)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("yes"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.SendRequest("eow@openssh.com", true, nil); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	go io.Copy(io.Discard, out)
	ended := make(chan error, 1)
	go func() { ended <- s.Wait() }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the command goes on")
	}
}

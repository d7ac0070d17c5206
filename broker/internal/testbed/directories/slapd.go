package directories

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
)

// Slapd is a running OpenLDAP server. Its tree is dc=city; its people stand below ou=people.
type Slapd struct {
	URL      string // ldap://…
	TLS      string // ldaps://… of the same server
	Roots    *x509.CertPool
	RootsPEM []byte

	dir, program, address, secure string
	cmd                           *exec.Cmd
}

// The administrator of the server, who may search.
const (
	BindDN       = "cn=admin,dc=city"
	BindPassword = "directory administrator"
	Base         = "ou=people,dc=city"
)

// StartSlapd starts a server with people, by uid and password. It ends with the test.
func StartSlapd(tb testing.TB, people map[string]string) *Slapd {
	tb.Helper()
	program := "/usr/sbin/slapd" // not on the path of every account
	if _, err := os.Stat(program); err != nil {
		program = testbed.Need(tb, "slapd")
	}
	schemas := "/etc/ldap/schema"
	s := &Slapd{dir: tb.TempDir(), program: program, address: testrun.FreeAddress(tb), secure: testrun.FreeAddress(tb)}
	s.URL, s.TLS = "ldap://"+s.address, "ldaps://"+s.secure
	s.certificate(tb)
	config := fmt.Sprintf(`include %[1]s/core.schema
include %[1]s/cosine.schema
include %[1]s/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[2]s/pid
TLSCACertificateFile %[2]s/cert.pem
TLSCertificateFile %[2]s/cert.pem
TLSCertificateKeyFile %[2]s/key.pem
database mdb
suffix "dc=city"
rootdn "%[3]s"
rootpw "%[4]s"
directory %[2]s/db
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`, schemas, s.dir, BindDN, BindPassword)
	if err := os.WriteFile(s.file("conf"), []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(s.file("db"), 0o700); err != nil {
		tb.Fatal(err)
	}
	var tree bytes.Buffer
	tree.WriteString("dn: dc=city\nobjectClass: domain\ndc: city\n\ndn: ou=people,dc=city\nobjectClass: organizationalUnit\nou: people\n")
	for uid, password := range people {
		fmt.Fprintf(&tree, "\ndn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\nuserPassword: %s\n", uid, Base, uid, uid, uid, password)
	}
	add := exec.Command(program, "-T", "add", "-f", s.file("conf"))
	add.Stdin = &tree
	if out, err := add.CombinedOutput(); err != nil {
		tb.Fatalf("fill the directory: %v\n%s", err, out)
	}
	s.Start(tb)
	tb.Cleanup(s.Stop)
	return s
}

func (s *Slapd) file(name string) string { return filepath.Join(s.dir, name) }

// Start starts the server again after Stop, at the same addresses.
func (s *Slapd) Start(tb testing.TB) {
	tb.Helper()
	s.cmd = exec.Command(s.program, "-d", "0", "-f", s.file("conf"), "-h", s.URL+"/ "+s.TLS+"/")
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	for _, address := range []string{s.address, s.secure} {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			c, err := net.DialTimeout("tcp", address, time.Second)
			if err == nil {
				c.Close()
				break
			}
			if time.Now().After(end) {
				tb.Fatalf("the directory does not answer: %v", err)
			}
		}
	}
}

// Stop ends the server, as a failure would.
func (s *Slapd) Stop() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *Slapd) certificate(tb testing.TB) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), // compared with the machine's clock by TLS
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	s.RootsPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{"cert.pem": s.RootsPEM, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(s.file(name), text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AppendCertsFromPEM(s.RootsPEM)
}

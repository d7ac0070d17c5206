package siem

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/blank"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// stuck bounds a wait for another process. No test is decided by it: a wait that takes longer never ends.
const stuck = 2 * time.Minute

// room is a directory with a ledger, and certificates for both sides.
type room struct {
	dir string
	db  *store.DB
}

var actor = ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}

func newRoom(t testing.TB) *room {
	t.Helper()
	r := &room{dir: t.TempDir()}
	if _, err := keys.Create(filepath.Join(r.dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "test.example/ledger"); err != nil {
		t.Fatal(err)
	}
	blank.Database(t, filepath.Join(r.dir, "sekimori.db"))
	if err := certificates(r.dir); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.db, err = openStore(r.dir, testbed.NewClock().Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	return r
}

func openStore(dir string, clock func() time.Time) (*store.DB, error) {
	ring, err := keys.Open(filepath.Join(dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize))
	if err != nil {
		return nil, err
	}
	return store.Open(context.Background(), filepath.Join(dir, "sekimori.db"), store.Options{Clock: clock, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "test.example/ledger"})
}

// appended appends n entries, in transactions of one to three.
func appended(ctx context.Context, db *store.DB, n int) error {
	for n > 0 {
		some := min(1+n%3, n)
		err := db.Write(ctx, func(tx *store.Tx) error {
			for i := range some {
				if _, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: actor, Subjects: []string{"S-20261124-01"}, Payload: map[string]any{"note": "障害 \"=|\\ " + strconv.Itoa(i)}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		n -= some
	}
	return nil
}

// certificates makes an authority, and a certificate of it for both sides.
func certificates(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}

// bothSides is the TLS of either side: each shows the certificate, and asks for it.
func bothSides(dir string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, ServerName: "localhost"}, nil
}

// collector reads messages and gives each to take, in the order of the connections. It ends a connection after its last message.
type collector struct {
	l    net.Listener
	lf   bool // messages end with a line feed
	take func(message string) error
	done sync.WaitGroup
}

func (c *collector) serve() {
	for {
		conn, err := c.l.Accept()
		if err != nil {
			return
		}
		c.done.Go(func() {
			defer conn.Close()
			if err := c.read(bufio.NewReader(conn)); err != nil {
				reset(conn)
			}
		})
	}
}

// reset ends a connection without a good end.
func reset(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	conn.Close()
}

func (c *collector) read(r *bufio.Reader) error {
	for {
		message, err := c.next(r)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = c.take(message)
		}
		if err != nil {
			return err
		}
	}
}

// next reads a message: octet counting of RFC 6587, or a line.
func (c *collector) next(r *bufio.Reader) (string, error) {
	if c.lf {
		line, err := r.ReadString('\n')
		if line != "" && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return strings.TrimSuffix(line, "\n"), err
	}
	count, err := r.ReadString(' ')
	if err != nil {
		if count != "" && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(count, " "))
	if err != nil || n < 1 || n > MostMessage {
		return "", fmt.Errorf("a count of %q", count)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}

// collecting starts a collector in this process.
func collecting(t testing.TB, secure *tls.Config, lf bool, take func(string) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{l: l, lf: lf, take: take}
	if secure != nil {
		c.l = tls.NewListener(l, secure)
	}
	go c.serve()
	t.Cleanup(func() { l.Close(); c.done.Wait() })
	return l.Addr().String()
}

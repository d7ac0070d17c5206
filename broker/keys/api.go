package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The files of the API's own certificate, beside the ring's. They are made when the API is first served over HTTPS without a
// given certificate; a ring is complete without them.
const (
	fileAPIKey  = "api.sealed"
	fileAPICert = "api.crt"
)

const (
	// apiLifetime is the validity of the broker's own certificate.
	apiLifetime = 397 * 24 * time.Hour
	// APIRenewal is the remaining validity at which a new certificate replaces it. The key stays, so clients' pins stay
	// valid.
	APIRenewal = 30 * 24 * time.Hour
)

// APICertificate returns the API's self-signed certificate, for use when none is given. It covers the names and addresses
// given, and at now is valid for at least APIRenewal. Missing key and certificate are made in the ring's directory; an ending
// certificate, or one for other names, is replaced with the same key. Errors: ErrKeyDamaged, and those of the file system.
func (r *Ring) APICertificate(dir string, names []string, now time.Time) (tls.Certificate, error) {
	key, err := r.apiKey(dir)
	if errors.Is(err, ErrNoKeys) {
		key, err = r.newAPIKey(dir)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("key of the API: %w", err)
	}
	der, err := readAPICertificate(dir)
	if err == nil && holds(der, key, names, now) {
		return apiPair(der, key), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tls.Certificate{}, fmt.Errorf("certificate of the API: %w", err)
	}
	if der, err = signAPI(key, names, now); err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of the API: %w", err)
	}
	if err := replacePrivate(filepath.Join(dir, fileAPICert), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of the API: %w", err)
	}
	return apiPair(der, key), nil
}

// APIFingerprint is the value that clients pin for APICertificate's certificate. It creates nothing. Errors: ErrNoKeys if
// there is none yet.
func (r *Ring) APIFingerprint(dir string) (string, error) {
	key, err := r.apiKey(dir)
	if err != nil {
		return "", fmt.Errorf("key of the API: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("key of the API: %w", err)
	}
	return fingerprint(public), nil
}

// CertificateFingerprint is the value that a client pins for a server's certificate: SHA-256 of its public key
// (SubjectPublicKeyInfo, RFC 5280 section 4.1), in OpenSSH's notation. A renewal with the same key keeps it.
func CertificateFingerprint(c *x509.Certificate) string {
	return fingerprint(c.RawSubjectPublicKeyInfo)
}

func fingerprint(public []byte) string {
	sum := sha256.Sum256(public)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

func (r *Ring) apiKey(dir string) (*ecdsa.PrivateKey, error) {
	der, err := r.read(dir, fileAPIKey)
	if errors.Is(err, ErrUnseal) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, fileAPIKey), ErrKeyDamaged)
	}
	if err != nil {
		return nil, err
	}
	return x509.ParseECPrivateKey(der)
}

// newAPIKey makes a key on P-256, which every browser supports, because pages are served under it.
func (r *Ring) newAPIKey(dir string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(r.master, "keys/"+fileAPIKey, der)
	if err != nil {
		return nil, err
	}
	return key, writePrivate(filepath.Join(dir, fileAPIKey), sealed)
}

func readAPICertificate(dir string) ([]byte, error) {
	text, err := readPrivate(filepath.Join(dir, fileAPICert))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fs.ErrNotExist // made again: the key signs it, and it holds no further information
	}
	return block.Bytes, nil
}

// holds reports whether a certificate belongs to this key, covers all names, and has time left.
func holds(der []byte, key *ecdsa.PrivateKey, names []string, now time.Time) bool {
	c, err := x509.ParseCertificate(der)
	if err != nil || !key.PublicKey.Equal(c.PublicKey) || now.Before(c.NotBefore) || !now.Before(c.NotAfter.Add(-APIRenewal)) {
		return false
	}
	return !slices.ContainsFunc(names, func(n string) bool { return c.VerifyHostname(n) != nil })
}

func signAPI(key *ecdsa.PrivateKey, names []string, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Sekimori"},
		// Clients' clocks differ; one hour exceeds the daily drift of any clock that TLS works with.
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(apiLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // a leaf: as a trusted root it cannot sign for other names
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	return x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
}

// apiSigner signs handshakes. The key stays inside it.
type apiSigner struct{ key *ecdsa.PrivateKey }

func (s apiSigner) Public() crypto.PublicKey { return &s.key.PublicKey }
func (s apiSigner) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(r, digest, o)
}

func apiPair(der []byte, key *ecdsa.PrivateKey) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: apiSigner{key}}
}

// replacePrivate replaces a file of mode 0600, completely or not at all.
func replacePrivate(path string, b []byte) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writePrivate(temporary, b); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDir(filepath.Dir(path))
}

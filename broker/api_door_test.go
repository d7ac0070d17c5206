package broker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
)

// apiConfig gives a configuration with its key ring.
func apiConfig(t *testing.T) (Config, *keys.Ring) {
	t.Helper()
	c := DefaultConfig()
	c.DataDir, c.APIListen, c.GateName = t.TempDir(), "127.0.0.1:0", "gate.example.jp"
	ring, err := keys.Create(c.KeysDir(), bytes.Repeat([]byte{7}, keys.MasterSize), "test.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	return c, ring
}

// given writes a certificate and its key, opened from another ring, where an institution would put its own.
func given(t *testing.T, c *Config, keyMode os.FileMode) (fingerprint string) {
	t.Helper()
	cert, key, fingerprint := foreignPair(t)
	dir := t.TempDir()
	c.TLS.CertificateFile, c.TLS.KeyFile = filepath.Join(dir, "api.pem"), filepath.Join(dir, "api.key")
	if err := errors.Join(os.WriteFile(c.TLS.CertificateFile, cert, 0o644), os.WriteFile(c.TLS.KeyFile, key, keyMode)); err != nil {
		t.Fatal(err)
	}
	return fingerprint
}

func TestTheOwnCertificateNamesTheGateAndIsRenewedWhileServing(t *testing.T) {
	c, ring := apiConfig(t)
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	a, err := newAPICertificate(c, ring, func() time.Time { return now }, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"gate.example.jp", "localhost", "127.0.0.1", "::1"} {
		if err := a.leaf.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	pinned, end := a.fingerprint(), a.leaf.NotAfter
	serial := func() string {
		t.Helper()
		if _, err := a.get(); err != nil {
			t.Fatal(err)
		}
		return a.leaf.SerialNumber.String()
	}
	first := serial()
	now = end.Add(-keys.APIRenewal - time.Nanosecond)
	if serial() != first {
		t.Error("renewed before it was due")
	}
	now = now.Add(reloadEvery)
	if serial() == first || a.fingerprint() != pinned || !a.leaf.NotAfter.After(end) {
		t.Errorf("not renewed: until %s", a.leaf.NotAfter)
	}
}

func TestAGivenCertificateIsReadAgainWhenItsFileChanges(t *testing.T) {
	c, ring := apiConfig(t)
	want := given(t, &c, 0o640)
	now := testbed.At()
	a, err := newAPICertificate(c, ring, func() time.Time { return now }, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	if a.fingerprint() != want {
		t.Errorf("serves %s, given %s", a.fingerprint(), want)
	}
	// A briefly broken file changes nothing; a good one does.
	old := a.pair
	if err := os.WriteFile(c.TLS.CertificateFile, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	now = now.Add(reloadEvery)
	if got, err := a.get(); err != nil || got != old {
		t.Errorf("a broken file: %v", err)
	}
	cert, key, fingerprint := foreignPair(t)
	later := testbed.At().Add(time.Hour)
	if err := errors.Join(os.WriteFile(c.TLS.CertificateFile, cert, 0o644), os.WriteFile(c.TLS.KeyFile, key, 0o600),
		os.Chtimes(c.TLS.CertificateFile, later, later)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(reloadEvery)
	if _, err := a.get(); err != nil || a.fingerprint() != fingerprint {
		t.Errorf("serves %s, want %s (%v)", a.fingerprint(), fingerprint, err)
	}
}

func TestCheckShowsTheFingerprint(t *testing.T) {
	c, ring := apiConfig(t)
	look := func(now time.Time) Finding {
		t.Helper()
		var out findings
		c.checkAPI(&out, ring, now)
		return out[0]
	}
	now := testbed.At()
	if f := look(now); f.Level != LevelOK || !strings.Contains(f.EN, "first serve") {
		t.Errorf("%+v", f)
	}
	if _, err := os.Stat(filepath.Join(c.KeysDir(), "api.sealed")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("check made a key: %v", err)
	}
	a, err := newAPICertificate(c, ring, testbed.At, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	if f := look(now); f.Level != LevelOK || !strings.Contains(f.EN, a.fingerprint()) || !strings.Contains(f.JA, a.fingerprint()) {
		t.Errorf("%+v", f)
	}
	fp := given(t, &c, 0o600)
	pair, err := tls.LoadX509KeyPair(c.TLS.CertificateFile, c.TLS.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	end := pair.Leaf.NotAfter
	for at, level := range map[time.Time]Level{
		end.Add(-keys.APIRenewal): LevelOK, end.Add(-keys.APIRenewal + time.Nanosecond): LevelWarning,
		end.Add(-time.Nanosecond): LevelWarning, end: LevelError, pair.Leaf.NotBefore.Add(-time.Second): LevelError,
	} {
		if f := look(at); f.Level != level || level != LevelError && !strings.Contains(f.EN, fp) {
			t.Errorf("at %s: %+v", at, f)
		}
	}
	if err := os.Chmod(c.TLS.KeyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if f := look(now); f.Level != LevelError || !strings.Contains(f.EN, "mode 0644") {
		t.Errorf("a key that everybody reads: %+v", f)
	}
	c.APIListen = ""
	if f := look(now); f.Level != LevelOK || !strings.Contains(f.EN, "not served") {
		t.Errorf("%+v", f)
	}
}

// foreignPair is a certificate of another authority, its key and its fingerprint.
func foreignPair(t *testing.T) (cert, key []byte, fingerprint string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: testbed.At().Add(-time.Hour).Truncate(time.Second), NotAfter: testbed.At().AddDate(0, 3, 0).Truncate(time.Second),
		DNSNames: []string{"gate.example.jp"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		keys.CertificateFingerprint(leaf)
}

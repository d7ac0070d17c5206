package keys

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func apiLeaf(t *testing.T, r *Ring, dir string, names []string, now time.Time) *x509.Certificate {
	t.Helper()
	pair, err := r.APICertificate(dir, names, now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheAPIsCertificateIsRenewedBeforeItEndsWithTheSameKey(t *testing.T) {
	r, dir, master := newRing(t)
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	names := []string{"gate.example.jp", "192.0.2.7"}
	if _, err := r.APIFingerprint(dir); !errors.Is(err, ErrNoKeys) {
		t.Fatalf("a fingerprint of nothing: %v", err)
	}
	first := apiLeaf(t, r, dir, names, now)
	for _, n := range names {
		if err := first.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	pinned, err := r.APIFingerprint(dir)
	if err != nil || pinned != CertificateFingerprint(first) || !strings.HasPrefix(pinned, "SHA256:") {
		t.Errorf("fingerprint %q, %v", pinned, err)
	}
	r, err = Open(dir, master) // another run
	if err != nil {
		t.Fatal(err)
	}
	end := first.NotAfter.Add(-APIRenewal)
	for _, c := range []struct {
		at   time.Time
		same bool
	}{{now, true}, {end.Add(-time.Nanosecond), true}, {end, false}, {end.Add(time.Nanosecond), true}} {
		before, err := os.ReadFile(filepath.Join(dir, fileAPICert))
		if err != nil {
			t.Fatal(err)
		}
		got := apiLeaf(t, r, dir, names, c.at)
		after, err := os.ReadFile(filepath.Join(dir, fileAPICert))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, after) != c.same || CertificateFingerprint(got) != pinned {
			t.Errorf("at %s: the same file %v, fingerprint %s", c.at, !c.same, CertificateFingerprint(got))
		}
	}
	// A missing name makes a new certificate; a dropped name does not.
	if got := apiLeaf(t, r, dir, append(names, "seki.example.jp"), now); got.VerifyHostname("seki.example.jp") != nil {
		t.Errorf("names %v", got.DNSNames)
	}
	if got := apiLeaf(t, r, dir, names, now); got.VerifyHostname("seki.example.jp") != nil {
		t.Error("made anew although it named everything")
	}
}

func TestTheAPIsKeyIsSealed(t *testing.T) {
	r, dir, _ := newRing(t)
	now := time.Now()
	apiLeaf(t, r, dir, []string{"gate"}, now)
	sealed, err := os.ReadFile(filepath.Join(dir, fileAPIKey))
	if err != nil {
		t.Fatal(err)
	}
	key, err := r.apiKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) || bytes.Contains(sealed, []byte(base64.StdEncoding.EncodeToString(secret))) {
		t.Error("the key lies there in clear")
	}
	sealed[len(sealed)-1] ^= 1
	if err := os.WriteFile(filepath.Join(dir, fileAPIKey), sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.APICertificate(dir, []string{"gate"}, now); !errors.Is(err, ErrKeyDamaged) {
		t.Errorf("a changed key: %v", err)
	}
	// The damaged key is not replaced: that would silently invalidate the clients' pins.
	if got, err := os.ReadFile(filepath.Join(dir, fileAPIKey)); err != nil || !bytes.Equal(got, sealed) {
		t.Error("the damaged key was replaced")
	}
}

func TestADamagedCertificateOfTheAPIIsMadeAnew(t *testing.T) {
	r, dir, _ := newRing(t)
	now := time.Now()
	pinned := CertificateFingerprint(apiLeaf(t, r, dir, []string{"gate"}, now))
	for _, text := range []string{"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if err := os.WriteFile(filepath.Join(dir, fileAPICert), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := CertificateFingerprint(apiLeaf(t, r, dir, []string{"gate"}, now)); got != pinned {
			t.Errorf("%q: %s", text, got)
		}
	}
}

package keys_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
)

// A certificate that was renewed is used within a minute, without a restart. Files that became unreadable leave the earlier one in use.
func TestAGivenCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	make := func(until time.Time) {
		t.Helper()
		if err := errors.Join(testbed.WriteCertificate(dir, until), os.Chtimes(cert, until, until)); err != nil {
			t.Fatal(err)
		}
	}
	first, second := now.AddDate(0, 1, 0), now.AddDate(0, 2, 0)
	make(first)
	g, err := keys.NewGiven(cert, key, clock)
	if err != nil {
		t.Fatal(err)
	}
	ends := func(want time.Time) {
		t.Helper()
		pair, err := g.Get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil || !leaf.NotAfter.Equal(want) {
			t.Errorf("it ends %s, want %s: %v", leaf.NotAfter, want, err)
		}
	}
	ends(first)
	make(second)
	now = now.Add(time.Minute - 1)
	ends(first)
	now = now.Add(1)
	ends(second)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	ends(second)
	make(first)
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.NewGiven(cert, key, clock); !errors.Is(err, keys.ErrLooseMode) {
		t.Errorf("a key that others read: %v", err)
	}
}

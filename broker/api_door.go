package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/keys"
)

// reloadEvery is how often a given certificate's file is checked: a renewal needs no restart of the broker.
const reloadEvery = time.Minute

// ServesAPI tells whether the API is served over HTTPS.
func (c Config) ServesAPI() bool { return c.APIListen != "" }

// apiNames are the names of the broker's own certificate: the host name that people type, and the addresses at which it
// listens. This machine always reaches it.
func (c Config) apiNames() []string {
	names := []string{c.GateName, "localhost", "127.0.0.1", "::1"}
	host, _, err := net.SplitHostPort(string(c.APIListen))
	if err != nil {
		return names[:3]
	}
	add := func(n string) {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		add(host)
		return names
	}
	for _, a := range ownAddresses() { // clients of a named gate need no more
		add(a)
	}
	return names
}

// apiCertificate gives the certificate for each handshake: the given one, read again when its file changes, or the
// broker's own, renewed before it ends.
type apiCertificate struct {
	c     Config
	ring  *keys.Ring
	clock func() time.Time
	log   hclog.Logger

	mu     sync.Mutex // guards the fields below
	pair   *tls.Certificate
	leaf   *x509.Certificate
	looked time.Time
	stamp  time.Time // of the given file
}

// newAPICertificate loads or makes the certificate; one that cannot be used is an error of the start.
func newAPICertificate(c Config, ring *keys.Ring, clock func() time.Time, log hclog.Logger) (*apiCertificate, error) {
	a := &apiCertificate{c: c, ring: ring, clock: clock, log: log}
	if err := a.load(clock()); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *apiCertificate) get() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	if d := now.Sub(a.looked); d < 0 || d >= reloadEvery {
		// The files were good before; a failure to read them now must not lock people out.
		if err := a.load(now); err != nil {
			a.log.Error("api_certificate_not_reloaded", "error", err)
			a.looked = now
		}
	}
	return a.pair, nil
}

func (a *apiCertificate) fingerprint() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return keys.CertificateFingerprint(a.leaf)
}

// load needs the lock, unless no other goroutine has the certificate yet.
func (a *apiCertificate) load(now time.Time) error {
	if a.c.TLS.CertificateFile == "" {
		if a.leaf != nil && now.Before(a.leaf.NotAfter.Add(-keys.APIRenewal)) {
			a.looked = now
			return nil
		}
		pair, err := a.ring.APICertificate(a.c.KeysDir(), a.c.apiNames(), now)
		if err != nil {
			return err
		}
		return a.use(pair, now)
	}
	info, err := os.Stat(a.c.TLS.CertificateFile)
	if err != nil {
		return fmt.Errorf("certificate of the API: %w", err)
	}
	if a.pair != nil && info.ModTime().Equal(a.stamp) {
		a.looked = now
		return nil
	}
	pair, err := a.c.givenCertificate()
	if err != nil {
		return err
	}
	a.stamp = info.ModTime()
	return a.use(pair, now)
}

func (a *apiCertificate) use(pair tls.Certificate, now time.Time) error {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return fmt.Errorf("certificate of the API: %w", err)
	}
	a.pair, a.leaf, a.looked = &pair, leaf, now
	return nil
}

// givenCertificate reads the configured files.
func (c Config) givenCertificate() (tls.Certificate, error) {
	pair, err := keys.ReadPair(c.TLS.CertificateFile, c.TLS.KeyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of the API: %w", err)
	}
	return pair, nil
}

// checkAPI checks the HTTPS door without opening it or making anything.
func (c Config) checkAPI(out *findings, ring *keys.Ring, now time.Time) {
	if !c.ServesAPI() {
		out.add(LevelOK, "api_listen", "HTTPS では受け付けません(空)", "not served over HTTPS (empty)")
		return
	}
	if c.TLS.CertificateFile == "" {
		fp, err := ring.APIFingerprint(c.KeysDir())
		switch {
		case errors.Is(err, keys.ErrNoKeys):
			out.add(LevelOK, "api_certificate_file", "自己署名の証明書を最初の serve が作ります", "the first serve makes a certificate signed by itself")
		case err != nil:
			out.failed("api_certificate_file", err)
		default:
			out.add(LevelOK, "api_certificate_file", "自己署名 "+fp, "signed by itself, "+fp)
		}
		return
	}
	pair, err := c.givenCertificate()
	if err != nil {
		out.failed("api_certificate_file", err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		out.failed("api_certificate_file", err)
		return
	}
	fp, end := keys.CertificateFingerprint(leaf), leaf.NotAfter.In(c.Location()).Format(time.DateOnly)
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0 || now.Before(leaf.NotBefore):
		out.add(LevelError, "api_certificate_file", "証明書の期間外です("+end+" まで)", "the certificate does not hold now (until "+end+")")
	case left < keys.APIRenewal:
		out.add(LevelWarning, "api_certificate_file", "証明書は "+end+" に切れます "+fp, "the certificate ends on "+end+", "+fp)
	default:
		out.add(LevelOK, "api_certificate_file", end+" まで "+fp, "until "+end+", "+fp)
	}
	if c.GateName != "" && leaf.VerifyHostname(c.GateName) != nil {
		out.add(LevelWarning, "api_certificate_file", "証明書に gate_name "+c.GateName+" がありません", "the certificate does not name gate_name "+c.GateName)
	}
}

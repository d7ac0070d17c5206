package keys

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// ReadPair reads a certificate and its key, both PEM. The key's group may read its file, as certificate packages set it up; others may not.
// Error: ErrLooseMode.
func ReadPair(certificate, key string) (tls.Certificate, error) {
	info, err := os.Stat(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("key of a certificate: %w", err)
	}
	if m := info.Mode().Perm(); m&0o027 != 0 {
		return tls.Certificate{}, fmt.Errorf("%s has mode %04o: %w", key, m, ErrLooseMode)
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate %s and its key %s: %w", certificate, key, err)
	}
	return pair, nil
}

// rereadEvery is how often a Given looks whether its file has changed.
const rereadEvery = time.Minute

// Given is a certificate of files that an administrator renews. It reads them again when they change, so that a renewal needs no restart. It is safe
// for concurrent use.
type Given struct {
	certificate, key string
	clock            func() time.Time

	mu     sync.Mutex // guards the fields below
	pair   *tls.Certificate
	looked time.Time
	stamp  time.Time // of the certificate's file
}

// NewGiven reads both files. Errors: those of ReadPair.
func NewGiven(certificate, key string, clock func() time.Time) (*Given, error) {
	g := &Given{certificate: certificate, key: key, clock: clock}
	return g, g.read()
}

// Get gives the certificate for a handshake. Files that cannot be read any more leave the earlier one in use.
func (g *Given) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.clock().Sub(g.looked); d < 0 || d >= rereadEvery {
		if info, err := os.Stat(g.certificate); err != nil || !info.ModTime().Equal(g.stamp) {
			_ = g.read() // the earlier one stays; clients see its end
		}
		g.looked = g.clock()
	}
	return g.pair, nil
}

// read reads both files. The caller holds the lock, unless no other goroutine has g yet.
func (g *Given) read() error {
	info, err := os.Stat(g.certificate)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	pair, err := ReadPair(g.certificate, g.key)
	if err != nil {
		return err
	}
	g.pair, g.stamp, g.looked = &pair, info.ModTime(), g.clock()
	return nil
}

package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// Clocks of broker and target differ: a certificate holds a little before and after the session.
// The session itself is bounded by the broker, not by the certificate.
const (
	slackBefore = 2 * time.Minute
	slackAfter  = time.Minute
)

// SessionCertificate gives a signer that opens one account on a target for one session: a fresh
// key, a user certificate of the broker's CA for exactly this login, its id the session's. It
// permits a terminal and nothing else (no forwarding, no agent, no X11, no rc file). The private
// key lives in the signer only and is gone with it.
func (r *Ring) SessionCertificate(session, login string, from, until time.Time) (ssh.Signer, error) {
	switch {
	case session == "":
		return nil, errors.New("certificate: no session")
	case login == "":
		// Without a principal a certificate would hold for every login.
		return nil, fmt.Errorf("certificate for %s: no login", session)
	case !from.Before(until):
		return nil, fmt.Errorf("certificate for %s: ends before it begins", session)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", session, err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", session, err)
	}
	var serial [8]byte
	if _, err := rand.Read(serial[:]); err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", session, err)
	}
	cert := &ssh.Certificate{
		Key:             key,
		Serial:          binary.BigEndian.Uint64(serial[:]),
		CertType:        ssh.UserCert,
		KeyId:           session,
		ValidPrincipals: []string{login},
		ValidAfter:      uint64(from.Add(-slackBefore).Unix()),
		ValidBefore:     uint64(until.Add(slackAfter).Unix()),
		Permissions:     ssh.Permissions{Extensions: map[string]string{"permit-pty": ""}},
	}
	if err := cert.SignCert(rand.Reader, r.ca); err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", session, err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", session, err)
	}
	return ssh.NewCertSigner(cert, signer)
}

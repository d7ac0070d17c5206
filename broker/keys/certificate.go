package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Clocks of broker and target differ, so a certificate is valid a little before and after the session. The broker bounds the
// session itself, not the certificate.
const (
	slackBefore = 2 * time.Minute
	slackAfter  = time.Minute
)

// Admission is one session's use of one account, as its certificate limits it.
type Admission struct {
	Session     string // its number, the id of the certificate
	Login       string // on the target: the only principal
	From, Until time.Time
	Forced      string         // the only command that the target runs; empty: any
	Forward     bool           // port forwards of the grant may be opened
	Sources     []netip.Prefix // from where the target admits it: the broker's addresses, as the target sees them
}

// SessionCertificate returns a signer that opens one account on a target for one session: a fresh key with a user certificate
// of the broker's CA. It permits a terminal, forwards where the grant has them, and nothing else (no agent, no X11, no rc
// file), and only from the broker's addresses. The private key exists only inside the signer.
func (r *Ring) SessionCertificate(a Admission) (ssh.Signer, error) {
	session, login, from, until := a.Session, a.Login, a.From, a.Until
	extensions := map[string]string{"permit-pty": ""}
	if a.Forward {
		extensions["permit-port-forwarding"] = ""
	}
	critical := map[string]string{"source-address": sourceList(a.Sources)}
	if a.Forced != "" {
		critical["force-command"] = a.Forced
	}
	switch {
	case critical["source-address"] == "":
		// Without a source a stolen certificate would open the account from everywhere.
		return nil, fmt.Errorf("certificate for %s: the broker's address is not known", session)
	case session == "":
		return nil, errors.New("certificate: no session")
	case login == "":
		// Without a principal a certificate would be valid for every login.
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
		Permissions:     ssh.Permissions{Extensions: extensions, CriticalOptions: critical},
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

// SourcesOf are the broker's addresses for a certificate: the one that a connection leaves from, and those that an address translation on
// the way may put in its place.
func SourcesOf(from netip.Addr, translated []netip.Prefix) []netip.Prefix {
	if !from.IsValid() {
		return translated
	}
	return append([]netip.Prefix{netip.PrefixFrom(from, from.BitLen())}, translated...)
}

// sourceList is the value of a source-address option (OpenSSH's PROTOCOL.certkeys). Host bits are cut off, since sshd refuses a list
// that has any.
func sourceList(sources []netip.Prefix) string {
	list := make([]string, 0, len(sources))
	for _, p := range sources {
		if p = p.Masked(); p.IsValid() {
			list = append(list, p.String())
		}
	}
	return strings.Join(list, ",")
}

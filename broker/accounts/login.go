package accounts

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// reached is a login on a target as the dialer takes it.
func reached(t store.Target, login string) (dial.Target, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(t.HostKey))
	if err != nil {
		return dial.Target{}, fmt.Errorf("registered host key of %s: %w", t.ID, err)
	}
	return dial.Target{ID: t.ID, Addr: net.JoinHostPort(t.Host, strconv.Itoa(t.Port)), Login: login, HostKey: key, Legacy: t.LegacyAlgorithms != ""}, nil
}

// login tries one login and ends it. It opens no channel: an account may have no shell. Errors: *dial.Error.
func (s *Steward) login(ctx context.Context, t store.Target, login string, auth dial.Auth) error {
	to, err := reached(t, login)
	if err != nil {
		return err
	}
	conn, err := s.o.Dialer.DialFrom(ctx, to, auth)
	if err != nil {
		return err
	}
	conn.Abort()
	return nil
}

// certificateLife bounds a certificate that is made to try one login.
const certificateLife = time.Minute

// certified are proofs by a certificate for one try. sources replaces the broker's addresses; nil: they stay.
func (s *Steward) certified(now time.Time, id, principal string, sources []netip.Prefix) dial.Auth {
	return func(from netip.Addr) ([]ssh.AuthMethod, error) {
		if sources == nil {
			sources = keys.SourcesOf(from, s.o.Sources)
		}
		signer, err := s.o.Ring.SessionCertificate(keys.Admission{Session: id, Login: principal, From: now.Add(s.ahead()), Until: now.Add(s.ahead()).Add(certificateLife), Sources: sources})
		if err != nil {
			return nil, err
		}
		return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
	}
}

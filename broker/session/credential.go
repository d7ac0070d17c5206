package session

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/keys"
	"sekimori/broker/store"
)

// certificateGrace is how long the certificate outlives the deadline: clocks of targets differ.
// It opens nothing by then, for the broker has closed the connection.
const certificateGrace = 60 // seconds

// credential is this session's proof to the target. It is made or unsealed here and used
// by the dialer. The engineer can read no part of it (promise 8).
func (l *session) credential() (dial.Auth, error) {
	var account store.Account
	var secret, other []byte
	var change store.SecretChange
	err := l.sup.o.DB.Read(l.ctx, func(s *store.Snap) (err error) {
		if account, err = s.Account(l.grant.Account); err != nil || account.Secret == "" {
			return err
		}
		if secret, err = s.Secret(account.Secret); err != nil {
			return err
		}
		if change, err = s.SecretChange(account.Secret); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("credential of %s: %w", l.grant.Account, err)
	}
	switch account.Credential {
	case store.CredentialCertificate:
		// The target checks the certificate against its own clock.
		ahead := l.sup.o.TargetClock().Sub(l.sup.o.Clock())
		from, until := l.opened.Add(ahead), l.deadline().Add(certificateGrace*time.Second).Add(ahead)
		return func(address netip.Addr) ([]ssh.AuthMethod, error) {
			signer, err := l.sup.o.Ring.SessionCertificate(keys.Admission{Session: l.a.ID, Login: l.login, From: from, Until: until, Forced: l.grant.Forced, Forward: len(l.grant.Forwards) > 0,
				Sources: keys.SourcesOf(address, l.sup.o.Sources)})
			if err != nil {
				return nil, err
			}
			return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
		}, nil
	case store.CredentialKey, store.CredentialPassword:
		plain, err := l.sup.o.Ring.Unseal(account.Secret, secret)
		if err != nil {
			return nil, err
		}
		// While the secret is being changed the target may have either.
		if change.State == store.SecretMade || change.State == store.SecretPlaced {
			if other, err = l.sup.o.Ring.Unseal(accounts.NextSecret(account.Secret), change.Sealed); err != nil {
				return nil, err
			}
		}
		if account.Credential == store.CredentialPassword {
			if other != nil {
				return dial.Password(string(plain), string(other)), nil
			}
			return dial.Password(string(plain)), nil
		}
		pems := [][]byte{plain}
		if other != nil {
			pems = append(pems, other)
		}
		auth, err := dial.Keys(pems...)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", account.ID, err)
		}
		return auth, nil
	}
	return nil, fmt.Errorf("account %s has no credential of a known kind (%q)", account.ID, account.Credential)
}

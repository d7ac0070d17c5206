package registry

import (
	"bytes"
	"context"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// KeyOwner is the person for whom a key is active. fingerprint has OpenSSH's form SHA256:…. Error:
// store.ErrNotFound.
func (r *Registry) KeyOwner(ctx context.Context, fingerprint string) (policy.Person, error) {
	var p policy.Person
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		owner, _, err := s.PersonByKey(fingerprint)
		p = owner.Person
		return err
	})
	if err != nil {
		return policy.Person{}, fmt.Errorf("owner of key %s: %w", fingerprint, err)
	}
	return p, nil
}

// RevokeKey takes a key away for good, at once. A person may revoke their own; an administrator or the
// information-systems section may revoke every person's. It needs no second person.
func (r *Registry) RevokeKey(ctx context.Context, person, fingerprint, reason string, by ledger.Actor) error {
	reason, err := cleanText("reason", reason, longestReason)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		if err := mayKeepCredentials(tx.Snap, p.ID, by); err != nil {
			return err
		}
		keys, err := tx.Keys(p.ID)
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		found := false
		for _, k := range keys {
			if k.Fingerprint == fingerprint && k.State != store.KeyRevoked {
				if err := tx.SetKeyState(k.ID, store.KeyRevoked); err != nil {
					return fmt.Errorf("revoke key: %w", err)
				}
				found = true
			}
		}
		if !found {
			return fmt.Errorf("key %s of %s: %w", fingerprint, p.ID, store.ErrNotFound)
		}
		if err := tx.ForgetFactors(store.FactorFilter{Person: p.ID, Fingerprint: fingerprint}); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "key.revoked", Actor: by, Subjects: []string{p.ID},
			Payload: map[string]any{"fingerprint": fingerprint, "reason": reason}})
		return err
	})
}

// SetAccountSecret stores the private key or password of an account, sealed; the account says which it is.
// It needs an administrator. The secret is in no entry.
func (r *Registry) SetAccountSecret(ctx context.Context, account string, secret []byte, by ledger.Actor) error {
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := staffWith(tx.Snap, by, policy.Administrator); err != nil {
			return err
		}
		a, err := tx.Account(account)
		if err != nil {
			return fmt.Errorf("account %q: %w", account, err)
		}
		if a.Credential == store.CredentialPassword {
			// A password comes from a file, and a file ends in a line break that the password has not.
			secret = bytes.TrimRight(secret, "\r\n")
		}
		if err := checkSecret(a, secret); err != nil {
			return err
		}
		sealed, err := r.o.Keys.Seal(a.Secret, secret)
		if err != nil {
			return fmt.Errorf("seal secret: %w", err)
		}
		if err := tx.PutSecret(a.Secret, sealed); err != nil {
			return fmt.Errorf("store secret: %w", err)
		}
		// The administrator knows what the target has now; a change that was under way is over.
		if err := tx.EndSecretChange(a.Secret); err != nil {
			return fmt.Errorf("end the change of the secret: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "secret.set", Actor: by, Subjects: []string{a.ID, a.Target},
			Payload: map[string]any{"account": a.ID, "credential": a.Credential}})
		return err
	})
}

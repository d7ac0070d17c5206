package store

import (
	"errors"
	"time"
)

// Passkey is a WebAuthn credential of a person.
type Passkey struct {
	ID       string // of the credential, base64url
	Person   string
	Label    string // the person's name for it
	Sealed   []byte // public key and properties, sealed by keys.Ring
	Added    time.Time
	Ended    time.Time // zero: it works
	Uses     uint32    // the authenticator's own count, as it said last
	LastUsed time.Time // zero: never
}

const passkeyColumns = `SELECT id, person, label, sealed, added, ended, uses, last_used FROM passkeys`

func scanPasskey(r scanner) (Passkey, error) {
	var p Passkey
	err := r.Scan(&p.ID, &p.Person, &p.Label, &p.Sealed, at(&p.Added), at(&p.Ended), &p.Uses, at(&p.LastUsed))
	return p, err
}

// Passkey reads a passkey, ended or not. Errors: ErrNotFound.
func (s *Snap) Passkey(id string) (Passkey, error) {
	return get(s, scanPasskey, passkeyColumns+` WHERE id = ?`, id)
}

// Passkeys lists a person's passkeys, those that work first, then the oldest first.
func (s *Snap) Passkeys(person string) ([]Passkey, error) {
	return list(s, scanPasskey, passkeyColumns+` WHERE person = ? ORDER BY ended <> 0, added, id`, person)
}

// AddPasskey stores a new passkey. Errors: ErrExists when the credential is known, whosever it is.
func (t *Tx) AddPasskey(p Passkey) error {
	_, err := t.exec(`INSERT INTO passkeys (id, person, label, sealed, added, uses) VALUES (?, ?, ?, ?, ?, ?)`,
		p.ID, p.Person, p.Label, p.Sealed, ms(t.Now), p.Uses)
	return exists(err)
}

// EndPasskey takes a passkey away for good. Errors: ErrNotFound when the person has none such that works.
func (t *Tx) EndPasskey(person, id string) error {
	return t.one(`UPDATE passkeys SET ended = ? WHERE id = ? AND person = ? AND ended = 0`, ms(t.Now), id, person)
}

// EndPasskeys takes all passkeys of a person away for good. Re-enrolment begins with it.
func (t *Tx) EndPasskeys(person string) error {
	_, err := t.exec(`UPDATE passkeys SET ended = ? WHERE person = ? AND ended = 0`, ms(t.Now), person)
	return err
}

// UsePasskey notes a use, with the authenticator's own count. An authenticator without one always says 0. Kind: KeepPasskeyUse.
// Errors: ErrCodeUsed when the count does not grow: a copy of the authenticator counts too.
func (k *KeepTx) UsePasskey(id string, uses uint32) error {
	if err := k.allow(KeepPasskeyUse); err != nil {
		return err
	}
	res, err := k.tx.Exec(`UPDATE passkeys SET uses = ?, last_used = ? WHERE id = ? AND ended = 0 AND (uses < ? OR uses = 0 AND ? = 0)`,
		uses, ms(k.Now), id, uses, uses)
	if err != nil {
		return err
	}
	if err := affected(res); errors.Is(err, ErrNotFound) {
		return ErrCodeUsed
	}
	return nil
}

// DirectoryAccount is the account of a person at one of the institution's directories.
type DirectoryAccount struct {
	Person  string
	Source  string // "ldap" or "oidc"
	Subject string // the directory's own name of the account
	Since   time.Time
}

func scanDirectoryAccount(r scanner) (DirectoryAccount, error) {
	var a DirectoryAccount
	err := r.Scan(&a.Person, &a.Source, &a.Subject, at(&a.Since))
	return a, err
}

// DirectoryAccount reads the account that a person has at a directory. Errors: ErrNotFound before the first sign-in with it.
func (s *Snap) DirectoryAccount(person, source string) (DirectoryAccount, error) {
	return get(s, scanDirectoryAccount, `SELECT person, source, subject, since FROM directory_accounts WHERE person = ? AND source = ?`, person, source)
}

// AddDirectoryAccount notes the account of a person's first sign-in. Errors: ErrExists when it is another person's.
func (t *Tx) AddDirectoryAccount(a DirectoryAccount) error {
	_, err := t.exec(`INSERT INTO directory_accounts (person, source, subject, since) VALUES (?, ?, ?, ?)`, a.Person, a.Source, a.Subject, ms(t.Now))
	return exists(err)
}

// ForgetDirectoryAccounts forgets the accounts of a person: the next sign-in notes anew.
func (t *Tx) ForgetDirectoryAccounts(person string) error {
	_, err := t.exec(`DELETE FROM directory_accounts WHERE person = ?`, person)
	return err
}

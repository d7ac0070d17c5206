package store

import (
	"errors"
	"fmt"
	"time"
)

const keyColumns = `SELECT id, person, fingerprint, public, label, state, added, changed FROM person_keys`

func scanKey(r scanner) (Key, error) {
	var k Key
	err := r.Scan(&k.ID, &k.Person, &k.Fingerprint, &k.Public, &k.Label, &k.State, at(&k.Added), at(&k.Changed))
	return k, err
}

// Keys lists a person's keys in every state, oldest first.
func (s *Snap) Keys(person string) ([]Key, error) {
	return list(s, scanKey, keyColumns+` WHERE person = ? ORDER BY id`, person)
}

// PersonByKey gives the person for whom the key with this fingerprint is active. Errors: ErrNotFound.
func (s *Snap) PersonByKey(fingerprint string) (Person, Key, error) {
	k, err := get(s, scanKey, keyColumns+` WHERE fingerprint = ? AND state = 'active'`, fingerprint)
	if err != nil {
		return Person{}, Key{}, err
	}
	p, err := get(s, scanPerson, personColumns+` WHERE p.id = ?`, k.Person)
	return p, k, err
}

// AddKey registers an active key for a person and gives its ID. Errors: ErrExists when the
// fingerprint is active already, for this or another person.
func (t *Tx) AddKey(k Key) (int64, error) {
	res, err := t.exec(`INSERT INTO person_keys (person, fingerprint, public, label, state, added, changed) VALUES (?, ?, ?, ?, 'active', ?, ?)`,
		k.Person, k.Fingerprint, k.Public, k.Label, ms(t.Now), ms(t.Now))
	if err != nil {
		return 0, exists(err)
	}
	return res.LastInsertId()
}

// SetKeyState moves one key of a person from any state but revoked. Errors: ErrNotFound, and
// ErrExists when it would be the second active one of its fingerprint.
func (t *Tx) SetKeyState(id int64, state KeyState) error {
	return exists(t.one(`UPDATE person_keys SET state = ?, changed = ? WHERE id = ? AND state <> 'revoked'`, string(state), ms(t.Now), id))
}

// SuspendKeys suspends all active keys of a person. Re-enrolment begins with it.
func (t *Tx) SuspendKeys(person string) error {
	_, err := t.exec(`UPDATE person_keys SET state = 'suspended', changed = ? WHERE person = ? AND state = 'active'`, ms(t.Now), person)
	return err
}

// Password gives the encoded argon2id hash. Errors: ErrNotFound when none is set.
func (s *Snap) Password(person string) (string, error) {
	return get(s, func(r scanner) (string, error) {
		var e string
		err := r.Scan(&e)
		return e, err
	}, `SELECT encoded FROM passwords WHERE person = ?`, person)
}

// PutPassword sets the encoded hash; empty takes the password away.
func (t *Tx) PutPassword(person, encoded string) error {
	if encoded == "" {
		_, err := t.exec(`DELETE FROM passwords WHERE person = ?`, person)
		return err
	}
	_, err := t.exec(`INSERT INTO passwords (person, encoded, changed) VALUES (?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET encoded = excluded.encoded, changed = excluded.changed`, person, encoded, ms(t.Now))
	return err
}

// TOTP reads a person's second factor. Errors: ErrNotFound when none is set.
func (s *Snap) TOTP(person string) (TOTP, error) {
	return get(s, func(r scanner) (TOTP, error) {
		var v TOTP
		err := r.Scan(&v.Person, &v.Sealed, &v.LastStep)
		return v, err
	}, `SELECT person, sealed, last_step FROM totp WHERE person = ?`, person)
}

// PutTOTP sets the sealed secret and the last step used: the step that proved the enrolment, or
// 0. An empty secret removes the factor.
func (t *Tx) PutTOTP(v TOTP) error {
	if len(v.Sealed) == 0 {
		_, err := t.exec(`DELETE FROM totp WHERE person = ?`, v.Person)
		return err
	}
	_, err := t.exec(`INSERT INTO totp (person, sealed, last_step) VALUES (?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step`, v.Person, v.Sealed, v.LastStep)
	return err
}

// UseCodeStep uses up a time step of a person's second factor. Of two concurrent uses one
// gets ErrCodeUsed. Kind: KeepCodeStep.
func (k *KeepTx) UseCodeStep(person string, step int64) error {
	if err := k.allow(KeepCodeStep); err != nil {
		return err
	}
	res, err := k.tx.Exec(`UPDATE totp SET last_step = ? WHERE person = ? AND last_step < ?`, step, person, step)
	if err != nil {
		return err
	}
	if err := affected(res); errors.Is(err, ErrNotFound) {
		return ErrCodeUsed
	}
	return nil
}

const tokenColumns = `SELECT hash, person, label, created, expires, revoked, last_used FROM tokens`

func scanToken(r scanner) (Token, error) {
	var t Token
	err := r.Scan(hash{&t.Hash}, &t.Person, &t.Label, at(&t.Created), at(&t.Expires), at(&t.Revoked), at(&t.LastUsed))
	return t, err
}

// Token reads a token by its hash, valid or not. Errors: ErrNotFound.
func (s *Snap) Token(h [32]byte) (Token, error) {
	return get(s, scanToken, tokenColumns+` WHERE hash = ?`, h[:])
}

// Tokens lists a person's tokens, newest first.
func (s *Snap) Tokens(person string) ([]Token, error) {
	return list(s, scanToken, tokenColumns+` WHERE person = ? ORDER BY created DESC, hash`, person)
}

// AddToken stores a new token.
func (t *Tx) AddToken(v Token) error {
	_, err := t.exec(`INSERT INTO tokens (hash, person, label, created, expires) VALUES (?, ?, ?, ?, ?)`,
		v.Hash[:], v.Person, v.Label, ms(v.Created), ms(v.Expires))
	return exists(err)
}

// RevokeToken ends a token. Errors: ErrNotFound when it is unknown or revoked already.
func (t *Tx) RevokeToken(h [32]byte) error {
	return t.one(`UPDATE tokens SET revoked = ? WHERE hash = ? AND revoked = 0`, ms(t.Now), h[:])
}

// RevokeTokens ends all tokens of a person.
func (t *Tx) RevokeTokens(person string) error {
	_, err := t.exec(`UPDATE tokens SET revoked = ? WHERE person = ? AND revoked = 0`, ms(t.Now), person)
	return err
}

// RevokeOtherTokens ends all tokens of a person but one.
func (t *Tx) RevokeOtherTokens(person string, keep [32]byte) error {
	_, err := t.exec(`UPDATE tokens SET revoked = ? WHERE person = ? AND revoked = 0 AND hash <> ?`, ms(t.Now), person, keep[:])
	return err
}

// TouchToken notes that a token was used. Kind: KeepTokenUse. Call it only when the stored time is
// at least a minute old: it costs a commit.
func (k *KeepTx) TouchToken(h [32]byte) error {
	if err := k.allow(KeepTokenUse); err != nil {
		return err
	}
	_, err := k.tx.Exec(`UPDATE tokens SET last_used = ? WHERE hash = ?`, ms(k.Now), h[:])
	return err
}

// Enrolment reads an enrolment by the hash of its code, valid or not. Errors: ErrNotFound.
func (s *Snap) Enrolment(h [32]byte) (Enrolment, error) {
	return get(s, scanEnrolment, enrolmentColumns+` WHERE hash = ?`, h[:])
}

// Enrolments lists a person's enrolment codes, newest first.
func (s *Snap) Enrolments(person string) ([]Enrolment, error) {
	return list(s, scanEnrolment, enrolmentColumns+` WHERE person = ? ORDER BY created DESC, hash`, person)
}

const enrolmentColumns = `SELECT hash, person, by, created, expires, tries, used FROM enrolments`

func scanEnrolment(r scanner) (Enrolment, error) {
	var e Enrolment
	err := r.Scan(hash{&e.Hash}, &e.Person, &e.By, at(&e.Created), at(&e.Expires), &e.Tries, at(&e.Used))
	return e, err
}

// AddEnrolment stores a new code and ends every earlier one of the person.
func (t *Tx) AddEnrolment(e Enrolment) error {
	if _, err := t.exec(`UPDATE enrolments SET used = ? WHERE person = ? AND used = 0`, ms(t.Now), e.Person); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO enrolments (hash, person, by, created, expires, tries) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Hash[:], e.Person, e.By, ms(e.Created), ms(e.Expires), e.Tries)
	return exists(err)
}

// UseEnrolment uses a code up. Errors: ErrNotFound when it is not valid any more.
func (t *Tx) UseEnrolment(h [32]byte) error {
	return t.one(`UPDATE enrolments SET used = ? WHERE hash = ? AND used = 0 AND tries > 0 AND expires > ?`, ms(t.Now), h[:], ms(t.Now))
}

// SpendEnrolmentTry takes one try from a code. Kind: KeepEnrolmentTry.
func (k *KeepTx) SpendEnrolmentTry(h [32]byte) error {
	if err := k.allow(KeepEnrolmentTry); err != nil {
		return err
	}
	_, err := k.tx.Exec(`UPDATE enrolments SET tries = tries - 1 WHERE hash = ? AND tries > 0`, h[:])
	return err
}

// hash scans a 32-byte blob.
type hash struct{ h *[32]byte }

// Scan implements sql.Scanner.
func (x hash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != 32 {
		return fmt.Errorf("stored hash is %T of length %d", v, len(b))
	}
	copy(x.h[:], b)
	return nil
}

// Throttle reads the failures counted under a key. Where there are none it gives the zero count, not an error.
func (s *Snap) Throttle(key string) (Throttle, error) {
	t, err := get(s, func(r scanner) (Throttle, error) {
		var t Throttle
		err := r.Scan(&t.Key, &t.Count, at(&t.Since), at(&t.LockedUntil))
		return t, err
	}, `SELECT key, count, since, locked_until FROM throttles WHERE key = ?`, key)
	if errors.Is(err, ErrNotFound) {
		return Throttle{Key: key}, nil
	}
	return t, err
}

// PutThrottle sets a count; a zero count without a lock deletes the row. Kind: KeepThrottle.
func (k *KeepTx) PutThrottle(v Throttle) error {
	if err := k.allow(KeepThrottle); err != nil {
		return err
	}
	if v.Count == 0 && v.LockedUntil.IsZero() {
		_, err := k.tx.Exec(`DELETE FROM throttles WHERE key = ?`, v.Key)
		return err
	}
	_, err := k.run(`INSERT INTO throttles (key, count, since, locked_until) VALUES (?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET count = excluded.count, since = excluded.since, locked_until = excluded.locked_until`,
		v.Key, v.Count, ms(v.Since), ms(v.LockedUntil))
	return err
}

// DropThrottles deletes counts that are older than the time and lock no one any more, so that
// a scan from many addresses does not grow the table without end. Kind: KeepThrottle.
func (k *KeepTx) DropThrottles(before time.Time) error {
	if err := k.allow(KeepThrottle); err != nil {
		return err
	}
	_, err := k.tx.Exec(`DELETE FROM throttles WHERE since < ? AND locked_until < ?`, ms(before), ms(k.Now))
	return err
}

// A person normally proves an identity from few places. More places are not kept, nor places older than provedFor.
const (
	provedPlaces = 32
	provedFor    = 180 * 24 * time.Hour
)

// ProvedFrom tells whether the person signed in correctly from this source before.
func (s *Snap) ProvedFrom(person, source string) (bool, error) {
	_, err := get(s, func(r scanner) (t time.Time, err error) { return t, r.Scan(at(&t)) },
		`SELECT at FROM proved_sources WHERE person = ? AND source = ? AND at > ?`, person, source, ms(s.Now.Add(-provedFor)))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ProvedSources lists the sources of correct sign-ins, the latest first, at most the given number.
func (s *Snap) ProvedSources(most int) ([]string, error) {
	return list(s, func(r scanner) (source string, err error) { return source, r.Scan(&source) },
		`SELECT source FROM proved_sources WHERE at > ? GROUP BY source ORDER BY max(at) DESC, source LIMIT ?`, ms(s.Now.Add(-provedFor)), most)
}

// NoteProved notes that the person signed in correctly from this source. This gives no right: it reserves room for that source
// while others guess. Kind: KeepThrottle.
func (k *KeepTx) NoteProved(person, source string) error {
	if err := k.allow(KeepThrottle); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO proved_sources (person, source, at) VALUES (?, ?, ?)
		ON CONFLICT (person, source) DO UPDATE SET at = excluded.at`, person, source, ms(k.Now))
	if err != nil {
		return err
	}
	_, err = k.tx.Exec(`DELETE FROM proved_sources WHERE person = ? AND (at <= ? OR source NOT IN (
		SELECT source FROM proved_sources WHERE person = ? ORDER BY at DESC, source LIMIT ?))`,
		person, ms(k.Now.Add(-provedFor)), person, provedPlaces)
	return err
}

// ForgetProved deletes the sources noted for the person, because their credentials are issued anew.
func (t *Tx) ForgetProved(person string) error {
	_, err := t.exec(`DELETE FROM proved_sources WHERE person = ?`, person)
	return err
}

// Beat notes that the named part of the broker is alive now. Kind: KeepHeartbeat.
func (k *KeepTx) Beat(name string) error {
	if err := k.allow(KeepHeartbeat); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO heartbeats (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, name, ms(k.Now))
	return err
}

// LastBeat gives the last sign of life. After a crash it is the earliest time at which running work can have ended.
// Errors: ErrNotFound.
func (s *Snap) LastBeat(name string) (time.Time, error) {
	return get(s, func(r scanner) (time.Time, error) {
		var t time.Time
		err := r.Scan(at(&t))
		return t, err
	}, `SELECT at FROM heartbeats WHERE name = ?`, name)
}

// Secret gives a sealed secret, such as a target's credential. Errors: ErrNotFound.
func (s *Snap) Secret(name string) ([]byte, error) {
	return get(s, func(r scanner) ([]byte, error) {
		var b []byte
		err := r.Scan(&b)
		return b, err
	}, `SELECT sealed FROM secrets WHERE name = ?`, name)
}

// PutSecret stores a sealed secret; empty deletes it. The caller has sealed it: this package
// never sees it in the clear.
func (t *Tx) PutSecret(name string, sealed []byte) error {
	if len(sealed) == 0 {
		_, err := t.exec(`DELETE FROM secrets WHERE name = ?`, name)
		return err
	}
	_, err := t.exec(`INSERT INTO secrets (name, sealed, changed) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed`, name, sealed, ms(t.Now))
	return err
}

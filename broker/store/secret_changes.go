package store

import "time"

// SecretState is the state of a change of a stored secret.
type SecretState string

// The states of a change, in their order.
const (
	SecretMade   SecretState = "made"   // the new secret is stored; the target may or may not have it
	SecretPlaced SecretState = "placed" // the target says that it has it
	SecretProved SecretState = "proved" // it has opened the account and is the account's secret; the old one may still open it
)

// SecretChange is a change of an account's stored secret that is under way.
type SecretChange struct {
	Secret  string // its name in secrets
	Account string
	Window  string // after which it was due
	State   SecretState
	Sealed  []byte // the new secret until it is proved, then the old one
	Since   time.Time
	Tries   int       // that failed
	Again   time.Time // when it is tried next
	Note    string    // why the last try failed
}

const secretChangeColumns = `SELECT secret, account, window, state, sealed, since, tries, again, note FROM secret_changes`

func scanSecretChange(r scanner) (c SecretChange, err error) {
	err = r.Scan(&c.Secret, &c.Account, &c.Window, &c.State, &c.Sealed, at(&c.Since), &c.Tries, at(&c.Again), &c.Note)
	return c, err
}

// SecretChange reads the change of a stored secret that is under way. Errors: ErrNotFound.
func (s *Snap) SecretChange(secret string) (SecretChange, error) {
	return get(s, scanSecretChange, secretChangeColumns+` WHERE secret = ?`, secret)
}

// SecretChangesOf lists the changes of an account's secrets that are under way.
func (s *Snap) SecretChangesOf(account string) ([]SecretChange, error) {
	return list(s, scanSecretChange, secretChangeColumns+` WHERE account = ? ORDER BY secret`, account)
}

// SecretChanges lists the changes that are under way.
func (s *Snap) SecretChanges() ([]SecretChange, error) {
	return list(s, scanSecretChange, secretChangeColumns+` ORDER BY secret`)
}

// PutSecretChange adds a change or moves it on.
func (t *Tx) PutSecretChange(c SecretChange) error {
	_, err := t.exec(`INSERT INTO secret_changes (secret, account, window, state, sealed, since, tries, again, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (secret) DO UPDATE SET state = excluded.state, sealed = excluded.sealed, tries = excluded.tries, again = excluded.again, note = excluded.note`,
		c.Secret, c.Account, c.Window, string(c.State), c.Sealed, ms(c.Since), c.Tries, ms(c.Again), c.Note)
	return err
}

// EndSecretChange removes a change that is over.
func (t *Tx) EndSecretChange(secret string) error {
	_, err := t.exec(`DELETE FROM secret_changes WHERE secret = ?`, secret)
	return err
}

// SecretSetAt is when a stored secret was last set. Errors: ErrNotFound.
func (s *Snap) SecretSetAt(name string) (time.Time, error) {
	return get(s, func(r scanner) (t time.Time, err error) {
		err = r.Scan(at(&t))
		return t, err
	}, `SELECT changed FROM secrets WHERE name = ?`, name)
}

// UsedSince is the newest window whose sessions reached the account's target after an instant. It is empty while that window or a
// session of the account goes on, and where no session used the account.
func (s *Snap) UsedSince(account string, since time.Time) (window string, err error) {
	all, err := list(s, func(r scanner) (w string, err error) {
		err = r.Scan(&w)
		return w, err
	}, `SELECT s.window FROM sessions s JOIN windows w ON w.id = s.window
		WHERE s.account = ? AND s.started >= ? AND (w.ends <= ? OR w.state IN ('closed', 'cut', 'cancelled'))
		AND NOT EXISTS (SELECT 1 FROM sessions o WHERE o.account = s.account AND o.state IN ('opening', 'active'))
		ORDER BY s.started DESC LIMIT 1`, account, ms(since), ms(s.Now))
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

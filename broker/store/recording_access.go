package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// Access opens recordings that were made before to a further recipient.
type Access struct {
	ID         string // "RA-001"
	Recipient  string
	Holder     string // in words: the person or body that keeps the private key
	Sessions   []string
	Everything bool // all recordings that had ended when it was given
	Reason     string
	State      policy.AccessState
	Asked      time.Time
	AskedBy    string
	Decided    time.Time // zero: not yet
	DecidedBy  string
	Ended      time.Time // zero: not ended
	EndedBy    string
	Written    bool // the keys files say what the state says
}

const accessColumns = `SELECT id, recipient, holder, sessions, everything, reason, state, asked, asked_by, decided, decided_by, ended, ended_by, written FROM recording_access`

func scanAccess(r scanner) (a Access, err error) {
	err = r.Scan(&a.ID, &a.Recipient, &a.Holder, body{&a.Sessions}, &a.Everything, &a.Reason, &a.State, at(&a.Asked), &a.AskedBy, at(&a.Decided), &a.DecidedBy, at(&a.Ended), &a.EndedBy, &a.Written)
	return a, err
}

// Access reads one. Errors: ErrNotFound.
func (s *Snap) Access(id string) (Access, error) {
	return get(s, scanAccess, accessColumns+` WHERE id = ?`, id)
}

// Accesses lists all, by number.
func (s *Snap) Accesses() ([]Access, error) { return list(s, scanAccess, accessColumns+` ORDER BY id`) }

// UnwrittenAccesses lists those whose keys files are still to be written or cleared.
func (s *Snap) UnwrittenAccesses() ([]Access, error) {
	return list(s, scanAccess, accessColumns+` WHERE written = 0 AND state IN ('given', 'ended') ORDER BY id`)
}

// NextAccessID gives the number of an access that is asked for now.
func (t *Tx) NextAccessID() (string, error) {
	n, err := t.next("recording-access")
	return fmt.Sprintf("RA-%03d", n), err
}

// PutAccess adds an access or moves it on.
func (t *Tx) PutAccess(a Access) error {
	sessions, err := encode(orEmpty(a.Sessions))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO recording_access (id, recipient, holder, sessions, everything, reason, state, asked, asked_by, decided, decided_by, ended, ended_by, written)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET sessions = excluded.sessions, state = excluded.state, decided = excluded.decided, decided_by = excluded.decided_by,
			ended = excluded.ended, ended_by = excluded.ended_by, written = excluded.written`,
		a.ID, a.Recipient, a.Holder, sessions, a.Everything, a.Reason, string(a.State), ms(a.Asked), a.AskedBy, ms(a.Decided), a.DecidedBy, ms(a.Ended), a.EndedBy, a.Written)
	return err
}

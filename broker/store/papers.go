package store

import (
	"encoding/json"
)

// Pledges lists the pledges that the registry file has declared of an engineer, the longest-lasting first. A pledge filed with
// a copy is among Papers.
func (s *Snap) Pledges(person string) ([]Pledge, error) {
	return list(s, func(r scanner) (Pledge, error) {
		var p Pledge
		err := r.Scan(&p.Person, at(&p.Signed), at(&p.Until), &p.FiledBy, &p.SHA256)
		return p, err
	}, `SELECT person, signed, until, filed_by, sha256 FROM pledges WHERE person = ? ORDER BY until DESC, id DESC`, person)
}

// AddPledge keeps an undertaking that the registry file declares.
func (t *Tx) AddPledge(p Pledge) error {
	_, err := t.exec(`INSERT INTO pledges (person, signed, until, filed_by, sha256) VALUES (?, ?, ?, ?, ?)`,
		p.Person, ms(p.Signed), ms(p.Until), p.FiledBy, p.SHA256)
	return err
}

const changeColumns = `SELECT no, kind, body, by, at, state, settled_by, settled_at FROM pending_changes`

func scanChange(r scanner) (PendingChange, error) {
	var c PendingChange
	var b string
	err := r.Scan(&c.No, &c.Kind, &b, &c.By, at(&c.At), &c.State, &c.SettledBy, at(&c.SettledAt))
	c.Body = json.RawMessage(b)
	return c, err
}

// PendingChange reads one change in any state. Errors: ErrNotFound.
func (s *Snap) PendingChange(no int64) (PendingChange, error) {
	return get(s, scanChange, changeColumns+` WHERE no = ?`, no)
}

// PendingChanges lists changes of a state (empty: every state), oldest first.
func (s *Snap) PendingChanges(state ChangeState) ([]PendingChange, error) {
	var w where
	w.text("state = ?", string(state))
	return list(s, scanChange, changeColumns+w.String()+` ORDER BY no`, w.args...)
}

// AddPendingChange keeps a change until a second person confirms it, and gives its number.
func (t *Tx) AddPendingChange(kind string, body json.RawMessage, by string) (int64, error) {
	res, err := t.exec(`INSERT INTO pending_changes (kind, body, by, at, state) VALUES (?, ?, ?, ?, 'pending')`,
		kind, string(body), by, ms(t.Now))
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// SettleChange confirms or drops a pending change. Errors: ErrNotFound when it is not pending.
func (t *Tx) SettleChange(no int64, state ChangeState, by string) error {
	return t.one(`UPDATE pending_changes SET state = ?, settled_by = ?, settled_at = ? WHERE no = ? AND state = 'pending'`,
		string(state), by, ms(t.Now), no)
}

package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// LateEntry is work done on paper while the system was down, entered afterwards (後日入力).
type LateEntry struct {
	ID        string
	System    string
	Vendor    string
	State     policy.LateState
	From      time.Time
	Until     time.Time
	Work      LateWork
	EnteredBy string
	EnteredAt time.Time
	DecidedBy string
	DecidedAt time.Time // zero: no one has confirmed or rejected it
	Reason    string    // of that decision; may be empty
}

// LateWork holds the statements of the papers about the work.
type LateWork struct {
	Forms     []string `json:"forms"` // numbers of the papers
	Targets   string   `json:"targets"`
	Account   string   `json:"account"`
	Engineers []string `json:"engineers"` // ids
	Approver  string   `json:"approver"`  // id of the person who approved on paper; empty: the papers name none
	Attendant string   `json:"attendant"` // likewise
	Purpose   string   `json:"purpose"`
	Done      string   `json:"done"`
	Deviation string   `json:"deviation"`
	Remarks   string   `json:"remarks"`
	KeptAt    string   `json:"kept_at"` // where the papers are kept
}

// LateEntryFilter narrows LateEntries. Zero fields do not narrow. From and To are bounds of the beginning of the work.
type LateEntryFilter struct {
	Sight    *policy.Sight
	State    policy.LateState
	From, To time.Time
}

const lateEntryColumns = `SELECT id, system, vendor, state, starts, ends, work, entered_by, entered_at, decided_by, decided_at, reason FROM late_entries`

func scanLateEntry(r scanner) (e LateEntry, err error) {
	return e, r.Scan(&e.ID, &e.System, &e.Vendor, &e.State, at(&e.From), at(&e.Until), body{&e.Work}, &e.EnteredBy, at(&e.EnteredAt), &e.DecidedBy, at(&e.DecidedAt), &e.Reason)
}

// LateEntry reads one. Error: ErrNotFound.
func (s *Snap) LateEntry(id string) (LateEntry, error) {
	return get(s, scanLateEntry, lateEntryColumns+` WHERE id = ?`, id)
}

// LateEntries lists them in the order of the work.
func (s *Snap) LateEntries(f LateEntryFilter) ([]LateEntry, error) {
	var w where
	w.sight(f.Sight, "system", "vendor = ?")
	w.text("state = ?", string(f.State))
	if !f.From.IsZero() {
		w.and("starts >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		w.and("starts < ?", ms(f.To))
	}
	return list(s, scanLateEntry, lateEntryColumns+w.String()+` ORDER BY starts, id`, w.args...)
}

// RecordedWithin gives the ids of sessions on a system that reached their target and overlap [from, until).
func (s *Snap) RecordedWithin(system string, from, until time.Time) ([]string, error) {
	return list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM sessions WHERE system = ? AND started > 0 AND started < ? AND (ended = 0 OR ended > ?) ORDER BY started LIMIT 20`, system, ms(until), ms(from))
}

// NextLateEntryID gives the number of an entry made now: "LE-0001".
func (t *Tx) NextLateEntryID() (string, error) {
	n, err := t.next("late-entry")
	return fmt.Sprintf("LE-%04d", n), err
}

// AddLateEntry stores an entry made at the transaction's time, and takes its papers. The papers were read in the same transaction.
func (t *Tx) AddLateEntry(e LateEntry) error {
	work, err := encode(e.Work)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO late_entries (id, system, vendor, state, starts, ends, work, entered_by, entered_at) VALUES (?, ?, ?, 'entered', ?, ?, ?, ?, ?)`,
		e.ID, e.System, e.Vendor, ms(e.From), ms(e.Until), work, e.EnteredBy, ms(t.Now)); err != nil {
		return exists(err)
	}
	for _, form := range e.Work.Forms {
		if err := t.one(`UPDATE blank_forms SET entry = ? WHERE id = ? AND entry = ''`, e.ID, form); err != nil {
			return err
		}
	}
	return nil
}

// DecideLateEntry confirms or rejects an entry. The papers of a rejected one can be entered anew. Error: ErrNotFound when it is decided.
func (t *Tx) DecideLateEntry(e LateEntry, state policy.LateState, by, reason string) error {
	if err := t.one(`UPDATE late_entries SET state = ?, decided_by = ?, decided_at = ?, reason = ? WHERE id = ? AND state = 'entered'`, string(state), by, ms(t.Now), reason, e.ID); err != nil {
		return err
	}
	if state != policy.LateRejected {
		return nil
	}
	for _, form := range e.Work.Forms {
		if err := t.one(`UPDATE blank_forms SET entry = '' WHERE id = ? AND entry = ?`, form, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// OnLateEntry holds the facts that acts on an entry need.
type OnLateEntry struct {
	Entry LateEntry
	Facts policy.LateFacts
}

// Rules are the facts that policy's rules look at.
func (o OnLateEntry) Rules() policy.LateFacts { return o.Facts }

// OnLateEntry reads an entry with its system. Error: ErrNotFound.
func (s *Snap) OnLateEntry(id string) (o OnLateEntry, err error) {
	if o.Entry, err = s.LateEntry(id); err != nil {
		return o, fmt.Errorf("late entry %q: %w", id, err)
	}
	sys, err := s.System(o.Entry.System)
	if err != nil {
		return o, fmt.Errorf("system of late entry %s: %w", id, err)
	}
	o.Facts = policy.LateFacts{ID: id, State: o.Entry.State, EnteredBy: o.Entry.EnteredBy, System: sys.System}
	return o, nil
}

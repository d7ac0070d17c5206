package store

import (
	"time"

	"sekimori/policy"
)

// Method says how a step of a checklist was established.
type Method string

// The methods.
const (
	MethodSeen   Method = "seen"   // 目視
	MethodSensor Method = "sensor" // 連動
)

// Tick is one step of a checklist that a named person ticked.
type Tick struct {
	Window  string
	Version int // of the checklist
	Step    string
	Method  Method
	By      string
	At      time.Time
}

// Ticks lists all ticks for a window, of every version of the checklist, in the order of time.
func (s *Snap) Ticks(window string) ([]Tick, error) {
	return list(s, func(r scanner) (Tick, error) {
		var t Tick
		err := r.Scan(&t.Window, &t.Version, &t.Step, &t.Method, &t.By, at(&t.At))
		return t, err
	}, `SELECT window, version, step, method, by, at FROM ticks WHERE window = ? ORDER BY at, version, step`, window)
}

// AddTick ticks a step at the transaction's time. Errors: ErrExists when it is ticked in this version.
func (t *Tx) AddTick(v Tick) error {
	_, err := t.exec(`INSERT INTO ticks (window, version, step, method, by, at) VALUES (?, ?, ?, ?, ?, ?)`,
		v.Window, v.Version, v.Step, string(v.Method), v.By, ms(t.Now))
	return exists(err)
}

// Backup is one person's statement about a backup of a system, for one of its windows.
type Backup struct {
	Window string
	System string
	policy.Backup
	Note   string // the reason for a failure, or another remark
	Stated time.Time
}

const backupColumns = `SELECT window, system, at, how, ok, note, by, stated_at FROM backups`

func scanBackup(r scanner) (Backup, error) {
	var b Backup
	err := r.Scan(&b.Window, &b.System, at(&b.At), &b.How, &b.OK, &b.Note, &b.By, at(&b.Stated))
	return b, err
}

// WindowBackup reads the latest statement for a window. Errors: ErrNotFound.
func (s *Snap) WindowBackup(window string) (Backup, error) {
	return get(s, scanBackup, backupColumns+` WHERE window = ? ORDER BY id DESC LIMIT 1`, window)
}

// LastBackup reads the latest statement for a system, over all its windows. Errors: ErrNotFound.
func (s *Snap) LastBackup(system string) (Backup, error) {
	return get(s, scanBackup, backupColumns+` WHERE system = ? ORDER BY id DESC LIMIT 1`, system)
}

// AddBackup stores a statement, made at the transaction's time.
func (t *Tx) AddBackup(b Backup) error {
	_, err := t.exec(`INSERT INTO backups (window, system, at, how, ok, note, by, stated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		b.Window, b.System, ms(b.At), string(b.How), b.OK, b.Note, b.By, ms(t.Now))
	return err
}

// Handover is an attendant's post offered to another person.
type Handover struct {
	Window  string
	From    string
	To      string
	By      string // the person who offered: the attendant, or an assigner in the attendant's absence
	Offered time.Time
	Taken   time.Time // zero: not yet
}

// Handovers lists a window's handovers in order; the last may be open.
func (s *Snap) Handovers(window string) ([]Handover, error) {
	return list(s, func(r scanner) (Handover, error) {
		var h Handover
		err := r.Scan(&h.Window, &h.From, &h.To, &h.By, at(&h.Offered), at(&h.Taken))
		return h, err
	}, `SELECT window, from_id, to_id, offered_by, offered_at, taken_at FROM handovers WHERE window = ? ORDER BY id`, window)
}

// OfferHandover offers the post at the transaction's time, instead of an earlier offer.
func (t *Tx) OfferHandover(h Handover) error {
	if _, err := t.exec(`DELETE FROM handovers WHERE window = ? AND taken_at = 0`, h.Window); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO handovers (window, from_id, to_id, offered_by, offered_at, taken_at) VALUES (?, ?, ?, ?, ?, 0)`,
		h.Window, h.From, h.To, h.By, ms(t.Now))
	return err
}

// TakeHandover notes that the open offer was taken at the transaction's time. Errors: ErrNotFound when there is none.
func (t *Tx) TakeHandover(window string) error {
	return t.one(`UPDATE handovers SET taken_at = ? WHERE window = ? AND taken_at = 0`, ms(t.Now), window)
}

// attended names every person who ever had the post of one of the request's windows. The rows tell who has it now and who handed it
// over. Only the ledger tells who gave it up together with the permission.
func (s *Snap) attended(request string) ([]string, error) {
	var all []string
	rows, err := list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) }, `SELECT attendant FROM windows
		WHERE request = ?1 AND attendant IS NOT NULL UNION SELECT permitted_by FROM windows WHERE request = ?1
		UNION SELECT from_id FROM handovers h JOIN windows w ON w.id = h.window WHERE w.request = ?1 AND h.taken_at > 0
		UNION SELECT to_id FROM handovers h JOIN windows w ON w.id = h.window WHERE w.request = ?1 AND h.taken_at > 0 ORDER BY 1`, request)
	if err != nil {
		return nil, err
	}
	for _, id := range rows {
		all = addOnce(all, id)
	}
	return s.openers(all, request)
}

// openers adds every person who took the post of the window, or of one of the request's windows, that subject names.
func (s *Snap) openers(all []string, subject string) ([]string, error) {
	for e, err := range s.Entries(EntryFilter{Kind: "window.opened", Subject: subject}) {
		if err != nil {
			return nil, err
		}
		all = addOnce(all, e.Actor.ID)
	}
	return all, nil
}

// NotePresent notes a sign of the window's attendant, by the present clock, even where the clock ran back. Kind: KeepPresence. Errors:
// ErrNotFound when the person does not have the post of the window.
func (k *KeepTx) NotePresent(window, person string) error {
	if err := k.allow(KeepPresence); err != nil {
		return err
	}
	res, err := k.tx.Exec(`UPDATE windows SET present = ? WHERE id = ? AND attendant = ?`, ms(k.Now), window, person)
	if err != nil {
		return err
	}
	return affected(res)
}

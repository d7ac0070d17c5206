package store

import (
	"time"

	"sekimori/policy"
)

// Day is the sessions of one date on one system, which the owning section confirms (R27).
type Day struct {
	ID        string // "2026-11-24-hr"
	System    string
	Date      policy.Date
	Due       time.Time
	Confirmed time.Time // of the last confirmation; zero: it is owed
	Raised    time.Time // when it was raised as overdue; zero: it was not
}

// DayID is the id of a day on a system.
func DayID(date policy.Date, system string) string { return string(date) + "-" + system }

// DayConfirmation is one person's confirmation.
type DayConfirmation struct {
	By       string
	Behalf   string // the head for whom a deputy confirmed
	At       time.Time
	Note     string
	Sessions []string // that it covers
}

// DayFilter narrows Days. Zero fields do not narrow.
type DayFilter struct {
	System string
	Sight  *policy.Sight // only what lies within it; nil: everything
	Owed   bool
}

const dayColumns = `SELECT id, system, date, due, confirmed, raised FROM days`

func scanDay(r scanner) (Day, error) {
	var d Day
	err := r.Scan(&d.ID, &d.System, &d.Date, at(&d.Due), at(&d.Confirmed), at(&d.Raised))
	return d, err
}

// Day reads one. Errors: ErrNotFound.
func (s *Snap) Day(id string) (Day, error) { return get(s, scanDay, dayColumns+` WHERE id = ?`, id) }

// DayPage reads a page. Days that are owed come first, the earliest due on top; then the rest, the latest first.
func (s *Snap) DayPage(f DayFilter, p Page) (Paged[Day], error) {
	var w where
	w.text("system = ?", f.System)
	w.sight(f.Sight, "system", "? = ''") // a vendor sees none
	if f.Owed {
		w.and("confirmed = 0")
	}
	return listing[Day]{table: "days", query: dayColumns, scan: scanDay, where: w, first: "confirmed = 0 OR confirmed > ?",
		orders: [2]order{{keys: []string{"due", "id"}}, {keys: []string{"date", "id"}, desc: true}},
		column: "id", name: func(d Day) string { return d.ID }}.page(s, p)
}

// OverdueDays lists the days whose confirmation is overdue and was not raised yet.
func (s *Snap) OverdueDays() ([]Day, error) {
	return list(s, scanDay, dayColumns+` WHERE confirmed = 0 AND due <= ? AND raised = 0 ORDER BY due, id LIMIT 1000`, ms(s.Now))
}

// DayConfirmations lists the confirmations of a day, in order.
func (s *Snap) DayConfirmations(id string) ([]DayConfirmation, error) {
	return list(s, func(r scanner) (c DayConfirmation, err error) {
		err = r.Scan(&c.By, &c.Behalf, at(&c.At), &c.Note, body{&c.Sessions})
		return c, err
	}, `SELECT by, behalf, at, note, sessions FROM day_confirmations WHERE day = ? ORDER BY at, by`, id)
}

// OweDay says that a day is to be confirmed by a date, also where it was confirmed before.
func (t *Tx) OweDay(d Day) error {
	_, err := t.exec(`INSERT INTO days (id, system, date, due) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET due = excluded.due, confirmed = 0, raised = 0`,
		d.ID, d.System, string(d.Date), ms(d.Due))
	return err
}

// ConfirmDay stores a confirmation at the transaction's time. Errors: ErrNotFound when the day is not owed.
func (t *Tx) ConfirmDay(id string, c DayConfirmation) error {
	covered, err := encode(c.Sessions)
	if err != nil {
		return err
	}
	if err := t.one(`UPDATE days SET confirmed = ? WHERE id = ? AND confirmed = 0`, ms(t.Now), id); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO day_confirmations (day, at, by, behalf, note, sessions) VALUES (?, ?, ?, ?, ?, ?)`, id, ms(t.Now), c.By, c.Behalf, c.Note, covered)
	return exists(err)
}

// RaiseDay notes that a day was raised as overdue. Errors: ErrNotFound.
func (t *Tx) RaiseDay(id string) error {
	return t.one(`UPDATE days SET raised = ? WHERE id = ? AND confirmed = 0`, ms(t.Now), id)
}

package store

import "time"

// Roster is a statement by a vendor's contact of who works for the vendor.
type Roster struct {
	ID      int64
	Vendor  string
	By      string
	At      time.Time
	Staying []string // ids of the engineers who work for it
	Left    []string // ids of the engineers who no longer do
	Note    string
}

const rosterColumns = `SELECT id, vendor, by, at, staying, left, note FROM rosters`

func scanRoster(r scanner) (Roster, error) {
	var v Roster
	err := r.Scan(&v.ID, &v.Vendor, &v.By, at(&v.At), body{&v.Staying}, body{&v.Left}, &v.Note)
	return v, err
}

// Rosters lists the latest statements of a vendor, the newest first. most: how many; 0: 200.
func (s *Snap) Rosters(vendor string, most int) ([]Roster, error) {
	return list(s, scanRoster, rosterColumns+` WHERE vendor = ? ORDER BY at DESC, id DESC LIMIT ?`, vendor, limit(most))
}

// AddRoster stores a statement made at the transaction's time.
func (t *Tx) AddRoster(r Roster) error {
	staying, err := encode(orEmpty(r.Staying))
	if err != nil {
		return err
	}
	left, err := encode(orEmpty(r.Left))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO rosters (vendor, by, at, staying, left, note) VALUES (?, ?, ?, ?, ?, ?)`, r.Vendor, r.By, ms(t.Now), staying, left, r.Note)
	return err
}

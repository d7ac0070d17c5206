package store

import (
	"fmt"
	"strings"
	"time"
)

const paperFields = `id, kind, vendor, person, name, fiscal_year, since, until, note, state, filed_by, filed, accepted_by, accepted,
	withdrawn_by, withdrawn, why, file, file_name, media_type, size, sha256, disposed`

const paperColumns = `SELECT ` + paperFields + ` FROM papers`

func scanPaper(r scanner) (Paper, error) {
	var p Paper
	err := r.Scan(&p.ID, &p.Kind, &p.Vendor, optional{&p.Person}, &p.Name, &p.FiscalYear, at(&p.From), at(&p.Until), &p.Note, &p.State,
		&p.FiledBy, at(&p.Filed), &p.AcceptedBy, at(&p.Accepted), &p.WithdrawnBy, at(&p.Withdrawn), &p.Why,
		&p.File, &p.FileName, &p.MediaType, &p.Size, &p.SHA256, at(&p.Disposed))
	return p, err
}

// Paper reads one paper. Errors: ErrNotFound.
func (s *Snap) Paper(id string) (Paper, error) {
	return get(s, scanPaper, paperColumns+` WHERE id = ?`, id)
}

// PaperPage reads a page. Papers that are not accepted yet come first; within both parts the oldest come first.
func (s *Snap) PaperPage(f PaperFilter, p Page) (Paged[Paper], error) {
	oldest := order{keys: []string{"no"}}
	return listing[Paper]{table: "papers", query: paperColumns, scan: scanPaper, where: f.where(),
		first: "state = 'submitted' OR filed <= ? AND max(accepted, withdrawn) > ? AND (accepted = 0 OR accepted > ?)", orders: [2]order{oldest, oldest},
		column: "id", name: func(p Paper) string { return p.ID }}.page(s, p)
}

// Papers lists papers, oldest first.
func (s *Snap) Papers(f PaperFilter) ([]Paper, error) {
	w := f.where()
	most := limit(f.Limit)
	if f.Limit < 0 {
		most = -1
	}
	return list(s, scanPaper, paperColumns+w.String()+` ORDER BY no LIMIT ?`, append(w.args, most)...)
}

func (f PaperFilter) where() where {
	var w where
	w.text("vendor = ?", f.Vendor)
	w.text("person = ?", f.Person)
	w.text("kind = ?", string(f.Kind))
	w.text("state = ?", string(f.State))
	return w
}

// PaperFiles names every file that a paper refers to. Any other file in the directory was never filed, or is disposed of.
func (s *Snap) PaperFiles() (map[string]bool, error) {
	names, err := list(s, func(r scanner) (name string, err error) { return name, r.Scan(&name) }, `SELECT file FROM papers WHERE file <> '' AND disposed = 0`)
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	return known, err
}

// NextPaperID gives the number of a paper filed now: "P-0012".
func (t *Tx) NextPaperID() (string, error) {
	n, err := t.next("paper")
	return fmt.Sprintf("P-%04d", n), err
}

// AddPaper puts a paper on file. The id comes from NextPaperID. Errors: ErrExists.
func (t *Tx) AddPaper(p Paper) error {
	values := []any{
		p.ID, string(p.Kind), p.Vendor, orNull(p.Person), p.Name, p.FiscalYear, ms(p.From), ms(p.Until), p.Note, string(p.State),
		p.FiledBy, ms(p.Filed), p.AcceptedBy, ms(p.Accepted), p.WithdrawnBy, ms(p.Withdrawn), p.Why,
		p.File, p.FileName, p.MediaType, p.Size, p.SHA256, ms(p.Disposed),
	}
	_, err := t.exec(`INSERT INTO papers (`+paperFields+`) VALUES (?`+strings.Repeat(", ?", len(values)-1)+`)`, values...)
	return exists(err)
}

// AcceptPaper makes a submitted paper count. Errors: ErrNotFound when it is not submitted.
func (t *Tx) AcceptPaper(id, by string) error {
	return t.one(`UPDATE papers SET state = 'accepted', accepted_by = ?, accepted = ? WHERE id = ? AND state = 'submitted'`, by, ms(t.Now), id)
}

// WithdrawPaper ends the effect of a paper. It stays on file. Errors: ErrNotFound when it was withdrawn before.
func (t *Tx) WithdrawPaper(id, by, why string) error {
	return t.one(`UPDATE papers SET state = 'withdrawn', withdrawn_by = ?, withdrawn = ?, why = ? WHERE id = ? AND state <> 'withdrawn'`,
		by, ms(t.Now), why, id)
}

// PaperWarned tells whether a warning was given.
func (s *Snap) PaperWarned(w PaperWarning) (bool, error) {
	n, err := get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT count(*) FROM paper_warnings WHERE subject = ? AND until = ? AND threshold = ?`, w.Subject, ms(w.Until), w.Threshold)
	return n > 0, err
}

// AddPaperWarning notes that a warning was given. Noting it twice is no error.
func (t *Tx) AddPaperWarning(w PaperWarning) error {
	_, err := t.exec(`INSERT INTO paper_warnings (subject, until, threshold, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		w.Subject, ms(w.Until), w.Threshold, ms(t.Now))
	return err
}

// Renewal gives when the renewal of a paper was last asked for. Errors: ErrNotFound if it never was.
func (s *Snap) Renewal(subject string, until time.Time) (Renewal, error) {
	return get(s, func(r scanner) (v Renewal, err error) {
		var ends, asked int64
		err = r.Scan(&v.Subject, &ends, &asked, &v.By)
		v.Until, v.Asked = fromMS(ends), fromMS(asked)
		return v, err
	}, `SELECT subject, until, asked, asker FROM renewals WHERE subject = ? AND until = ?`, subject, ms(until))
}

// AskRenewal notes that the renewal of a paper is asked for now.
func (t *Tx) AskRenewal(subject string, until time.Time, by string) error {
	_, err := t.exec(`INSERT INTO renewals (subject, until, asked, asker) VALUES (?, ?, ?, ?)
		ON CONFLICT (subject, until) DO UPDATE SET asked = excluded.asked, asker = excluded.asker`, subject, ms(until), ms(t.Now), by)
	return err
}

// SectionsOf names the sections on whose systems the vendor has ever asked to work.
func (s *Snap) SectionsOf(vendor string) ([]string, error) {
	return list(s, func(r scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT DISTINCT y.section FROM requests r JOIN systems y ON y.id = r.system WHERE r.vendor = ? ORDER BY y.section`, vendor)
}

// OwnsSystem tells whether a section owns any system.
func (s *Snap) OwnsSystem(section string) (bool, error) {
	n, err := get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM systems WHERE section = ?`, section)
	return n > 0, err
}

// EngineerFigures are the counts of one engineer on a vendor's page.
type EngineerFigures struct {
	Keys int       // active
	Last time.Time // start of the last session that reached a target; zero: none
}

// EngineersOf counts for every engineer of a vendor, by person id.
func (s *Snap) EngineersOf(vendor string) (map[string]EngineerFigures, error) {
	type row struct {
		id string
		EngineerFigures
	}
	rows, err := list(s, func(r scanner) (row, error) {
		var v row
		err := r.Scan(&v.id, &v.Keys, at(&v.Last))
		return v, err
	}, `SELECT p.id, (SELECT count(*) FROM person_keys k WHERE k.person = p.id AND k.state = 'active'),
		coalesce((SELECT max(started) FROM sessions x WHERE x.person = p.id), 0)
		FROM persons p WHERE p.vendor = ? AND p.kind = 'engineer'`, vendor)
	out := make(map[string]EngineerFigures, len(rows))
	for _, r := range rows {
		out[r.id] = r.EngineerFigures
	}
	return out, err
}

// Suspension is one period in which a vendor, or one of its people, was locked or frozen by name.
type Suspension struct {
	Subject string // vendor or person id
	Kind    string // "lock" | "freeze"
	By      string
	Reason  string
	Since   time.Time
	Lifted  time.Time // zero: in force
}

// SuspensionsOf is the history of locks and freezes of a vendor and its people, newest first.
func (s *Snap) SuspensionsOf(vendor string) ([]Suspension, error) {
	return list(s, func(r scanner) (Suspension, error) {
		var v Suspension
		err := r.Scan(&v.Kind, &v.Subject, &v.By, &v.Reason, at(&v.Since), at(&v.Lifted))
		return v, err
	}, `SELECT 'lock', subject, by, reason, since, lifted FROM locks
			WHERE kind = 'vendor' AND subject = ?1 OR kind = 'person' AND subject IN (SELECT id FROM persons WHERE vendor = ?1)
		UNION ALL SELECT 'freeze', subject, by, reason, since, lifted FROM freezes WHERE scope = 'vendor' AND subject = ?1
		ORDER BY 5 DESC`, vendor)
}

package store

import (
	"errors"
	"strconv"
	"time"

	"sekimori/policy"
)

// Deputation is a period in which a deputy decides for an approver (代決).
type Deputation struct {
	ID int64
	policy.Deputation
	SetAt     time.Time
	ClearedBy string // empty: in force for its period
	ClearedAt time.Time
}

// DeputationFilter narrows Deputations. Zero fields do not narrow.
type DeputationFilter struct {
	For     string // person id of the approver
	Deputy  string
	Section string    // of the approver
	Holding time.Time // not cleared, and in force at this instant
	Current time.Time // not cleared, and not over at this instant
	Limit   int       // 0: 200
}

const deputationColumns = `SELECT d.id, d.approver, d.deputy, d.starts, d.ends, d.reason, d.set_by, d.set_at, d.cleared_by, d.cleared_at FROM deputations d`

func scanDeputation(s scanner) (Deputation, error) {
	var d Deputation
	err := s.Scan(&d.ID, &d.For, &d.Deputy, at(&d.From), at(&d.Until), &d.Reason, &d.SetBy, at(&d.SetAt), optional{&d.ClearedBy}, at(&d.ClearedAt))
	return d, err
}

// Deputation reads one deputation. Errors: ErrNotFound.
func (s *Snap) Deputation(id int64) (Deputation, error) {
	return get(s, scanDeputation, deputationColumns+` WHERE d.id = ?`, id)
}

// DeputationPage reads a page. Deputations that are not over come first; within both parts they are ordered by start.
func (s *Snap) DeputationPage(f DeputationFilter, p Page) (Paged[Deputation], error) {
	byStart := order{keys: []string{"d.starts", "d.id"}}
	return listing[Deputation]{table: "deputations d", query: deputationColumns, scan: scanDeputation, where: f.where(),
		first: "(d.cleared_at = 0 OR d.cleared_at > ?) AND ? < d.ends", orders: [2]order{byStart, byStart},
		column: "d.id", name: func(d Deputation) string { return strconv.FormatInt(d.ID, 10) }}.page(s, p)
}

// Deputations lists deputations by their start.
func (s *Snap) Deputations(f DeputationFilter) ([]Deputation, error) {
	w := f.where()
	return list(s, scanDeputation, deputationColumns+w.String()+` ORDER BY d.starts, d.id LIMIT ?`, append(w.args, limit(f.Limit))...)
}

func (f DeputationFilter) where() where {
	var w where
	w.text("d.approver = ?", f.For)
	w.text("d.deputy = ?", f.Deputy)
	w.text("d.approver IN (SELECT id FROM persons WHERE section = ?)", f.Section)
	if !f.Holding.IsZero() {
		w.and("d.cleared_at = 0 AND d.starts <= ? AND ? < d.ends", ms(f.Holding), ms(f.Holding))
	}
	if !f.Current.IsZero() {
		w.and("d.cleared_at = 0 AND ? < d.ends", ms(f.Current))
	}
	return w
}

// deputationsFor are the deputations that now let a deputy decide for an approver of the section.
func (s *Snap) deputationsFor(section string) ([]policy.Deputation, error) {
	var stand []policy.Deputation
	err := s.eachDeputation(DeputationFilter{Section: section}, func(d Deputation, _ Person) { stand = append(stand, d.Deputation) })
	return stand, err
}

// StandsInFor lists the sections for whose approver the person, named by id, may decide now.
func (s *Snap) StandsInFor(deputy string) ([]string, error) {
	var sections []string
	err := s.eachDeputation(DeputationFilter{Deputy: deputy}, func(_ Deputation, head Person) { sections = addOnce(sections, head.Section) })
	return sections, err
}

// eachDeputation goes through the deputations that hold now, with the approver. A deputation stops holding once the approver is
// locked, loses the role or moves to another section, and once the deputy could no longer be appointed.
func (s *Snap) eachDeputation(f DeputationFilter, each func(Deputation, Person)) error {
	f.Holding, f.Limit = s.Now, 1000
	holding, err := s.Deputations(f)
	if err != nil {
		return err
	}
	for _, d := range holding {
		head, err := s.Person(d.For)
		if err != nil {
			return err
		}
		deputy, err := s.Person(d.Deputy)
		if err != nil {
			return err
		}
		if head.Locked == nil && policy.Heads(head.Person) && policy.FitDeputy(head.Person, deputy.Person) {
			each(d, head)
		}
	}
	return nil
}

// appointer names the person who set the deputation by which a decision was made: the approver where several deputations apply,
// otherwise the one who set the first. Empty: the decision was not a deputy's.
func (s *Snap) appointer(d Decision) (string, error) {
	if d.OnBehalf == "" {
		return "", nil
	}
	by, err := get(s, func(r scanner) (by string, err error) { return by, r.Scan(&by) }, `SELECT set_by FROM deputations
		WHERE approver = ? AND deputy = ? AND starts <= ? AND ? < ends AND (cleared_at = 0 OR cleared_at >= ?) ORDER BY set_by <> approver, id LIMIT 1`,
		d.OnBehalf, d.By, ms(d.At), ms(d.At), ms(d.At))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return by, err
}

// AddDeputation stores a deputation, set at the transaction's time, and gives its number.
func (t *Tx) AddDeputation(d Deputation) (int64, error) {
	res, err := t.exec(`INSERT INTO deputations (approver, deputy, starts, ends, reason, set_by, set_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		d.For, d.Deputy, ms(d.From), ms(d.Until), d.Reason, d.SetBy, ms(t.Now))
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// ClearDeputation ends a deputation early. Errors: ErrNotFound, also for a cleared one.
func (t *Tx) ClearDeputation(id int64, by string) error {
	return t.one(`UPDATE deputations SET cleared_by = ?, cleared_at = ? WHERE id = ? AND cleared_at = 0`, by, ms(t.Now), id)
}

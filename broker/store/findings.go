package store

import (
	"fmt"
	"strings"
	"time"

	"sekimori/policy"
)

// ReviewFinding is a correction that an auditor asks for (judgement "fix"), until an auditor closes it.
type ReviewFinding struct {
	No        string // "F-012"
	Review    string
	System    string
	Vendor    string
	Finding   string
	Addressee string // the owner, as the auditor wrote it
	To        policy.Addressee
	Due       time.Time // exclusive
	OpenedBy  string
	OpenedAt  time.Time
	Answered  time.Time // the newest answer; zero: there is none
	ClosedBy  string
	ClosedAt  time.Time // zero: it is not closed
	Verified  string    // how the auditor verified the correction
}

// Open tells whether the finding is not closed.
func (f ReviewFinding) Open() bool { return f.No != "" && f.ClosedAt.IsZero() }

// Rules are the facts that policy's rules look at.
func (f ReviewFinding) Rules() policy.QuestionFacts {
	return policy.QuestionFacts{Review: f.No, To: f.To, By: f.OpenedBy, Open: f.Open()}
}

// FindingAnswer is one answer of the owner: what was corrected.
type FindingAnswer struct {
	Round      int // from 1
	Correction string
	By         string
	At         time.Time
}

const findingColumns = `SELECT f.no, f.review, f.system, f.vendor, f.finding, f.addressee, f.to_person, f.to_section, f.to_vendor, f.due, f.opened_by, f.opened_at, f.answered_at,
	f.closed_by, f.closed_at, f.verified FROM findings f`

func scanFinding(r scanner) (f ReviewFinding, err error) {
	err = r.Scan(&f.No, &f.Review, &f.System, &f.Vendor, &f.Finding, &f.Addressee, &f.To.Person, &f.To.Section, &f.To.Vendor, at(&f.Due), &f.OpenedBy, at(&f.OpenedAt), at(&f.Answered),
		&f.ClosedBy, at(&f.ClosedAt), &f.Verified)
	return f, err
}

// Finding reads a finding by its number. Errors: ErrNotFound.
func (s *Snap) Finding(no string) (ReviewFinding, error) {
	return get(s, scanFinding, findingColumns+` WHERE f.no = ?`, no)
}

// FindingsOf lists the findings of a review in order.
func (s *Snap) FindingsOf(review string) ([]ReviewFinding, error) {
	return list(s, scanFinding, findingColumns+` WHERE f.review = ? ORDER BY f.opened_at, f.no`, review)
}

// FindingAnswers lists the answers to a finding in order.
func (s *Snap) FindingAnswers(no string) ([]FindingAnswer, error) {
	return list(s, func(r scanner) (a FindingAnswer, err error) {
		err = r.Scan(&a.Round, &a.Correction, &a.By, at(&a.At))
		return a, err
	}, `SELECT round, correction, answered_by, at FROM finding_answers WHERE finding = ? ORDER BY round`, no)
}

// FindingFilter narrows FindingPage. Zero fields do not narrow.
type FindingFilter struct {
	Sight *policy.Sight  // only what lies within it, and what Of owns; nil: everything
	Of    *policy.Person // only with Sight
	Own   bool           // only what Of owns

	Unanswered bool // not closed, and without an answer
}

func (f FindingFilter) where() where {
	var w where
	if f.Of != nil {
		owned := "f.opened_by <> ? AND (f.to_person = ? OR f.to_section <> '' AND f.to_section = ? OR f.to_vendor <> '' AND f.to_vendor = ?)"
		args := []any{f.Of.ID, f.Of.ID, f.Of.Section, f.Of.Vendor}
		var seen where
		seen.sight(f.Sight, "f.system", "f.vendor = ?")
		switch {
		case f.Own:
			w.and("("+owned+")", args...)
		case len(seen.conds) > 0:
			w.and("("+strings.Join(seen.conds, " AND ")+" OR "+owned+")", append(seen.args, args...)...)
		}
	} else {
		w.sight(f.Sight, "f.system", "f.vendor = ?")
	}
	if f.Unanswered {
		w.and("f.closed_at = 0 AND f.answered_at = 0")
	}
	return w
}

// FindingPage reads a page: those that are not closed first, the earliest date on top; then the others, the newest on top.
func (s *Snap) FindingPage(f FindingFilter, p Page) (Paged[ReviewFinding], error) {
	return listing[ReviewFinding]{table: "findings f", query: findingColumns, scan: scanFinding, where: f.where(), first: "f.closed_at = 0 OR f.closed_at > ?",
		orders: [2]order{{keys: []string{"f.due", "f.no"}}, {keys: []string{"f.opened_at", "f.no"}, desc: true}},
		column: "f.no", name: func(f ReviewFinding) string { return f.No }}.page(s, p)
}

// NextFindingNo gives the number of a finding: "F-012".
func (t *Tx) NextFindingNo() (string, error) {
	n, err := t.next("finding")
	return fmt.Sprintf("F-%03d", n), err
}

// AddFinding opens a finding.
func (t *Tx) AddFinding(f ReviewFinding) error {
	_, err := t.exec(`INSERT INTO findings (no, review, system, vendor, finding, addressee, to_person, to_section, to_vendor, due, opened_by, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.No, f.Review, f.System, f.Vendor, f.Finding, f.Addressee, f.To.Person, f.To.Section, f.To.Vendor, ms(f.Due), f.OpenedBy, ms(t.Now))
	return exists(err)
}

// AnswerFinding stores an answer to a finding that is not closed. Errors: ErrNotFound.
func (t *Tx) AnswerFinding(no, by, correction string) error {
	if err := t.one(`UPDATE findings SET answered_at = ? WHERE no = ? AND closed_at = 0`, ms(t.Now), no); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO finding_answers (finding, round, correction, answered_by, at) VALUES (?, (SELECT count(*) + 1 FROM finding_answers WHERE finding = ?), ?, ?, ?)`,
		no, no, correction, by, ms(t.Now))
	return err
}

// CloseFinding closes a finding that was answered. Errors: ErrNotFound.
func (t *Tx) CloseFinding(no, by, verified string) error {
	return t.one(`UPDATE findings SET closed_by = ?, closed_at = ?, verified = ? WHERE no = ? AND closed_at = 0 AND answered_at > 0`, by, ms(t.Now), verified, no)
}

// FindingHolds tells whether a cause of a hold names a finding that is not closed.
func (s *Snap) FindingHolds(cause string) (bool, error) {
	return get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM findings WHERE no = ? AND closed_at = 0)`, cause)
}

package store

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekimori/policy"
)

// ReviewQuestion is a question of a review (verdict question) and its answer.
type ReviewQuestion struct {
	ID         string // "R8-0001-1-Q1"
	Review     string
	Round      int // from 1: a review may ask more than once
	Question   string
	Addressee  string // as the auditor wrote it
	To         policy.Addressee
	AnswerBy   time.Time
	AskedBy    string
	AskedAt    time.Time
	Answer     string
	AnsweredBy string
	AnsweredAt time.Time // zero: there is no answer
	ClosedAt   time.Time // the review was signed anew before an answer came; zero: it was not
}

// Open tells whether the question waits for its answer.
func (q ReviewQuestion) Open() bool {
	return q.ID != "" && q.AnsweredAt.IsZero() && q.ClosedAt.IsZero()
}

// Rules are the facts that policy's rule looks at.
func (q ReviewQuestion) Rules() policy.QuestionFacts {
	return policy.QuestionFacts{Review: q.Review, To: q.To, By: q.AskedBy, Open: q.Open()}
}

const questionColumns = `SELECT q.id, q.review, q.round, q.question, q.addressee, q.to_person, q.to_section, q.to_vendor, q.answer_by, q.asked_by, q.asked_at, q.answer,
	q.answered_by, q.answered_at, q.closed_at FROM review_questions q`

func scanQuestion(r scanner) (q ReviewQuestion, err error) {
	err = r.Scan(&q.ID, &q.Review, &q.Round, &q.Question, &q.Addressee, &q.To.Person, &q.To.Section, &q.To.Vendor, at(&q.AnswerBy), &q.AskedBy, at(&q.AskedAt), &q.Answer,
		&q.AnsweredBy, at(&q.AnsweredAt), at(&q.ClosedAt))
	return q, err
}

// ReviewQuestions lists the questions of a review in order.
func (s *Snap) ReviewQuestions(review string) ([]ReviewQuestion, error) {
	return list(s, scanQuestion, questionColumns+` WHERE q.review = ? ORDER BY q.round`, review)
}

// LastQuestion is the newest question of a review. Errors: ErrNotFound.
func (s *Snap) LastQuestion(review string) (ReviewQuestion, error) {
	return get(s, scanQuestion, questionColumns+` WHERE q.review = ? ORDER BY q.round DESC LIMIT 1`, review)
}

// QuestionFilter narrows QuestionPage to what a person is asked.
type QuestionFilter struct {
	Of   policy.Person
	Open bool // only those that wait for an answer
}

func (f QuestionFilter) where() where {
	var w where
	section, vendor := f.Of.Section, f.Of.Vendor
	w.and("(q.to_person = ? OR q.to_section <> '' AND q.to_section = ? OR q.to_vendor <> '' AND q.to_vendor = ?)", f.Of.ID, section, vendor)
	w.and("q.asked_by <> ?", f.Of.ID)
	if f.Open {
		w.and("q.answered_at = 0 AND q.closed_at = 0")
	}
	return w
}

// QuestionPage reads a page: those that wait for an answer first, the earliest date on top; then the others, the newest on top.
func (s *Snap) QuestionPage(f QuestionFilter, p Page) (Paged[ReviewQuestion], error) {
	return listing[ReviewQuestion]{table: "review_questions q", query: questionColumns, scan: scanQuestion, where: f.where(),
		first:  "(q.answered_at = 0 OR q.answered_at > ?) AND (q.closed_at = 0 OR q.closed_at > ?)",
		orders: [2]order{{keys: []string{"q.answer_by", "q.id"}}, {keys: []string{"q.asked_at", "q.id"}, desc: true}},
		column: "q.id", name: func(q ReviewQuestion) string { return q.ID }}.page(s, p)
}

// askQuestion stores the question of a signature. An earlier one that was not answered is closed.
func (t *Tx) askQuestion(id, by string, v Signature) error {
	last, err := t.LastQuestion(id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if last.Open() {
		if err := t.one(`UPDATE review_questions SET closed_at = ? WHERE id = ?`, ms(t.Now), last.ID); err != nil {
			return fmt.Errorf("close question %s: %w", last.ID, err)
		}
	}
	if v.Verdict != "question" {
		return nil
	}
	round := last.Round + 1
	_, err = t.exec(`INSERT INTO review_questions (id, review, round, question, addressee, to_person, to_section, to_vendor, answer_by, asked_by, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id+"-Q"+strconv.Itoa(round), id, round, v.Note, v.Addressee, v.To.Person, v.To.Section, v.To.Vendor, ms(v.AnswerBy), by, ms(t.Now))
	return err
}

// AnswerQuestion stores the answer to a question that waits for one. Errors: ErrNotFound.
func (t *Tx) AnswerQuestion(q ReviewQuestion, by, answer string) error {
	if err := t.one(`UPDATE review_questions SET answer = ?, answered_by = ?, answered_at = ? WHERE id = ? AND answered_at = 0 AND closed_at = 0`, answer, by, ms(t.Now), q.ID); err != nil {
		return err
	}
	return t.one(`UPDATE window_reviews SET answered_at = ? WHERE id = ? AND verdict = 'question'`, ms(t.Now), q.Review)
}

// AnsweredQuestions counts the reviews within a filter whose question was answered, and which wait for a further signature.
func (s *Snap) AnsweredQuestions(f ReviewFilter) (int, error) {
	f.Unsigned = false
	w := f.where()
	w.and("answered_at > 0")
	return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM window_reviews INDEXED BY window_reviews_answered`+w.String(), w.args...)
}

// AddresseesOf finds from whom an auditor's words want an answer about a vendor's work: people by id, login or name, sections by id or
// name, and that vendor. Locked people and those of other vendors do not count, except its prime contractor's. people are all people.
func (s *Snap) AddresseesOf(words string, work Vendor, people []Person) ([]policy.Addressee, error) {
	if words == "" {
		return nil, nil
	}
	one, err := s.Person(words)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("read the addressee: %w", err)
	}
	var all []policy.Addressee
	for _, p := range people {
		mayKnow := p.Vendor == "" || p.Vendor == work.ID || p.Vendor == work.Prime
		if (p.ID == one.ID || p.Name == words) && p.Locked == nil && mayKnow {
			all = append(all, policy.Addressee{Person: p.ID})
		}
	}
	sections, err := s.Sections()
	if err != nil {
		return nil, fmt.Errorf("read sections: %w", err)
	}
	for _, section := range sections {
		if words == section.ID || words == section.Name {
			all = append(all, policy.Addressee{Section: section.ID})
		}
	}
	if work.ID != "" && (words == work.ID || words == work.Name || words == work.Login) {
		all = append(all, policy.Addressee{Vendor: work.ID})
	}
	return all, nil
}

package store

import (
	"encoding/hex"
	"time"
)

// FoundingPeriod is the time after the first registry in which a first enrolment needs no second person (decisions).
const FoundingPeriod = 72 * time.Hour

// Founded is when the first registry was applied; zero: never.
func (s *Snap) Founded() (time.Time, error) {
	for e, err := range s.Entries(EntryFilter{Kind: "registry.founded", Limit: 1}) {
		return e.Time, err
	}
	return time.Time{}, nil
}

// EnrolledByTwo tells whether two people answer for a person's enrolment in force, or for the code that would make one: a second
// person confirmed the code, or it was the first enrolment during the founding period. It is true of a person with neither an
// enrolment nor such a code: there is nothing to answer for.
func (s *Snap) EnrolledByTwo(person string) (bool, error) {
	codes, err := s.Enrolments(person)
	if err != nil || len(codes) == 0 {
		return err == nil, err
	}
	// A code cancels what an earlier one gave, so the newest decides. Codes of the same instant are all examined.
	for _, c := range codes {
		if !c.Created.Equal(codes[0].Created) {
			break
		}
		if c.Used.IsZero() && !c.Valid(s.Now) {
			continue // it expired unused
		}
		confirmed, err := get(s, scanAny, `SELECT EXISTS (SELECT 1 FROM pending_changes WHERE kind = 'enrolment' AND state = 'confirmed'
			AND settled_by <> by AND json_extract(body, '$.person') = ? AND json_extract(body, '$.hash') = ?)`, person, hex.EncodeToString(c.Hash[:]))
		if err != nil {
			return false, err
		}
		if confirmed {
			continue
		}
		if founding, err := s.enrolledAtTheFounding(c); err != nil || !founding {
			return false, err
		}
	}
	return true, nil
}

// enrolledAtTheFounding tells whether the code is of the founding period and nothing was suspended for it.
func (s *Snap) enrolledAtTheFounding(e Enrolment) (bool, error) {
	founded, err := s.Founded()
	if err != nil || !e.Created.Before(founded.Add(FoundingPeriod)) {
		return false, err
	}
	for _, err := range s.Entries(EntryFilter{Kind: "enrolment.suspended", Subject: e.Person, Limit: 1}) {
		return false, err
	}
	return true, nil
}

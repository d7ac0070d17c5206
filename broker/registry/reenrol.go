package registry

import (
	"errors"
	"fmt"

	"sekimori/broker/store"
)

// mustEnrolAnew are the people whom a change makes guarded although the issuer alone answers for their enrolment or for a code of
// theirs. An administrator could have enrolled them, and would hold an approver's credentials alone.
func mustEnrolAnew(s *store.Snap, wanted []object, before *state) ([]string, error) {
	var people []string
	for _, o := range wanted {
		if o.Kind != kindPerson || !o.Person.Guarded() {
			continue
		}
		have, exists := before.objects[place(o.Kind, o.id())]
		if !exists || have.Person.Guarded() {
			continue // the person is new, or the rule held for them already
		}
		ok, err := s.EnrolledByTwo(o.id())
		if err != nil {
			return nil, fmt.Errorf("enrolment of %s: %w", o.id(), err)
		}
		if !ok {
			people = append(people, o.id())
		}
	}
	return people, nil
}

// endEnrolment suspends a person's credentials and ends an unused code. Only a new code helps, and that one waits for a
// second person, because the person is guarded by now.
func endEnrolment(tx *store.Tx, person, change string) error {
	codes, err := tx.Enrolments(person)
	if err != nil {
		return fmt.Errorf("read enrolment codes of %s: %w", person, err)
	}
	for _, c := range codes {
		if !c.Valid(tx.Now) {
			continue
		}
		if err := tx.UseEnrolment(c.Hash); err != nil {
			return fmt.Errorf("end the enrolment code of %s: %w", person, err)
		}
	}
	why := "with " + change + " the person may do what takes two people, and no second person confirmed the enrolment; next: a new enrolment code, which a second person confirms"
	switch _, err := tx.Password(person); {
	case err == nil:
		if err := alarm(tx, store.AlarmReenrolment, person, map[string]any{"change": change}); err != nil {
			return err
		}
		return suspend(tx, person, why)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return suspensionEntry(tx, person, []string{"enrolment code"}, why)
}

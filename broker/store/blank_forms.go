package store

import (
	"fmt"
	"time"
)

// BlankForm is one print of a form without values, for handwriting.
type BlankForm struct {
	ID        string
	Form      string // key of the form
	PrintedBy string
	PrintedAt time.Time
	Entry     string // the late entry that was made from it; empty: none
}

func scanBlankForm(r scanner) (f BlankForm, err error) {
	return f, r.Scan(&f.ID, &f.Form, &f.PrintedBy, at(&f.PrintedAt), &f.Entry)
}

// BlankForm reads one. Error: ErrNotFound.
func (s *Snap) BlankForm(id string) (BlankForm, error) {
	return get(s, scanBlankForm, `SELECT id, form, printed_by, printed_at, entry FROM blank_forms WHERE id = ?`, id)
}

// AddBlankForm numbers a print that a person makes now: "HF-0001".
func (t *Tx) AddBlankForm(form, by string) (string, error) {
	n, err := t.next("blank-form")
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("HF-%04d", n)
	_, err = t.exec(`INSERT INTO blank_forms (id, form, printed_by, printed_at) VALUES (?, ?, ?, ?)`, id, form, by, ms(t.Now))
	return id, exists(err)
}

package store

import (
	"errors"
	"fmt"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// Damage is the first place at which the ledger, the rows beside it or the schema do not hold, with a text for people. It is ErrTampered.
type Damage struct {
	Text  policy.Text // in both languages, with the place
	cause error       // the error of the read; nil where only a comparison failed

	beside bool // the ledger holds; the rows stored beside it do not match it
	schema bool // the tables, indexes, views or triggers differ from those that the migrations make
}

func (d *Damage) Error() string {
	if d.schema {
		return "the database is not as this program makes it: " + d.Text.EN
	}
	if d.beside {
		return "what is stored does not match the ledger: " + d.Text.EN
	}
	return ErrTampered.Error() + ": " + d.Text.EN
}

// Unwrap gives ErrTampered, and the cause where there is one.
func (d *Damage) Unwrap() []error {
	if d.cause == nil {
		return []error{ErrTampered}
	}
	return []error{ErrTampered, d.cause}
}

// damaged builds a Damage. Both texts take the same values.
func damaged(cause error, ja, en string, values ...any) error {
	d := &Damage{Text: policy.Text{JA: fmt.Sprintf(ja, values...), EN: fmt.Sprintf(en, values...)}, cause: cause}
	if cause != nil {
		d.Text.JA += ": " + causeJA(cause)
		d.Text.EN += ": " + cause.Error()
	}
	return d
}

// misplaced describes an entry that is wrong in its place.
type misplaced struct{ policy.Text }

func (m *misplaced) Error() string { return m.EN }

// causeJA gives the read error in Japanese; details of the format stay as they are.
func causeJA(err error) string {
	var where *misplaced
	var form *ledger.FormError
	switch {
	case errors.As(err, &where):
		return where.JA
	case errors.Is(err, ledger.ErrPayloadDigest):
		return "内容が、見出しにある検証値と合いません"
	case errors.As(err, &form):
		return "定められた形ではありません [" + form.What + "]"
	case errors.Is(err, ErrNotFound):
		return "その記載がありません"
	}
	return "読めません [" + err.Error() + "]"
}

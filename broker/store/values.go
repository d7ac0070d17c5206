package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sekimori/policy"
)

// ms gives a time as stored: unix milliseconds, 0 for the zero time. It rounds down: a window
// that ends within a millisecond ends before it.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// stamp scans a stored time into a time.Time.
type stamp struct{ t *time.Time }

func at(t *time.Time) stamp { return stamp{t} }

// Scan implements sql.Scanner.
func (s stamp) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("stored time is %T", v)
	}
	*s.t = fromMS(n)
	return nil
}

// optional scans a column that may be NULL into a string, NULL as empty.
type optional struct{ s *string }

// Scan implements sql.Scanner.
func (o optional) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o.s = ""
	case string:
		*o.s = v
	default:
		return fmt.Errorf("stored text is %T", v)
	}
	return nil
}

// orNull stores an empty reference as NULL, so that the foreign key does not look for it.
func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// body scans a JSON column strictly. A field that this program does not know is an error, because
// the next write would silently lose it.
type body struct{ v any }

// Scan implements sql.Scanner.
func (b body) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("stored body is %T", v)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(b.v); err != nil {
		return fmt.Errorf("stored body: %w", err)
	}
	return nil
}

// orEmpty stores a missing list as an empty one.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// encode is the inverse of body.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// exists turns a uniqueness violation into ErrExists and leaves other errors alone.
func exists(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%w (%s)", ErrExists, e.Error())
		}
	}
	return err
}

// where collects conditions for a query.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

// text adds a condition on a non-empty string.
func (w *where) text(cond, v string) {
	if v != "" {
		w.and(cond, v)
	}
}

// in adds membership in a list; an empty list does not narrow.
func in[T ~string](w *where, column string, vs []T) {
	if len(vs) == 0 {
		return
	}
	args := make([]any, len(vs))
	for i, v := range vs {
		args[i] = string(v)
	}
	w.and(column+" IN (?"+strings.Repeat(", ?", len(vs)-1)+")", args...)
}

// section adds that the system in the column belongs to the section; without a section it does not narrow.
func (w *where) section(column, section string) {
	w.text(column+" IN (SELECT id FROM systems WHERE section = ?)", section)
}

// sight narrows to the rows that a person may see: by the column of the system, and by a condition that the row concerns a vendor. Nil does not narrow.
func (w *where) sight(s *policy.Sight, system, vendor string) {
	switch {
	case s == nil || s.All:
	case s.Nothing():
		w.and("0")
	case s.Vendor != "":
		w.and(vendor, s.Vendor)
	default:
		var of where
		in(&of, "section", s.Sections)
		w.and(system+" IN (SELECT id FROM systems"+of.String()+")", of.args...)
	}
}

// clone copies the conditions, so that the caller can add to them.
func (w where) clone() where { return where{slices.Clone(w.conds), slices.Clone(w.args)} }

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// defaultLimit bounds lists that name no limit.
const defaultLimit = 200

func limit(n int) int {
	if n <= 0 {
		return defaultLimit
	}
	return n
}

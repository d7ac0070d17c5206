package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Times are stored as unix milliseconds, 0 for the zero time. A time is rounded down: a window
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

// body scans a JSON column strictly: a field this program does not know is an error, because
// dropping it silently at the next write would lose what somebody declared.
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

// none stores a missing list as an empty one.
func none[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// encode is the other direction of body.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// exists turns a violated uniqueness into ErrExists and leaves other errors alone.
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

// section adds that the system in the column belongs to one of the sections; without the first it does not narrow.
func (w *where) section(column, first string, also []string) {
	if first == "" {
		return
	}
	var of where
	in(&of, "section", append([]string{first}, also...))
	w.and(column+" IN (SELECT id FROM systems"+of.String()+")", of.args...)
}

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

package store

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unbound lists the tables whose rows are not bound to ledger entries, with the reasons. All others are bound, including those
// of migrations to come.
var unbound = map[string]string{
	"ledger_entries":   "are the ledger; the tree holds them",
	"ledger_hashes":    "are the tree; the checkpoint holds them",
	"ledger_subjects":  "are compared with the headers of the entries",
	"checkpoints":      "are signed",
	"goose_db_version": "says which migrations were applied",
	"sequences":        "are the numbers given last; a number given twice is refused where it is used",
	"throttles":        "are written by Keep: failures are counted without an entry each",
	"heartbeats":       "are written by Keep",
	"proved_sources":   "are written by Keep: addresses from which a person signed in",
	"outbox":           "says that someone is to be told of an entry, which the tree holds",
	"notices":          "are written by Keep: who is told of an entry; they are forgotten after a time",
	"deliveries":       "are written by Keep: tries of a mail or a call; what counts as evidence has an entry (alarm.delivered)",
	"own_logins":       "are written by Keep: logins of the broker to targets; the sessions among them are bound",
	"line_probes":      "are written by Keep: when a probe saw its side up or down",
	"cosignatures":     "are signed by witnesses",
	"witnesses":        "are written by Keep: how each witness answered last",
	"forwarded":        "are written by Keep: how far the ledger went out to a collector",
	"recording_checks": "are written by Keep: a note; what was read and when, the entries recordings.reread say",
}

// unboundColumns are written by Keep, in tables that are otherwise bound.
var unboundColumns = map[string][]string{
	"windows":    {"present"},
	"totp":       {"last_step"},
	"tokens":     {"last_used"},
	"enrolments": {"tries"},
	"passkeys":   {"uses", "last_used"},
}

// shape is the bound part of a table: its columns in the order of their names, and its key columns.
type shape struct {
	table   string
	columns []column
	key     []int
	about   []aboutColumn // nil: a row is about everything
}

// aboutColumn names a thing that a row is about.
type aboutColumn struct {
	prefix string
	column int
}

type column struct {
	name string
	def  any // the declared default; a digest leaves out a value equal to it, so that a later migration can add columns
}

// shapes reads the bound tables of the schema.
func (s *Snap) shapes() (map[string]*shape, error) {
	names, err := list(s, func(r scanner) (n string, err error) { err = r.Scan(&n); return n, err },
		`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	all := map[string]*shape{}
	for _, name := range names {
		if _, skip := unbound[name]; skip {
			continue
		}
		if all[name], err = s.shape(name); err != nil {
			return nil, fmt.Errorf("shape of %s: %w", name, err)
		}
	}
	return all, nil
}

func (s *Snap) shape(table string) (*shape, error) {
	type declared struct {
		column
		pk int
	}
	cols, err := list(s, func(r scanner) (d declared, err error) {
		var def sql.NullString
		if err = r.Scan(&d.name, &def, &d.pk); err == nil && def.Valid {
			d.def = literal(def.String)
		}
		return d, err
	}, `SELECT name, dflt_value, pk FROM pragma_table_info(?)`, table)
	if err != nil {
		return nil, err
	}
	cols = slices.DeleteFunc(cols, func(d declared) bool { return slices.Contains(unboundColumns[table], d.name) })
	slices.SortFunc(cols, func(a, b declared) int { return cmp.Compare(a.name, b.name) })
	v := &shape{table: table, key: []int{}}
	for i, d := range cols {
		v.columns = append(v.columns, d.column)
		if d.pk > 0 {
			v.key = append(v.key, i)
		}
	}
	if len(v.key) == 0 {
		return nil, fmt.Errorf("a table without a primary key cannot be bound")
	}
	for _, name := range rowsAbout[table] {
		name, prefixed := strings.CutPrefix(name, inSystem)
		a := aboutColumn{column: slices.IndexFunc(v.columns, func(c column) bool { return c.name == name })}
		if a.column < 0 {
			return nil, fmt.Errorf("no column %s, which should name what a row is about", name)
		}
		if prefixed {
			a.prefix = inSystem
		}
		v.about = append(v.about, a)
	}
	return v, nil
}

// literal is the value of a declared default: in our migrations a whole number or a text. Any other default is returned as its own
// text, which equals no column's value.
func literal(def string) any {
	if n, err := strconv.ParseInt(def, 10, 64); err == nil {
		return n
	}
	if len(def) >= 2 && def[0] == '\'' && def[len(def)-1] == '\'' {
		return strings.ReplaceAll(def[1:len(def)-1], "''", "'")
	}
	return "\x00" + def
}

// list gives the bound columns for a statement.
func (v *shape) list() string {
	var b strings.Builder
	for i, c := range v.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + c.name + `"`)
	}
	return b.String()
}

// scan reads one row of the bound columns.
func (v *shape) scan(r scanner) ([]any, error) {
	values, into := make([]any, len(v.columns)), make([]any, len(v.columns))
	for i := range values {
		into[i] = &values[i]
	}
	return values, r.Scan(into...)
}

// digestSize is how much of the SHA-256 of a row is kept: 192 bits, 32 characters.
const digestSize = 24

// digest of a row: SHA-256 over the table's name and, ordered by name, each column that is neither NULL nor equal to its
// default: name, type, value, each preceded by its length.
func (v *shape) digest(values []any) string {
	all := make([]byte, 0, 1024)
	put := func(kind byte, value string) {
		all = binary.BigEndian.AppendUint64(append(all, kind), uint64(len(value)))
		all = append(all, value...)
	}
	put('t', v.table)
	for i, c := range v.columns {
		value := values[i]
		if value == nil || value == c.def {
			continue
		}
		put('c', c.name)
		switch x := value.(type) {
		case int64:
			put('i', strconv.FormatInt(x, 10))
		case string:
			put('s', x)
		case []byte:
			put('b', string(x))
		default: // STRICT tables hold no other type
			put('?', fmt.Sprint(x))
		}
	}
	sum := sha256.Sum256(all)
	return base64.RawURLEncoding.EncodeToString(sum[:digestSize])
}

// escapes keeps the parts of a composite key apart.
var escapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`)

// id is the key of a row as entries write it. A key of bytes, such as the hash of a token, appears only as a digest.
func (v *shape) id(values []any) string {
	parts := make([]string, 0, len(v.key))
	for _, i := range v.key {
		switch x := values[i].(type) {
		case []byte:
			sum := sha256.Sum256(x)
			parts = append(parts, base64.RawURLEncoding.EncodeToString(sum[:digestSize]))
		case string:
			parts = append(parts, escapes.Replace(x))
		default: // a whole number
			parts = append(parts, fmt.Sprint(x))
		}
	}
	return strings.Join(parts, ",")
}

package field

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// Table is the fields of T in the order in which people see them.
type Table[T any] []Field[T]

// Row finds a field by its key.
func (table Table[T]) Row(key string) (Field[T], bool) {
	for _, f := range table {
		if f.Key == key {
			return f, true
		}
	}
	return Field[T]{}, false
}

// Inputs are the rows of forms and the command line.
func (table Table[T]) Inputs() Table[T] {
	var in Table[T]
	for _, f := range table {
		if !f.noInput {
			in = append(in, f)
		}
	}
	return in
}

// Only is the rows of these keys.
func (table Table[T]) Only(keys ...string) Table[T] {
	var rows Table[T]
	for _, f := range table {
		if slices.Contains(keys, f.Key) {
			rows = append(rows, f)
		}
	}
	return rows
}

// Without is the table without the rows of these keys.
func (table Table[T]) Without(keys ...string) Table[T] {
	var rest Table[T]
	for _, f := range table {
		if !slices.Contains(keys, f.Key) {
			rest = append(rest, f)
		}
	}
	return rest
}

// Read reads a form whose keys are those of the table and the further ones given. Times without a zone are in the zone given. Problems
// are noted at their place in the form.
func (table Table[T]) Read(v forms.Value, zone *time.Location, into *T, further ...string) forms.Map {
	m := table.keyed(v, further...)
	for _, f := range table.Inputs() {
		if f.must {
			m.Need(f.Key)
		}
		f.read(into, m.Get(f.Key), zone)
	}
	return m
}

// keyed reads the form's keys, those that were renamed among them.
func (table Table[T]) keyed(v forms.Value, further ...string) forms.Map {
	keys, was := further, map[string]string{}
	for _, f := range table.Inputs() {
		keys = append(keys, f.Key)
		for _, former := range f.was {
			was[former] = f.Key
		}
	}
	return v.MapRenamed(was, keys...)
}

// Begun gives what a form says so far, by key, as a draft holds it: fields may be missing, and no value is judged. Unknown keys and
// values that are neither words nor lists of words are noted at their place in the form.
func (table Table[T]) Begun(v forms.Value) map[string][]string {
	m, out := table.keyed(v), map[string][]string{}
	for _, f := range table.Inputs() {
		if said := m.Get(f.Key).OneOrMore(); len(said) > 0 {
			out[f.Key] = said
		}
	}
	return out
}

// Write writes a form that Read reads. A field that is empty and wanted gets an empty line, with a comment on the wanted value.
func (table Table[T]) Write(to io.Writer, t *T) error {
	w := bufio.NewWriter(to)
	for _, f := range table.Inputs() {
		switch value := f.write(t); {
		case value != "":
			fmt.Fprintf(w, "%s: %s\n", f.Key, value)
		case f.asks != nil && f.asks(t):
			fmt.Fprintf(w, "%s: # %s\n", f.Key, f.hint)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the form: %w", err)
	}
	return nil
}

// Copy gives a new form with the fields that copies take over.
func (table Table[T]) Copy(from *T) T {
	var to T
	for _, f := range table {
		if f.copied {
			f.copy(&to, from)
		}
	}
	return to
}

// In puts all times of t into a zone.
func (table Table[T]) In(t *T, zone *time.Location) {
	for _, f := range table {
		if f.zoned != nil {
			f.zoned(t, zone)
		}
	}
}

// Check tidies t and reports every problem: first the broken bounds, then the missing fields.
func (table Table[T]) Check(t *T, tell func(key, code string, told text.Text)) {
	for _, f := range table {
		f.tidy(t)
	}
	for _, f := range table {
		for _, r := range f.bounds {
			if r.broken(t) {
				tell(f.Key, r.code, r.told)
				break
			}
		}
	}
	for _, f := range table {
		for _, r := range f.needs {
			if r.broken != nil && r.broken(t) {
				tell(f.Key, r.code, r.told)
			}
		}
	}
}

// Valid is Check for values without a file. Error: *forms.Invalid.
func (table Table[T]) Valid(t *T) error {
	var bad forms.Invalid
	table.Check(t, func(key, code string, told text.Text) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: key, Code: code, JA: told.JA, EN: told.EN})
	})
	return bad.OrNil()
}

// Missing gives code and sentence for a field that is missing by a rule of the caller.
func (table Table[T]) Missing(key string) (code string, told text.Text) {
	if f, ok := table.Row(key); ok {
		for _, r := range f.needs {
			return r.code, r.told
		}
	}
	return "missing", text.Text{JA: "必ず書いてください。", EN: "must be given"}
}

// Flag is a field as a flag of the command line.
type Flag struct {
	Name  string // phone-triage
	Key   string // phone_triage
	Label text.Text
	Kind  Kind

	Options []Option // the words that may be given; nil: any
	Instant bool     // a date and time is asked for
	Day     bool     // a day such as 2026-04-01 is asked for
	Needed  bool     // it must be given
}

// Option is one word of a choice.
type Option struct {
	Word string
	Text text.Text
}

// Asks is the part of a table that a command needs: its flags, and how they become the body of a call.
type Asks interface {
	Flags() []Flag
	// Body checks the values of the flags, by key, and gives them as JSON. Error: *forms.Invalid.
	Body(values map[string][]string, zone *time.Location) (json.RawMessage, error)
}

// Flags are the table's flags, in its order.
func (table Table[T]) Flags() []Flag {
	var flags []Flag
	for _, f := range table.Inputs() {
		flags = append(flags, Flag{Name: strings.ReplaceAll(f.Key, "_", "-"), Key: f.Key, Label: f.Label, Kind: f.Kind, Options: f.options, Instant: f.instant, Day: f.day, Needed: f.needed})
	}
	return flags
}

// Given reads the values of flags, by key. A switch that is given counts as on, with any value. Valid checks needs and bounds. Error:
// *forms.Invalid.
func (table Table[T]) Given(values map[string][]string, zone *time.Location) (T, error) {
	var t T
	form := forms.Given()
	for _, f := range table.Inputs() {
		said := values[f.Key]
		switch {
		case len(said) == 0:
			f.read(&t, form.Nothing(f.Key), zone)
		case f.Kind == Words:
			f.read(&t, form.Words(f.Key, said), zone)
		case f.Kind == Switch:
			f.read(&t, form.Switch(f.Key), zone)
		default:
			f.read(&t, form.Word(f.Key, said[0]), zone)
		}
	}
	return t, form.Err()
}

// Body implements Asks.
func (table Table[T]) Body(values map[string][]string, zone *time.Location) (json.RawMessage, error) {
	t, err := table.Given(values, zone)
	if err != nil {
		return nil, err
	}
	if err := table.Valid(&t); err != nil {
		return nil, err
	}
	b, err := json.Marshal(&t)
	if err != nil {
		return nil, fmt.Errorf("encode what was given: %w", err)
	}
	return b, nil
}

// bare matches texts that YAML takes without quotes and does not mistake for another type.
var bare = regexp.MustCompile(`^[a-z][a-z0-9]*([-_/][a-z0-9]+)+$|^\+?[0-9]+[hms0-9]*$|^[0-9-]+T[0-9:+Z-]+$`)

// quoted writes a text as YAML: a JSON string is also a YAML string.
func quoted(text string) string {
	if text == "" || bare.MatchString(text) {
		return text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

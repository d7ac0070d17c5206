package field

import (
	"time"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// Field is one row of a table: it describes one field of T. The constructors in kinds.go make it; each method returns the row with one
// more property.
type Field[T any] struct {
	Key   string    // in files, in JSON and, with - for _, as a flag
	Label text.Text // for people
	Kind  Kind

	read  func(t *T, v forms.Value, zone *time.Location) // from a form; also called without a value
	write func(*T) string                                // the form's text after the colon; empty: left out
	say   func(t *T, lang string) string                 // for people; empty: no value
	value func(*T) string                                // for comparing, the same in every language
	tidy  func(*T)                                       // runs before the bounds are checked
	copy  func(to, from *T)
	zoned func(*T, *time.Location) // puts times into a zone; nil: the field has none
	parts func(*T) []Part          // for comparing part by part; nil: the value is the only part
	store func(*T) any             // the value that encoding/json writes and reads in the database
	show  func(*T) any             // the same for the API
	unit  string                   // suffix of the key in the database

	options []Option // of a choice
	instant bool     // a date and time
	day     bool     // a day such as 2026-04-01
	needed  bool     // empty is always wrong

	bounds   []rule[T] // the first broken one is reported
	needs    []rule[T]
	hint     string
	asks     func(*T) bool // whether the hint is written if there is no value
	was      []string
	must     bool
	noInput  bool
	yesNo    bool
	late     bool
	refers   string
	copied   bool
	unguards func(*T) bool // whether one person alone may change it; nil: no
}

// rule is a forbidden state of the field, and its code and text.
type rule[T any] struct {
	broken func(*T) bool // nil: the caller of the table checks it
	code   string
	told   text.Text
}

// Kind is the field's kind as a flag of the command line.
type Kind int

// The kinds of flag.
const (
	Word   Kind = iota // takes one word or a text
	Switch             // given or not given
	Number             // takes a whole number
	Words              // may be given several times
)

// Several says that the value is a list, so that a flag may be given several times and an input has one a line.
func (f Field[T]) Several() Field[T] { f.Kind = Words; return f }

// Must says that a form has to name the field.
func (f Field[T]) Must() Field[T] { f.must, f.needed = true, true; return f }

// Need says that the field must not be empty, and gives code and sentence if it is.
func (f Field[T]) Need(code, ja, en string) Field[T] {
	f.needed = true
	return f.NeedIf(func(t *T) bool { return f.value(t) == "" || f.value(t) == "false" }, code, ja, en)
}

// NeedIf says when the field is missing. The function checks the emptiness too.
func (f Field[T]) NeedIf(missing func(*T) bool, code, ja, en string) Field[T] {
	f.needs = append(f.needs[:len(f.needs):len(f.needs)], rule[T]{missing, code, text.Text{JA: ja, EN: en}})
	return f
}

// NeedElsewhere gives code and sentence of a field whose need depends on more than T. Table.Missing gives them.
func (f Field[T]) NeedElsewhere(code, ja, en string) Field[T] { return f.NeedIf(nil, code, ja, en) }

// Bound adds a rule on the value. It is checked before the kind's own rules.
func (f Field[T]) Bound(broken func(*T) bool, code, ja, en string) Field[T] {
	f.bounds = append([]rule[T]{{broken, code, text.Text{JA: ja, EN: en}}}, f.bounds...)
	return f
}

// Hint is a comment on the wanted value, in both languages. A form has it if the field is empty.
func (f Field[T]) Hint(hint string) Field[T] { return f.HintIf(func(*T) bool { return true }, hint) }

// HintIf is Hint only if the function says that the field is wanted.
func (f Field[T]) HintIf(asks func(*T) bool, hint string) Field[T] {
	f.hint, f.asks = hint, asks
	return f
}

// Formerly names former keys of the field, in older files.
func (f Field[T]) Formerly(keys ...string) Field[T] { f.was = keys; return f }

// Copied says that a copy of a form takes the field over. Reasons, times and declarations are given anew each time.
func (f Field[T]) Copied() Field[T] { f.copied = true; return f }

// NoInput says that no form and no flag has the field: the office sets it.
func (f Field[T]) NoInput() Field[T] { f.noInput = true; return f }

// Unguarded says that one person alone may change the field.
func (f Field[T]) Unguarded() Field[T] { return f.UnguardedIf(func(*T) bool { return true }) }

// UnguardedIf says for which T one person alone may change the field.
func (f Field[T]) UnguardedIf(open func(*T) bool) Field[T] { f.unguards = open; return f }

// Reading says how the field is read from a form.
func (f Field[T]) Reading(read func(*T, forms.Value)) Field[T] {
	f.read = func(t *T, v forms.Value, _ *time.Location) { read(t, v) }
	return f
}

// Taking says how the field is taken from another T if it is more than one field of the struct.
func (f Field[T]) Taking(take func(to, from *T)) Field[T] { f.copy = take; return f }

// Zoned says how the times of the field are put into a zone. put must not write through the field's pointers: others share them.
func (f Field[T]) Zoned(put func(*T, *time.Location)) Field[T] { f.zoned = put; return f }

// YesNo shows a switch also when it is off, to people and in the API.
func (f Field[T]) YesNo() Field[T] {
	f.yesNo = true
	f.say = func(t *T, lang string) string {
		if f.value(t) == "true" {
			return text.Of("はい", "yes").Slashed(lang)
		}
		return text.Of("いいえ", "no").Slashed(lang)
	}
	return f
}

// Day says that the text is a day such as 2026-04-01.
func (f Field[T]) Day() Field[T] { f.day = true; return f }

// Moment says that the text is a date and time.
func (f Field[T]) Moment() Field[T] { f.instant = true; return f }

// Late says that the field came after the first release. A fingerprint leaves it out while it has no value, so that it stays the same
// as before.
func (f Field[T]) Late() Field[T] { f.late = true; return f }

// Refers says which kind of thing the field names.
func (f Field[T]) Refers(kind string) Field[T] { f.refers = kind; return f }

// Reference gives the kind that the field refers to, empty if none, and the name, empty if none is given.
func (f Field[T]) Reference(t *T) (kind, name string) { return f.refers, f.value(t) }

// Parts says how the field is compared part by part.
func (f Field[T]) Parts(parts func(*T) []Part) Field[T] { f.parts = parts; return f }

// Guarded reports whether a change of the field needs a second person.
func (f Field[T]) Guarded(t *T) bool { return f.unguards == nil || !f.unguards(t) }

// Say gives the value for people in the language: "ja", "en", otherwise both. Empty: no value.
func (f Field[T]) Say(t *T, lang string) string { return f.say(t, lang) }

// Value gives the value for comparing; empty or "false" if there is none.
func (f Field[T]) Value(t *T) string { return f.value(t) }

// Take copies the field from another T.
func (f Field[T]) Take(to, from *T) { f.copy(to, from) }

package accounts

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/policy/text"
)

// firstLine names the protocol, in orders and answers.
const firstLine = "sekimori-target 1"

// Bounds of orders and answers.
const (
	mostValue  = 256
	mostKey    = 1024 // of a public key
	mostAnswer = 1 << 20
	mostLines  = 20_000
	mostLine   = 4000
)

// Verb is what a program on a target is asked to do (PROTOCOL.md).
type Verb string

// The verbs.
const (
	VerbPrepare     Verb = "prepare"
	VerbWithdraw    Verb = "withdraw"
	VerbProve       Verb = "prove"
	VerbProbe       Verb = "probe"
	VerbLeftovers   Verb = "leftovers"
	VerbInventory   Verb = "inventory"
	VerbLogins      Verb = "logins"
	VerbConnections Verb = "connections"
	VerbSetPassword Verb = "set-password"
	VerbAddKey      Verb = "add-key"
	VerbRemoveKey   Verb = "remove-key"

	VerbSetRolePassword Verb = "set-role-password"
	VerbTryRolePassword Verb = "try-role-password"
)

// answers says which lines each verb's answer may have, and their number of fields.
var answers = map[Verb]map[string]int{
	VerbPrepare:     {},
	VerbWithdraw:    {},
	VerbProve:       {"gone": 2, "open": 2},
	VerbProbe:       {"cannot-read": 2, "can-read": 2},
	VerbLeftovers:   {"left": 3, "ended": 3, "unknown": 2},
	VerbInventory:   {"account": 2, "key": 2, "right": 2, "cron": 2, "at": 2, "unit": 2, "linger": 2, "password": 2, "unknown": 2},
	VerbLogins:      {"clock": 1, "record": 2, "login": 5},
	VerbConnections: {"connection": 3},
	VerbSetPassword: {},
	VerbAddKey:      {},
	VerbRemoveKey:   {},

	VerbSetRolePassword: {},
	VerbTryRolePassword: {"opens": 1, "refused": 1},
}

// Order is one order to a target's program.
type Order struct {
	Verb    Verb
	Account string
	Until   time.Time
	Groups  []string
	What    []string
	End     bool // leftovers: end them
	Since   time.Time
	// A secret change: the new password, or the new and the old public key as type and base64.
	Password, Key, Old string
}

// bytes writes the order. Errors: a value that the protocol cannot carry.
func (o Order) bytes() ([]byte, error) {
	var b bytes.Buffer
	var wrong error
	line := func(word, value string) {
		if value == "" {
			return
		}
		most := mostValue
		if word == "key" || word == "old" {
			most = mostKey
		}
		if len(value) > most || !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			wrong = fmt.Errorf("order %s: the value of %s cannot be sent", o.Verb, word)
		}
		fmt.Fprintf(&b, "%s %s\n", word, value)
	}
	b.WriteString(firstLine + "\n")
	line("verb", string(o.Verb))
	line("account", o.Account)
	if !o.Until.IsZero() {
		line("until", o.Until.UTC().Format(time.RFC3339))
	}
	for _, g := range o.Groups {
		line("group", g)
	}
	for _, w := range o.What {
		line("what", w)
	}
	if o.Verb == VerbLeftovers {
		line("end", map[bool]string{true: "yes", false: "no"}[o.End])
	}
	if !o.Since.IsZero() {
		line("since", o.Since.UTC().Format(time.RFC3339))
	}
	line("password", o.Password)
	line("key", o.Key)
	line("old", o.Old)
	b.WriteString("end\n")
	return b.Bytes(), wrong
}

// Line is one line of an answer. Its fields are safe to show.
type Line struct {
	Word   string
	Fields []string
}

// ErrUnclear: the answer does not follow the protocol, so it counts as none.
var ErrUnclear = errors.New("the target's program gave no clear answer")

// Failed is a program's statement that it could not do what it was asked.
type Failed struct {
	Verb   Verb
	Reason string // the program's words, safe to show
}

// Error returns the statement.
func (f *Failed) Error() string { return fmt.Sprintf("%s on the target failed: %s", f.Verb, f.Reason) }

// parse reads an answer. Errors: ErrUnclear, *Failed.
func parse(verb Verb, answer []byte) ([]Line, error) {
	unclear := func(format string, args ...any) ([]Line, error) {
		return nil, fmt.Errorf("%s: %w: %s", verb, ErrUnclear, fmt.Sprintf(format, args...))
	}
	switch {
	case len(answer) > mostAnswer:
		return unclear("more than %d bytes", mostAnswer)
	case len(answer) == 0:
		return unclear("nothing")
	case answer[len(answer)-1] != '\n':
		return unclear("it breaks off")
	}
	lines := strings.Split(strings.TrimSuffix(string(answer), "\n"), "\n")
	if len(lines) > mostLines {
		return unclear("more than %d lines", mostLines)
	}
	if lines[0] != firstLine {
		return unclear("it does not begin with %q", firstLine)
	}
	if len(lines) < 2 {
		return unclear("it breaks off")
	}
	var out []Line
	for i, l := range lines[1:] {
		if len(l) > mostLine {
			return unclear("line %d has more than %d bytes", i+2, mostLine)
		}
		word, rest, more := strings.Cut(l, "\t")
		var fields []string
		if more {
			fields = strings.Split(rest, "\t")
		}
		if last := i+2 == len(lines); last {
			switch {
			case word == "done" && len(fields) == 0:
				return out, nil
			case word == "failed" && len(fields) == 1:
				return nil, &Failed{Verb: verb, Reason: text.OneLine(fields[0], 300)}
			}
			return unclear("it breaks off")
		}
		want, known := answers[verb][word]
		if !known || len(fields) != want {
			return unclear("line %d, %q with %d fields", i+2, text.OneLine(word, 40), len(fields))
		}
		for j := range fields {
			fields[j] = text.OneLine(fields[j], mostLine)
		}
		out = append(out, Line{word, fields})
	}
	return unclear("it breaks off")
}

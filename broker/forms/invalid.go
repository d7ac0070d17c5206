package forms

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a form. Line and Column count from 1; both are 0 when the form
// did not come from a file.
type Problem struct {
	Field  string `json:"field"` // path in the file: "engineers[2].keys[0]"
	Code   string `json:"code"`  // kebab-case, stable
	JA     string `json:"ja"`
	EN     string `json:"en"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Invalid is the refusal of a form. Nothing of the form was stored.
type Invalid struct {
	Name     string    `json:"name"` // of the file, as the caller gave it; may be empty
	Problems []Problem `json:"problems"`
}

// Wrong is the refusal of one value.
func Wrong(field, code, ja, en string) error {
	return &Invalid{Problems: []Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}

// Error gives one line per problem, in English, each beginning with file, line and column.
func (e *Invalid) Error() string { return e.Text("en") }

// Text gives one line per problem in the language: "ja", otherwise English.
func (e *Invalid) Text(lang string) string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Shown() {
		said := p.EN
		if lang == "ja" {
			said = p.JA
		}
		lines = append(lines, e.place(p)+said)
	}
	return strings.Join(lines, "\n")
}

// Shown gives the problems for people. A sentence repeats the input, which may be a vendor's: only printable characters of it reach
// the terminal, and only a few lines.
func (e *Invalid) Shown() []Problem {
	out := make([]Problem, 0, len(e.Problems))
	for _, p := range e.Problems {
		p.Field, p.JA, p.EN = shown(p.Field), shown(p.JA), shown(p.EN)
		out = append(out, p)
	}
	return out
}

// maxShown is more than any sentence needs without input, in characters.
const maxShown = 600

func shown(s string) string {
	n := 0
	for at := range s {
		if n++; n > maxShown {
			s = s[:at] + "…"
			break
		}
	}
	return Printable(s)
}

func (e *Invalid) place(p Problem) string {
	at := ""
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d: ", e.Name, p.Line, p.Column)
	}
	if p.Field != "" {
		at += p.Field + ": "
	}
	return at
}

// Has reports whether a problem with the code is among them.
func (e *Invalid) Has(code string) bool {
	for _, p := range e.Problems {
		if p.Code == code {
			return true
		}
	}
	return false
}

// OrNil is e as an error, or nil if it has no problem.
func (e *Invalid) OrNil() error {
	if e == nil || len(e.Problems) == 0 {
		return nil
	}
	return e
}

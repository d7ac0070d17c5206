package view

import (
	"strings"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/policy"
)

// mostExplained bounds the explanation beside a purpose, in characters.
const mostExplained = 400

// Why is a person's reason for a look at evidence: a purpose, which policy checks against its list, and an optional explanation.
type Why struct{ Purpose, Explanation string }

// NewWhy makes one. ok is false for an explanation that cannot be shown, or that is too long.
func NewWhy(purpose, explanation string) (w Why, ok bool) {
	w = Why{purpose, strings.TrimSpace(explanation)}
	if policy.Blank(w.Explanation) {
		w.Explanation = ""
	}
	ok = forms.Printable(w.Explanation) == w.Explanation && utf8.ValidString(w.Explanation) && utf8.RuneCountInString(w.Explanation) <= mostExplained
	return w, ok
}

// Payload gives the members that these add to the entry about the look.
func (w Why) Payload(more map[string]string) map[string]string {
	out := map[string]string{"purpose": w.Purpose}
	for name, value := range more {
		out[name] = value
	}
	if w.Explanation != "" {
		out["explanation"] = w.Explanation
	}
	return out
}

package registry

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sekimori/broker/forms"
)

// How much people may say, in characters: the ledger keeps it for ever.
const (
	longestReason = 1000
	longestLabel  = 200
)

// said is a text from a person as it is kept: what cannot be shown is replaced, because taking something away must not fail over it.
// Error: *forms.Invalid when it is too long.
func said(field, text string, most int) (string, error) {
	text = forms.Printable(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > most {
		return "", &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: "too-long",
			JA: fmt.Sprintf("%d字までです。短くしてください。", most), EN: fmt.Sprintf("at most %d characters: make it shorter", most)}}}
	}
	return text, nil
}

// placed is what somebody calls the place of a token, on one line.
func placed(label string) (string, error) {
	label, err := said("label", label, longestLabel)
	return strings.Join(strings.Fields(label), " "), err
}

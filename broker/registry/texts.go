package registry

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sekimori/broker/forms"
)

// Limits of people's texts, in characters: the ledger keeps them for ever.
const (
	longestReason = 1000
	longestLabel  = 200
)

// cleanText makes a person's text fit to keep. It replaces characters that cannot be shown, because a revocation must not fail over them.
// Error: *forms.Invalid when the text is too long.
func cleanText(field, text string, most int) (string, error) {
	text = forms.Printable(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > most {
		return "", &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: "too-long",
			JA: fmt.Sprintf("%d字までです。短くしてください。", most), EN: fmt.Sprintf("at most %d characters: make it shorter", most)}}}
	}
	return text, nil
}

// cleanLabel is a person's name for the place of a token, on one line.
func cleanLabel(label string) (string, error) {
	label, err := cleanText("label", label, longestLabel)
	return strings.Join(strings.Fields(label), " "), err
}

package web

import (
	"strings"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/policy"
)

// mostExplained is how much may be explained beside a purpose, in characters.
const mostExplained = 400

// viewing is why a caller looks at what is kept: a purpose, which policy holds against its list, and what they explain, which need not be
// there.
type viewing struct{ purpose, explanation string }

// viewing reads both of the call. An explanation is text that shows.
func (c *call) viewing() (viewing, error) {
	l := viewing{purpose: c.r.FormValue("purpose"), explanation: strings.TrimSpace(c.r.FormValue("explanation"))}
	if policy.Blank(l.explanation) {
		l.explanation = ""
	}
	if forms.Printable(l.explanation) != l.explanation || !utf8.ValidString(l.explanation) || utf8.RuneCountInString(l.explanation) > mostExplained {
		return viewing{}, faultBadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)
	}
	return l, nil
}

// payload is what the entry about the look says, beside what else there is.
func (l viewing) payload(more map[string]string) map[string]string {
	out := map[string]string{"purpose": l.purpose}
	for name, value := range more {
		out[name] = value
	}
	if l.explanation != "" {
		out["explanation"] = l.explanation
	}
	return out
}

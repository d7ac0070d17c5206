package pages

import (
	"net/url"
	"slices"
	"strings"

	"sekimori/broker/act"
	"sekimori/broker/api"
)

// consoleInputs are the inputs on the console by the act of their form: the act's field, and the id of the input. The id of an input that
// stands there several times ends with the thing's.
var consoleInputs = map[string]struct{ field, id string }{
	"bookmark": {"note", "mark"}, "message": {"text", "message"}, "explain": {"note", "note"}, "deny": {"reason", "why-not-"}, "identity": {"digits", "digits-"},
}

// consoleAt gives window or session of the console at an address; ok: there is a console.
func consoleAt(address string) (path, window, session string, ok bool) {
	u, err := url.Parse(local(address, ""))
	if err != nil {
		return "", "", "", false
	}
	switch part := strings.Split(strings.Trim(u.Path, "/"), "/"); {
	case len(part) != 3:
		return "", "", "", false
	case part[0] == "windows" && part[2] == "console":
		return u.Path, part[1], "", true
	case part[0] == "sessions" && part[2] == "live":
		return u.Path, "", part[1], true
	}
	return "", "", "", false
}

// consoleAfter is the console to which the form of a failed act comes back, with its mistakes and with what was typed. ok is false where
// the form comes from another page, asks for a proof, or the console cannot be shown any more: then the act's own page tells the mistakes.
func (v *visit) consoleAfter(d deed, id string, f *api.Fault) (page *ConsolePage, ok bool) {
	self, window, session, ok := consoleAt(v.r.PostFormValue("back"))
	if !ok || v.site != staff || d.Proof != act.NoProof {
		return nil, false
	}
	page, err := v.consoleOf(self, window, session)
	if err != nil {
		return nil, false
	}
	page.Errors, _ = problemsOf(d, f)
	input, has := consoleInputs[d.Name]
	if !has {
		return page, true
	}
	at := input.id
	switch d.Name {
	case "deny":
		at += id
	case "identity":
		at = page.digitsOf(v.r.PostFormValue("person"))
	}
	page.Typed = map[string]string{at: v.r.PostFormValue(input.field)}
	for i := range page.Errors {
		page.Errors[i].Field = at
	}
	return page, true
}

// digitsOf is the id of the input for the digits of an engineer; empty: none waits for them.
func (c *ConsolePage) digitsOf(person string) string {
	for _, s := range c.Steps {
		if i := slices.IndexFunc(s.Calls, func(r CallRow) bool { return r.Person == person }); i >= 0 {
			return s.Calls[i].ID
		}
	}
	return ""
}

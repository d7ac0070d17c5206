package pages

import (
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Field is one input of a form, for the part "field".
type Field struct {
	Key      string // name of the input, and its id
	Label    text.Text
	Hint     text.Text
	Control  string // text, textarea, number, checkbox, checkboxes, radio, select, datetime-local, date, password, file
	Value    string
	Checked  bool
	Choices  []Choice
	Required bool
	Complete string    // autocomplete
	Error    text.Text // what is wrong with it
}

// Grouped says that the input is several of one name.
func (f Field) Grouped() bool { return f.Control == "radio" || f.Control == "checkboxes" }

// Choice is one word of a select.
type Choice struct {
	Word string
	Text text.Text
	Set  bool
}

// Describes are the ids that tell about the input, for aria-describedby.
func (f Field) Describes() string {
	switch hint, wrong := !f.Hint.IsZero(), !f.Error.IsZero(); {
	case hint && wrong:
		return f.Key + "-hint " + f.Key + "-error"
	case hint:
		return f.Key + "-hint"
	case wrong:
		return f.Key + "-error"
	}
	return ""
}

// fieldsOf are the inputs of a table, with the values and mistakes of an earlier try.
func fieldsOf(flags []field.Flag, value func(key string) []string, wrong map[string]text.Text) []Field {
	var out []Field
	for _, f := range flags {
		out = append(out, fieldOf(f, value(f.Key), wrong[f.Key]))
	}
	return out
}

// fieldOf is the input of one field.
func fieldOf(f field.Flag, given []string, wrong text.Text) Field {
	one := Field{Key: f.Key, Label: f.Label, Control: "text", Error: wrong, Required: f.Needed}
	if len(given) > 0 {
		one.Value = given[0]
	}
	for _, o := range f.Options {
		one.Choices = append(one.Choices, Choice{Word: o.Word, Text: o.Text, Set: slices.Contains(given, o.Word)})
	}
	switch {
	case f.Kind == field.Words && len(f.Options) > 0:
		one.Control = "checkboxes"
	case f.Kind == field.Words:
		one.Control, one.Value, one.Hint = "textarea", lines(given), text2("1行に一つ", "one a line")
	case len(f.Options) > 0:
		one.Control = "select"
		if !slices.ContainsFunc(one.Choices, func(c Choice) bool { return c.Word == "" }) { // also after a choice: it can be taken back
			one.Choices = append([]Choice{{Text: text2("選んでください", "Choose")}}, one.Choices...)
		}
	case f.Kind == field.Switch:
		one.Control, one.Checked = "checkbox", len(given) > 0
	case f.Kind == field.Number:
		one.Control = "number"
	case f.Instant:
		one.Control, one.Value = "datetime-local", forInput(one.Value)
	case f.Day:
		one.Control = "date"
	case f.Key == "reason" || f.Key == "note" || f.Key == "text" || f.Key == "answer":
		one.Control = "textarea"
	}
	return one
}

// forInput is an instant as a datetime-local input takes it. A value that is no instant stays, so that its writer sees it.
func forInput(s string) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.Format("2006-01-02T15:04")
	}
	return s
}

// Offer is an act as a button, for the part "offers".
type Offer struct {
	ID     string // of the button, for aria-describedby of the reason
	Text   text.Text
	Href   string
	Open   bool
	Reason text.Text // why it is closed, with the number
	Danger bool
}

// offersOf are the buttons of a subject. base is the subject's page, such as /windows/W-1. Acts of other roles are left out; acts that are
// this person's, but not open now, say why.
func (v *visit) offersOf(offers []api.Offer, base string) []Offer {
	var out []Offer
	for _, o := range offers {
		if policy.Reason(o.Reason) == policy.Forbidden || o.Reason == api.CodeNotFound { // another person's act, or one with nothing to act on
			continue
		}
		one := Offer{ID: "offer-" + o.Act, Text: actNameOf(o.Act, o.Command), Href: base + "/" + o.Act, Open: o.Open, Danger: dangerous[o.Act]}
		if !o.Open {
			one.Reason = closedBecause(o)
		}
		out = append(out, one)
	}
	return out
}

// dangerous acts take a right away; their buttons are red.
var dangerous = map[string]bool{"cut": true, "close": true, "unpermit": true, "revoke": true, "end": true, "cancel": true, "freeze": true, "lock": true}

// closedBecause says why an act is not open now, and what its reader does next. Whom to call stands at the foot of each page.
func closedBecause(o api.Offer) text.Text {
	reason := policy.Reason(o.Reason)
	info, known := policy.Lookup(reason)
	switch {
	case !o.Why.IsZero():
		return o.Why
	case reason == policy.StalePage:
		return text2("いまはその段階ではありません", "not at this stage")
	case !known:
		return text2("いまは行えません", "not possible now")
	}
	label, number, next := reason.Label(), "["+itoa(info.Number)+"] ", info.Next
	if strings.Contains(next.JA, "{") { // it names what only the refused act knows
		return text2(number+label.JA, number+label.EN)
	}
	return text2(number+label.JA+"。次に: "+next.JA, number+label.EN+". Next: "+next.EN)
}

// Chip is a state: a shape, a word and a colour.
type Chip struct {
	Text  text.Text
	Shape string // file of parts/shape: check, run, clock, triangle, octagon, bars, hexagon, padlock, dash, info
	Kind  string // ok, info, waiting, attention, warning, stop, frozen
}

// Card is the 要点 card: rows of what people must know.
type Card struct {
	Title text.Text // empty: 要点
	Rows  []CardRow
}

// CardRow is one line of the card.
type CardRow struct {
	Label text.Text
	Text  text.Text
	Span  *Span // instead of Text, a time
	Href  string
	Chip  *Chip
}

// Table is the head of a table: what it is about and which columns it has. The page's template writes the rows.
type Table struct {
	Caption text.Text
	Columns []text.Text
}

// Pager leads to the next part of a list.
type Pager struct {
	Shown, Total int
	Next         string // address; empty: this is all
}

// pager makes the pager of a list on this page.
func (v *visit) pager(shown, total int, next string) Pager {
	p := Pager{Shown: shown, Total: total}
	if next != "" {
		q := v.r.URL.Query()
		q.Set("next", next)
		p.Next = v.r.URL.Path + "?" + q.Encode()
	}
	return p
}

package policy

import "sekimori/policy/text"

// Words gives the sentences of a reason with its arguments filled in. Arguments may come from strangers; they are made harmless.
func Words(r Reason, args map[string]string) text.Refusal {
	row := rowOf(r)
	return text.Refusal{Number: row.Number, Headline: filled(row.Headline, args), Cause: filled(row.Cause, args), Next: filled(row.Next, args)}
}

// Message is number, headline and cause on one line. With an empty lang it has both languages.
func Message(r Reason, args map[string]string, lang string) string {
	return Words(r, args).Message(lang)
}

// NextStep says on one line what the person does now, for the hint below an error.
func NextStep(r Reason, args map[string]string, lang string) string {
	return Words(r, args).Next.Slashed(lang)
}

// Headline is the reason's short name, for lists.
func Headline(r Reason, lang string) string { return Words(r, nil).Headline.Slashed(lang) }

// rowOf finds a row. An unknown code gets the row of "not permitted".
func rowOf(r Reason) ReasonInfo {
	if row, ok := Lookup(r); ok {
		return row
	}
	row, _ := Lookup(Forbidden)
	return row
}

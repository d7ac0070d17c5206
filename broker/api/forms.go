package api

// Form is one of the institution's forms (screens §5).
type Form struct {
	Form    string `json:"form"`
	NameJA  string `json:"name_ja"`
	NameEN  string `json:"name_en"`
	OfJA    string `json:"of_ja,omitempty"` // name of the operand by which the form's subject is given, with an example
	OfEN    string `json:"of_en,omitempty"`
	OfMonth bool   `json:"of_month"` // of a month, and not of one thing
}

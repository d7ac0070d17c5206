package api

// Clause is a clause of a standard, the broker's part in it, and how the running configuration stands.
type Clause struct {
	Standard   string        `json:"standard"` // "nist-800-53"
	StandardJA string        `json:"standard_ja"`
	StandardEN string        `json:"standard_en"`
	NumberJA   string        `json:"number_ja"` // as the standard counts, or the name of its subject
	NumberEN   string        `json:"number_en"`
	AboutJA    string        `json:"about_ja"`
	AboutEN    string        `json:"about_en"`
	DoesJA     string        `json:"does_ja"`
	DoesEN     string        `json:"does_en"`
	State      string        `json:"state"`  // "met" or "caution", of all its checks
	Checks     []ClauseCheck `json:"checks"` // empty: built in, no setting switches it off
	Evidence   []string      `json:"evidence"`
	LeavesJA   string        `json:"leaves_ja"` // stays with the institution
	LeavesEN   string        `json:"leaves_en"`
}

// ClauseCheck is one question about settings and rules.
type ClauseCheck struct {
	Check      string   `json:"check"`
	State      string   `json:"state"` // "met" or "caution"
	QuestionJA string   `json:"question_ja"`
	QuestionEN string   `json:"question_en"`
	DetailJA   string   `json:"detail_ja,omitempty"` // where it is not met
	DetailEN   string   `json:"detail_en,omitempty"`
	Settings   []string `json:"settings"` // "recordings: retention"; "rule: line"; "institution: pledge_copy"
}

// Conformance is every clause, in the order of the standards.
type Conformance struct {
	Clauses []Clause `json:"clauses"`
}

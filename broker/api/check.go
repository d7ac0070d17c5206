package api

// Checked is the material for an approver's decision: the items to confirm and the differences from last time.
type Checked struct {
	Request     string       `json:"request_no"`
	Whole       Request      `json:"request"` // the present request, so that an approver needs no other call
	Version     int          `json:"version"`
	Items       []CheckItem  `json:"items"`
	Differences []Difference `json:"differences"`
	First       bool         `json:"first"` // nothing earlier to compare with
	LastRequest string       `json:"last_request_no,omitempty"`
	LastSession string       `json:"last_session_id,omitempty"`
	LastReview  string       `json:"last_review,omitempty"`
	Second      []string     `json:"second_because"` // rules that require a second approver
}

// CheckItem is one of the eleven items (確認事項).
type CheckItem struct {
	No          int    `json:"no"`
	Code        string `json:"item"`
	State       string `json:"state"` // met | caution | unmet
	NameJA      string `json:"name_ja"`
	NameEN      string `json:"name_en"`
	CauseJA     string `json:"cause_ja"`
	CauseEN     string `json:"cause_en"`
	FixJA       string `json:"fix_ja,omitempty"`
	FixEN       string `json:"fix_en,omitempty"`
	Reason      string `json:"reason,omitempty"` // code with which an unmet item stops a start
	Overridable bool   `json:"overridable,omitempty"`
	NeedsReason bool   `json:"needs_reason,omitempty"` // an approval needs a reason: --because ITEM=REASON
}

// Difference is one row of 前回との違い.
type Difference struct {
	Field  string `json:"field"`
	Kind   string `json:"kind"` // added | removed | changed | same
	NameJA string `json:"name_ja"`
	NameEN string `json:"name_en"`
	FromJA string `json:"from_ja,omitempty"`
	FromEN string `json:"from_en,omitempty"`
	ToJA   string `json:"to_ja,omitempty"`
	ToEN   string `json:"to_en,omitempty"`
}

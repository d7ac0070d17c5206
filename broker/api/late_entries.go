package api

import "time"

// LateEntry is work done on paper while the system was down, entered afterwards (後日入力).
type LateEntry struct {
	ID string `json:"late_entry"`
	LateEntryBody
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
	State     string    `json:"state"` // entered | confirmed | rejected
	FormKinds []string  `json:"form_kinds"`
	EnteredBy string    `json:"entered_by"`
	EnteredAt time.Time `json:"entered_at"`
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Reason    string    `json:"reason,omitempty"`      // of the decision
	Entries   int64     `json:"ledger_entries_during"` // of the ledger within the time of the work: the system was up then
	Offers    []Offer   `json:"offers,omitempty"`
}

// LateEntryBody holds the statements of the papers.
type LateEntryBody struct {
	Forms     []string `json:"forms"` // numbers of the papers
	System    string   `json:"system"`
	Vendor    string   `json:"vendor"`
	Engineers []string `json:"engineers"` // ids; logins are taken too
	From      string   `json:"from"`      // an instant; without a zone in the institution's
	Until     string   `json:"until"`     // likewise
	Targets   string   `json:"targets,omitempty"`
	Account   string   `json:"account,omitempty"`
	Approver  string   `json:"approver,omitempty"`
	Attendant string   `json:"attendant,omitempty"`
	Purpose   string   `json:"purpose,omitempty"`
	Done      string   `json:"done"`
	Deviation string   `json:"deviation,omitempty"`
	Remarks   string   `json:"remarks,omitempty"`
	KeptAt    string   `json:"kept_at"` // where the papers are kept
}

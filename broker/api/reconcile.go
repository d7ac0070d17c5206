package api

import (
	"time"

	"sekimori/policy"
)

// Reconciliation is the newest comparison of a target's logins with the ledger.
type Reconciliation struct {
	Target  string    `json:"target"`
	System  string    `json:"system"`
	Hourly  bool      `json:"hourly"`       // by the system's rule
	Steward bool      `json:"steward"`      // the target can be asked
	At      time.Time `json:"at,omitzero"`  // zero: it was never compared
	By      string    `json:"by,omitempty"` // person id; empty: the clock
	Source  string    `json:"source,omitempty"`
	State   string    `json:"state,omitempty"` // agrees | unknown | failed
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Logins  int       `json:"logins"`
	Known   int       `json:"known"`
	New     int       `json:"new"`
	Before  int       `json:"before"`
	Beyond  int       `json:"beyond"`
	Open    int       `json:"open"` // unknown logins that no auditor has explained, of all comparisons
	AheadMS int64     `json:"ahead_ms"`
	Missing []string  `json:"missing,omitempty"`
	Gap     time.Time `json:"gap,omitzero"`
	Records []string  `json:"records,omitempty"`
	Error   string    `json:"error,omitempty"`
	Offers  []Offer   `json:"offers,omitempty"`
}

// UnknownLogin is a login of a target that the ledger does not know.
type UnknownLogin struct {
	ID          string            `json:"login"`
	Target      string            `json:"target"`
	System      string            `json:"system"`
	At          time.Time         `json:"at"`      // by the broker's clock
	Said        time.Time         `json:"said_at"` // by the target's
	Account     string            `json:"account"` // on the target
	Source      string            `json:"source"`  // empty: at the machine
	Port        int               `json:"port,omitempty"`
	Record      string            `json:"record"` // accepted | terminal
	Doubt       policy.LoginDoubt `json:"doubt"`
	Session     string            `json:"session_id,omitempty"` // that used the account then
	Found       time.Time         `json:"found_at"`
	State       string            `json:"state"` // open | explained
	ExplainedBy string            `json:"explained_by,omitempty"`
	ExplainedAt time.Time         `json:"explained_at,omitzero"`
	Reason      string            `json:"reason,omitempty"`
	Offers      []Offer           `json:"offers,omitempty"`
}

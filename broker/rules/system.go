package rules

import "sekimori/policy"

// System is what is maintained, with its rules.
type System struct {
	policy.System
	Note      string    // for people
	Checklist Checklist // 手順書; the zero value has no steps
	Forwards  []string  // destinations that requests may ask to forward to, as seen from the targets

	LineDriver string   // what moves the line (ParseDriver); empty: people
	LineProbes []string // what looks whether a side is up (ParseProbe)

	// Leftovers are the acts at the end of a session on targets that have a steward (broker/accounts).
	Leftovers Leftovers
	Unproved  Unproved
	// InventoryMonthly: accounts, keys, rights and timed jobs of the system's targets are compared every month, beside each window.
	InventoryMonthly bool
	// ChangeSecrets: stored keys and passwords of the system's accounts are changed after each window in which they were used.
	ChangeSecrets bool
	// ReconcileHourly: the logins of the system's targets are compared with the ledger every hour (broker/reconcile).
	ReconcileHourly bool
}

// Checklist is a system's versioned procedure. The attendant ticks it by name (R10). Its order is compulsory: a step may be ticked
// once every mandatory one before it is.
type Checklist struct {
	Version int    `json:"version"` // from 1; a tick counts for the version it was made on
	Title   string `json:"title"`
	Steps   []Step `json:"steps"`
}

// Phase says when a step of a checklist is done.
type Phase string

// The phases of a checklist.
const (
	PhaseOpen  Phase = "open"  // before the start is permitted
	PhaseClose Phase = "close" // after the window's end
)

// Step is one step of a checklist.
type Step struct {
	ID        string `json:"id"` // typed to tick it, unique in the list
	JA        string `json:"ja"`
	EN        string `json:"en"`
	Mandatory bool   `json:"mandatory"`
	Phase     Phase  `json:"phase"`
}

package api

import "time"

// Permit is a standing permit (包括許可) of a vendor on a system.
type Permit struct {
	ID          string    `json:"permit"`
	Vendor      string    `json:"vendor"`
	System      string    `json:"system"`
	State       string    `json:"state"` // asked | granted | refused | withdrawn
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"` // exclusive
	InForce     bool      `json:"in_force"`
	Purpose     string    `json:"purpose"`
	Accounts    []string  `json:"accounts,omitempty"` // empty: every account of the system
	Root        bool      `json:"root"`
	Files       bool      `json:"files"`
	OfficeHours bool      `json:"office_hours"`
	Hours       string    `json:"hours,omitempty"`   // 09:00-17:00
	Longest     string    `json:"longest,omitempty"` // of one window
	AskedBy     string    `json:"asked_by"`
	AskedAt     time.Time `json:"asked_at"`
	DecidedBy   string    `json:"decided_by,omitempty"`
	DecidedAt   time.Time `json:"decided_at,omitzero"`
	Reason      string    `json:"reason,omitempty"` // of the decision
	EndedBy     string    `json:"ended_by,omitempty"`
	EndedAt     time.Time `json:"ended_at,omitzero"` // when it was withdrawn
	EndedWhy    string    `json:"ended_why,omitempty"`
	Offers      []Offer   `json:"offers,omitempty"`
}

// PermitApplication is a section's application for a standing permit. From and Until are days, both inclusive.
type PermitApplication struct {
	Vendor      string   `json:"vendor"`
	System      string   `json:"system"`
	Purpose     string   `json:"purpose"`
	From        string   `json:"from"`
	Until       string   `json:"until"`
	Accounts    []string `json:"accounts,omitempty"`
	Root        bool     `json:"root,omitempty"`
	Files       bool     `json:"files,omitempty"`
	OfficeHours bool     `json:"office_hours,omitempty"`
	Hours       string   `json:"hours,omitempty"`
	Longest     string   `json:"longest,omitempty"`
}

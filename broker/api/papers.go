package api

import (
	"time"
)

// Standing is the standing of a vendor or an engineer, with its cause.
type Standing struct {
	State string    `json:"state"`                // allowed | expiring | expired | locked
	Cause string    `json:"cause,omitempty"`      // kind of paper
	Name  string    `json:"cause_name,omitempty"` // of the certification
	Days  int       `json:"days_left,omitempty"`  // while expiring; 0 on the last day
	Ends  time.Time `json:"ends_at,omitzero"`
}

// VendorLine is a vendor in the list.
type VendorLine struct {
	Vendor
	Standing
}

// VendorPage is a vendor's whole page (screens §3.8).
type VendorPage struct {
	Vendor
	Standing
	PrimeName      string       `json:"prime_name,omitempty"`
	Items          []Ending     `json:"items"`
	Papers         []Paper      `json:"papers"`
	Engineers      []Engineer   `json:"engineers"`
	Renewals       []Ending     `json:"renewals"` // to be renewed: of the vendor and its engineers, the soonest first
	Subcontractors []string     `json:"subcontractors,omitempty"`
	Suspensions    []Suspension `json:"suspensions,omitempty"`
}

// Ending is a paper that ends or is missing.
type Ending struct {
	Kind   string    `json:"kind"`
	Vendor string    `json:"vendor"`
	Person string    `json:"person,omitempty"`
	Name   string    `json:"name,omitempty"`
	Paper  string    `json:"paper,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Days   int       `json:"days_left"` // negative once it has ended; meaningless without until
	State  string    `json:"state"`
	Asked  bool      `json:"stops_without"`             // without it every login is refused
	Wanted time.Time `json:"renewal_asked_at,omitzero"` // when staff last asked the vendor to renew it
}

// Engineer is one line of a vendor's page.
type Engineer struct {
	Person
	Standing
	PledgeCopy  bool      `json:"pledge_copy"`
	KeysActive  int       `json:"keys_active"`
	Trained     time.Time `json:"trained_at,omitzero"`
	LastSession time.Time `json:"last_session_at,omitzero"`
}

// Suspension is one period in which the vendor, or one of its people, was stopped.
type Suspension struct {
	Kind    string    `json:"kind"` // lock | freeze
	Subject string    `json:"subject"`
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	Since   time.Time `json:"since"`
	Lifted  time.Time `json:"lifted_at,omitzero"`
}

// Paper is one thing on file.
type Paper struct {
	ID          string     `json:"paper"`
	Kind        string     `json:"kind"`
	Vendor      string     `json:"vendor"`
	Person      string     `json:"person,omitempty"`
	Name        string     `json:"name,omitempty"`
	FiscalYear  int        `json:"fiscal_year,omitempty"`
	From        time.Time  `json:"from,omitzero"`
	Until       time.Time  `json:"until,omitzero"`
	Note        string     `json:"note,omitempty"`
	State       string     `json:"state"` // submitted | accepted | withdrawn
	Replaced    bool       `json:"replaced,omitempty"`
	FiledBy     string     `json:"filed_by"`
	Filed       time.Time  `json:"filed_at"`
	AcceptedBy  string     `json:"accepted_by,omitempty"`
	Accepted    time.Time  `json:"accepted_at,omitzero"`
	WithdrawnBy string     `json:"withdrawn_by,omitempty"`
	Withdrawn   time.Time  `json:"withdrawn_at,omitzero"`
	Reason      string     `json:"reason,omitempty"` // of a withdrawal
	Copy        *PaperCopy `json:"copy,omitempty"`   // describes the copy; no content
	Offers      []Offer    `json:"offers,omitempty"` // on a single paper: which acts are open to the caller
}

// PaperCopy describes the copy on file.
type PaperCopy struct {
	FileName  string    `json:"file_name,omitempty"`
	MediaType string    `json:"media_type"`
	Size      int64     `json:"size"`
	SHA256    string    `json:"sha256"`
	Disposed  time.Time `json:"disposed_at,omitzero"` // the copy is gone; its time of keeping was over
}

// There tells whether the copy is on file still.
func (c *PaperCopy) There() bool { return c != nil && c.Disposed.IsZero() }

// PaperBody accepts or withdraws a paper.
type PaperBody struct {
	Reason string `json:"reason"`
}

// SubcontractBody approves a subcontract.
type SubcontractBody struct {
	Until  string `json:"until"` // last day, 2027-03-31
	Reason string `json:"reason"`
	Fresh
}

// RenewalsAsked are the papers whose renewal was asked for.
type RenewalsAsked struct {
	Vendor string   `json:"vendor"`
	Items  []Ending `json:"items"`
}

// PaperCheck says whether copies are still those that were filed.
type PaperCheck struct {
	Paper  string `json:"paper"`
	OK     bool   `json:"ok"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Damage string `json:"damage,omitempty"` // missing | changed | row
	Place  string `json:"place,omitempty"`
}

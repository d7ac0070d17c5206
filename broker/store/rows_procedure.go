package store

import (
	"time"

	"sekimori/broker/request"
	"sekimori/policy"
)

// Request is an application for a window. Version counts edits, from 1; ApprovedVersion is the
// version the final approval covers, 0 before.
type Request struct {
	No              string // "R8-0124", from Tx.NextRequestNo
	State           policy.RequestState
	Version         int
	ApprovedVersion int
	System          string
	Vendor          string
	Requester       string // staff who owns it; empty while proposed
	Proposer        string // engineer or contact who proposed it, or empty
	Start           time.Time
	End             time.Time
	Created         time.Time
	Changed         time.Time
	Body            RequestBody
}

// The parts of a request's body, of broker/request.
type (
	RequestBody = request.Body
	Interval    = request.Interval
	Emergency   = request.Emergency
	Conditions  = request.Conditions
	Verdict     = request.Verdict
)

// The verdicts, of broker/request.
const (
	VerdictApprove  = request.VerdictApprove
	VerdictReturn   = request.VerdictReturn
	VerdictReject   = request.VerdictReject
	VerdictWithdraw = request.VerdictWithdraw
	VerdictRevoke   = request.VerdictRevoke
	VerdictOpen     = request.VerdictOpen
	VerdictAfter    = request.VerdictAfter
	VerdictSeen     = request.VerdictSeen
	VerdictObject   = request.VerdictObject
)

// Decision is one act of one person on one version of a request.
type Decision struct {
	Request string
	Version int
	Stage   int // 1, 2; 0 outside the stages
	By      string
	Verdict Verdict
	Reason  string
	At      time.Time

	OnBehalf   string            // person id of the approver for whom a deputy decided
	Conditions Conditions        // of an approval that narrows
	Because    map[string]string // check item code → why it is acceptable
}

// RequestFilter narrows Requests. Zero fields do not narrow. Newest first.
type RequestFilter struct {
	States    []policy.RequestState
	System    string
	Section   string        // of the system
	Sight     *policy.Sight // only what lies within it; nil: everything
	Vendor    string
	Requester string
	Engineer  string // person id among the engineers
	SeenDue   string // person id of an approver for whom a deputy decided and who has not seen it yet (後閲)
	Series    string // number of the first request of a series
	EndAfter  time.Time
	Before    string // page on: only requests older than this number
	Soonest   bool   // by their start instead, the earliest first
	Limit     int    // 0: 200
}

// Window is an approved interval and the persons who opened and closed it.
type Window struct {
	policy.Window
	OpenedAt    time.Time // post taken
	PermittedAt time.Time
	PermittedBy string
	ClosedAt    time.Time // closed, cut or cancelled
}

// WindowFilter narrows Windows. Zero fields do not narrow. Ordered by start.
type WindowFilter struct {
	Newest      bool // latest start first, so that a limit leaves out windows that are long over
	Request     string
	System      string
	Section     string
	Sight       *policy.Sight // only what lies within it; nil: everything
	States      []policy.WindowState
	EndAfter    time.Time // End > this
	StartBefore time.Time // Start < this
	Limit       int       // 0: 200
}

// GrantFilter narrows GrantsWhere. Zero fields do not narrow.
type GrantFilter struct {
	Person   string
	Vendor   string
	Window   string
	Request  string
	EndAfter time.Time // of the window
}

// Freeze is an incident stop and the agreements to lift it.
type Freeze struct {
	policy.Freeze
	Lifts  []Lift
	Lifted time.Time // zero: in force
}

// Lift is one person's agreement to end a freeze. Two are needed.
type Lift struct {
	By     string
	At     time.Time
	Reason string
}

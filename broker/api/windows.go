package api

import (
	"time"

	"sekimori/policy"
)

// Window is an approved interval.
type Window struct {
	ID          string    `json:"window"`
	Request     string    `json:"request_no"`
	System      string    `json:"system"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	State       string    `json:"state"` // as shown to people, screens §6
	Attendant   string    `json:"attendant,omitempty"`
	OpenedAt    time.Time `json:"opened_at,omitzero"`
	PermittedAt time.Time `json:"permitted_at,omitzero"`
	PermittedBy string    `json:"permitted_by,omitempty"`
	ClosedAt    time.Time `json:"closed_at,omitzero"`
	ClosedBy    string    `json:"closed_by,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	// Waiting lists the engineers in the waiting room, for attendants.
	Waiting []Waiting `json:"waiting,omitempty"`
	// Calls list the engineers to call, for the window's attendant only.
	Calls []IdentityCall `json:"identity_calls,omitempty"`

	// Inventories say on a single window what came or went on its targets (R30), for staff.
	Inventories []WindowInventory `json:"inventories,omitempty"`

	// On a single window, for staff.
	LineRule policy.LineMode `json:"line,omitempty"`        // empty: the system has none
	Line     *WindowLine     `json:"window_line,omitempty"` // nil: the office network was not cut for this window
	LineNow  *Line           `json:"line_now,omitempty"`    // the system's line as it is now; nil: the system has none

	Offers []Offer `json:"offers,omitempty"` // on a single window: which acts are open to the caller
}

// WindowInventory is a list of a target's accounts, keys, rights and timed jobs, compared with an earlier one.
type WindowInventory struct {
	Target      string    `json:"target"`
	Phase       string    `json:"phase"` // before | after
	At          time.Time `json:"at"`
	Items       int       `json:"items"`
	Differences []string  `json:"differences"`       // each with + or -
	Missing     string    `json:"missing,omitempty"` // why the list could not be had
}

// Waiting is an engineer in the waiting room.
type Waiting struct {
	Session string    `json:"session_id"`
	Person  string    `json:"person"`
	Name    string    `json:"name"`
	Source  string    `json:"source"`
	Since   time.Time `json:"since"`
	State   string    `json:"state"` // what the engineer waits for, such as waiting-attendant
}

// IdentityCall is a connection in the waiting room whose engineer the attendant calls.
type IdentityCall struct {
	Person  string `json:"person"`
	Name    string `json:"name"`
	Phone   string `json:"phone"` // the registered number
	Session string `json:"session_id"`
	Source  string `json:"source,omitempty"` // where this connection comes from
	Matched bool   `json:"matched"`
	Failed  bool   `json:"failed"`
	Gone    bool   `json:"gone,omitempty"`   // the connection has ended, or was refused
	Beside  int    `json:"beside,omitempty"` // other connections of this person to this window that wait or are live
}

// WindowBody opens, closes or cancels a window.
type WindowBody struct {
	Reason string `json:"reason,omitempty"`
}

// OpenBody opens a window. The proof is needed where opening permits the start as well.
type OpenBody struct {
	Fresh
}

// IdentityBody is the result of the attendant's call on the registered telephone: the three digits
// that the engineer read out, which the broker compares with those it showed. Without digits the
// check has failed.
type IdentityBody struct {
	Digits string `json:"digits,omitempty"`
	Person string `json:"person,omitempty"` // the engineer, where several wait
}

// PermitBody gives permission to start.
type PermitBody struct {
	Fresh
}

// Extension is one request for a window to end later, with its answer.
type Extension struct {
	ID        string    `json:"extension"`
	Window    string    `json:"window"`
	Request   string    `json:"request_no"`
	System    string    `json:"system"`
	State     string    `json:"state"` // asked, granted, denied, lapsed
	By        string    `json:"by"`    // longer by: "30m0s"
	Reason    string    `json:"reason"`
	AskedBy   string    `json:"asked_by"`
	Via       string    `json:"via"`
	AskedAt   time.Time `json:"asked_at"`
	Ends      time.Time `json:"end"` // the window's, when it was asked for
	NewEnd    time.Time `json:"new_end,omitzero"`
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Role      string    `json:"role,omitempty"` // role of the decider
	OnBehalf  string    `json:"on_behalf,omitempty"`
	Answer    string    `json:"answer,omitempty"`
	Offers    []Offer   `json:"offers,omitempty"` // on a single one: which acts are open to the caller
}

// ExtendBody asks for a window to end later.
type ExtendBody struct {
	By     string `json:"by"` // "30m", from one minute to eight hours
	Reason string `json:"reason"`
}

// AnswerBody grants or denies. Fresh is needed beyond what the attendant may grant.
type AnswerBody struct {
	Reason string `json:"reason,omitempty"`
	Fresh
}

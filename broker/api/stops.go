package api

import (
	"time"
)

// Freeze is an incident stop, or a drill of one.
type Freeze struct {
	ID       string    `json:"incident"`
	Scope    string    `json:"scope"`
	Subject  string    `json:"subject,omitempty"`
	System   string    `json:"system,omitempty"` // of a vendor's: the one system on which it is stopped
	State    string    `json:"state"`            // frozen | lift-one | lifted | drill-asked | drill-lapsed
	Drill    bool      `json:"drill,omitempty"`
	By       string    `json:"by"`
	AgreedBy string    `json:"agreed_by,omitempty"` // of a drill: the second person
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason"`
	Held     int       `json:"recordings_held"` // recordings that it keeps from disposal now
	Cut      int       `json:"sessions_cut"`    // live sessions that it cut
	Lifts    []Lift    `json:"lifts,omitempty"`
	Lifted   time.Time `json:"lifted_at,omitzero"`
	Tell     []Tell    `json:"tell,omitempty"`   // who must be told, late ones first
	Offers   []Offer   `json:"offers,omitempty"` // on a single one: which acts are open to the caller

	LastCut    time.Time `json:"last_cut_at,omitzero"`         // when the last of the sessions that it cut had ended
	CutSeconds float64   `json:"seconds_to_last_cut,omitzero"` // from the declaration; missing: it cut none, or some are not over
	NotOver    int       `json:"sessions_not_over,omitempty"`  // of those that it cut
}

// Lift is one person's agreement to end a freeze, a lock or a hold.
type Lift struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// FreezeBody declares a freeze, or asks for a drill.
type FreezeBody struct {
	Scope   string `json:"scope"` // all | vendor | system
	Subject string `json:"subject,omitempty"`
	System  string `json:"system,omitempty"` // beside a vendor: on this system only
	Reason  string `json:"reason"`           // of a freeze: may be empty and be given later
	Drill   bool   `json:"drill,omitempty"`
}

// LiftBody agrees to end a freeze, or to release a recording.
type LiftBody struct {
	Reason string `json:"reason"`
	Fresh
}

// DrillBody agrees to a drill.
type DrillBody struct{ Fresh }

// ReasonBody gives a reason: for a stop declared without one, for a hold, for an acknowledged alarm.
type ReasonBody struct {
	Reason string `json:"reason"`
}

// Hold keeps a recording from disposal.
type Hold struct {
	Cause    string    `json:"cause,omitempty"` // incident or lock; empty: by hand
	By       string    `json:"by"`
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason,omitempty"`
	Releases []Lift    `json:"releases,omitempty"` // two are needed
}

// Alarm is a notice to several desks.
type Alarm struct {
	ID     string         `json:"alarm"`
	What   string         `json:"what"` // locked-out | failures | re-enrolment | lock | freeze | nobody-present | evidence | client-too-old | target | checkpoint | unrecordable | undelivered
	About  string         `json:"about,omitempty"`
	At     time.Time      `json:"at"`
	Detail map[string]any `json:"detail,omitempty"`
	To     []AlarmDesk    `json:"to"`
}

// AlarmDesk is one desk that an alarm went to. No desk acknowledges for another.
type AlarmDesk struct {
	Desk    string    `json:"desk"` // section:ID | information-systems
	AckedBy string    `json:"acknowledged_by,omitempty"`
	AckedAt time.Time `json:"acknowledged_at,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// AckBody acknowledges an alarm for one's own desk.
type AckBody struct {
	Desk string `json:"desk,omitempty"` // section | information-systems; empty: the person's own
	Note string `json:"note,omitempty"`
}

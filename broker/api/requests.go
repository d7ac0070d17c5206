package api

import (
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/request"
)

// SubmitBody carries a request as YAML.
type SubmitBody struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Request is an application for a window. The body's emergency is shown by members below, and its limit of extensions
// by the words of the conditions.
type Request struct {
	No              string    `json:"request_no"`
	State           string    `json:"state"`
	Version         int       `json:"version"`
	ApprovedVersion int       `json:"approved_version,omitempty"`
	System          string    `json:"system"`
	Vendor          string    `json:"vendor"`
	Requester       string    `json:"requester,omitempty"`
	Proposer        string    `json:"proposer,omitempty"`
	Start           time.Time `json:"start"`
	End             time.Time `json:"end"`
	Created         time.Time `json:"created_at"`
	Changed         time.Time `json:"changed_at"`
	request.Body

	Emergency       bool      `json:"emergency,omitempty"`
	EmergencyReason string    `json:"emergency_reason,omitempty"`
	Phoned          string    `json:"phoned,omitempty"` // the person telephoned, and the time
	PhonedAt        time.Time `json:"phoned_at,omitzero"`
	FollowUpDue     time.Time `json:"follow_up_due,omitzero"` // of an emergency's report and later approval

	Decisions []Decision `json:"decisions,omitempty"`
	Windows   []string   `json:"windows,omitempty"`
	LiveRules int        `json:"live_rules,omitempty"` // how many its system has

	Offers []Offer `json:"offers,omitempty"` // on a single request: which acts are open to the caller

	// Hints are for the writer of a file that is valid: keys under former names.
	Hints []forms.Problem `json:"hints,omitempty"`
}

// Decision is one person's act on one version of a request.
type Decision struct {
	Stage   int       `json:"stage"`
	Version int       `json:"version"`
	By      string    `json:"by"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`

	OnBehalf   string            `json:"on_behalf,omitempty"` // the approver for whom a deputy decided
	Because    map[string]string `json:"because,omitempty"`
	Conditions Conditions        `json:"conditions,omitzero"`
}

// DecideBody approves, returns, rejects or withdraws. Version 0: the present version. Because and Conditions belong to
// an approval only.
type DecideBody struct {
	Version    int               `json:"version,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Because    map[string]string `json:"because,omitempty"` // check item → why it is acceptable
	Conditions Conditions        `json:"conditions,omitzero"`
	Fresh
}

// CopyReply is a request as a file to fill in.
type CopyReply struct {
	Text string `json:"text"`
}

// SeenBody says that a deputy's decision was read. With Object the person objects, which needs a reason.
type SeenBody struct {
	Object bool   `json:"object,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// EmergencyBody is the first person's opening of an emergency window (R22); a second must agree.
type EmergencyBody struct {
	SubmitBody
	Reason   string `json:"reason"`
	Phoned   string `json:"phoned"`    // the person telephoned
	PhonedAt string `json:"phoned_at"` // the time: RFC 3339, or a local time of the institution
	Fresh
}

// EmergencyAct is the second person's agreement, or the later approval.
type EmergencyAct struct {
	Reason string `json:"reason"`
	Fresh
}

// Conditions narrow the request.
type Conditions = request.Conditions

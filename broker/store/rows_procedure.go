package store

import (
	"time"

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

// RequestBody is what the application says beside its key fields. Stored as strict JSON: a
// field that is renamed needs a migration.
type RequestBody struct {
	Purpose          string           `json:"purpose"`
	WorkType         string           `json:"work_type"`         // fault | routine | update | survey | other
	ResponsibleParty string           `json:"responsible_party"` // vendor id of the party that answers (R11)
	Phone            string           `json:"phone"`             // reachable during the work
	FaultNo          string           `json:"fault_no,omitempty"`
	LikelyCause      string           `json:"likely_cause,omitempty"`
	PhoneTriage      string           `json:"phone_triage,omitempty"`
	Procedure        string           `json:"procedure,omitempty"`
	Rollback         string           `json:"rollback,omitempty"`
	Engineers        []string         `json:"engineers"` // person ids
	Accounts         []string         `json:"accounts"`  // account ids, "hr-db/maint"
	Attendant        string           `json:"attendant,omitempty"`
	Files            policy.FilesRule `json:"files"`
	FilesDetail      string           `json:"files_detail,omitempty"`
	RootReason       string           `json:"root_reason,omitempty"`
	PersonalData     bool             `json:"personal_data,omitempty"`
	PersonLimit      int              `json:"person_limit,omitempty"` // different persons at once; 0: one
	Conditions       string           `json:"conditions,omitempty"`   // of a conditional approval
	Urgent           string           `json:"urgent,omitempty"`       // why it cannot wait

	ContractNo       string     `json:"contract_no,omitempty"`
	ExtraRights      []string   `json:"extra_rights,omitempty"` // beside what the account has anyway, in words
	ExtraReason      string     `json:"extra_reason,omitempty"`
	IndividualNumber bool       `json:"individual_number,omitempty"` // the work shows individual numbers
	IndividualReason string     `json:"individual_reason,omitempty"`
	FileDirection    string     `json:"file_direction,omitempty"` // in | out | both, where files are allowed
	ClausesTold      bool       `json:"clauses_told,omitempty"`   // declared: engineers know the special clauses
	RecordingTold    bool       `json:"recording_told,omitempty"` // declared: engineers know that they are recorded and watched
	Recurrence       string     `json:"recurrence,omitempty"`     // RRULE (RFC 5545) as written
	Occurrences      []Interval `json:"occurrences,omitempty"`    // of a recurring window, in order; empty: one, Start to End
	Series           string     `json:"series,omitempty"`         // number of the first request of a series approved one by one
	Drill            bool       `json:"drill,omitempty"`
	Emergency        *Emergency `json:"emergency,omitempty"`
	ExtensionLimitMS *int64     `json:"extension_limit_ms,omitempty"` // a conditional approval narrows the attendant's limit
}

// Interval is [Start, End).
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Emergency is what the two who open an emergency window say (R22).
type Emergency struct {
	Reason   string        `json:"reason"`
	Phoned   string        `json:"phoned"`    // who was telephoned
	PhonedAt time.Time     `json:"phoned_at"` // and when
	Length   time.Duration `json:"length"`    // of the window, from the second person's agreement
	First    string        `json:"first"`     // person ids
	Second   string        `json:"second,omitempty"`
	Due      time.Time     `json:"due,omitzero"` // of report and later approval
}

// Verdict is what an approver decided on a request.
type Verdict string

// The verdicts. A withdrawal or revocation is recorded as a decision too, so that a refusal can
// name who and why.
const (
	VerdictApprove  Verdict = "approve"
	VerdictReturn   Verdict = "return"
	VerdictReject   Verdict = "reject"
	VerdictWithdraw Verdict = "withdraw"
	VerdictRevoke   Verdict = "revoke"

	VerdictOpen   Verdict = "open"          // one of the two who open an emergency window
	VerdictAfter  Verdict = "approve-after" // the later approval of an emergency
	VerdictSeen   Verdict = "seen"          // the head has seen what a deputy decided (後閲)
	VerdictObject Verdict = "object"        // and objects
)

// Decision is one act of one person on one version of a request.
type Decision struct {
	Request string
	Version int
	Stage   int // 1, 2; 0 for what is no stage
	By      string
	Verdict Verdict
	Reason  string
	At      time.Time

	OnBehalf   string            // person id of the approver for whom a deputy decided
	Conditions Conditions        // of an approval that narrows
	Because    map[string]string // check item code → why it is acceptable
}

// Conditions narrow what was asked for. The zero value narrows nothing.
type Conditions struct {
	End              time.Time `json:"end,omitzero"`                 // earlier than asked
	Accounts         []string  `json:"accounts,omitempty"`           // taken away
	Rights           []string  `json:"rights,omitempty"`             // extra rights taken away
	NoFiles          bool      `json:"no_files,omitempty"`           // files taken away
	ExtensionLimitMS *int64    `json:"extension_limit_ms,omitempty"` // what the attendant may extend by, in all
	Note             string    `json:"note,omitempty"`
}

// RequestFilter narrows Requests. Zero fields do not narrow. Newest first.
type RequestFilter struct {
	States    []policy.RequestState
	System    string
	Section   string   // of the system
	Also      []string // sections that count beside Section
	Vendor    string
	Requester string
	Engineer  string // person id among the engineers
	SeenDue   string // person id for whom a deputy decided, and who has not seen it yet (後閲)
	Series    string // number of the first request of a series
	EndAfter  time.Time
	Before    string // page on: only requests older than this number
	Soonest   bool   // by their start instead, the earliest first
	Limit     int    // 0: 200
}

// Window is an approved interval and who let it be used.
type Window struct {
	policy.Window
	OpenedAt    time.Time // post taken
	PermittedAt time.Time
	PermittedBy string
	ClosedAt    time.Time // closed, cut or cancelled
}

// WindowFilter narrows Windows. Zero fields do not narrow. Ordered by start.
type WindowFilter struct {
	Newest      bool // latest start first, so that a limit leaves out what is long over
	Request     string
	Vendor      string // of the request
	System      string
	Section     string
	Also        []string // sections that count beside Section
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

// Review is the inspection that a session is owed (R12).
type Review struct {
	Session  string
	Auditor  string // assigned; empty: anyone who may
	Created  time.Time
	Due      time.Time
	Verdict  string // ok | question | fix; empty: not signed
	Note     string
	SignedBy string
	SignedAt time.Time
}

// ReviewFilter narrows Reviews.
type ReviewFilter struct {
	Auditor  string
	Section  string // of the session's system
	Unsigned bool
	Limit    int // 0: 200
}

package request

import (
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Body is the content of an application beside its key fields. It is stored as strict JSON and shown by the API: a further field goes
// to the end, with omitempty, and a renamed field needs a migration.
type Body struct {
	Purpose          string           `json:"purpose"`
	WorkType         string           `json:"work_type"`
	ResponsibleParty string           `json:"responsible_party"` // vendor id of the party that answers (R11)
	Phone            string           `json:"phone"`             // reachable during the work
	FaultNo          string           `json:"fault_no,omitempty"`
	LikelyCause      string           `json:"likely_cause,omitempty"`
	PhoneTriage      string           `json:"phone_triage,omitempty"`
	Procedure        string           `json:"procedure,omitempty"`
	Rollback         string           `json:"rollback,omitempty"`
	Engineers        []string         `json:"engineers"` // person ids; in a form logins too, all of one vendor
	Accounts         []string         `json:"accounts"`  // account ids, "hr-db/maint": target and login there
	Attendant        string           `json:"attendant,omitempty"`
	Files            policy.FilesRule `json:"files"`
	FilesDetail      string           `json:"files_detail,omitempty"`
	RootReason       string           `json:"root_reason,omitempty"` // needed when an account is equivalent to root
	PersonalData     bool             `json:"personal_data,omitempty"`
	PersonLimit      int              `json:"person_limit,omitempty"` // different persons at once; 0: one
	Conditions       string           `json:"conditions,omitempty"`   // of a conditional approval
	Urgent           string           `json:"urgent,omitempty"`       // why it cannot wait; lifts the lead time

	ContractNo       string     `json:"contract_no,omitempty"`
	ExtraRights      []string   `json:"extra_rights,omitempty"` // beside the account's own rights, in words
	ExtraReason      string     `json:"extra_reason,omitempty"`
	IndividualNumber bool       `json:"individual_number,omitempty"` // the work shows individual numbers
	IndividualReason string     `json:"individual_reason,omitempty"` // the special-case reason that it then needs
	FileDirection    string     `json:"file_direction,omitempty"`    // if files are allowed
	ClausesTold      bool       `json:"clauses_told,omitempty"`      // declared: engineers know the special clauses
	RecordingTold    bool       `json:"recording_told,omitempty"`    // declared: engineers know that they are recorded and watched
	Recurrence       string     `json:"recurrence,omitempty"`        // RRULE (RFC 5545) as written
	Occurrences      []Interval `json:"occurrences,omitempty"`       // of a recurring window, in order; empty: one, Start to End
	Series           string     `json:"series,omitempty"`            // number of the first request of a series approved one by one
	Drill            bool       `json:"drill,omitempty"`
	Emergency        *Emergency `json:"emergency,omitempty"`
	ExtensionLimitMS *int64     `json:"extension_limit_ms,omitempty"` // a conditional approval narrows the attendant's limit
	StaffDowntime    time.Time  `json:"staff_downtime,omitzero"`      // end of the time without staff terminals (R18); zero: not given
	Commands         []string   `json:"commands,omitempty"`           // patterns of the commands that may run; none: a full shell
	ForcedCommand    string     `json:"forced_command,omitempty"`     // runs in place of every shell and command
	Forwards         []string   `json:"forwards,omitempty"`           // destinations of port forwards, "db:5432", as seen from the target

	FilePathsIn  []string `json:"file_paths_in,omitempty"`  // trees on the targets that files may reach; none: everywhere
	FilePathsOut []string `json:"file_paths_out,omitempty"` // trees that files may leave; none: everywhere
	FileLimitMiB int      `json:"file_limit_mib,omitempty"` // largest file; 0: no limit
	Sanitised    string   `json:"sanitised,omitempty"`      // the sender's statement on 無害化 of the files brought in
}

// Interval is [Start, End).
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Emergency is the statement of the two who open an emergency window (R22).
type Emergency struct {
	Reason   string        `json:"reason"`
	Phoned   string        `json:"phoned"`    // the person who was telephoned
	PhonedAt time.Time     `json:"phoned_at"` // time of the call
	Length   time.Duration `json:"length"`    // of the window, from the second person's agreement
	First    string        `json:"first"`     // person ids
	Second   string        `json:"second,omitempty"`
	Due      time.Time     `json:"due,omitzero"` // of report and later approval
}

// Verdict is an approver's decision on a request.
type Verdict string

// The verdicts. A withdrawal or revocation is recorded as a decision too, so that a refusal can name the person and the reason.
const (
	VerdictApprove  Verdict = "approve"
	VerdictReturn   Verdict = "return"
	VerdictReject   Verdict = "reject"
	VerdictWithdraw Verdict = "withdraw"
	VerdictRevoke   Verdict = "revoke"

	VerdictOpen   Verdict = "open"          // one of the two who open an emergency window
	VerdictAfter  Verdict = "approve-after" // the later approval of an emergency
	VerdictSeen   Verdict = "seen"          // the head has read a deputy's decision (後閲)
	VerdictObject Verdict = "object"        // and objects
)

var verdicts = map[Verdict]text.Text{
	VerdictApprove:  text.Of("承認", "Approved"),
	VerdictReturn:   text.Of("差戻し", "Returned"),
	VerdictReject:   text.Of("却下", "Rejected"),
	VerdictWithdraw: text.Of("取下げ", "Withdrawn"),
	VerdictRevoke:   text.Of("取消し", "Revoked"),
	VerdictOpen:     text.Of("緊急利用を開く", "Emergency opened"),
	VerdictAfter:    text.Of("事後承認", "Approved afterwards"),
	VerdictSeen:     text.Of("後閲", "Seen"),
	VerdictObject:   text.Of("異議", "Objection"),
}

// Label is the verdict as people read it.
func (v Verdict) Label() text.Text { return text.Label(verdicts, v) }

// Conditions narrow the application. The zero value narrows nothing.
type Conditions struct {
	End              time.Time `json:"end,omitzero"`                 // earlier than asked
	Accounts         []string  `json:"accounts,omitempty"`           // taken away
	Rights           []string  `json:"rights,omitempty"`             // extra rights taken away
	Commands         []string  `json:"commands,omitempty"`           // patterns of commands taken away; one at least stays
	NoFiles          bool      `json:"no_files,omitempty"`           // files taken away
	ExtensionLimitMS *int64    `json:"extension_limit_ms,omitempty"` // the most that the attendant may extend by, in all
	Note             string    `json:"note,omitempty"`
}

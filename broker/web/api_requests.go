package web

import (
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// SubmitBody carries a request as YAML.
type SubmitBody struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Request is an application for a window.
type Request struct {
	No               string    `json:"request_no"`
	State            string    `json:"state"`
	Version          int       `json:"version"`
	ApprovedVersion  int       `json:"approved_version,omitempty"`
	System           string    `json:"system"`
	Vendor           string    `json:"vendor"`
	Requester        string    `json:"requester,omitempty"`
	Proposer         string    `json:"proposer,omitempty"`
	Start            time.Time `json:"start"`
	End              time.Time `json:"end"`
	Created          time.Time `json:"created_at"`
	Changed          time.Time `json:"changed_at"`
	Purpose          string    `json:"purpose"`
	WorkType         string    `json:"work_type,omitempty"`
	ResponsibleParty string    `json:"responsible_party,omitempty"`
	Phone            string    `json:"phone,omitempty"`
	FaultNo          string    `json:"fault_no,omitempty"`
	LikelyCause      string    `json:"likely_cause,omitempty"`
	PhoneTriage      string    `json:"phone_triage,omitempty"`
	Procedure        string    `json:"procedure,omitempty"`
	Rollback         string    `json:"rollback,omitempty"`
	Engineers        []string  `json:"engineers"`
	Accounts         []string  `json:"accounts"`
	Attendant        string    `json:"attendant,omitempty"`
	Files            string    `json:"files"`
	FilesDetail      string    `json:"files_detail,omitempty"`
	RootReason       string    `json:"root_reason,omitempty"`
	PersonalData     bool      `json:"personal_data,omitempty"`
	PersonLimit      int       `json:"person_limit,omitempty"`
	Conditions       string    `json:"conditions,omitempty"`
	Urgent           string    `json:"urgent,omitempty"`

	ContractNo       string       `json:"contract_no,omitempty"`
	ExtraRights      []string     `json:"extra_rights,omitempty"`
	ExtraReason      string       `json:"extra_reason,omitempty"`
	IndividualNumber bool         `json:"individual_number,omitempty"`
	IndividualReason string       `json:"individual_reason,omitempty"`
	FileDirection    string       `json:"file_direction,omitempty"`
	ClausesTold      bool         `json:"clauses_told,omitempty"`
	RecordingTold    bool         `json:"recording_told,omitempty"`
	Drill            bool         `json:"drill,omitempty"`
	Emergency        bool         `json:"emergency,omitempty"`
	EmergencyReason  string       `json:"emergency_reason,omitempty"`
	Phoned           string       `json:"phoned,omitempty"` // who was telephoned, and when
	PhonedAt         time.Time    `json:"phoned_at,omitzero"`
	FollowUpDue      time.Time    `json:"follow_up_due,omitzero"` // of an emergency's report and later approval
	Recurrence       string       `json:"recurrence,omitempty"`
	Occurrences      []Occurrence `json:"occurrences,omitempty"`
	Series           string       `json:"series,omitempty"` // first request of a series approved one by one

	Decisions []Decision `json:"decisions,omitempty"`
	Windows   []string   `json:"windows,omitempty"`

	// Hints are what the writer of the file should know although nothing is wrong with it: keys under former names.
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

	OnBehalf   string            `json:"on_behalf,omitempty"` // for whom a deputy decided
	Because    map[string]string `json:"because,omitempty"`
	Conditions store.Conditions  `json:"conditions,omitzero"`
}

// DecideBody approves, returns, rejects or withdraws. Version 0: whatever stands now. Because and Conditions are an
// approval's alone.
type DecideBody struct {
	Version    int               `json:"version,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Because    map[string]string `json:"because,omitempty"` // check item → why it is acceptable
	Conditions store.Conditions  `json:"conditions,omitzero"`
	Fresh
}

// Window is an approved interval.
type Window struct {
	ID          string    `json:"window"`
	Request     string    `json:"request_no"`
	System      string    `json:"system"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	State       string    `json:"state"` // as people see it, screens §6
	Attendant   string    `json:"attendant,omitempty"`
	OpenedAt    time.Time `json:"opened_at,omitzero"`
	PermittedAt time.Time `json:"permitted_at,omitzero"`
	PermittedBy string    `json:"permitted_by,omitempty"`
	ClosedAt    time.Time `json:"closed_at,omitzero"`
	ClosedBy    string    `json:"closed_by,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	// Calls are for the window's attendant alone: whom to call.
	Calls []IdentityCall `json:"identity_calls,omitempty"`
}

// IdentityCall is a connection in the waiting room whose engineer the attendant calls.
type IdentityCall struct {
	Person  string `json:"person"`
	Name    string `json:"name"`
	Phone   string `json:"phone"` // the registered one
	Session string `json:"session_id"`
	Source  string `json:"source,omitempty"` // where this connection comes from
	Matched bool   `json:"matched"`
	Failed  bool   `json:"failed"`
	Beside  int    `json:"beside,omitempty"` // other connections of this person to this window that wait or were identified
}

// WindowBody opens, closes or cancels a window.
type WindowBody struct {
	Reason string `json:"reason,omitempty"`
}

// OpenBody opens a window. The proof is needed where that permits the start as well.
type OpenBody struct {
	Fresh
}

// IdentityBody is the result of the attendant's call on the registered telephone: the three digits
// that were read back, which the broker holds against those that it showed. Without digits the
// check has failed.
type IdentityBody struct {
	Digits string `json:"digits,omitempty"`
	Person string `json:"person,omitempty"` // whom, where more than one engineer waits
}

// PermitBody gives permission to start.
type PermitBody struct {
	Fresh
}

func viewRequest(r store.Request, z *time.Location) Request {
	b := r.Body
	v := Request{
		No: r.No, State: string(r.State), Version: r.Version, ApprovedVersion: r.ApprovedVersion,
		System: r.System, Vendor: r.Vendor, Requester: r.Requester, Proposer: r.Proposer,
		Start: at(r.Start, z), End: at(r.End, z), Created: at(r.Created, z), Changed: at(r.Changed, z),
		Purpose: b.Purpose, WorkType: b.WorkType, ResponsibleParty: b.ResponsibleParty, Phone: b.Phone,
		FaultNo: b.FaultNo, LikelyCause: b.LikelyCause, PhoneTriage: b.PhoneTriage, Procedure: b.Procedure, Rollback: b.Rollback,
		Engineers: b.Engineers, Accounts: b.Accounts, Attendant: b.Attendant, Files: string(b.Files), FilesDetail: b.FilesDetail,
		RootReason: b.RootReason, PersonalData: b.PersonalData, PersonLimit: b.PersonLimit, Conditions: b.Conditions, Urgent: b.Urgent,
		ContractNo: b.ContractNo, ExtraRights: b.ExtraRights, ExtraReason: b.ExtraReason, IndividualNumber: b.IndividualNumber,
		IndividualReason: b.IndividualReason, FileDirection: b.FileDirection, ClausesTold: b.ClausesTold, RecordingTold: b.RecordingTold,
		Drill: b.Drill, Emergency: b.Emergency != nil, Recurrence: b.Recurrence, Series: b.Series,
		Occurrences: occurrences(b.Occurrences, z),
	}
	if e := b.Emergency; e != nil {
		v.EmergencyReason, v.Phoned, v.PhonedAt, v.FollowUpDue = e.Reason, e.Phoned, at(e.PhonedAt, z), at(e.Due, z)
	}
	return v
}

func occurrences(list []store.Interval, z *time.Location) []Occurrence {
	if len(list) == 0 {
		return nil
	}
	return each(list, func(o store.Interval) Occurrence { return Occurrence{Start: at(o.Start, z), End: at(o.End, z)} })
}

func viewDecision(d store.Decision, z *time.Location) Decision {
	return Decision{Stage: d.Stage, Version: d.Version, By: d.By, Verdict: string(d.Verdict), Reason: d.Reason, At: at(d.At, z),
		OnBehalf: d.OnBehalf, Because: d.Because, Conditions: d.Conditions}
}

func viewWindow(w store.Window, is store.WindowNow, now time.Time, z *time.Location) Window {
	return Window{
		ID: w.ID, Request: w.Request, System: w.System, Start: at(w.Start, z), End: at(w.End, z), State: windowState(w, is, now),
		Attendant: w.Attendant, OpenedAt: at(w.OpenedAt, z), PermittedAt: at(w.PermittedAt, z), PermittedBy: w.PermittedBy,
		ClosedAt: at(w.ClosedAt, z), ClosedBy: w.ClosedBy, Reason: w.Reason,
	}
}

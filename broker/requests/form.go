package requests

import (
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/policy"
)

// Form is an application as handed in (作業申請書). People, vendors may be named by id or login.
type Form struct {
	System           string           `json:"system"`
	Accounts         []string         `json:"accounts"`  // "hr-db/maint": target and login there
	Engineers        []string         `json:"engineers"` // all of one vendor
	Start            time.Time        `json:"start"`
	End              time.Time        `json:"end"`                // exclusive
	StartIn          time.Duration    `json:"start_in,omitempty"` // instead of Start: so long after submission
	Length           time.Duration    `json:"length,omitempty"`   // instead of End: so long after the start
	Recurrence       string           `json:"recurrence,omitempty"`
	Purpose          string           `json:"purpose"`
	WorkType         string           `json:"work_type"` // fault, routine, update, survey, other
	ContractNo       string           `json:"contract_no,omitempty"`
	ResponsibleParty string           `json:"responsible_party"`      // vendor that answers (R11)
	Phone            string           `json:"phone"`                  // reachable during the work
	FaultNo          string           `json:"fault_no,omitempty"`     // of a fault
	LikelyCause      string           `json:"likely_cause,omitempty"` // likely cause; needed for a fault
	PhoneTriage      string           `json:"phone_triage,omitempty"`
	Procedure        string           `json:"procedure,omitempty"`
	Rollback         string           `json:"rollback,omitempty"`
	Urgent           string           `json:"urgent,omitempty"`    // why it cannot wait; lifts the lead time
	Attendant        string           `json:"attendant,omitempty"` // empty: whoever takes the post
	Files            policy.FilesRule `json:"files"`               // empty: none
	FileDirection    string           `json:"file_direction,omitempty"`
	FilesDetail      string           `json:"files_detail,omitempty"`
	ExtraRights      []string         `json:"extra_rights,omitempty"` // beside what the accounts have anyway, in words
	ExtraReason      string           `json:"extra_reason,omitempty"`
	RootReason       string           `json:"root_reason,omitempty"` // needed when an account is equivalent to root
	PersonalData     bool             `json:"personal_data,omitempty"`
	IndividualNumber bool             `json:"individual_number,omitempty"` // the work shows individual numbers
	IndividualReason string           `json:"individual_reason,omitempty"` // the special-case reason that it then needs
	PersonLimit      int              `json:"person_limit,omitempty"`      // different persons at once; 0: one
	Drill            bool             `json:"drill,omitempty"`
	ClausesTold      bool             `json:"clauses_told,omitempty"`   // declared: the engineers know the special clauses
	RecordingTold    bool             `json:"recording_told,omitempty"` // declared: and that they are recorded and watched

	hints  []forms.Problem        // what the writer should know, although nothing is wrong
	places map[string]forms.Value // field → where it was written; nil when it came from no file
	name   string
}

// the kinds of work, as screens §3.2 lists them
var workTypes = []string{"fault", "routine", "update", "survey", "other"}

// the ways that files may go
var fileDirections = []string{"in", "out", "both"}

// fields are the names a request file may use.
var fields = []string{
	"system", "accounts", "engineers", "start", "end", "recurrence", "purpose", "work_type", "contract_no", "responsible_party", "phone",
	"fault_no", "likely_cause", "phone_triage", "procedure", "rollback", "urgent", "attendant", "files", "file_direction", "files_detail",
	"extra_rights", "extra_reason", "root_reason", "personal_data", "individual_number", "individual_reason", "person_limit", "drill",
	"clauses_told", "recording_told",
}

// formerly gives the present names of fields that files of before may still use.
var formerly = map[string]string{"responsible": "responsible_party", "fault_cause": "likely_cause", "fault_triage": "phone_triage"}

// ParseForm reads request.yaml. A start may be written "+20m", counted from submission, and an end
// "+90m", counted from the start. Times without a zone are of the zone given. The error is a *forms.Invalid
// with every problem of reading; what the values mean is checked by Submit, whose problems then
// carry the places too.
func ParseForm(name string, text []byte, zone *time.Location) (Form, error) {
	read, top := forms.Read(name, text)
	m := top.MapRenamed(formerly, fields...)
	f := Form{
		System:           m.Need("system").Text(),
		Accounts:         m.Need("accounts").Texts(),
		Engineers:        m.Need("engineers").Texts(),
		Recurrence:       m.Get("recurrence").Text(),
		Purpose:          m.Get("purpose").Text(),
		WorkType:         m.Get("work_type").Choice(workTypes[4], workTypes[0], workTypes[1], workTypes[2], workTypes[3]),
		ContractNo:       m.Get("contract_no").Text(),
		ResponsibleParty: m.Get("responsible_party").Text(),
		Phone:            m.Get("phone").Text(),
		FaultNo:          m.Get("fault_no").Text(),
		LikelyCause:      m.Get("likely_cause").Text(),
		PhoneTriage:      m.Get("phone_triage").Text(),
		Procedure:        m.Get("procedure").Text(),
		Rollback:         m.Get("rollback").Text(),
		Urgent:           m.Get("urgent").Text(),
		Attendant:        m.Get("attendant").Text(),
		Files:            policy.FilesRule(m.Get("files").Choice(string(policy.FilesNone), string(policy.FilesAllowed))),
		FileDirection:    direction(m.Get("file_direction")),
		FilesDetail:      m.Get("files_detail").Text(),
		ExtraRights:      m.Get("extra_rights").Texts(),
		ExtraReason:      m.Get("extra_reason").Text(),
		RootReason:       m.Get("root_reason").Text(),
		PersonalData:     m.Get("personal_data").Bool(),
		IndividualNumber: m.Get("individual_number").Bool(),
		IndividualReason: m.Get("individual_reason").Text(),
		PersonLimit:      m.Get("person_limit").Int(1, 20),
		Drill:            m.Get("drill").Bool(),
		ClausesTold:      m.Get("clauses_told").Bool(),
		RecordingTold:    m.Get("recording_told").Bool(),
		places:           map[string]forms.Value{},
		name:             name,
	}
	f.Start, f.StartIn = instantOr(m.Need("start"), zone)
	f.End, f.Length = instantOr(m.Need("end"), zone)
	for _, field := range fields {
		f.places[field] = m.Get(field)
	}
	f.hints = read.Hints()
	return f, read.Err()
}

// Hints are what the writer of the file should know although nothing is wrong with it.
func (f Form) Hints() []forms.Problem { return f.hints }

// direction reads which way files go; empty where it is not said.
func direction(v forms.Value) string {
	if !v.Present() {
		return ""
	}
	return v.Choice(fileDirections...)
}

// problem is one at the field's place.
func (f Form) problem(field, code, ja, en string) forms.Problem {
	if v, ok := f.places[field]; ok {
		return v.Describe(code, ja, en)
	}
	return forms.Problem{Field: field, Code: code, JA: ja, EN: en}
}

// instantOr reads an instant, or "+20m": so long after what it counts from. That lets an example be
// submitted on any day.
func instantOr(v forms.Value, zone *time.Location) (time.Time, time.Duration) {
	if written := v.Word(); strings.HasPrefix(written, "+") {
		d, err := time.ParseDuration(written[1:])
		if err != nil || d <= 0 {
			v.Problem("bad-duration", "+20m のように書いてください。", "write it like +20m")
			return time.Time{}, 0
		}
		return time.Time{}, d
	}
	return v.Instant(zone), 0
}

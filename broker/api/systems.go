package api

import (
	"slices"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/rules"
	"sekimori/policy/text"
)

// Section is an organisational unit.
type Section struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Head  string `json:"head,omitempty"`
}

// System is a system with its rules: the members are the keys of the registry file.
type System struct{ rules.System }

// systemFields are the id and the rules.
var systemFields = append(field.Table[rules.System]{
	field.Text("id", "番号", "ID", func(s *rules.System) *string { return &s.ID }),
}, rules.Fields...)

// MarshalJSON implements json.Marshaler.
func (s System) MarshalJSON() ([]byte, error) { return systemFields.Shown(&s.System) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *System) UnmarshalJSON(b []byte) error { return systemFields.FromShown(b, &s.System) }

// Target is one host:port of a system.
type Target struct {
	ID       string `json:"id"`
	System   string `json:"system"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	HostKey  string `json:"host_key"`
	Drill    bool   `json:"drill,omitempty"`
	Note     string `json:"note,omitempty"`
	Encoding string `json:"encoding,omitempty"`          // of its output; missing: utf-8
	Legacy   string `json:"legacy_algorithms,omitempty"` // reason for using weak algorithms with it; missing: none are used
	Steward  string `json:"steward,omitempty"`           // administrative login, or path of a program on the broker's host; missing: accounts are not looked after
	// Egress lists where the target may connect to during a window; missing: nowhere.
	Egress []string     `json:"egress,omitempty"`
	Enrol  []EnrolStep  `json:"enrolment,omitempty"` // for those who may check it, where one target is shown
	Check  *TargetCheck `json:"last_check,omitempty"`
	// Changes are the changes of its accounts' stored secrets that are under way or failed, where one target is shown.
	Changes []SecretChange `json:"secret_changes,omitempty"`
	Offers  []Offer        `json:"offers,omitempty"`
}

// EnrolStep is one thing that an administrator puts on a target.
type EnrolStep struct {
	Title text.Text `json:"title"`
	File  string    `json:"file,omitempty"`
	Lines []string  `json:"lines,omitempty"`
}

// TargetCheck is the newest check of what was put on a target.
type TargetCheck struct {
	At    time.Time   `json:"at"`
	By    string      `json:"by"`
	OK    bool        `json:"ok"` // every part was tried and went well
	Lines []CheckLine `json:"lines"`
}

// CheckLine is one part of a check.
type CheckLine struct {
	What    string    `json:"what"`
	Account string    `json:"account,omitempty"`
	Result  string    `json:"result"`
	Said    text.Text `json:"said"`
	Next    text.Text `json:"next,omitzero"`
	Detail  string    `json:"detail,omitempty"` // in the words of the connection or the target's program
}

// Account is a login on a target. Its secret is never part of it.
type Account struct {
	ID         string   `json:"id"`
	Target     string   `json:"target"`
	Login      string   `json:"login"`
	Root       bool     `json:"root"`
	Credential string   `json:"credential"`
	Note       string   `json:"note,omitempty"`
	Groups     []string `json:"groups,omitempty"` // given to it for a session
	Probe      []string `json:"probe,omitempty"`  // things that it must not be able to read
	// Probes are the newest trials, where one account is shown. A thing without one was not probed.
	Probes []AccountProbe `json:"probes,omitempty"`
	Cared  bool           `json:"looked_after,omitempty"` // the broker prepares it, takes it away and probes it
	// RolePassword: the broker keeps and changes the password of its database role.
	RolePassword bool `json:"role_password,omitempty"`
	// Changes are the changes of its stored secrets that are under way or failed, where one account is shown.
	Changes []SecretChange `json:"secret_changes,omitempty"`
}

// SecretChange is a change of a stored secret that is not over. The broker keeps both secrets, the old and the new one, meanwhile.
type SecretChange struct {
	Account    string    `json:"account"`
	Credential string    `json:"credential"`
	State      string    `json:"state"`
	Window     string    `json:"window"` // after which it was due
	Since      time.Time `json:"since"`
	Failed     int       `json:"failed,omitempty"` // tries of the present step
	Again      time.Time `json:"again,omitzero"`   // when it is tried next, after a failure
	Error      string    `json:"error,omitempty"`  // of the last try, in the words of the connection or the target's program
	Said       text.Text `json:"said"`
	Next       text.Text `json:"next,omitzero"` // after a failure: what people do
}

// AccountProbe is the newest trial of reading one thing as an account. It shows permissions, and no other way to the same data.
type AccountProbe struct {
	What   string    `json:"what"`
	At     time.Time `json:"at,omitzero"` // missing: it was not probed
	Result string    `json:"result,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// SecretBody stores an account's credential: a private key or a password.
type SecretBody struct {
	Account string `json:"account"` // id
	Secret  []byte `json:"secret"`
	Fresh
}

// ApplyBody carries a registry file.
type ApplyBody struct {
	Name   string `json:"name"` // of the file, for positions
	Text   string `json:"text"`
	DryRun bool   `json:"dry_run,omitempty"`
	// As names, by id or login, the administrator who founds an empty registry. Empty: the only
	// one in the file.
	As string `json:"as,omitempty"`
}

// ConfirmBody confirms a pending change.
type ConfirmBody struct {
	Fresh
}

// Settled is the answer for a pending change that was confirmed or dropped.
type Settled struct {
	No    string `json:"no"`
	State string `json:"state"`
	// Suspended are people, by id, who need a new enrolment code that a second person confirms: the change gives them rights that need
	// two people, and until now one person alone had enrolled them.
	Suspended []string `json:"suspended,omitempty"`
}

// DropBody discards a pending change.
type DropBody struct {
	Reason string `json:"reason"`
}

// The actions of a change.
const (
	ActionCreate    = "create"
	ActionUpdate    = "update"
	ActionUnchanged = "unchanged"
	ActionAbsent    = "absent" // in the registry, not in the file: left as it is
)

// Plan lists the changes that a file makes, or would make.
type Plan struct {
	DryRun   bool     `json:"dry_run"`
	Founding bool     `json:"founding"` // the first file on an empty registry
	Changes  []Change `json:"changes"`
	Pending  string   `json:"pending,omitempty"` // number that awaits a second person
	// Code enrols the administrator who founded the registry. It is shown once.
	Code string `json:"code,omitempty"`
	// Warnings are remarks on a file that is valid.
	Warnings []BothLanguages `json:"warnings,omitempty"`
}

// Change is the change of one object.
type Change struct {
	Action  string         `json:"action"`
	Kind    string         `json:"kind"`
	ID      string         `json:"id"`
	Fields  []ChangedField `json:"fields,omitempty"`
	Pending bool           `json:"pending"` // waits for a second person
}

// ChangedField is one property that differs.
type ChangedField struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Differs reports whether the plan changes anything.
func (p Plan) Differs() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action == ActionCreate || c.Action == ActionUpdate })
}

// PendingChange is a change that awaits a second person, with the details to check.
type PendingChange struct {
	No       string    `json:"change"`
	Kind     string    `json:"kind"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Subjects []string  `json:"subjects"`
	Changes  []Change  `json:"changes,omitempty"` // of a file: against the registry as it is now
	Keys     []string  `json:"keys,omitempty"`    // of an enrolment's keys: their fingerprints
	// Suspends are people whose credentials the confirmation suspends.
	Suspends []string `json:"suspends,omitempty"`
}

// EnrollCode is an enrolment code. It is shown once.
type EnrollCode struct {
	Text    string    `json:"code"`
	Person  string    `json:"person"`
	Until   time.Time `json:"expires_at"`
	Pending string    `json:"pending,omitempty"` // not valid before this change is confirmed
}

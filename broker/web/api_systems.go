package web

import (
	"time"

	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// Section is an organisational unit.
type Section struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Head  string `json:"head,omitempty"`
}

// System is what is maintained, with its rules.
type System struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	Section           string `json:"section"`
	Phone             string `json:"phone,omitempty"`
	SecondStage       bool   `json:"second_stage"`
	Attendance        string `json:"attendance"`
	IdentityCheck     bool   `json:"identity_check"`
	Line              string `json:"line"`
	Exclusive         bool   `json:"exclusive"`
	MaxWindow         string `json:"max_window,omitempty"`
	Idle              string `json:"idle,omitempty"`
	ApproverMayAttend bool   `json:"approver_may_attend"`
	Note              string `json:"note,omitempty"`

	PersonalData bool             `json:"personal_data"`
	SecondWhen   []string         `json:"second_when,omitempty"`
	Lead         string           `json:"lead,omitempty"`
	Delegated    string           `json:"delegated,omitempty"`
	BackupAge    string           `json:"backup_age,omitempty"`
	Recurring    string           `json:"recurring,omitempty"`
	PauseAfter   string           `json:"pause_after,omitempty"`
	CutAfter     string           `json:"cut_after,omitempty"`
	ReportWithin string           `json:"report_within,omitempty"`
	Checklist    *store.Checklist `json:"checklist,omitempty"`
}

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
	Legacy   string `json:"legacy_algorithms,omitempty"` // why weak algorithms are spoken with it; missing: they are not
}

// Account is a login on a target. Its secret is never part of it.
type Account struct {
	ID         string `json:"id"`
	Target     string `json:"target"`
	Login      string `json:"login"`
	Root       bool   `json:"root"`
	Credential string `json:"credential"`
	Note       string `json:"note,omitempty"`
}

// SecretBody stores what opens an account: a private key or a password.
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

// ApplyReply tells what an apply did or would do.
type ApplyReply = registry.Plan

// ConfirmBody confirms a pending change.
type ConfirmBody struct {
	Fresh
}

// Settled answers for a pending change that was confirmed or dropped.
type Settled struct {
	No    string `json:"no"`
	State string `json:"state"`
	// Suspended are people, by id, who need a new enrolment code that a second person confirms: with the change they may do what takes
	// two people, and until now one person alone had enrolled them.
	Suspended []string `json:"suspended,omitempty"`
}

// DropBody discards a pending change.
type DropBody struct {
	Reason string `json:"reason"`
}

func viewSystem(s store.System) System {
	v := System{
		ID: s.ID, Name: s.Name, Section: s.Section, Phone: s.Phone, SecondStage: s.SecondStage, Attendance: string(s.Attendance),
		IdentityCheck: s.IdentityCheck, Line: string(s.Line), Exclusive: s.Exclusive, MaxWindow: length(s.MaxWindow), Idle: length(s.Idle),
		ApproverMayAttend: s.ApproverMayAttend, Note: s.Note, PersonalData: s.PersonalData, Lead: length(s.Lead), Delegated: length(s.Delegated),
		BackupAge: length(s.BackupAge), Recurring: string(s.Recurring), PauseAfter: length(s.PauseAfter), CutAfter: length(s.CutAfter), ReportWithin: length(s.ReportWithin),
	}
	for _, r := range s.SecondWhen {
		v.SecondWhen = append(v.SecondWhen, string(r))
	}
	if len(s.Checklist.Steps) > 0 {
		v.Checklist = &s.Checklist
	}
	return v
}

func length(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func viewTarget(t store.Target) Target {
	return Target{ID: t.ID, System: t.System, Host: t.Host, Port: t.Port, HostKey: t.HostKey, Drill: t.Drill, Note: t.Note, Encoding: t.Encoding, Legacy: t.LegacyAlgorithms}
}

func viewAccount(a store.Account) Account {
	return Account{ID: a.ID, Target: a.Target, Login: a.Login, Root: a.Root, Credential: string(a.Credential), Note: a.Note}
}

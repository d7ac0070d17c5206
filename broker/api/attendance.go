package api

import (
	"time"
)

// Attendance is all that an attendant sees of a window.
type Attendance struct {
	Window
	Now        time.Time        `json:"now"`
	SystemName string           `json:"system_name"`
	Checklist  *Checklist       `json:"checklist,omitempty"`
	Backup     *Backup          `json:"backup,omitempty"`
	BackupAge  string           `json:"backup_age,omitempty"` // the greatest age with which work may start
	Items      []CheckItem      `json:"items,omitempty"`
	Overrides  []string         `json:"overrides,omitempty"`
	Identity   bool             `json:"identity_check,omitempty"` // engineers are called before the start
	NeedsBeat  bool             `json:"needs_presence"`           // sessions pause and end without heartbeats
	Present    time.Time        `json:"present_at,omitzero"`
	BeatMS     int64            `json:"beat_every_ms"` // interval of the attendant's heartbeats
	PauseMS    int64            `json:"pause_after_ms"`
	CutMS      int64            `json:"cut_after_ms"`
	Handover   *Handover        `json:"handover,omitempty"` // offered and not taken yet
	Asked      []AskedExtension `json:"extensions_asked,omitempty"`
	Sessions   []Session        `json:"sessions,omitempty"` // under way
}

// Checklist is the system's checklist with its ticks.
type Checklist struct {
	Version int             `json:"version"`
	Title   string          `json:"title"`
	Steps   []ChecklistStep `json:"steps"`
	Voided  int             `json:"voided,omitempty"` // ticks of older versions, which do not count
}

// ChecklistStep is one step, with the person and method of its tick.
type ChecklistStep struct {
	No        int       `json:"no"`
	ID        string    `json:"step"`
	JA        string    `json:"text_ja"`
	EN        string    `json:"text_en"`
	Mandatory bool      `json:"mandatory"`
	Phase     string    `json:"phase"`            // open | close
	Method    string    `json:"method,omitempty"` // seen | sensor
	By        string    `json:"by,omitempty"`
	At        time.Time `json:"at,omitzero"`
}

// Backup is a statement about a backup.
type Backup struct {
	At     time.Time `json:"at"`
	How    string    `json:"how"` // by-hand | automatic
	OK     bool      `json:"ok"`
	Note   string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	Stated time.Time `json:"stated_at"`
}

// Handover is a post offered to another person.
type Handover struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	By   string    `json:"offered_by"`
	At   time.Time `json:"offered_at"`
}

// AskedExtension is an extension that awaits an answer.
type AskedExtension struct {
	ID      string    `json:"extension"`
	Minutes int       `json:"minutes"`
	Reason  string    `json:"reason"`
	By      string    `json:"asked_by"`
	At      time.Time `json:"asked_at"`
}

// TickBody ticks a step.
type TickBody struct {
	Step   string `json:"step"`
	Method string `json:"method"` // seen
}

// BackupBody states a backup. At is RFC 3339, or a local time of the institution.
type BackupBody struct {
	At     string `json:"at"`
	How    string `json:"how"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// OverrideBody lets work start although a check item is unmet.
type OverrideBody struct {
	Item   string `json:"item"` // backup | follow-up | reviews
	Reason string `json:"reason"`
	Fresh
}

// HandoverBody offers the post to another person.
type HandoverBody struct {
	Person string `json:"person"`
}

// Operation is one operation in a session of a window, as its attendant sees it: a JSON object a line.
type Operation struct {
	No      int64     `json:"no"` // grows; a client asks for operations after its last number
	At      time.Time `json:"at"`
	Session string    `json:"session_id"`
	Person  string    `json:"engineer"`
	Channel *uint32   `json:"channel,omitempty"` // missing: the session as a whole
	Kind    string    `json:"kind"`
	JA      string    `json:"text_ja"`
	EN      string    `json:"text_en"`
	Missed  bool      `json:"missed,omitempty"` // operations just before this one are no longer kept
}

// PresentBody is a heartbeat; it has no content.
type PresentBody struct{}

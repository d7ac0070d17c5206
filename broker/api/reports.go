package api

import (
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Report is a work report (作業報告書).
type Report struct {
	ID          string        `json:"report"`
	Sessions    []string      `json:"sessions"`
	Window      string        `json:"window"`
	Request     string        `json:"request_no"`
	System      string        `json:"system"`
	Vendor      string        `json:"vendor"`
	State       string        `json:"state"` // submitted, accepted, returned
	SubmittedBy string        `json:"submitted_by"`
	SubmittedAt time.Time     `json:"submitted_at"`
	Due         time.Time     `json:"due"`
	Late        bool          `json:"late"`
	Corrects    string        `json:"corrects,omitempty"`
	AcceptedBy  string        `json:"accepted_by,omitempty"`
	ReturnedBy  string        `json:"returned_by,omitempty"`
	SettledAt   time.Time     `json:"settled_at,omitzero"`
	Answer      string        `json:"answer,omitempty"`
	SHA256      string        `json:"sha256"`
	Content     ReportContent `json:"content"`
	History     []string      `json:"history,omitempty"` // every report of its sessions, newest first
	Offers      []Offer       `json:"offers,omitempty"`  // on a single report: which acts are open to the caller
}

// AttendanceRecord is an attendance record (立会確認書).
type AttendanceRecord struct {
	ID      string        `json:"record,omitempty"` // empty: a draft
	Window  string        `json:"window"`
	Request string        `json:"request_no,omitempty"`
	System  string        `json:"system,omitempty"`
	By      string        `json:"by,omitempty"`
	At      time.Time     `json:"attested_at,omitzero"`
	SHA256  string        `json:"sha256,omitempty"`
	Content RecordContent `json:"content"`
}

// AttestBody is an attendant's statement about a window that is over.
type AttestBody struct {
	Unexpected       *bool    `json:"unexpected"`
	UnexpectedDetail string   `json:"unexpected_detail,omitempty"`
	Remarks          string   `json:"remarks,omitempty"`
	LinesRestored    *bool    `json:"lines_restored,omitempty"`
	OpenAlarms       []string `json:"open_alarms,omitempty"`
}

// SettleBody accepts a report or sends it back.
type SettleBody struct {
	Reason string `json:"reason,omitempty"`
}

// ReportContent is the engineers' text (screens §5.3).
type ReportContent struct {
	Sessions        []string     `json:"sessions"`
	From            time.Time    `json:"performed_from"`
	Until           time.Time    `json:"performed_until"`
	Engineers       []string     `json:"engineers"`
	Done            string       `json:"done"`
	Changes         string       `json:"changes"`
	Deviation       string       `json:"deviation"`
	DeviationReason string       `json:"deviation_reason"`
	Result          string       `json:"result"` // done | part | stopped
	RolledBack      bool         `json:"rolled_back"`
	PIIViewed       bool         `json:"pii_viewed"`
	PIICopied       bool         `json:"pii_copied"`
	Files           []ReportFile `json:"files"`
	Remaining       string       `json:"remaining"`
}

// ReportFile is a file handed over, as the report names it.
type ReportFile struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"` // bytes
	SHA256    string `json:"sha256"`
	Direction string `json:"direction"` // in, out
}

// RecordContent is the attendant's statement, with the broker's knowledge at that time.
type RecordContent struct {
	Window           string   `json:"window"`
	Unexpected       *bool    `json:"unexpected"`
	UnexpectedDetail string   `json:"unexpected_detail"`
	Remarks          string   `json:"remarks"`
	LinesRestored    *bool    `json:"lines_restored"` // missing: the system has no line
	OpenAlarms       []string `json:"open_alarms"`

	Sessions         []string        `json:"sessions"`
	Attendant        string          `json:"attendant"`
	Attended         []AttendedPost  `json:"attended"`
	ProcedureVersion int             `json:"procedure_version"`
	Steps            []TickedStep    `json:"steps"`
	IdentityMethod   string          `json:"identity_method"` // callback | none
	Identity         []IdentityCheck `json:"identity"`
	Interventions    []Intervention  `json:"interventions"`
	AttestedAt       time.Time       `json:"attested_at,omitzero"`
}

// AttendedPost is a person who had the post, and since when.
type AttendedPost struct {
	Person string    `json:"person"`
	From   time.Time `json:"from"`
}

// TickedStep is a ticked step of the checklist.
type TickedStep struct {
	ID     string    `json:"id"`
	Method string    `json:"method"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// IdentityCheck is one check of one engineer.
type IdentityCheck struct {
	Person  string    `json:"person"`
	Session string    `json:"session_id"`
	Matched bool      `json:"matched"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// Intervention is a pause, an extension or a cut, with its time, person and reason.
type Intervention struct {
	Kind   string    `json:"kind"` // of the ledger's entry
	Entry  int64     `json:"entry_no"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	// How, of a step on the line, and Answer, to a command that waited, are the codes behind the reason.
	How    policy.LineHow    `json:"how,omitempty"`
	Answer policy.LiveAnswer `json:"answer,omitempty"`
}

// interventions says what was done to the work, by the kind of the entry: shorter than the entry, which also says of what.
var interventions = map[string]text.Text{
	"window.closed": text.Of("終了", "closed"), "window.cut": text.Of("強制切断", "cut"), "window.cancelled": text.Of("取りやめ", "cancelled"),
	"window.paused": text.Of("一時停止", "paused"), "window.resumed": text.Of("再開", "resumed"),
	"window.unpermitted": text.Of("許可の取消し", "permission taken back"), "window.handed-over": text.Of("引継ぎ", "handed over"),
	"session.paused": text.Of("一時停止", "paused"), "session.resumed": text.Of("再開", "resumed"), "session.end-asked": text.Of("切断", "cut"),
	"session.cut": text.Of("強制切断", "cut"), "session.ended": text.Of("切断", "ended"), "session.cut-explained": text.Of("切断の理由", "why it was cut"),
	"session.rule-answered": text.Of("確認待ちの命令", "held command"), "session.bookmarked": text.Of("目印", "bookmark"),
	"line.cut": text.Of("庁内網切断", "office network cut"), "line.on": text.Of("保守回線接続", "line on"), "line.lost": text.Of("分離を失った", "separation lost"),
	"line.left-on": text.Of("保守回線がつながったまま", "line left on"), "line.reconciled": text.Of("起動時に保守回線を切断", "line off at a start"),
	"line.off": text.Of("保守回線切断", "line off"), "line.restored": text.Of("庁内網復旧", "office network back"),
	"extension.asked": text.Of("延長の申請", "extension asked"), "extension.granted": text.Of("延長", "extended"),
	"extension.denied": text.Of("延長しない", "not extended"), "extension.lapsed": text.Of("延長の失効", "extension lapsed"),
}

// Label says what was done.
func (i Intervention) Label() text.Text { return text.Label(interventions, i.Kind) }

// Said is the reason as people read it: in both languages where the record has its code.
func (i Intervention) Said() text.Text {
	switch {
	case i.How != "":
		return i.How.Said()
	case i.Answer != "":
		return i.Answer.Label()
	}
	return text.Same(i.Reason)
}

package web

import (
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/store"
)

// Attendance is everything an attendant looks at on a window.
type Attendance struct {
	Window
	Now        time.Time        `json:"now"`
	SystemName string           `json:"system_name"`
	Checklist  *Checklist       `json:"checklist,omitempty"`
	Backup     *Backup          `json:"backup,omitempty"`
	BackupAge  string           `json:"backup_age,omitempty"` // the oldest with which work may start
	Items      []CheckItem      `json:"items,omitempty"`
	Overrides  []string         `json:"overrides,omitempty"`
	NeedsBeat  bool             `json:"needs_presence"` // sessions pause and end without heartbeats
	Present    time.Time        `json:"present_at,omitzero"`
	BeatMS     int64            `json:"beat_every_ms"` // how often the attendant's client should be heard of
	PauseMS    int64            `json:"pause_after_ms"`
	CutMS      int64            `json:"cut_after_ms"`
	Handover   *Handover        `json:"handover,omitempty"` // offered and not taken yet
	Asked      []AskedExtension `json:"extensions_asked,omitempty"`
	Sessions   []Session        `json:"sessions,omitempty"` // under way
}

// Checklist is the system's procedure with what was ticked.
type Checklist struct {
	Version int             `json:"version"`
	Title   string          `json:"title"`
	Steps   []ChecklistStep `json:"steps"`
	Voided  int             `json:"voided,omitempty"` // ticks of older versions, which do not count
}

// ChecklistStep is one step, and who ticked it how.
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

// Backup is what was stated about a backup.
type Backup struct {
	At     time.Time `json:"at"`
	How    string    `json:"how"` // by-hand | automatic
	OK     bool      `json:"ok"`
	Note   string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	Stated time.Time `json:"stated_at"`
}

// Handover is a post offered to another.
type Handover struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	By   string    `json:"offered_by"`
	At   time.Time `json:"offered_at"`
}

// AskedExtension is a wish for more time that waits for an answer.
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

// HandoverBody offers the post to another.
type HandoverBody struct {
	Person string `json:"person"`
}

// Operation is one thing that was done in a session of a window, as its attendant is told of it, a JSON object a line.
type Operation struct {
	No      int64     `json:"no"` // grows; asking for what came after it goes on from here
	At      time.Time `json:"at"`
	Session string    `json:"session_id"`
	Person  string    `json:"engineer"`
	Channel *uint32   `json:"channel,omitempty"` // missing: of the session as a whole
	Kind    string    `json:"kind"`
	JA      string    `json:"text_ja"`
	EN      string    `json:"text_en"`
	Missed  bool      `json:"missed,omitempty"` // more was done just before than is kept
}

// PresentBody is a heartbeat; it says nothing but that it came.
type PresentBody struct{}

func viewAttendance(v attendance.Shown, z *time.Location) Attendance {
	out := Attendance{
		Window: viewWindow(v.Window, asActed(v.Window), v.Now, z), Now: at(v.Now, z), SystemName: v.System.Name, Items: each(v.Items, viewItem),
		Overrides: v.Window.Overrides, NeedsBeat: v.NeedsBeat, Present: at(v.Window.Present, z),
		Sessions: each(v.Sessions, func(s store.Session) Session { return viewSession(s, z) }),
	}
	pause, cut := v.System.Patience()
	out.PauseMS, out.CutMS, out.BeatMS = pause.Milliseconds(), cut.Milliseconds(), min(10*time.Second, pause/3).Milliseconds()
	if list := v.System.Checklist; len(list.Steps) > 0 {
		out.Checklist = &Checklist{Version: list.Version, Title: list.Title, Voided: v.Voided}
		for i, s := range v.Steps {
			step := ChecklistStep{No: i + 1, ID: s.ID, JA: s.JA, EN: s.EN, Mandatory: s.Mandatory, Phase: string(s.Phase)}
			if s.Tick != nil {
				step.Method, step.By, step.At = string(s.Tick.Method), s.Tick.By, at(s.Tick.At, z)
			}
			out.Checklist.Steps = append(out.Checklist.Steps, step)
		}
	}
	if v.System.BackupAge > 0 {
		out.BackupAge = v.System.BackupAge.String()
	}
	if b := v.Backup; b != nil {
		out.Backup = &Backup{At: at(b.At, z), How: string(b.How), OK: b.OK, Note: b.Note, By: b.By, Stated: at(b.Stated, z)}
	}
	if h := v.Handover; h != nil {
		out.Handover = &Handover{From: h.From, To: h.To, By: h.By, At: at(h.Offered, z)}
	}
	for _, x := range v.Asked {
		out.Asked = append(out.Asked, AskedExtension{ID: x.ID, Minutes: int(x.By / time.Minute), Reason: x.Reason, By: x.AskedBy, At: at(x.AskedAt, z)})
	}
	return out
}

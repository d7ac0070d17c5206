package web

import (
	"time"

	"sekimori/broker/freeze"
	"sekimori/broker/store"
)

// Freeze is an incident stop, or a drill of one.
type Freeze struct {
	ID       string    `json:"incident"`
	Scope    string    `json:"scope"`
	Subject  string    `json:"subject,omitempty"`
	State    string    `json:"state"` // frozen | lift-one | lifted | drill-asked | drill-lapsed
	Drill    bool      `json:"drill,omitempty"`
	By       string    `json:"by"`
	AgreedBy string    `json:"agreed_by,omitempty"` // of a drill: the second person
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason"`
	Held     int       `json:"recordings_held"` // kept from disposal by it, now
	Cut      int       `json:"sessions_cut"`    // sessions that were under way
	Lifts    []Lift    `json:"lifts,omitempty"`
	Lifted   time.Time `json:"lifted_at,omitzero"`
}

// Lift is one person's agreement to end a freeze, a lock or a hold.
type Lift struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// FreezeBody declares a freeze, or asks for a drill.
type FreezeBody struct {
	Scope   string `json:"scope"` // all | vendor | system
	Subject string `json:"subject,omitempty"`
	Reason  string `json:"reason"` // of a freeze: may be empty, and follow
	Drill   bool   `json:"drill,omitempty"`
}

// LiftBody agrees to end a freeze, or to release a recording.
type LiftBody struct {
	Reason string `json:"reason"`
	Fresh
}

// DrillBody agrees to a drill.
type DrillBody struct{ Fresh }

// ReasonBody says why: of a stop that was pressed without a word, of a hold, of an alarm seen.
type ReasonBody struct {
	Reason string `json:"reason"`
}

// Hold keeps a recording from disposal.
type Hold struct {
	Cause    string    `json:"cause,omitempty"` // incident or lock; empty: by hand
	By       string    `json:"by"`
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason,omitempty"`
	Releases []Lift    `json:"releases,omitempty"` // two are needed
}

// Alarm is what several desks were told.
type Alarm struct {
	ID     string         `json:"alarm"`
	What   string         `json:"what"` // locked-out | failures | re-enrolment | lock | freeze | nobody-present | evidence | client-too-old | target | checkpoint | unrecordable
	About  string         `json:"about,omitempty"`
	At     time.Time      `json:"at"`
	Detail map[string]any `json:"detail,omitempty"`
	To     []AlarmDesk    `json:"to"`
}

// AlarmDesk is one of those whom an alarm went to. None acknowledges for another.
type AlarmDesk struct {
	Desk    string    `json:"desk"` // section:ID | information-systems
	AckedBy string    `json:"acknowledged_by,omitempty"`
	AckedAt time.Time `json:"acknowledged_at,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// AckBody acknowledges an alarm for one's own desk.
type AckBody struct {
	Desk string `json:"desk,omitempty"` // section | information-systems; empty: the one that the person stands for
	Note string `json:"note,omitempty"`
}

func viewLifts(all []store.Lift, s *Server) []Lift {
	var out []Lift
	for _, l := range all {
		out = append(out, Lift{By: l.By, At: at(l.At, s.o.Zone), Reason: l.Reason})
	}
	return out
}

func (s *Server) viewStatus(f freeze.Status) Freeze {
	return Freeze{
		ID: f.ID, Scope: string(f.Scope), Subject: f.Subject, State: f.State(), Drill: f.Drill, By: f.By, AgreedBy: f.AgreedBy,
		Since: at(f.Since, s.o.Zone), Reason: f.Reason, Held: f.Held, Cut: f.Cut, Lifts: viewLifts(f.Lifts, s), Lifted: at(f.Lifted, s.o.Zone),
	}
}

func (s *Server) viewAlarm(a store.Alarm) Alarm {
	out := Alarm{ID: a.ID, What: string(a.What), About: a.About, At: at(a.At, s.o.Zone), Detail: a.Detail, To: []AlarmDesk{}}
	for _, d := range a.Desks {
		out.To = append(out.To, AlarmDesk{Desk: d.Desk, AckedBy: d.AckedBy, AckedAt: at(d.AckedAt, s.o.Zone), Note: d.Note})
	}
	return out
}

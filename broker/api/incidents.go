package api

import (
	"time"

	"sekimori/policy/text"
)

// TellState is how it stands with one who must be told of an incident.
type TellState string

// The states, in the order of the list.
const (
	TellLate TellState = "late" // not told by the time it was due
	TellOpen TellState = "open"
	TellDone TellState = "told"
)

var tellStates = map[TellState]text.Text{TellLate: text.Of("期限超過", "overdue"), TellOpen: text.Of("まだ", "open"), TellDone: text.Of("知らせた", "told")}

// Label is the state as people read it.
func (s TellState) Label() text.Text { return text.Label(tellStates, s) }

// Tell is one who must be told of an incident, as the institution's list stood when it began.
type Tell struct {
	Key     string    `json:"key"`
	JA      string    `json:"ja"`
	EN      string    `json:"en"`
	Note    string    `json:"note,omitempty"`
	State   TellState `json:"state"`
	Due     time.Time `json:"due"`
	At      time.Time `json:"told_at,omitzero"` // when it was noted
	By      string    `json:"told_by,omitempty"`
	Words   string    `json:"text,omitempty"`
	Seconds float64   `json:"seconds,omitzero"` // from the declaration until it was noted
}

// ToldBody notes that one on the list was told.
type ToldBody struct {
	Key  string `json:"key"`
	Text string `json:"text,omitempty"`
}

// IncidentEntry is an entry of the ledger that concerns an incident, in words.
type IncidentEntry struct {
	No       int64     `json:"entry_no"`
	Time     time.Time `json:"time"`
	Drill    bool      `json:"drill,omitempty"` // the incident is a drill
	Kind     string    `json:"kind"`
	JA       string    `json:"ja"` // what happened
	EN       string    `json:"en"`
	Actor    Actor     `json:"actor"`
	OnBehalf string    `json:"on_behalf,omitempty"`
	Subjects []string  `json:"subjects,omitempty"`
	SaidJA   string    `json:"said_ja,omitempty"` // why, or what the person said with it
	SaidEN   string    `json:"said_en,omitempty"`
}

// Event is the name of the event, in Japanese and English.
func (e IncidentEntry) Event() text.Text { return text.Of(e.JA, e.EN) }

// Said is the reason or the person's words in both languages.
func (e IncidentEntry) Said() text.Text { return text.Of(e.SaidJA, e.SaidEN) }

// TimelineOf is the timeline of an incident, in the order of the ledger.
func TimelineOf(incident string) Path[List[IncidentEntry]] {
	return Path[List[IncidentEntry]](Freezes.Act(incident, "timeline"))
}

// BundleOf is the evidence bundle of an incident.
func BundleOf(incident string) Path[Stream] { return Path[Stream](Freezes.Act(incident, "bundle")) }

package api

import (
	"time"

	"sekimori/policy/text"
)

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

// What is the event in both languages.
func (e IncidentEntry) What() text.Text { return text.Of(e.JA, e.EN) }

// Said is the reason or the person's words in both languages.
func (e IncidentEntry) Said() text.Text { return text.Of(e.SaidJA, e.SaidEN) }

// TimelineOf is the timeline of an incident, in the order of the ledger.
func TimelineOf(incident string) Path[List[IncidentEntry]] {
	return Path[List[IncidentEntry]](Freezes.Act(incident, "timeline"))
}

// BundleOf is the evidence bundle of an incident.
func BundleOf(incident string) Path[Stream] { return Path[Stream](Freezes.Act(incident, "bundle")) }

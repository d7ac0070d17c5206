package web

import (
	"encoding/json"
	"time"

	"sekimori/broker/ledger"
)

// Entry is one entry of the ledger.
type Entry struct {
	No       int64           `json:"entry_no"`
	Time     time.Time       `json:"time"`
	Clock    time.Time       `json:"clock,omitzero"` // where it differs
	Kind     string          `json:"kind"`
	Actor    Actor           `json:"actor"`
	OnBehalf string          `json:"on_behalf,omitempty"`
	Subjects []string        `json:"subjects,omitempty"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	Hash     string          `json:"entry_hash"`
}

// Actor is who acted.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Via  string `json:"via"`
}

// LedgerCheck is the result of a verification on the broker.
type LedgerCheck struct {
	OK      bool   `json:"ok"`
	Entries int64  `json:"entries"`
	Root    string `json:"root"`
	Place   string `json:"place,omitempty"` // the first that does not hold
	PlaceJA string `json:"place_ja,omitempty"`
}

// Status is what the broker says of itself to anyone.
type Status struct {
	Version       string `json:"version"`
	SSHAddress    string `json:"ssh_address,omitempty"`
	Ready         bool   `json:"ready"`
	EmptyRegistry bool   `json:"empty_registry"`
}

// Notice is what is recorded, why, how long and who may look, from the settings in force.
type Notice struct {
	Institution string   `json:"institution"`
	Version     int      `json:"version"`
	PurposeJA   string   `json:"purpose_ja"`
	PurposeEN   string   `json:"purpose_en"`
	RecordedJA  []string `json:"recorded_ja"`
	RecordedEN  []string `json:"recorded_en"`
	NotJA       []string `json:"not_recorded_ja"`
	NotEN       []string `json:"not_recorded_en"`
	KeptDays    int      `json:"kept_days"`
	SeenByJA    []string `json:"seen_by_ja"`
	SeenByEN    []string `json:"seen_by_en"`
	Contact     string   `json:"contact,omitempty"`
	URL         string   `json:"url,omitempty"`
}

func viewEntry(e ledger.Entry, z *time.Location) Entry {
	out := Entry{
		No: e.Index, Time: at(e.Time, z), Kind: e.Kind, Actor: Actor{Kind: e.Actor.Kind, ID: e.Actor.ID, Via: e.Actor.Via},
		OnBehalf: e.OnBehalf, Subjects: e.Subjects, Hash: e.Leaf().String(),
	}
	if !e.Clock.IsZero() && !e.Clock.Equal(e.Time) {
		out.Clock = at(e.Clock, z)
	}
	if json.Valid(e.Payload) {
		out.Payload = json.RawMessage(e.Payload)
	}
	return out
}

// CheckpointReply is the newest checkpoint, a signed note.
type CheckpointReply struct {
	Checkpoint string `json:"checkpoint"`
	Key        string `json:"verifier_key"`
}

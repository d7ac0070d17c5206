package api

import "time"

// ViewingKey is one of the broker's viewing keys, without its private half.
type ViewingKey struct {
	Key         string    `json:"key"` // VK-2
	Fingerprint string    `json:"fingerprint"`
	PostQuantum bool      `json:"post_quantum"`
	State       string    `json:"state"`          // next | current | former | withdrawn | destroyed
	Begun       time.Time `json:"begun,omitzero"` // missing: it came with the installation
	BegunBy     string    `json:"begun_by,omitempty"`
	Settled     time.Time `json:"settled,omitzero"` // when new recordings stopped being sealed to it
	SettledBy   string    `json:"settled_by,omitempty"`
	Destroyed   time.Time `json:"destroyed,omitzero"`
	Offers      []Offer   `json:"offers,omitempty"`
}

// Access opens recordings that were made before to a further key.
type Access struct {
	ID          string    `json:"access"` // RA-001
	Fingerprint string    `json:"fingerprint"`
	PostQuantum bool      `json:"post_quantum"`
	Holder      string    `json:"holder"` // of the private half, in words
	Sessions    []string  `json:"sessions,omitempty"`
	All         bool      `json:"all"` // all recordings that had ended when it was given
	Reason      string    `json:"reason"`
	State       string    `json:"state"` // asked | given | refused | ended
	Asked       time.Time `json:"asked"`
	AskedBy     string    `json:"asked_by"`
	Decided     time.Time `json:"decided,omitzero"`
	DecidedBy   string    `json:"decided_by,omitempty"`
	Ended       time.Time `json:"ended,omitzero"`
	EndedBy     string    `json:"ended_by,omitempty"`
	Written     bool      `json:"written"` // the keys files say so
	Offers      []Offer   `json:"offers,omitempty"`
}

// AccessBody asks for an access: for the sessions named, or for all that have ended.
type AccessBody struct {
	Recipient string   `json:"recipient"`
	Holder    string   `json:"holder"`
	Sessions  []string `json:"session,omitempty"`
	All       bool     `json:"all,omitempty"`
	Reason    string   `json:"reason"`
}

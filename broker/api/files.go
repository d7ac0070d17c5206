package api

import (
	"encoding/json"
	"time"
)

// File is a file that the broker has taken from a session (ファイル授受).
type File struct {
	ID        string          `json:"file"`
	Direction string          `json:"direction"` // in | out
	State     string          `json:"state"`
	Session   string          `json:"session_id"`
	Window    string          `json:"window"`
	Request   string          `json:"request_no"`
	System    string          `json:"system"`
	Target    string          `json:"target"`
	Vendor    string          `json:"vendor"`
	Engineer  string          `json:"engineer"`
	Path      string          `json:"path"` // on the target; what cannot be shown is replaced
	PathRaw   []byte          `json:"path_raw,omitempty"`
	Size      int64           `json:"size"`
	SHA256    string          `json:"sha256"`
	Delivered string          `json:"sha256_delivered,omitempty"` // of what the inspectors let go
	Findings  json.RawMessage `json:"findings"`
	Sanitised string          `json:"sanitised,omitempty"`
	Why       string          `json:"why,omitempty"`
	At        time.Time       `json:"at"`
	Until     time.Time       `json:"until"` // then it expires
	EndedAt   time.Time       `json:"ended_at,omitzero"`
	EndedBy   string          `json:"ended_by,omitempty"`
	Reason    string          `json:"reason,omitempty"` // of the rejection
	Approvals []FileApproval  `json:"approvals"`
	KeptDays  int             `json:"kept_days,omitempty"`  // once it has ended, by its system's rule; 0: as recordings
	Disposed  time.Time       `json:"disposed_at,omitzero"` // its contents were removed
	Offers    []Offer         `json:"offers,omitempty"`
}

// FileApproval is an approval of a file.
type FileApproval struct {
	Stage    int       `json:"stage"`
	By       string    `json:"by"`
	OnBehalf string    `json:"on_behalf,omitempty"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason,omitempty"`
	Void     bool      `json:"void,omitempty"` // it no longer counts
}

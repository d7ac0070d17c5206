package api

import (
	"time"
)

// Deputy is a period in which a deputy decides for an absent approver (代決).
type Deputy struct {
	No        int64     `json:"deputation"`
	For       string    `json:"for"`
	Deputy    string    `json:"deputy"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"` // exclusive
	Reason    string    `json:"reason"`
	SetBy     string    `json:"set_by"`
	SetAt     time.Time `json:"set_at"`
	ClearedBy string    `json:"cleared_by,omitempty"`
	ClearedAt time.Time `json:"cleared_at,omitzero"`
	State     string    `json:"state"`            // ahead | in-force | over | cleared
	Offers    []Offer   `json:"offers,omitempty"` // which acts are open to the caller
}

// DeputyBody sets a deputy. From and Until are RFC 3339, or a local time of the institution; a missing From means now.
type DeputyBody struct {
	For    string `json:"for"`
	Deputy string `json:"deputy"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
	Fresh
}

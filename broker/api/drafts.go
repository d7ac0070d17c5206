package api

import (
	"time"

	"sekimori/broker/forms"
)

// DraftState is the state of a request that was begun and not handed in.
const DraftState = "draft"

// Draft is what a person typed so far of an application, by field. Only its owner sees it.
type Draft struct {
	ID      string              `json:"id"`
	State   string              `json:"state"`
	Version int                 `json:"version"`
	Edits   string              `json:"edits,omitempty"`      // the application whose new text it is to be; empty: a new one
	Became  string              `json:"request_no,omitempty"` // of one that was handed in
	Created time.Time           `json:"created_at"`
	Changed time.Time           `json:"changed_at"`
	Values  map[string][]string `json:"values,omitempty"`

	// Form is the draft as a request file, without the declarations.
	Form string `json:"form,omitempty"`
	// Request is the application as it would be handed in, and Problems what keeps it from that, on a single draft.
	Request  *Request        `json:"request,omitempty"`
	Problems []forms.Problem `json:"problems,omitempty"`
	Offers   []Offer         `json:"offers,omitempty"`
}

// DraftHandedIn names the application that a draft became.
type DraftHandedIn struct {
	Request string `json:"request_no"`
	State   string `json:"state"`
}

// DraftBody keeps what was typed, by field or as an unfinished request file.
type DraftBody struct {
	Edits   string              `json:"edits,omitempty"`   // of a new draft: the application whose new text it is to be
	Name    string              `json:"name,omitempty"`    // of the file, for messages
	Text    string              `json:"text,omitempty"`    // the file, in place of Values
	Version int                 `json:"version,omitempty"` // that the page showed; another one is refused as stale-page. 0: the present one
	Values  map[string][]string `json:"values,omitempty"`
}

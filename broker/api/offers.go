package api

import "sekimori/policy/text"

// Offer says whether one act is open to the caller now.
type Offer struct {
	Act     string `json:"act"`
	Command string `json:"command,omitempty"` // words after "sekimori"
	Open    bool   `json:"open"`
	Reason  string `json:"reason,omitempty"` // code of the reason against it
	Number  int    `json:"number,omitempty"` // of the reason, where it has one

	Why text.Text `json:"-"` // what must be done first, where the reason is no row of policy's; for pages
}

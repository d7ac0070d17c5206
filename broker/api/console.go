package api

// Console is what the page of a window's attendant shows, or that of a person who watches one of its sessions.
type Console struct {
	Attendance Attendance    `json:"attendance"` // with the offers on the window
	Session    *Session      `json:"session,omitempty"`
	Offers     []Offer       `json:"offers,omitempty"` // on the session
	Post       bool          `json:"post"`             // the reader has the post
	Prepares   bool          `json:"prepares"`         // the reader may attend the window
	Engineer   string        `json:"engineer_name,omitempty"`
	Vendor     string        `json:"vendor_name"`
	VendorID   string        `json:"vendor"`
	Phone      string        `json:"section_phone,omitempty"`
	Delegated  int           `json:"delegated_minutes"`    // by which the attendant may still extend the window
	Happened   []Operation   `json:"happened"`             // newest first
	LiveRules  int           `json:"live_rules,omitempty"` // how many the system has
	Answers    []OfferAnswer `json:"extension_offers,omitempty"`

	// Inventories are what came or went on the window's targets, after a session's end.
	Inventories []WindowInventory `json:"inventories,omitempty"`
}

// OfferAnswer tells which answers to an extension are open to the reader.
type OfferAnswer struct {
	Extension string  `json:"extension"`
	Offers    []Offer `json:"offers"`
}

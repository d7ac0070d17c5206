package api

import "time"

// Roster is the state of a vendor's monthly statement of who works for it.
type Roster struct {
	Vendor    string       `json:"vendor"`
	Asked     bool         `json:"asked"`           // the institution asks for statements
	State     string       `json:"state,omitempty"` // in-time | late | stops
	Due       time.Time    `json:"due,omitzero"`
	Stops     time.Time    `json:"stops,omitzero"` // from then no new window of the vendor starts
	Last      *RosterSaid  `json:"last,omitempty"`
	Engineers []RosterName `json:"engineers"` // whom the next statement must name
	Offers    []Offer      `json:"offers,omitempty"`
}

// RosterName is an engineer.
type RosterName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RosterSaid is a statement.
type RosterSaid struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Staying []string  `json:"staying"`
	Left    []string  `json:"left,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// RosterBody is a statement as it is handed in. Each engineer of the vendor who is not locked stands in one of the lists.
type RosterBody struct {
	Engineers []string `json:"engineers,omitempty"`
	Left      []string `json:"left,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// RosterOf is the state of a vendor's statement.
func RosterOf(vendor string) Path[Roster] { return Path[Roster](Vendors.Act(vendor, "roster")) }

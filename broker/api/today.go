package api

import "time"

// Today is what waits for a person, and the day in order of time.
type Today struct {
	At      time.Time      `json:"at"`
	Todo    []Todo         `json:"todo"`
	Day     Day            `json:"day"`
	Next    *CalendarEntry `json:"next,omitempty"` // the next entry after today within the month; missing: none
	Ended   int            `json:"ended"`          // windows of today that are over and were used
	Unused  int            `json:"unused"`
	Section string         `json:"section,omitempty"`
}

// Todo is one thing that waits for the person.
type Todo struct {
	Duty     string    `json:"duty"` // decide-first, decide-second, seen, attend, record, review, report, answer, correct, room
	Count    int       `json:"count,omitempty"`
	Overdue  int       `json:"overdue,omitempty"`
	Soon     int       `json:"soon,omitempty"`     // of the person's own reviews: those that fall due within the system's reminder
	Answered int       `json:"answered,omitempty"` // reviews whose question was answered
	Earliest time.Time `json:"earliest,omitzero"`  // the start of the first request that waits
	By       time.Time `json:"by,omitzero"`        // until when, of a single thing
	Window   string    `json:"window,omitempty"`
	Request  string    `json:"request_no,omitempty"`
	Left     int       `json:"left_days,omitempty"`   // of recordings for which there is room
	Wanted   int       `json:"wanted_days,omitempty"` // by the institution's rule
}

package api

import (
	"time"

	"sekimori/policy"
)

// FeedBody makes a feed: of a section, or without one of the calling engineer.
type FeedBody struct {
	Section string `json:"section,omitempty"`
	Lang    string `json:"lang"`
}

// DaysBody is the institution's own list of days as CSV.
type DaysBody struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// Institution is the institution's rules for every system, with its own days.
type Institution struct {
	Declared        bool              `json:"declared"`
	Hours           map[string]string `json:"hours,omitempty"` // by weekday: "08:30-17:15"
	Lead            string            `json:"lead,omitempty"`
	Certifications  []string          `json:"certifications,omitempty"`
	PledgeCopy      bool              `json:"pledge_copy"`
	SpecialClauses  bool              `json:"special_clauses"`
	AuditReport     bool              `json:"audit_report"`
	SpaceDays       int               `json:"space_days,omitempty"`
	SpaceLeft       *int              `json:"space_left_days,omitempty"` // days of recordings for which there is room; absent: not known
	StandingPermits bool              `json:"standing_permits"`
	RosterFrom      string            `json:"roster_from,omitempty"` // a day; empty: no monthly statements
	Tell            []TellRule        `json:"tell,omitempty"`        // who must be told of an incident
	ReviewWeights   []string          `json:"review_weights,omitempty"`
	Holidays        []Holiday         `json:"holidays,omitempty"`
	NoWork          []NoWork          `json:"no_work,omitempty"`
}

// TellRule is a row of the institution's list of those who must be told of an incident.
type TellRule struct {
	Key    string `json:"key"`
	JA     string `json:"ja"`
	EN     string `json:"en"`
	Within string `json:"within"` // from the declaration: "72h0m0s"
	Note   string `json:"note,omitempty"`
}

// Holiday is a line of the institution's own list of days.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name"`
	Open bool   `json:"open,omitempty"`
}

// NoWork is a period without maintenance.
type NoWork struct {
	System string    `json:"system,omitempty"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// Month is the part of a month that a person may see. Times are in the institution's zone.
type Month struct {
	Month   string `json:"month"` // "2026-11"
	Zone    string `json:"zone"`
	Section string `json:"section,omitempty"` // owner of the systems; empty: all
	Days    []Day  `json:"days"`
}

// Day is one day of a month.
type Day struct {
	Date      policy.Date     `json:"date"`
	Weekday   string          `json:"weekday"` // "mon"
	Open      bool            `json:"open"`    // the institution works
	Holiday   string          `json:"holiday,omitempty"`
	HolidayEN string          `json:"holiday_en,omitempty"` // of a public holiday
	NoWork    []DayNoWork     `json:"no_work,omitempty"`
	Entries   []CalendarEntry `json:"entries,omitempty"`
	Clashes   []Clash         `json:"clashes,omitempty"`
}

// DayNoWork is the part of a no-work period that lies in a day.
type DayNoWork struct {
	System     string    `json:"system,omitempty"` // empty: every system
	SystemName string    `json:"system_name,omitempty"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Whole      bool      `json:"whole"` // the whole day
	Reason     string    `json:"reason"`
}

// CalendarEntry is a window, or the window that a pending request asks for. Of another section's it has only the hours and Busy.
type CalendarEntry struct {
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Busy          bool      `json:"busy,omitempty"`
	ID            string    `json:"id,omitempty"` // of the window; of a pending request the id it would get
	Request       string    `json:"request_no,omitempty"`
	Pending       bool      `json:"pending,omitempty"` // not approved: nothing opens at that time yet
	State         string    `json:"state,omitempty"`   // of the window, or while it is pending of the request
	System        string    `json:"system,omitempty"`
	SystemName    string    `json:"system_name,omitempty"`
	Section       string    `json:"section,omitempty"`
	Vendor        string    `json:"vendor,omitempty"`
	VendorName    string    `json:"vendor_name,omitempty"`
	Attendant     string    `json:"attendant,omitempty"`
	AttendantName string    `json:"attendant_name,omitempty"`
	Attended      bool      `json:"attended"`            // the system requires an attendant
	Exclusive     bool      `json:"exclusive,omitempty"` // staff terminals cannot use the system meanwhile
	Emergency     bool      `json:"emergency,omitempty"`
	Drill         bool      `json:"drill,omitempty"`
}

// Clash is two entries on one system at the same time.
type Clash struct {
	System     string   `json:"system"`
	SystemName string   `json:"system_name"`
	Requests   []string `json:"requests"`
}

// Feed is a feed in a list, without its secret address.
type Feed struct {
	ID        string    `json:"feed"` // "K-0001"
	Kind      string    `json:"kind"`
	Subject   string    `json:"subject"` // section or person id
	Lang      string    `json:"lang"`
	By        string    `json:"by"`
	Created   time.Time `json:"created"`
	Revoked   time.Time `json:"revoked,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
	// Path is the secret address below the API's, "/calendar/….ics". It is shown once, when the feed is made.
	Path string `json:"path,omitempty"`
}

package api

import (
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// WorkDay is the sessions of one date on one system, which the owning section confirms (R27).
type WorkDay struct {
	ID        string      `json:"day"` // "2026-11-24-hr"
	Date      policy.Date `json:"date"`
	System    string      `json:"system"`
	State     DayState    `json:"state"`
	Due       time.Time   `json:"due_at"`
	Confirmed time.Time   `json:"confirmed_at,omitzero"`
	By        string      `json:"confirmed_by,omitempty"`

	// On a single day.
	Sessions      []Session         `json:"sessions,omitempty"`         // in order
	Refused       []Session         `json:"refused_attempts,omitempty"` // attempts on the system that were refused
	Confirmations []DayConfirmation `json:"confirmations,omitempty"`
	Offers        []Offer           `json:"offers,omitempty"`
}

// DayConfirmation is one confirmation of a day's sessions.
type DayConfirmation struct {
	By       string    `json:"by"`
	Behalf   string    `json:"on_behalf,omitempty"`
	At       time.Time `json:"at"`
	Note     string    `json:"note,omitempty"`
	Sessions []string  `json:"sessions"` // that it covers
}

// ConfirmDayBody confirms a day's sessions.
type ConfirmDayBody struct {
	Note string `json:"note,omitempty"`
}

// DayState is the state of a day's confirmation.
type DayState string

// The states of a day.
const (
	DayOwed      DayState = "owed"
	DayOverdue   DayState = "overdue"
	DayConfirmed DayState = "confirmed"
)

var dayStates = map[DayState]text.Text{
	DayOwed:      text.Of("確認待ち", "To be confirmed"),
	DayOverdue:   text.Of("期限超過", "Overdue"),
	DayConfirmed: text.Of("確認済み", "Confirmed"),
}

// Label is the state as people read it.
func (s DayState) Label() text.Text { return text.Label(dayStates, s) }

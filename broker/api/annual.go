package api

import (
	"time"

	"sekimori/broker/figures"
	"sekimori/policy/text"
)

// Year is the yearly report of a fiscal year.
type Year struct {
	figures.Report
	Year     string     `json:"year"`   // "R8"
	State    YearState  `json:"state"`  // year-draft | year-agreed | year-final
	Digest   string     `json:"digest"` // of the figures
	Sections YearAgreed `json:"sections_agreement,omitzero"`
	Auditors YearAgreed `json:"auditors_agreement,omitzero"`
	Errata   []Erratum  `json:"errata"`
	Opinions []Opinion  `json:"council_opinions"`
	Offers   []Offer    `json:"offers,omitempty"`
}

// YearAgreed is one office's agreement to a yearly report.
type YearAgreed struct {
	By string    `json:"agreed_by"`
	At time.Time `json:"agreed_at"`
}

// YearState is the state of a yearly report.
type YearState string

// The states of a yearly report.
const (
	YearDraft      YearState = "year-draft"
	YearAgreedOnce YearState = "year-agreed" // by one of two offices
	YearFinal      YearState = "year-final"
)

var yearStates = map[YearState]text.Text{
	YearDraft:      text.Of("案(未確定)", "Draft"),
	YearAgreedOnce: text.Of("案(同意1/2)", "Draft, one of two agreed"),
	YearFinal:      text.Of("確定", "Final"),
}

// Label is what people call the state.
func (s YearState) Label() text.Text { return yearStates[s] }

// Erratum is a correction of a final yearly report (正誤).
type Erratum struct {
	No      int       `json:"no"`
	Place   string    `json:"place"`
	Wrong   string    `json:"wrong"`
	Correct string    `json:"correct"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Opinion is an opinion of the council.
type Opinion struct {
	No        int        `json:"no"`
	SaidOn    string     `json:"said_on"`
	Opinion   string     `json:"opinion"`
	Responses []Response `json:"responses"`
}

// Response is the institution's response to an opinion.
type Response struct {
	Response string    `json:"response"`
	At       time.Time `json:"at"`
}

// FinaliseBody agrees to the figures of a yearly report.
type FinaliseBody struct {
	Figures string `json:"figures,omitempty"` // the first digits of their digest; empty: as they stand
}

// ErratumBody corrects a final yearly report.
type ErratumBody struct {
	Place   string `json:"place"`
	Wrong   string `json:"wrong"`
	Correct string `json:"correct"`
	Reason  string `json:"reason"`
}

// OpinionBody enters an opinion of the council.
type OpinionBody struct {
	SaidOn   string `json:"said_on"`
	Opinion  string `json:"opinion"`
	Response string `json:"response,omitempty"`
}

// ResponseBody enters a response to an opinion.
type ResponseBody struct {
	No       int    `json:"no"`
	Response string `json:"response"`
}

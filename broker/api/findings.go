package api

import (
	"time"

	"sekimori/policy/text"
)

// ReviewFinding is a correction that a review asks for.
type ReviewFinding struct {
	No         string          `json:"finding_no"`
	Review     string          `json:"review"`
	Window     string          `json:"window,omitempty"`
	System     string          `json:"system,omitempty"`
	Vendor     string          `json:"vendor,omitempty"`
	State      FindingState    `json:"state"` // finding-open | finding-answered | finding-closed
	Finding    string          `json:"finding"`
	Addressee  string          `json:"addressee"`
	Due        time.Time       `json:"due_at"` // exclusive
	Overdue    bool            `json:"overdue"`
	OpenedBy   string          `json:"opened_by"`
	OpenedAt   time.Time       `json:"opened_at"`
	Answers    []FindingAnswer `json:"answers"`
	VerifiedBy string          `json:"verified_by,omitempty"`
	Verified   string          `json:"verified,omitempty"` // how the correction was verified
	ClosedAt   time.Time       `json:"closed_at,omitzero"`
	Offers     []Offer         `json:"offers,omitempty"`
}

// FindingAnswer is one answer of a finding's owner.
type FindingAnswer struct {
	Correction string    `json:"correction"`
	By         string    `json:"answered_by"`
	At         time.Time `json:"answered_at"`
}

// FindingCorrection answers a finding.
type FindingCorrection struct {
	Correction string `json:"correction"`
}

// FindingVerified closes a finding.
type FindingVerified struct {
	Verified string `json:"verified"`
}

// FindingState is the state of a finding (screens §6).
type FindingState string

// The states of a finding.
const (
	FindingOpen     FindingState = "finding-open"
	FindingAnswered FindingState = "finding-answered"
	FindingClosed   FindingState = "finding-closed"
)

var findingStates = map[FindingState]text.Text{
	FindingOpen:     text.Of("指摘対応中", "Open"),
	FindingAnswered: text.Of("是正報告あり", "Answered"),
	FindingClosed:   text.Of("指摘完了", "Closed"),
}

// Label is the state as people read it.
func (s FindingState) Label() text.Text { return text.Label(findingStates, s) }

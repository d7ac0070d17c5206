package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/reports"
	"sekimori/broker/store"
)

// Report is a work report (作業報告書).
type Report struct {
	ID          string             `json:"report"`
	Sessions    []string           `json:"sessions"`
	Window      string             `json:"window"`
	Request     string             `json:"request_no"`
	System      string             `json:"system"`
	Vendor      string             `json:"vendor"`
	State       string             `json:"state"` // submitted, accepted, returned
	SubmittedBy string             `json:"submitted_by"`
	SubmittedAt time.Time          `json:"submitted_at"`
	Due         time.Time          `json:"due"`
	Late        bool               `json:"late"`
	Corrects    string             `json:"corrects,omitempty"`
	AcceptedBy  string             `json:"accepted_by,omitempty"`
	ReturnedBy  string             `json:"returned_by,omitempty"`
	SettledAt   time.Time          `json:"settled_at,omitzero"`
	Answer      string             `json:"answer,omitempty"`
	SHA256      string             `json:"sha256"`
	Content     reports.WorkReport `json:"content"`
	History     []string           `json:"history,omitempty"` // every report of its sessions, newest first
}

// AttendanceRecord is an attendance record (立会確認書).
type AttendanceRecord struct {
	ID      string                   `json:"record,omitempty"` // empty: a draft
	Window  string                   `json:"window"`
	Request string                   `json:"request_no,omitempty"`
	System  string                   `json:"system,omitempty"`
	By      string                   `json:"by,omitempty"`
	At      time.Time                `json:"attested_at,omitzero"`
	SHA256  string                   `json:"sha256,omitempty"`
	Content reports.AttendanceRecord `json:"content"`
}

// AttestBody is what an attendant says of a window that is over.
type AttestBody struct {
	Unexpected       *bool    `json:"unexpected"`
	UnexpectedDetail string   `json:"unexpected_detail,omitempty"`
	Remarks          string   `json:"remarks,omitempty"`
	LinesRestored    *bool    `json:"lines_restored,omitempty"`
	OpenAlarms       []string `json:"open_alarms,omitempty"`
}

// SettleBody accepts a report or sends it back.
type SettleBody struct {
	Reason string `json:"reason,omitempty"`
}

func viewReport(p store.WorkReport, z *time.Location) (Report, error) {
	v := Report{
		ID: p.ID, Sessions: p.Sessions, Window: p.Window, Request: p.Request, System: p.System, Vendor: p.Vendor, State: string(p.State),
		SubmittedBy: p.SubmittedBy, SubmittedAt: at(p.SubmittedAt, z), Due: at(p.Due, z), Late: p.Late, Corrects: p.Corrects,
		SettledAt: at(p.SettledAt, z), Answer: p.Answer, SHA256: p.SHA256,
	}
	switch p.State {
	case store.ReportAccepted:
		v.AcceptedBy = p.SettledBy
	case store.ReportReturned:
		v.ReturnedBy = p.SettledBy
	}
	if p.Body == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(p.Body), &v.Content); err != nil {
		return v, fmt.Errorf("report %s: %w", p.ID, err)
	}
	v.Content.From, v.Content.Until = at(v.Content.From, z), at(v.Content.Until, z)
	return v, nil
}

func viewRecord(a store.AttendanceRecord, z *time.Location) (AttendanceRecord, error) {
	v := AttendanceRecord{ID: a.ID, Window: a.Window, Request: a.Request, System: a.System, By: a.By, At: at(a.At, z), SHA256: a.SHA256}
	if err := json.Unmarshal([]byte(a.Body), &v.Content); err != nil {
		return v, fmt.Errorf("attendance record %s: %w", a.ID, err)
	}
	v.Content = recordIn(v.Content, z)
	return v, nil
}

// recordIn shows every time of a record in the institution's zone; the record itself is kept in UTC.
func recordIn(r reports.AttendanceRecord, z *time.Location) reports.AttendanceRecord {
	r.AttestedAt = at(r.AttestedAt, z)
	r.Attended, r.Steps = slices.Clone(r.Attended), slices.Clone(r.Steps)
	r.Identity, r.Interventions = slices.Clone(r.Identity), slices.Clone(r.Interventions)
	for i := range r.Attended {
		r.Attended[i].From = at(r.Attended[i].From, z)
	}
	for i := range r.Steps {
		r.Steps[i].At = at(r.Steps[i].At, z)
	}
	for i := range r.Identity {
		r.Identity[i].At = at(r.Identity[i].At, z)
	}
	for i := range r.Interventions {
		r.Interventions[i].At = at(r.Interventions[i].At, z)
	}
	return r
}

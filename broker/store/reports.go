package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// ReportState is where a work report stands.
type ReportState string

// The states of a work report.
const (
	ReportSubmitted ReportState = "submitted" // the section has not looked at it yet
	ReportAccepted  ReportState = "accepted"
	ReportReturned  ReportState = "returned" // a correction is awaited
)

// WorkReport is a work report (作業報告書) as handed in. Body holds the bytes that SHA256 covers.
type WorkReport struct {
	ID          string   // "W-0001", from Tx.NextReportNo
	Sessions    []string // that it covers, of one window
	Window      string
	Request     string
	System      string
	Vendor      string
	SubmittedBy string
	SubmittedAt time.Time
	Due         time.Time // of the session that is due first
	Late        bool
	Corrects    string // id of the report it corrects; empty: the first
	State       ReportState
	SettledBy   string // who accepted it or sent it back
	SettledAt   time.Time
	Answer      string // what they said
	SHA256      string // hex, of Body
	Body        string // JSON of the reports package
}

// ReportFilter narrows WorkReports and AttendanceRecords. Zero fields do not narrow. Newest first.
type ReportFilter struct {
	Request string
	Window  string
	Session string
	Section string   // of the system
	Also    []string // sections that count beside Section
	Vendor  string
	States  []ReportState // of work reports
	Limit   int           // 0: 200
}

const reportColumns = `SELECT p.id, (SELECT json_group_array(session) FROM (SELECT session FROM work_report_sessions WHERE report = p.id ORDER BY session)),
	p.window, p.request, p.system, p.vendor, p.submitted_by, p.submitted_at, p.due, p.late, p.corrects, p.state,
	p.settled_by, p.settled_at, p.answer, p.sha256, p.body FROM work_reports p`

func scanReport(r scanner) (WorkReport, error) {
	var p WorkReport
	err := r.Scan(&p.ID, body{&p.Sessions}, &p.Window, &p.Request, &p.System, &p.Vendor, &p.SubmittedBy, at(&p.SubmittedAt), at(&p.Due), &p.Late,
		&p.Corrects, &p.State, &p.SettledBy, at(&p.SettledAt), &p.Answer, &p.SHA256, &p.Body)
	return p, err
}

// NextReportNo gives the number of a work report: "W-0001".
func (t *Tx) NextReportNo() (string, error) {
	n, err := t.next("report")
	return fmt.Sprintf("W-%04d", n), err
}

// WorkReport reads one. Errors: ErrNotFound.
func (s *Snap) WorkReport(id string) (WorkReport, error) {
	return get(s, scanReport, reportColumns+` WHERE p.id = ?`, id)
}

// ReportOf reads the newest report of a session, the one that counts. Errors: ErrNotFound.
func (s *Snap) ReportOf(session string) (WorkReport, error) {
	return get(s, scanReport, reportColumns+` JOIN work_report_sessions m ON m.report = p.id WHERE m.session = ?
		ORDER BY p.submitted_at DESC, length(p.id) DESC, p.id DESC LIMIT 1`, session)
}

// WorkReports lists reports, newest first, corrected ones among them.
func (s *Snap) WorkReports(f ReportFilter) ([]WorkReport, error) {
	var w where
	w.text("p.request = ?", f.Request)
	w.text("p.window = ?", f.Window)
	w.text("p.id IN (SELECT report FROM work_report_sessions WHERE session = ?)", f.Session)
	w.section("p.system", f.Section, f.Also)
	w.text("p.vendor = ?", f.Vendor)
	in(&w, "p.state", f.States)
	return list(s, scanReport, reportColumns+w.String()+` ORDER BY p.submitted_at DESC, length(p.id) DESC, p.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// AddWorkReport stores a new report, handed in at the transaction's time.
func (t *Tx) AddWorkReport(p WorkReport) error {
	_, err := t.exec(`INSERT INTO work_reports (id, window, request, system, vendor, submitted_by, submitted_at, due, late, corrects, state, sha256, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'submitted', ?, ?)`,
		p.ID, p.Window, p.Request, p.System, p.Vendor, p.SubmittedBy, ms(t.Now), ms(p.Due), p.Late, p.Corrects, p.SHA256, p.Body)
	for _, session := range p.Sessions {
		if err == nil {
			_, err = t.exec(`INSERT INTO work_report_sessions (session, report) VALUES (?, ?)`, session, p.ID)
		}
	}
	return exists(err)
}

// SettleReport accepts a report or sends it back, at the transaction's time. Errors: ErrNotFound when it is settled.
func (t *Tx) SettleReport(id string, to ReportState, by, answer string) error {
	return t.one(`UPDATE work_reports SET state = ?, settled_by = ?, settled_at = ?, answer = ? WHERE id = ? AND state = 'submitted'`,
		string(to), by, ms(t.Now), answer, id)
}

// AttendanceRecord is an attendance record (立会確認書) as confirmed. Body holds the bytes that SHA256 covers.
type AttendanceRecord struct {
	ID      string // "T-0001", from Tx.NextAttendanceNo
	Window  string
	Request string
	System  string
	By      string
	At      time.Time
	SHA256  string // hex, of Body
	Body    string // JSON of the reports package
}

const attendanceColumns = `SELECT a.id, a.window, a.request, a.system, a.by, a.at, a.sha256, a.body FROM attendance_records a`

func scanAttendance(r scanner) (AttendanceRecord, error) {
	var a AttendanceRecord
	err := r.Scan(&a.ID, &a.Window, &a.Request, &a.System, &a.By, at(&a.At), &a.SHA256, &a.Body)
	return a, err
}

// NextAttendanceNo gives the number of an attendance record: "T-0001".
func (t *Tx) NextAttendanceNo() (string, error) {
	n, err := t.next("attendance")
	return fmt.Sprintf("T-%04d", n), err
}

// AttendanceRecords lists records, newest first, corrected ones among them. A session stands for its window.
func (s *Snap) AttendanceRecords(f ReportFilter) ([]AttendanceRecord, error) {
	var w where
	w.text("a.request = ?", f.Request)
	w.text("a.window = ?", f.Window)
	w.text("a.window = (SELECT window FROM sessions WHERE id = ?)", f.Session)
	w.section("a.system", f.Section, f.Also)
	w.text("a.request IN (SELECT no FROM requests WHERE vendor = ?)", f.Vendor)
	return list(s, scanAttendance, attendanceColumns+w.String()+` ORDER BY a.at DESC, length(a.id) DESC, a.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// AddAttendanceRecord stores a record, made at the transaction's time.
func (t *Tx) AddAttendanceRecord(a AttendanceRecord) error {
	_, err := t.exec(`INSERT INTO attendance_records (id, window, request, system, by, at, sha256, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.Window, a.Request, a.System, a.By, ms(t.Now), a.SHA256, a.Body)
	return exists(err)
}

// OverdueKind is what may be raised as overdue.
type OverdueKind string

// The kinds of what may be overdue.
const (
	OverdueReport   OverdueKind = "report"    // of a session, by its id
	OverdueFollowUp OverdueKind = "follow-up" // of an emergency, by its request
)

// RaiseOverdue notes that something is overdue. Errors: ErrExists when that was raised before.
func (t *Tx) RaiseOverdue(kind OverdueKind, subject string) error {
	_, err := t.exec(`INSERT INTO overdue (kind, subject, at) VALUES (?, ?, ?)`, string(kind), subject, ms(t.Now))
	return exists(err)
}

// LateSessions lists sessions that were used and have ended, for which no report was handed in and nothing was raised yet, of
// requests that still await reports or were taken back in the middle of the work: that is no way around a report. Whether each
// is overdue, its system's rule says.
func (s *Snap) LateSessions() ([]Session, error) {
	return list(s, scanSession, sessionColumns+` WHERE state = 'ended' AND started <> 0
		AND request IN (SELECT no FROM requests WHERE state IN ('approved', 'approved-conditional', 'emergency-open', 'follow-up-due', 'report-due', 'withdrawn', 'revoked'))
		AND id NOT IN (SELECT subject FROM overdue WHERE kind = 'report')
		AND id NOT IN (SELECT session FROM work_report_sessions) ORDER BY ended LIMIT 1000`)
}

// OverRequests lists approved requests and emergencies in use whose every window is over and whose sessions have all
// ended: what comes after the work begins for them.
func (s *Snap) OverRequests(states ...policy.RequestState) ([]Request, error) {
	var w where
	in(&w, "r.state", states)
	w.and(`NOT EXISTS (SELECT 1 FROM windows w WHERE w.request = r.no AND w.state IN ('scheduled', 'attended', 'permitted') AND w.ends > ?)`, ms(s.Now))
	w.and(`r.no NOT IN (SELECT request FROM sessions WHERE state IN ('opening', 'active'))`)
	return list(s, scanRequest, requestColumns+w.String()+` ORDER BY r.seq LIMIT 500`, w.args...)
}

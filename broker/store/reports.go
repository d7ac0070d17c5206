package store

import (
	"fmt"
	"time"

	"sekimori/policy"
)

// ReportState is the state of a work report.
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
	Due         time.Time // the earliest due time of its sessions
	Late        bool
	Corrects    string // id of the report it corrects; empty: the first
	State       ReportState
	SettledBy   string // the person who accepted it or sent it back
	SettledAt   time.Time
	Answer      string // the text given with that
	SHA256      string // hex, of Body
	Body        string // JSON of the reports package
}

// ReportFilter narrows WorkReports and AttendanceRecords. Zero fields do not narrow. Newest first.
type ReportFilter struct {
	Request string
	Window  string
	Session string
	Sight   *policy.Sight // only what lies within it; nil: everything
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

// ReportOf reads the newest report of a session, which is the one that counts. Errors: ErrNotFound.
func (s *Snap) ReportOf(session string) (WorkReport, error) {
	return get(s, scanReport, reportColumns+` JOIN work_report_sessions m ON m.report = p.id WHERE m.session = ?
		ORDER BY p.submitted_at DESC, length(p.id) DESC, p.id DESC LIMIT 1`, session)
}

// WorkReportPage reads a page. Reports that await the section's answer come first; within both parts the newest come first.
func (s *Snap) WorkReportPage(f ReportFilter, p Page) (Paged[WorkReport], error) {
	newest := order{keys: []string{"p.submitted_at", "length(p.id)", "p.id"}, desc: true}
	return listing[WorkReport]{table: "work_reports p", query: reportColumns, scan: scanReport, where: f.ofReports(),
		first: "p.state = 'submitted' OR p.settled_at > ?", orders: [2]order{newest, newest},
		column: "p.id", name: func(p WorkReport) string { return p.ID }}.page(s, p)
}

// WorkReports lists reports, newest first, including corrected ones.
func (s *Snap) WorkReports(f ReportFilter) ([]WorkReport, error) {
	w := f.ofReports()
	return list(s, scanReport, reportColumns+w.String()+` ORDER BY p.submitted_at DESC, length(p.id) DESC, p.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

func (f ReportFilter) ofReports() where {
	var w where
	w.text("p.request = ?", f.Request)
	w.text("p.window = ?", f.Window)
	w.text("p.id IN (SELECT report FROM work_report_sessions WHERE session = ?)", f.Session)
	w.sight(f.Sight, "p.system", "p.vendor = ?")
	in(&w, "p.state", f.States)
	return w
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

// AttendanceRecords lists records, newest first, including corrected ones. A filter's session stands for its window.
func (s *Snap) AttendanceRecords(f ReportFilter) ([]AttendanceRecord, error) {
	var w where
	w.text("a.request = ?", f.Request)
	w.text("a.window = ?", f.Window)
	w.text("a.window = (SELECT window FROM sessions WHERE id = ?)", f.Session)
	w.sight(f.Sight, "a.system", "a.request IN (SELECT no FROM requests WHERE vendor = ?)")
	return list(s, scanAttendance, attendanceColumns+w.String()+` ORDER BY a.at DESC, length(a.id) DESC, a.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
}

// AddAttendanceRecord stores a record, made at the transaction's time.
func (t *Tx) AddAttendanceRecord(a AttendanceRecord) error {
	_, err := t.exec(`INSERT INTO attendance_records (id, window, request, system, by, at, sha256, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.Window, a.Request, a.System, a.By, ms(t.Now), a.SHA256, a.Body)
	return exists(err)
}

// OverdueKind is a kind of overdue duty.
type OverdueKind string

// The kinds of overdue duties.
const (
	OverdueReport   OverdueKind = "report"    // of a session, by its id
	OverdueFollowUp OverdueKind = "follow-up" // of an emergency, by its request
)

// RaiseOverdue notes that a duty is overdue. Errors: ErrExists when it was raised before.
func (t *Tx) RaiseOverdue(kind OverdueKind, subject string) error {
	_, err := t.exec(`INSERT INTO overdue (kind, subject, at) VALUES (?, ?, ?)`, string(kind), subject, ms(t.Now))
	return exists(err)
}

// LateSessions lists sessions that were used and have ended, without a report and with nothing raised yet. Their requests still
// await reports, or were withdrawn in the middle of the work, which does not cancel the report. The system's rule says whether
// each is overdue.
func (s *Snap) LateSessions() ([]Session, error) {
	return list(s, scanSession, sessionColumns+` WHERE state = 'ended' AND started <> 0
		AND request IN (SELECT no FROM requests WHERE state IN ('approved', 'approved-conditional', 'emergency-open', 'follow-up-due', 'report-due', 'withdrawn', 'revoked'))
		AND id NOT IN (SELECT subject FROM overdue WHERE kind = 'report')
		AND id NOT IN (SELECT session FROM work_report_sessions) ORDER BY ended LIMIT 1000`)
}

// OverRequests lists approved requests and emergencies in use whose windows are all over and whose sessions have all
// ended: the procedure after the work begins for them.
func (s *Snap) OverRequests(states ...policy.RequestState) ([]Request, error) {
	var w where
	in(&w, "r.state", states)
	w.and(`NOT EXISTS (SELECT 1 FROM windows w WHERE w.request = r.no AND w.state IN ('scheduled', 'attended', 'permitted') AND w.ends > ?)`, ms(s.Now))
	w.and(`r.no NOT IN (SELECT request FROM sessions WHERE state IN ('opening', 'active'))`)
	return list(s, scanRequest, requestColumns+w.String()+` ORDER BY r.seq LIMIT 500`, w.args...)
}

package reports_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/reports"
	"sekimori/broker/store"
	"sekimori/policy"
)

// After a window that was used: report due, handed in, accepted, attested, closed.
func TestRequestIsClosedWhenEverythingIsIn(t *testing.T) {
	p, session := worked(t)
	p.due(t)
	if s := p.state(t); s != policy.ReportDue {
		t.Fatal(s)
	}
	r := p.hand(t, report(session))
	sum := sha256.Sum256([]byte(r.Body))
	if r.ID != "W-0001" || r.Late || r.SHA256 != hex.EncodeToString(sum[:]) || !r.Due.Equal(start.Add(45*time.Minute+24*time.Hour)) {
		t.Errorf("%+v", r)
	}
	_, err := p.reports.Accept(t.Context(), session, "", townhall.Caller("mori"))
	want(t, "the auditor accepts", err, "forbidden")
	_, err = p.reports.Accept(t.Context(), session, "", townhall.Caller("E-0031"))
	want(t, "the engineer accepts", err, "forbidden")
	_, err = p.reports.Accept(t.Context(), session, "", townhall.Caller("kato"))
	want(t, "the requester accepts", err, "")
	_, err = p.reports.Accept(t.Context(), r.ID, "", townhall.Caller("kato"))
	want(t, "twice", err, "already-decided")
	if s := p.state(t); s != policy.ReportDue {
		t.Errorf("without an attendance record it is %s", s)
	}
	a, err := p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	want(t, "attest", err, "")
	if s := p.state(t); s != policy.RequestClosed {
		t.Errorf("%s", s)
	}
	for subject, kind := range map[string]string{session: "report.submitted", r.ID: "report.accepted", a.ID: "attendance.attested", p.no: "request.closed"} {
		if p.count(t, subject, kind) != 1 {
			t.Errorf("%s of %s: %v", kind, subject, p.Kinds(t, subject))
		}
	}
}

// An unused window needs no report.
func TestUnusedWindowClosesByItself(t *testing.T) {
	p := hall(t)
	end := start.Add(time.Hour)
	for _, tt := range []struct {
		at   time.Duration
		want policy.RequestState
	}{{-time.Millisecond, policy.RequestApproved}, {0, policy.RequestClosed}, {time.Millisecond, policy.RequestClosed}} {
		p.to(end.Add(tt.at))
		p.due(t)
		if s := p.state(t); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.at, s, tt.want)
		}
	}
	if n := p.count(t, p.no, "request.closed"); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

// A session without a stored end keeps the request in its state.
func TestRequestWaitsForItsSessions(t *testing.T) {
	p := hall(t)
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	session := p.session(t, start, time.Time{})
	p.to(start.Add(time.Hour))
	p.due(t)
	if s := p.state(t); s != policy.RequestApproved {
		t.Error(s)
	}
	_, err := p.reports.Submit(t.Context(), report(session), townhall.Caller("E-0031"))
	wantProblem(t, "report", err, "session-under-way")
	_, err = p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	wantProblem(t, "attest", err, "session-under-way")
}

func TestLateReport(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		late  bool
	}{{24*time.Hour - time.Millisecond, false}, {24 * time.Hour, true}, {24*time.Hour + time.Millisecond, true}} {
		t.Run(tt.after.String(), func(t *testing.T) {
			p, session := worked(t)
			p.to(start.Add(45*time.Minute + tt.after))
			p.due(t)
			p.due(t)
			raised := 0
			if tt.late {
				raised = 1
			}
			if n := p.count(t, session, "report.overdue"); n != raised {
				t.Errorf("raised %d times", n)
			}
			if r := p.hand(t, report(session)); r.Late != tt.late {
				t.Errorf("late: %v", r.Late)
			}
		})
	}
}

// A withdrawal in the middle of the work does not avoid the report.
func TestARequestTakenBackOwesItsReport(t *testing.T) {
	for name, stop := range map[string]func(*place) error{
		"withdrawn": func(p *place) error { return p.desk.Withdraw(t.Context(), p.no, "やめる", townhall.Caller("kato")) },
		"revoked":   func(p *place) error { return p.desk.Revoke(t.Context(), p.no, "止める", townhall.Caller("head")) },
	} {
		t.Run(name, func(t *testing.T) {
			p := hall(t)
			p.to(start)
			want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
			session := p.session(t, start, start.Add(45*time.Minute))
			p.to(start.Add(45 * time.Minute))
			want(t, "stop", stop(p), "")
			p.to(start.Add(45*time.Minute + 24*time.Hour))
			p.due(t)
			p.due(t)
			if n := p.count(t, session, "report.overdue"); n != 1 {
				t.Errorf("raised %d times", n)
			}
			p.hand(t, report(session))
		})
	}
}

// A correction is another report. The first stays, and an accepted report must be accepted again.
func TestReportsAreCorrectedNotReplaced(t *testing.T) {
	p, session := worked(t)
	p.due(t)
	first := p.hand(t, report(session))
	_, err := p.reports.Return(t.Context(), session, "", townhall.Caller("kato"))
	wantProblem(t, "without a reason", err, "reason-required")
	_, err = p.reports.Return(t.Context(), session, "変更箇所が足りない", townhall.Caller("kato"))
	want(t, "send back", err, "")
	p.to(start.Add(72 * time.Hour))
	again := report(session)
	again.Changes = "fix.sql, view.sql"
	second := p.hand(t, again)
	if second.Corrects != first.ID || second.Late || second.State != store.ReportSubmitted {
		t.Errorf("%+v", second)
	}
	_, err = p.reports.Accept(t.Context(), first.ID, "", townhall.Caller("kato"))
	want(t, "accept what was corrected", err, "stale-page")
	_, err = p.reports.Accept(t.Context(), session, "", townhall.Caller("head"))
	want(t, "accept", err, "")
	shown, err := p.reports.Show(t.Context(), session)
	if err != nil || len(shown.History) != 2 || shown.Report.ID != second.ID || shown.History[1].Body != first.Body || shown.History[1].State != store.ReportReturned {
		t.Errorf("%+v, %v", shown, err)
	}
}

// One report may cover several sessions of a window; a correction covers all of them.
func TestOneReportOfSeveralSessions(t *testing.T) {
	p := hall(t)
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	a := p.session(t, start, start.Add(10*time.Minute))
	b := p.session(t, start.Add(20*time.Minute), start.Add(30*time.Minute))
	p.to(start.Add(time.Hour))
	p.due(t)
	r := p.hand(t, report(b, a, b))
	if len(r.Sessions) != 2 || !r.Due.Equal(start.Add(10*time.Minute+24*time.Hour)) {
		t.Errorf("%+v", r)
	}
	_, err := p.reports.Submit(t.Context(), report(a), townhall.Caller("E-0031"))
	wantProblem(t, "a part of it", err, "correct-whole")
	_, err = p.reports.Accept(t.Context(), b, "", townhall.Caller("kato"))
	want(t, "accept", err, "")
	_, err = p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	want(t, "attest", err, "")
	if s := p.state(t); s != policy.RequestClosed {
		t.Error(s)
	}
}

func TestWhatAReportMustSay(t *testing.T) {
	p, session := worked(t)
	for _, tt := range []struct {
		code   string
		change func(*reports.WorkReport)
	}{
		{"session-required", func(r *reports.WorkReport) { r.Sessions = nil }},
		{"unknown-session", func(r *reports.WorkReport) { r.Sessions = []string{"S-20261124-99"} }},
		{"done-required", func(r *reports.WorkReport) { r.Done = "" }},
		{"control-character", func(r *reports.WorkReport) { r.Changes = "\x1b]0;x\a" }},
		{"deviation_reason-required", func(r *reports.WorkReport) { r.Deviation = "別の表も直した" }},
		{"remaining-required", func(r *reports.WorkReport) { r.Result = reports.ResultPart }},
		{"unknown-word", func(r *reports.WorkReport) { r.Result = "perfect" }},
		{"copied-unseen", func(r *reports.WorkReport) { r.PIIViewed, r.PIICopied = false, true }},
		{"end-before-start", func(r *reports.WorkReport) { r.From, r.Until = start.Add(time.Minute), start }},
		{"in-the-future", func(r *reports.WorkReport) { r.Until = p.Now().Add(time.Millisecond) }},
		{"engineer-not-eligible", func(r *reports.WorkReport) { r.Engineers = []string{"sato", "kimura"} }},
		{"engineer-missing", func(r *reports.WorkReport) { r.Engineers = []string{"madoguchi"} }},
	} {
		if tt.code == "engineer-missing" {
			p.contact(t)
		}
		r := report(session)
		tt.change(&r)
		_, err := p.reports.Submit(t.Context(), r, townhall.Caller("E-0031"))
		wantProblem(t, tt.code, err, tt.code)
	}
	_, err := p.reports.Submit(t.Context(), report(session), townhall.Caller("E-0040"))
	wantProblem(t, "another vendor's engineer", err, "unknown-session") // it learns nothing about it
	_, err = p.reports.Submit(t.Context(), report(session), townhall.Caller("kato"))
	want(t, "staff", err, "forbidden")
	_, err = p.reports.Submit(t.Context(), report(session), townhall.Caller("E-0099"))
	want(t, "the vendor's contact", err, "")
}

// contact makes a contact of sato's vendor.
func (p *place) contact(t *testing.T) {
	t.Helper()
	err := p.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutPerson(store.Person{Person: policy.Person{ID: "E-0099", Login: "madoguchi", Kind: policy.Contact, Name: "窓口", Vendor: "V-012"}}); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

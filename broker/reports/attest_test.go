package reports_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

func note(tx *store.Tx) error {
	_, err := tx.Append(ledger.Draft{Kind: "test.changed", Actor: townhall.By("admin")})
	return err
}

// The record has the entries of the time, in order, and the attendant's statements.
func TestAttendanceRecordIsFilledFromTheLedger(t *testing.T) {
	p := hall(t)
	err := p.DB.Write(t.Context(), func(tx *store.Tx) error {
		s, err := tx.System("map")
		if err != nil {
			return err
		}
		s.Delegated = time.Hour
		if err := tx.PutSystem(s); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	session := p.session(t, start.Add(time.Minute), start.Add(45*time.Minute))
	x, err := p.desk.AskExtension(t.Context(), p.window, 15*time.Minute, "検証", townhall.Caller("E-0031"))
	want(t, "ask", err, "")
	_, err = p.desk.GrantExtension(t.Context(), x.ID, "確かめた", townhall.Caller("ito"))
	want(t, "grant", err, "")
	p.to(start.Add(50 * time.Minute))
	_, err = p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	wantProblem(t, "before the end", err, "window-not-over")
	want(t, "cut", p.post.Cut(t.Context(), p.window, "予定外の操作", townhall.Caller("ito")), "")

	attest := func(a reports.AttendanceRecord, who string) error {
		a.Window = p.window
		_, err := p.reports.Attest(t.Context(), a, townhall.Caller(who))
		return err
	}
	want(t, "somebody else", attest(reports.AttendanceRecord{Unexpected: no()}, "head"), "forbidden")
	wantProblem(t, "no answer", attest(reports.AttendanceRecord{}, "ito"), "unexpected-required")
	wantProblem(t, "unexpected, and not what", attest(reports.AttendanceRecord{Unexpected: yes()}, "ito"), "unexpected_detail-required")
	wantProblem(t, "a line that is not there", attest(reports.AttendanceRecord{Unexpected: no(), LinesRestored: yes()}, "ito"), "no-line")
	wantProblem(t, "an escape", attest(reports.AttendanceRecord{Unexpected: no(), Remarks: "\x1b[2J"}, "ito"), "control-character")
	want(t, "attest", attest(reports.AttendanceRecord{Unexpected: yes(), UnexpectedDetail: "別の表を見た", OpenAlarms: []string{"A-0001"}, Sessions: []string{"S-forged"}}, "ito"), "")

	made, err := p.reports.Records(t.Context(), store.ReportFilter{Session: session})
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	var a reports.AttendanceRecord
	if err := json.Unmarshal([]byte(made[0].Body), &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Sessions) != 1 || a.Sessions[0] != session || a.IdentityMethod != reports.IdentityNone || len(a.Attended) != 1 || !a.Attended[0].From.Equal(start) {
		t.Errorf("%+v", a)
	}
	if len(a.Interventions) != 2 || a.Interventions[0].Kind != "extension.granted" || a.Interventions[0].Reason != "確かめた" ||
		a.Interventions[1].Kind != "window.cut" || a.Interventions[1].Reason != "予定外の操作" || a.Interventions[1].By != a.Attendant {
		t.Errorf("%+v", a.Interventions)
	}
	// A second record corrects the first; both stay.
	want(t, "attest again", attest(reports.AttendanceRecord{Unexpected: no(), Remarks: "見間違い"}, "ito"), "")
	if made, err = p.reports.Records(t.Context(), store.ReportFilter{Window: p.window}); err != nil || len(made) != 2 || made[0].ID != "T-0002" {
		t.Errorf("%v, %v", made, err)
	}
}

// Where the system asks for a bookmark, the record waits for one in a session of this very window.
func TestTheRecordWaitsForABookmark(t *testing.T) {
	p, session := worked(t)
	attest := func() error {
		_, err := p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
		return err
	}
	marked := func(window string) {
		t.Helper()
		want(t, "bookmark", p.DB.Write(t.Context(), func(tx *store.Tx) error {
			sys, err := tx.System("map")
			sys.BookmarkRequired = true
			_, noted := tx.Append(ledger.Draft{Kind: store.KindBookmarked, Actor: townhall.By("ito"), Subjects: []string{session, "E-0031", p.no, "map", window},
				Payload: map[string]string{"session_id": session, "window": window, "note": "表を開いた"}})
			return errors.Join(err, noted, tx.PutSystem(sys))
		}), "")
	}
	marked("R8-0999-1")
	err := attest()
	wantProblem(t, "none in this window", err, "bookmark-required")
	if said := fmt.Sprint(err); !strings.Contains(said, "session bookmark") {
		t.Errorf("it does not say what was to be done: %s", said)
	}
	marked(p.window)
	want(t, "with a bookmark", attest(), "")
	d, err := p.reports.Draft(t.Context(), p.window)
	want(t, "draft", err, "")
	if !slices.ContainsFunc(d.Interventions, func(i api.Intervention) bool { return i.Kind == store.KindBookmarked && i.Reason == "表を開いた" }) {
		t.Errorf("the record tells of no bookmark: %+v", d.Interventions)
	}
}

func TestNothingToAttest(t *testing.T) {
	p := hall(t)
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	p.to(start.Add(time.Hour))
	_, err := p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	wantProblem(t, "nobody came", err, "window-not-used")
}

// Report and later approval complete the follow-up of an emergency. Then acceptance and attendance record keep the request open, but
// no longer the gate shut (R22). A report that is sent back shuts it again.
func TestFollowUpOfAnEmergency(t *testing.T) {
	p := hall(t)
	e := requests.EmergencyForm{Reason: "窓口が止まっている", Phoned: "当番", PhonedAt: p.Now()}
	f := form()
	f.Start, f.End, f.StartIn, f.Length = time.Time{}, time.Time{}, time.Minute, 30*time.Minute
	var err error
	if p.no, err = p.desk.Emergency(t.Context(), f, e, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	out, err := p.desk.AgreeEmergency(t.Context(), p.no, "確かめた", townhall.Caller("deputy"))
	if err != nil {
		t.Fatal(err)
	}
	p.window = out.Windows[0]
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	session := p.session(t, p.Now().Add(time.Minute), p.Now().Add(20*time.Minute))
	p.Pass(30 * time.Minute)
	missing := func(report, approval bool) {
		t.Helper()
		var due []policy.FollowUp
		err := p.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			due, err = s.FollowUps("V-012")
			return err
		})
		switch {
		case err != nil:
			t.Error(err)
		case !report && !approval && len(due) > 0, (report || approval) && (len(due) != 1 || due[0].Report != report || due[0].Approval != approval):
			t.Errorf("%+v", due)
		}
	}
	missing(true, true) // the timer has not run yet
	p.due(t)
	missing(true, true)
	r := p.hand(t, report(session))
	missing(false, true)
	if s := p.state(t); s != policy.FollowUpDue {
		t.Error(s)
	}
	_, err = p.desk.ApproveAfter(t.Context(), p.no, "やむを得ない", townhall.Caller("admin"))
	want(t, "approve after", err, "")
	missing(false, false)
	if s := p.state(t); s != policy.ReportDue {
		t.Error(s)
	}
	_, err = p.reports.Return(t.Context(), r.ID, "足りない", townhall.Caller("kato"))
	want(t, "send back", err, "")
	missing(true, false)
	p.hand(t, report(session))
	missing(false, false)
	_, err = p.reports.Accept(t.Context(), session, "", townhall.Caller("kato"))
	want(t, "accept", err, "")
	_, err = p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	want(t, "attest", err, "")
	if s := p.state(t); s != policy.RequestClosed {
		t.Error(s)
	}
}

// An attendant whose permission was taken back, by themselves or by the head, still attests: otherwise the request would wait for
// ever.
func TestThePermissionTakenBackLeavesSomebodyToAttest(t *testing.T) {
	p := hall(t)
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	session := p.session(t, start.Add(time.Minute), start.Add(10*time.Minute))
	p.to(start.Add(10 * time.Minute))
	want(t, "taken back", p.post.Unpermit(t.Context(), p.window, "予定外の操作", townhall.Caller("head")), "")
	p.to(start.Add(2 * time.Hour))
	out, err := p.reports.Attest(t.Context(), reports.AttendanceRecord{Window: p.window, Unexpected: no()}, townhall.Caller("ito"))
	want(t, "attest", err, "")
	var a reports.AttendanceRecord
	if err := json.Unmarshal([]byte(out.Body), &a); err != nil {
		t.Fatal(err)
	}
	if a.Attendant != "ito" || !slices.Equal(a.Sessions, []string{session}) || len(a.Attended) != 1 || a.Attended[0].Person != "ito" ||
		len(a.Interventions) != 1 || a.Interventions[0].Kind != "window.unpermitted" || a.Interventions[0].By != "head" {
		t.Errorf("%+v", a)
	}
}

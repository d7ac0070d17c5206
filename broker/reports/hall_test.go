package reports_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/reports"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// place is an institution after a window of the simple system that sato used.
type place struct {
	*townhall.Hall
	desk    *requests.Desk
	post    *attendance.Service
	reports *reports.Service
	no      string // of the request
	window  string
}

// start is when the window of worked begins; it lasts an hour.
var start = townhall.Start.Add(time.Hour)

func hall(t *testing.T) *place {
	t.Helper()
	h := townhall.Found(t)
	p := &place{
		Hall: h, desk: requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone}), post: attendance.New(attendance.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone}),
		reports: reports.New(reports.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone}),
	}
	no, err := p.desk.Submit(t.Context(), form(), townhall.Caller("kato"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.desk.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	p.no, p.window = no, out.Windows[0]
	return p
}

func form() request.Form {
	return request.Form{System: "map", Start: start, End: start.Add(time.Hour), Body: request.Body{
		Accounts: []string{"map-web/web"}, Engineers: []string{"sato"}, Purpose: "調査", WorkType: "survey", ResponsibleParty: "reiji", Phone: "0000-11-1111", Attendant: "ito",
	}}
}

// worked is a hall whose window was attended and used once, until a quarter of an hour before its end.
func worked(t *testing.T) (*place, string) {
	t.Helper()
	p := hall(t)
	p.to(start)
	want(t, "open", p.post.Open(t.Context(), p.window, townhall.Caller("ito")), "")
	session := p.session(t, start.Add(time.Minute), start.Add(45*time.Minute))
	p.to(start.Add(time.Hour))
	return p, session
}

// to lets time pass to an instant.
func (p *place) to(at time.Time) { p.Pass(at.Sub(p.Now())) }

// session writes the gate's entries for a session of sato; without an end it is under way.
func (p *place) session(t *testing.T, began, ended time.Time) (id string) {
	t.Helper()
	if p.Now().Before(began) {
		p.to(began)
	}
	by := ledger.Actor{Kind: "person", ID: "E-0031", Via: "ssh"}
	err := p.DB.Write(t.Context(), func(tx *store.Tx) error {
		var err error
		if id, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		v := store.Session{ID: id, State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Grant: p.window + "-1", Window: p.window, Request: p.no, System: "map",
			Target: "map-web", Account: "map-web/web", Source: netip.MustParseAddrPort("203.0.113.7:50022"), Factor: "code", Created: began, Started: began}
		if !ended.IsZero() {
			v.State, v.Ended, v.Reason = store.SessionEnded, ended, policy.EndedByEngineer
		}
		if err := tx.AddSession(v); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "session.ended", Actor: by, Subjects: []string{id, "E-0031", p.no, "map"}, Payload: map[string]string{"session_id": id}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// report is a report without faults.
func report(sessions ...string) reports.WorkReport {
	return reports.WorkReport{Sessions: sessions, Done: "端数処理を直した", Changes: "fix.sql", Result: reports.ResultDone, PIIViewed: true, Files: []reports.File{}}
}

// hand hands a report in as sato.
func (p *place) hand(t *testing.T, r reports.WorkReport) store.WorkReport {
	t.Helper()
	out, err := p.reports.Submit(t.Context(), r, townhall.Caller("E-0031"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *place) state(t *testing.T) policy.RequestState {
	t.Helper()
	s, err := p.desk.Show(t.Context(), p.no)
	if err != nil {
		t.Fatal(err)
	}
	return s.Request.State
}

// due does what the broker's timer does.
func (p *place) due(t *testing.T) {
	t.Helper()
	if err := p.desk.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.reports.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// count counts the entries of a kind about a subject.
func (p *place) count(t *testing.T, subject, kind string) int {
	t.Helper()
	n := 0
	for _, k := range p.Kinds(t, subject) {
		if k == kind {
			n++
		}
	}
	return n
}

func want(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if got := townhall.Reason(err); got != reason {
		t.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func wantProblem(t *testing.T, what string, err error, code string) {
	t.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has(code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func yes() *bool { v := true; return &v }

func no() *bool { v := false; return &v }

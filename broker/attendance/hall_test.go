package attendance_test

import (
	"testing"
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
)

// hr is an application for the system that asks for everything, an hour ahead.
func hr() request.Form {
	return request.Form{System: "hr", Start: townhall.Start.Add(time.Hour), End: townhall.Start.Add(150 * time.Minute), Body: request.Body{
		Accounts: []string{"hr-db/hrmnt01"}, Engineers: []string{"sato"}, Purpose: "端数誤りの調査", WorkType: "survey", ResponsibleParty: "reiji", Phone: "0000-11-1111", Attendant: "ito",
	}}
}

// simple is an application for the system that asks for little.
func simple() request.Form {
	f := hr()
	f.System, f.Accounts, f.End = "map", []string{"map-web/web"}, f.Start.Add(time.Hour)
	return f
}

func desk(t *testing.T) (*townhall.Hall, *requests.Desk, *attendance.Service) {
	t.Helper()
	h := townhall.Found(t)
	return h, requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone}), attendance.New(attendance.Options{DB: h.DB, Acts: h.Runner(), Ring: h.Keys, Zone: townhall.Zone})
}

func submit(t *testing.T, d *requests.Desk, f request.Form, by string) string {
	t.Helper()
	no, err := d.Submit(t.Context(), f, townhall.Caller(by))
	if err != nil {
		t.Fatal(err)
	}
	return no
}

func approve(t *testing.T, d *requests.Desk, no, by string) requests.Outcome {
	t.Helper()
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller(by))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if got := townhall.Reason(err); got != reason {
		t.Errorf("%s: %q, want %q", what, got, reason)
	}
}

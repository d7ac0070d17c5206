package web

import (
	"sekimori/broker/api"
	"sekimori/broker/reports"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// reportRoutes are the routes of the records after the work. Vendors write and see their own; the section reads and answers.
// Package reports refuses all others.
func reportRoutes() []route {
	look := staffOrVendors(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	staff := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	return []route{
		{"POST", string(api.Reports), everySignedIn(), (*Server).submitReport},
		{"GET", string(api.Reports), look, (*Server).reports},
		{"GET", api.Reports.Pattern("id"), look, one((*view.Views).Report)},
		{"GET", api.Windows.Pattern("id", "attendance-record"), staff, one((*view.Views).AttendanceRecord)},
	}
}

func (s *Server) submitReport(c *call) error {
	var in api.SubmitBody
	if err := c.read(&in); err != nil {
		return err
	}
	form, err := reports.ParseReport(in.Name, []byte(in.Text), s.o.Zone)
	if err != nil {
		return err
	}
	p, err := s.o.Reports.Submit(c.r.Context(), form, c.caller(api.Fresh{}))
	if err != nil {
		return err
	}
	return s.replyReport(c, p)
}

func (s *Server) reports(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	asked := view.ReportsAsked{Request: c.query("request"), Window: c.query("window"), Session: c.query("session"), State: c.query("state")}
	return c.answer(s.o.Views.Reports(c.r.Context(), c.reader(), asked, page))
}

func (s *Server) replyReport(c *call, p store.WorkReport) error {
	v, err := view.WorkReport(p, s.o.Zone)
	if err != nil {
		return err
	}
	return c.reply(v)
}

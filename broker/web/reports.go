package web

import (
	"context"

	"sekimori/broker/ledger"
	"sekimori/broker/reports"
	"sekimori/broker/store"
	"sekimori/policy"
)

// reportRoutes are what is written after the work. Vendors write and see their own, the section reads and answers; that
// nobody else writes, the cabinet says.
func reportRoutes() []route {
	section := those(policy.Requester, policy.Approver, policy.Attendant)
	look := who{vendors: true, roles: []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems}}
	staff := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	return []route{
		{"POST", "/v1/reports", everySignedIn(), (*Server).submitReport},
		{"GET", "/v1/reports", look, (*Server).reports},
		{"GET", "/v1/reports/{id}", look, (*Server).report},
		{"POST", "/v1/reports/{id}/accept", section, (*Server).acceptReport},
		{"POST", "/v1/reports/{id}/return", section, (*Server).returnReport},
		{"GET", "/v1/windows/{id}/attendance-record", staff, (*Server).attendanceRecord},
		{"POST", "/v1/windows/{id}/attest", those(policy.Attendant), (*Server).attest},
	}
}

func (s *Server) submitReport(c *call) error {
	var in SubmitBody
	if err := c.read(&in); err != nil {
		return err
	}
	form, err := reports.ParseReport(in.Name, []byte(in.Text), s.o.Zone)
	if err != nil {
		return err
	}
	p, err := s.o.Reports.Submit(c.r.Context(), form, c.actor())
	if err != nil {
		return err
	}
	return s.replyReport(c, p)
}

func (s *Server) replyReport(c *call, p store.WorkReport) error {
	v, err := viewReport(p, s.o.Zone)
	if err != nil {
		return err
	}
	return c.reply(v)
}

// reports lists what concerns the caller, without what the reports say: opening one is ledgered.
func (s *Server) reports(c *call) error {
	f := store.ReportFilter{Request: c.query("request"), Window: c.query("window"), Session: c.query("session")}
	if state := c.query("state"); state != "" {
		f.States = []store.ReportState{store.ReportState(state)}
	}
	switch {
	case c.person.Kind != policy.Staff:
		f.Vendor = c.person.Vendor
	case !everywhere(c.person):
		var err error
		if f.Section, f.Also, err = s.sections(c); err != nil {
			return err
		}
	}
	if f.Vendor == "" && f.Section == "" && !everywhere(c.person) {
		return c.reply([]Report{}) // an empty filter would not narrow
	}
	list, err := s.o.Reports.List(c.r.Context(), f)
	if err != nil {
		return err
	}
	views := make([]Report, 0, len(list))
	for _, p := range list {
		p.Body = ""
		v, err := viewReport(p, s.o.Zone)
		if err != nil {
			return err
		}
		views = append(views, v)
	}
	return c.reply(views)
}

// report shows one, by its number or a session. That somebody opened it is ledgered first (L1).
func (s *Server) report(c *call) error {
	shown, err := s.o.Reports.Show(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := shown.Report
	if err := s.mineToSee(c, p.Request); err != nil {
		return err
	}
	if err := s.looked(c, "report.opened", append([]string{p.ID, p.Request, c.person.ID}, p.Sessions...), map[string]any{"report": p.ID, "sha256": p.SHA256}); err != nil {
		return err
	}
	v, err := viewReport(p, s.o.Zone)
	if err != nil {
		return err
	}
	v.History = each(shown.History, func(h store.WorkReport) string { return h.ID })
	return c.reply(v)
}

func (s *Server) acceptReport(c *call) error { return s.settleReport(c, s.o.Reports.Accept) }

func (s *Server) returnReport(c *call) error { return s.settleReport(c, s.o.Reports.Return) }

func (s *Server) settleReport(c *call, act func(context.Context, string, string, ledger.Actor) (store.WorkReport, error)) error {
	var in SettleBody
	if err := c.read(&in); err != nil {
		return err
	}
	p, err := act(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor())
	if err != nil {
		return err
	}
	return s.replyReport(c, p)
}

// attendanceRecord shows the record of a window; while there is none, what the broker would fill in.
func (s *Server) attendanceRecord(c *call) error {
	w, err := s.o.Desk.Window(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.mineToSee(c, w.Request); err != nil {
		return err
	}
	if err := s.looked(c, "attendance.viewed", []string{w.ID, w.Request, c.person.ID}, map[string]string{"window": w.ID}); err != nil {
		return err
	}
	made, err := s.o.Reports.Records(c.r.Context(), store.ReportFilter{Window: w.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(made) == 0 {
		draft, err := s.o.Reports.Draft(c.r.Context(), w.ID)
		if err != nil {
			return err
		}
		return c.reply(AttendanceRecord{Window: w.ID, Request: w.Request, System: w.System, Content: recordIn(draft, s.o.Zone)})
	}
	v, err := viewRecord(made[0], s.o.Zone)
	if err != nil {
		return err
	}
	return c.reply(v)
}

func (s *Server) attest(c *call) error {
	var in AttestBody
	if err := c.read(&in); err != nil {
		return err
	}
	made, err := s.o.Reports.Attest(c.r.Context(), reports.AttendanceRecord{
		Window: c.r.PathValue("id"), Unexpected: in.Unexpected, UnexpectedDetail: in.UnexpectedDetail, Remarks: in.Remarks,
		LinesRestored: in.LinesRestored, OpenAlarms: in.OpenAlarms,
	}, c.actor())
	if err != nil {
		return err
	}
	v, err := viewRecord(made, s.o.Zone)
	if err != nil {
		return err
	}
	return c.reply(v)
}

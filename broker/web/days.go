package web

import (
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// dayRoutes are the routes of the days of work, which the owning section confirms.
func dayRoutes() []route {
	look := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	look.Deputies = true
	return []route{
		{"GET", string(api.Days), look, (*Server).days},
		{"GET", api.Days.Pattern("id"), look, one((*view.Views).Day)},
	}
}

func (s *Server) days(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.o.Views.Days(c.r.Context(), c.reader(), c.query("owed") == "true", p)
	return c.answer(list, err)
}

func (s *Server) replyDay(c *call, id string) error {
	v, err := s.o.Views.DayNow(c.r.Context(), id)
	return c.answer(v, err)
}

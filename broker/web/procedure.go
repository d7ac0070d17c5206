package web

import (
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/view"
	"sekimori/policy"
)

// submit hands in a request; from people of a vendor it is a proposal.
func (s *Server) submit(c *call) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	no, err := s.o.Desk.Submit(c.r.Context(), form, c.caller(api.Fresh{}))
	if err != nil {
		return err
	}
	return s.replyRequest(c, no, form.Hints()...)
}

func (s *Server) edit(c *call) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	if err := s.o.Desk.Edit(c.r.Context(), c.r.PathValue("no"), form, c.caller(api.Fresh{})); err != nil {
		return err
	}
	return s.replyRequest(c, c.r.PathValue("no"), form.Hints()...)
}

func (s *Server) form(c *call) (request.Form, error) {
	var in api.SubmitBody
	if err := c.read(&in); err != nil {
		return request.Form{}, err
	}
	return request.Parse(in.Name, []byte(in.Text), s.o.Zone)
}

// requests lists the requests that the caller may see.
func (s *Server) requests(c *call) error {
	asked := view.RequestsAsked{System: c.r.FormValue("system"), Series: c.r.FormValue("series"), SeenDue: c.r.FormValue("seen_due") != "", Before: c.r.FormValue("before")}
	var err error
	if asked.States, err = statesAsked(c, policy.RequestStates()); err != nil {
		return err
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.o.Views.Requests(c.r.Context(), c.reader(), asked, p)
	return c.answer(list, err)
}

func (s *Server) request(c *call) error {
	v, err := s.o.Views.Request(c.r.Context(), c.reader(), c.r.PathValue("no"))
	return c.answer(v, err)
}

// replyRequest answers with the request's present state, and with hints about its file.
func (s *Server) replyRequest(c *call, no string, hints ...forms.Problem) error {
	v, err := s.o.Views.RequestNow(c.r.Context(), no)
	v.Hints = hints
	return c.answer(v, err)
}

func (s *Server) windows(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.o.Views.Windows(c.r.Context(), c.reader(), p)
	return c.answer(list, err)
}

func (s *Server) window(c *call) error {
	v, err := s.o.Views.Window(c.r.Context(), c.reader(), c.r.PathValue("id"))
	return c.answer(v, err)
}

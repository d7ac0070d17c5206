package web

import (
	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/broker/view"
)

func (s *Server) alarms(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.answer(s.o.Views.Alarms(c.r.Context(), c.reader(), c.query("open") == "true", page))
}

func (s *Server) ackAlarm(c *call) error {
	var in api.AckBody
	if err := c.read(&in); err != nil {
		return err
	}
	a, err := s.o.Registry.AckAlarm(c.r.Context(), c.r.PathValue("id"), registry.Ack{Desk: in.Desk, Note: in.Note}, c.actor())
	if err != nil {
		return err
	}
	return c.reply(view.Alarm(a, s.o.Zone))
}

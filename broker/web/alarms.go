package web

import (
	"sekimori/broker/registry"
)

// alarms lists what went to the caller's desks: to their section's, and to the central one for the
// information-systems section. Auditors see all.
func (s *Server) alarms(c *call) error {
	all, err := s.o.Registry.Alarms(c.r.Context(), c.person, c.r.FormValue("open") == "true")
	if err != nil {
		return err
	}
	return c.reply(each(all, s.viewAlarm))
}

func (s *Server) ackAlarm(c *call) error {
	var in AckBody
	if err := c.read(&in); err != nil {
		return err
	}
	a, err := s.o.Registry.AckAlarm(c.r.Context(), c.r.PathValue("id"), registry.Ack{Desk: in.Desk, Note: in.Note}, c.actor())
	if err != nil {
		return err
	}
	return c.reply(s.viewAlarm(a))
}

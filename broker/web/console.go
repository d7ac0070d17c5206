package web

import "sekimori/broker/api"

// present takes a heartbeat. The answer is the window's state without the check items, so that a console needs
// no other call.
func (s *Server) present(c *call) error {
	var in api.PresentBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Attendance.Present(c.r.Context(), c.r.PathValue("id"), c.actor()); err != nil {
		return err
	}
	return s.replyAttendance(c, false)
}

func (s *Server) attendance(c *call) error {
	v, err := s.o.Views.Attendance(c.r.Context(), c.reader(), c.r.PathValue("id"))
	return c.answer(v, err)
}

func (s *Server) replyAttendance(c *call, items bool) error {
	v, err := s.o.Views.AttendanceNow(c.r.Context(), c.reader(), c.r.PathValue("id"), items)
	return c.answer(v, err)
}

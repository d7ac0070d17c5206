package web

// deputies lists deputations that are not over; with ?all=1 all of them.
func (s *Server) deputies(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.answer(s.o.Views.Deputies(c.r.Context(), c.reader(), c.query("all") != "", page))
}

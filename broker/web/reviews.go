package web

import "sekimori/broker/view"

func (s *Server) reviews(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	asked := view.ReviewsAsked{Unsigned: c.query("unsigned") == "true", System: c.query("system"), Auditor: c.query("auditor")}
	if c.query("order") == view.ReviewsByRank {
		list, err := s.o.Views.RankedReviews(c.r.Context(), c.reader(), asked, p)
		return c.answer(list, err)
	}
	list, err := s.o.Views.ReviewsLooked(c.r.Context(), c.reader(), asked, p)
	return c.answer(list, err)
}

func (s *Server) review(c *call) error {
	v, err := s.o.Views.Review(c.r.Context(), c.reader(), c.r.PathValue("id"))
	return c.answer(v, err)
}

func (s *Server) replyReview(c *call, ref string) error {
	v, err := s.o.Views.ReviewNow(c.r.Context(), ref)
	return c.answer(v, err)
}

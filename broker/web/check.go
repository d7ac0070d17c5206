package web

import (
	"bytes"

	"sekimori/broker/api"
)

func (s *Server) checkRequest(c *call) error {
	v, err := s.o.Views.Check(c.r.Context(), c.reader(), c.r.PathValue("no"))
	return c.answer(v, err)
}

func (s *Server) copyRequest(c *call) error {
	no := c.r.PathValue("no")
	if err := s.o.Views.OpenRequest(c.r.Context(), c.reader(), no, "copy", nil); err != nil {
		return err
	}
	f, err := s.o.Desk.Copy(c.r.Context(), no, c.actor())
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := f.WriteYAML(&text); err != nil {
		return err
	}
	return c.reply(api.CopyReply{Text: text.String()})
}

package web

import (
	"io"

	"sekimori/policy"
)

// incidentTimeline is a page of the entries that concern an incident.
func (s *Server) incidentTimeline(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.o.Views.IncidentTimeline(c.r.Context(), c.reader(), c.r.PathValue("id"), p)
	return c.answer(list, err)
}

// exportIncident streams an incident's evidence bundle. The caller's permission is asked for again while it lasts.
func (s *Server) exportIncident(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActIncidentExport, Purpose: why.Purpose}, "incident"); err != nil {
		return err
	}
	end := func() {}
	defer func() { end() }()
	return s.o.Views.ExportIncident(c.r.Context(), c.reader(), c.r.PathValue("id"), why, func() io.Writer {
		end = s.streaming(c, "application/zip", takeStall)
		return c.w
	})
}

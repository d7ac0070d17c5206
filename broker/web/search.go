package web

import (
	"errors"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
)

func searchRoutes() []route {
	return []route{
		{"GET", string(api.SearchPath), everySignedIn(), (*Server).search}, // policy refuses, and that is ledgered
		{"GET", string(api.SearchIndexPath), everyStaff(), (*Server).searchIndex},
		{"POST", string(api.SearchIndexPath), those(policy.Administrator), (*Server).rebuildIndex},
	}
}

// search finds words in the text of recordings.
func (s *Server) search(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	asked := view.SearchAsked{Words: c.r.FormValue("words"), System: c.r.FormValue("system"), Next: c.r.FormValue("next")}
	ok := false
	if asked.From, asked.To, ok = view.SearchDays(c.r.FormValue("from"), c.r.FormValue("to"), s.o.Zone); !ok {
		return fault.BadRequest("from と to には、2026-11-24 のように、ある日を書いてください", "from and to take a day that exists, like 2026-11-24", nil)
	}
	out, err := s.o.Views.Search(c.r.Context(), c.reader(), asked, why)
	if errors.Is(err, view.ErrSearchWords) {
		return fault.SearchWords(err)
	}
	return c.answer(out, err)
}

func (s *Server) searchIndex(c *call) error {
	out, err := s.o.Views.SearchIndex(c.r.Context())
	return c.answer(out, err)
}

func (s *Server) rebuildIndex(c *call) error {
	out, err := s.o.Views.RebuildIndex(c.r.Context(), c.reader())
	return c.answer(out, err)
}

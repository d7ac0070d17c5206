package web

import (
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/requests"
	"sekimori/broker/view"
	"sekimori/policy"
)

// draftRoutes are the routes of applications that are not handed in yet, beside their acts.
func draftRoutes() []route {
	requesters := staffOrVendors(policy.Requester)
	return []route{
		{"POST", string(api.Drafts), requesters, (*Server).newDraft},
		{"GET", string(api.Drafts), requesters, listed((*view.Views).Drafts)},
		{"GET", api.Drafts.Pattern("id"), requesters, one((*view.Views).Draft)},
	}
}

func (s *Server) newDraft(c *call) error {
	var in api.DraftBody
	if err := c.read(&in); err != nil {
		return err
	}
	d, err := s.o.Desk.NewDraft(c.r.Context(), in.Edits, requests.DraftBody{Version: in.Version, Values: in.Values, Name: in.Name, Text: in.Text}, c.caller(api.Fresh{}))
	if err != nil {
		return err
	}
	return s.answer(c, act.ShowsDraft, d.ID, nil)
}

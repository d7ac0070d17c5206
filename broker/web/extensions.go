package web

import (
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// extensionRoutes are the looks at extensions.
func extensionRoutes() []route {
	look := callers{Callers: act.Callers{Vendors: true, Deputies: true, Roles: []policy.Role{policy.Requester, policy.Attendant, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems}}}
	return []route{
		{"GET", string(api.Extensions), look, (*Server).extensions},
		{"GET", api.Extensions.Pattern("id"), look, one((*view.Views).Extension)},
	}
}

// extensions lists the extensions that the caller sees: their vendor's, their section's, or all.
func (s *Server) extensions(c *call) error {
	f := store.ExtensionFilter{Window: c.query("window"), Request: c.query("request")}
	var err error
	if f.States, err = statesAsked(c, []store.ExtensionState{store.ExtensionAsked, store.ExtensionGranted, store.ExtensionDenied, store.ExtensionLapsed}); err != nil {
		return err
	}
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.answer(s.o.Views.Extensions(c.r.Context(), c.reader(), f, page))
}

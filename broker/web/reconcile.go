package web

import (
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
)

// reconcileRoutes are the looks at comparisons of logins, and the comparison with a file. policy.SeeLogins says which of them a person sees.
func reconcileRoutes() []route {
	lookers := those(policy.Requester, policy.Approver, policy.Auditor, policy.Administrator, policy.InformationSystems)
	return []route{
		{"GET", string(api.Reconciliations), lookers, listed((*view.Views).Reconciliations)},
		{"GET", api.Reconciliations.Pattern("id"), lookers, one((*view.Views).Reconciliation)},
		{"POST", api.Reconciliations.Pattern("id", "file"), lookers, (*Server).compareFile},
		{"GET", string(api.UnknownLogins), lookers, listed((*view.Views).UnknownLogins)},
		{"GET", api.UnknownLogins.Pattern("id"), lookers, one((*view.Views).UnknownLogin)},
	}
}

// compareFile receives a record of logins as a stream. Its bound is that of the package which reads it.
func (s *Server) compareFile(c *call) error {
	var ahead time.Duration
	if said := c.query("ahead"); said != "" {
		var err error
		if ahead, err = time.ParseDuration(said); err != nil {
			return fault.BadRequest("時計の差は 3m や -90s のように書きます", "the difference of the clocks is written as 3m or -90s", err)
		}
	}
	up := newUpload(c)
	defer up.done()
	id := c.r.PathValue("id")
	if err := s.o.Reconcile.File(c.r.Context(), id, up, ahead, c.caller(api.Fresh{})); err != nil {
		return err
	}
	v, err := s.o.Views.ReconciliationNow(c.r.Context(), c.reader(), id)
	return c.answer(v, err)
}

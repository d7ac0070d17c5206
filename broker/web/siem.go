package web

import (
	"sekimori/broker/api"
	"sekimori/policy"
)

func siemRoutes() []route {
	return []route{
		{"GET", string(api.SIEMPath), those(policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor, policy.Administrator), (*Server).siem},
		{"POST", string(api.SIEMPath), those(policy.InformationSystems, policy.Administrator), (*Server).testSIEM},
	}
}

func (s *Server) siem(c *call) error {
	out, err := s.o.Views.SIEM(c.r.Context())
	return c.answer(out, err)
}

func (s *Server) testSIEM(c *call) error {
	out, err := s.o.Views.TestSIEM(c.r.Context(), c.reader())
	return c.answer(out, err)
}

package web

import (
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/policy"
)

// emergencyRoutes are the routes that begin an emergency.
func emergencyRoutes() []route {
	openers := staffOrDeputies(policy.Approver, policy.SecondApprover, policy.InformationSystems)
	return []route{
		{"POST", string(api.EmergenciesPath), openers, (*Server).openEmergency},
	}
}

func (s *Server) openEmergency(c *call) error {
	var in api.EmergencyBody
	if err := c.read(&in); err != nil {
		return err
	}
	form, err := request.Parse(in.Name, []byte(in.Text), s.o.Zone)
	if err != nil {
		return err
	}
	phoned, err := forms.Instant("phoned_at", in.PhonedAt, s.o.Zone)
	if err != nil {
		return err
	}
	no, err := s.o.Desk.Emergency(c.r.Context(), form, requests.EmergencyForm{Reason: in.Reason, Phoned: in.Phoned, PhonedAt: phoned}, c.caller(in.Fresh))
	if err != nil {
		return err
	}
	return s.replyRequest(c, no, form.Hints()...)
}

package web

import (
	"sekimori/broker/requests"
	"sekimori/policy"
)

// EmergencyBody opens an emergency window by the first of two (R22).
type EmergencyBody struct {
	SubmitBody
	Reason   string `json:"reason"`
	Phoned   string `json:"phoned"`    // who was telephoned
	PhonedAt string `json:"phoned_at"` // and when: RFC 3339, or a local time of the institution
	Fresh
}

// EmergencyAct is the second person's agreement, or the later approval.
type EmergencyAct struct {
	Reason string `json:"reason"`
	Fresh
}

// emergencyRoutes are the three acts on an emergency. Who may take which, policy says.
func emergencyRoutes() []route {
	openers := who{deputies: true, roles: []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems}}
	return []route{
		{"POST", "/v1/emergencies", openers, (*Server).openEmergency},
		{"POST", "/v1/requests/{no}/agree", openers, (*Server).agreeEmergency},
		{"POST", "/v1/requests/{no}/approve-after", openers, (*Server).approveAfter},
	}
}

func (s *Server) openEmergency(c *call) error {
	var in EmergencyBody
	if err := c.read(&in); err != nil {
		return err
	}
	form, err := requests.ParseForm(in.Name, []byte(in.Text), s.o.Zone)
	if err != nil {
		return err
	}
	phoned, err := s.instant("phoned_at", in.PhonedAt)
	if err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	no, err := s.o.Desk.Emergency(c.r.Context(), form, requests.EmergencyForm{Reason: in.Reason, Phoned: in.Phoned, PhonedAt: phoned}, c.actor())
	if err != nil {
		return err
	}
	return s.replyRequest(c, no, form.Hints()...)
}

func (s *Server) agreeEmergency(c *call) error {
	return s.onEmergency(c, func(no, reason string) error {
		_, err := s.o.Desk.AgreeEmergency(c.r.Context(), no, reason, c.actor())
		return err
	})
}

func (s *Server) approveAfter(c *call) error {
	return s.onEmergency(c, func(no, reason string) error {
		_, err := s.o.Desk.ApproveAfter(c.r.Context(), no, reason, c.actor())
		return err
	})
}

func (s *Server) onEmergency(c *call, act func(no, reason string) error) error {
	var in EmergencyAct
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	no := c.r.PathValue("no")
	if err := act(no, in.Reason); err != nil {
		return err
	}
	return s.replyRequest(c, no)
}

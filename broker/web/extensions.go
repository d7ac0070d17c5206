package web

import (
	"errors"
	"time"

	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Extension is one wish for a window to end later, and the answer.
type Extension struct {
	ID        string    `json:"extension"`
	Window    string    `json:"window"`
	Request   string    `json:"request_no"`
	System    string    `json:"system"`
	State     string    `json:"state"` // asked, granted, denied, lapsed
	By        string    `json:"by"`    // longer by: "30m0s"
	Reason    string    `json:"reason"`
	AskedBy   string    `json:"asked_by"`
	Via       string    `json:"via"`
	AskedAt   time.Time `json:"asked_at"`
	Ends      time.Time `json:"end"` // the window's, when it was asked for
	NewEnd    time.Time `json:"new_end,omitzero"`
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Role      string    `json:"role,omitempty"` // as what they decided
	OnBehalf  string    `json:"on_behalf,omitempty"`
	Answer    string    `json:"answer,omitempty"`
}

// ExtendBody asks for a window to end later.
type ExtendBody struct {
	By     string `json:"by"` // "30m", from one minute to eight hours
	Reason string `json:"reason"`
}

// AnswerBody grants or denies. Fresh is needed beyond what the attendant may grant.
type AnswerBody struct {
	Reason string `json:"reason,omitempty"`
	Fresh
}

func viewExtension(x store.Extension, z *time.Location) Extension {
	return Extension{
		ID: x.ID, Window: x.Window, Request: x.Request, System: x.System, State: string(x.State), By: x.By.String(), Reason: x.Reason,
		AskedBy: x.AskedBy, Via: x.Via, AskedAt: at(x.AskedAt, z), Ends: at(x.Ends, z), NewEnd: at(x.NewEnd, z),
		DecidedBy: x.Decider, DecidedAt: at(x.Decided, z), Role: string(x.Role), OnBehalf: x.OnBehalf, Answer: x.Answer,
	}
}

// extensionRoutes are wishes for more time. Who may ask or answer for this very window, the desk says.
func extensionRoutes() []route {
	ask := who{vendors: true, roles: []policy.Role{policy.Requester, policy.Attendant, policy.Approver}}
	answer := who{deputies: true, roles: []policy.Role{policy.Attendant, policy.Approver, policy.SecondApprover}}
	look := who{vendors: true, deputies: true, roles: []policy.Role{policy.Requester, policy.Attendant, policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems}}
	return []route{
		{"POST", "/v1/windows/{id}/extensions", ask, (*Server).askExtension},
		{"GET", "/v1/extensions", look, (*Server).extensions},
		{"GET", "/v1/extensions/{id}", look, (*Server).extension},
		{"POST", "/v1/extensions/{id}/grant", answer, (*Server).grantExtension},
		{"POST", "/v1/extensions/{id}/deny", answer, (*Server).denyExtension},
	}
}

func (s *Server) askExtension(c *call) error {
	var in ExtendBody
	if err := c.read(&in); err != nil {
		return err
	}
	by, err := time.ParseDuration(in.By)
	if err != nil {
		return faultBadRequest("延長の長さは 30m のように書いてください", "write the length like 30m", err)
	}
	x, err := s.o.Desk.AskExtension(c.r.Context(), c.r.PathValue("id"), by, in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewExtension(x, s.o.Zone))
}

// extensions lists what concerns the caller: a vendor's own, a section's own, everything for those who see all.
func (s *Server) extensions(c *call) error {
	f := store.ExtensionFilter{Window: c.query("window"), Request: c.query("request")}
	var err error
	if f.States, err = statesAsked(c, []store.ExtensionState{store.ExtensionAsked, store.ExtensionGranted, store.ExtensionDenied, store.ExtensionLapsed}); err != nil {
		return err
	}
	switch {
	case c.person.Kind != policy.Staff:
		f.Vendor = c.person.Vendor
	case !everywhere(c.person):
		if f.Section, f.Also, err = s.sections(c); err != nil {
			return err
		}
	}
	if f.Vendor == "" && f.Section == "" && !everywhere(c.person) {
		return c.reply([]Extension{}) // an empty filter would not narrow
	}
	list, err := s.o.Desk.Extensions(c.r.Context(), f)
	if err != nil {
		return err
	}
	return c.reply(each(list, func(x store.Extension) Extension { return viewExtension(x, s.o.Zone) }))
}

func (s *Server) extension(c *call) error {
	var x store.Extension
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		x, err = snap.Extension(c.r.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	if err := s.mineToSee(c, x.Request); err != nil {
		return err
	}
	return c.reply(viewExtension(x, s.o.Zone))
}

// grantExtension asks for the fresh proof only where the desk needs it: an attendant extends in the middle of work.
func (s *Server) grantExtension(c *call) error {
	var in AnswerBody
	if err := c.read(&in); err != nil {
		return err
	}
	answer := requests.Answer{Reason: in.Reason}
	if in.Password != "" || in.Code != "" {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
		answer.Fresh = true
	}
	x, err := s.o.Desk.GrantExtension(c.r.Context(), c.r.PathValue("id"), answer, c.actor())
	if errors.Is(err, requests.ErrFreshNeeded) {
		return s.fresh(c, Fresh{})
	}
	if err != nil {
		return err
	}
	return c.reply(viewExtension(x, s.o.Zone))
}

func (s *Server) denyExtension(c *call) error {
	var in AnswerBody
	if err := c.read(&in); err != nil {
		return err
	}
	x, err := s.o.Desk.DenyExtension(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewExtension(x, s.o.Zone))
}

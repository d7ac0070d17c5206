package web

import (
	"fmt"
	"io"
	"strconv"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// fileRoutes are the looks at files in the broker's keeping. policy.SeeFiles says which a person sees, policy.MayOpenFile whose contents.
func fileRoutes() []route {
	all := callers{Callers: act.Callers{Vendors: true, Deputies: true, Roles: []policy.Role{policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems}}}
	return []route{
		{"GET", string(api.Files), all, (*Server).files},
		{"GET", api.Files.Pattern("id"), all, one((*view.Views).File)},
		{"GET", api.Files.Pattern("id", "content"), everySignedIn(), (*Server).fileContent},
	}
}

func (s *Server) files(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	states, err := statesAsked(c, policy.FileStates())
	if err != nil {
		return err
	}
	list, err := s.o.Views.Files(c.r.Context(), c.reader(), states, p)
	return c.answer(list, err)
}

// fileContent streams the contents of a file. The entry about the look is committed before the first byte.
func (s *Server) fileContent(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	found, err := s.o.Files.Look(c.r.Context(), c.r.PathValue("id"), why.Purpose, why.Explanation, c.actor())
	if err != nil {
		return err
	}
	defer found.Close()
	// No program may display the contents as a type that would run them.
	c.w.Header().Set("X-Content-Type-Options", "nosniff")
	c.w.Header().Set("Content-Disposition", "attachment")
	c.w.Header().Set("Content-Length", strconv.FormatInt(found.File.Length, 10))
	defer s.streaming(c, "application/octet-stream", takeStall)()
	if _, err := io.Copy(c.w, found); err != nil {
		return fmt.Errorf("send the contents of %s: %w", found.File.ID, err)
	}
	return nil
}

func (s *Server) replyFile(c *call, id string) error {
	v, err := s.o.Views.FileNow(c.r.Context(), id)
	return c.answer(v, err)
}

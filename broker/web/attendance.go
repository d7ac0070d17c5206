package web

import (
	"context"
	"errors"

	"sekimori/broker/attendance"
	"sekimori/broker/store"
)

// openWindow asks for the fresh proof where taking the post permits the start as well, as permitting always does.
func (s *Server) openWindow(c *call) error {
	var in OpenBody
	return s.attend(c, &in, func(ctx context.Context, id string) error {
		if in.Password == "" && in.Code == "" {
			err := s.o.Post.OpenUnproven(ctx, id, c.actor())
			if errors.Is(err, attendance.ErrUnproven) {
				return s.fresh(c, in.Fresh) // which says that it is asked for
			}
			return err
		}
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
		return s.o.Post.Open(ctx, id, c.actor())
	})
}

func (s *Server) closeWindow(c *call) error {
	var in WindowBody
	return s.attend(c, &in, func(ctx context.Context, id string) error { return s.o.Post.Close(ctx, id, in.Reason, c.actor()) })
}

func (s *Server) cutWindow(c *call) error {
	var in WindowBody
	return s.attend(c, &in, func(ctx context.Context, id string) error { return s.o.Post.Cut(ctx, id, in.Reason, c.actor()) })
}

func (s *Server) identity(c *call) error {
	var in IdentityBody
	return s.attend(c, &in, func(ctx context.Context, id string) error {
		return s.o.Post.Identity(ctx, id, attendance.IdentityAnswer{Digits: in.Digits, Person: in.Person}, c.actor())
	})
}

func (s *Server) permit(c *call) error {
	var in PermitBody
	return s.attend(c, &in, func(ctx context.Context, id string) error {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
		return s.o.Post.Permit(ctx, id, c.actor())
	})
}

// attend reads the body, acts, and shows what became of the window.
func (s *Server) attend(c *call, in any, act func(context.Context, string) error) error {
	if err := c.read(in); err != nil {
		return err
	}
	id := c.r.PathValue("id")
	if err := act(c.r.Context(), id); err != nil {
		return stopped(err)
	}
	w, err := s.o.Desk.Window(c.r.Context(), id)
	if err != nil {
		return err
	}
	return c.reply(viewWindow(w, asActed(w), s.o.Clock(), s.o.Zone))
}

// identityCalls tells the attendant whom to call on which telephone. Not the digits: they must be heard.
func (s *Server) identityCalls(ctx context.Context, window string) ([]IdentityCall, error) {
	checks, err := s.o.Post.IdentityChecks(ctx, window)
	if err != nil {
		return nil, err
	}
	var calls []IdentityCall
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		for _, n := range checks {
			p, err := snap.Person(n.Person)
			if err != nil {
				return err
			}
			calls = append(calls, IdentityCall{Person: p.ID, Name: p.Name, Phone: p.Phone, Session: n.Session, Source: n.Source, Matched: n.Matched, Failed: n.Failed,
				Beside: besides(checks, n)})
		}
		return nil
	})
	return calls, err
}

// besides counts the connections of the same person that are not refused: of several, only one may be the person's own.
func besides(all []attendance.IdentityCheck, one attendance.IdentityCheck) (n int) {
	for _, c := range all {
		if c.Person == one.Person && c.Session != one.Session && !c.Failed {
			n++
		}
	}
	return n
}

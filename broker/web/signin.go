package web

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// door is the name of this door in the registry's entries.
const door = "cli"

// principal names the holder of a token. Every invalid token counts as a missing one, for any
// cause: 401 and the way to sign in.
func (s *Server) principal(ctx context.Context, token string) (registry.Principal, error) {
	who, err := s.o.Registry.Authenticate(ctx, token)
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return who, fault.Unauthenticated()
	}
	if err != nil {
		return who, fmt.Errorf("authenticate: %w", err)
	}
	return who, nil
}

// fresh proves again that the person is present, for an act that needs it (decisions.md).
func (s *Server) fresh(c *call, f api.Fresh) error {
	if f.Password == "" || f.Code == "" {
		return fault.ProofNeeded()
	}
	return s.o.Registry.Fresh(c.r.Context(), c.person.ID, f.Password, f.Code, c.source())
}

// source names the caller for counting failures: the address, or on the socket, which has none, the account
// that the kernel names.
func (c *call) source() string {
	if c.remote.IsValid() {
		return c.remote.String()
	}
	return fmt.Sprintf("uid:%d", c.peer.UID)
}

func (s *Server) enrollBegin(c *call) error {
	var in api.EnrollBegin
	if err := c.read(&in); err != nil {
		return err
	}
	e, err := s.o.Registry.BeginEnrol(c.r.Context(), in.Code, c.source())
	if err != nil {
		return err
	}
	return c.reply(api.EnrollSecret{Person: view.Person(store.Person{Person: e.Person}, s.o.Zone), Secret: e.Secret, URL: e.URL, Expires: view.At(e.Until, s.o.Zone), Directory: string(e.Directory)})
}

func (s *Server) enrollFinish(c *call) error {
	var in api.EnrollFinish
	if err := c.read(&in); err != nil {
		return err
	}
	out, err := s.o.Registry.FinishEnrol(c.r.Context(), in.Code, registry.EnrolInput{
		Password: in.Password, Code: in.TOTP, Keys: in.Keys, Label: in.Label, Via: door, Source: c.source(),
	})
	if err != nil {
		return err
	}
	return c.reply(s.tokenReply(out))
}

func (s *Server) login(c *call) error {
	var in api.LoginBody
	if err := c.read(&in); err != nil {
		return err
	}
	out, err := s.o.Registry.Login(c.r.Context(), registry.LoginInput{
		Person: in.Login, Password: in.Password, Code: in.Code, Source: c.source(), Label: in.Label, Via: door, Earlier: in.Earlier,
	})
	if err != nil {
		return err
	}
	return c.reply(s.tokenReply(out))
}

func (s *Server) tokenReply(in registry.SignedIn) api.TokenReply {
	return api.TokenReply{
		Token: in.Token, Expires: view.At(in.Until, s.o.Zone), Person: view.Person(store.Person{Person: in.Person}, s.o.Zone),
		KeysPending: in.KeysPending,
	}
}

func (s *Server) logout(c *call) error {
	if err := s.o.Registry.Logout(c.r.Context(), c.token, c.actor()); err != nil {
		return err
	}
	return c.reply(map[string]bool{"ok": true})
}

func (s *Server) whoami(c *call) error {
	return show(s, c, func(snap *store.Snap) (api.Person, error) { return s.o.Views.WholePerson(snap, c.person.ID) })
}

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// door is how the registry names this door in its entries.
const door = "cli"

// principal names the holder of a token. A token that opens nothing is a missing one, whatever
// the cause: 401 and the way to sign in.
func (s *Server) principal(ctx context.Context, token string) (registry.Principal, error) {
	who, err := s.o.Registry.Authenticate(ctx, token)
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return who, faultUnauthenticated()
	}
	if err != nil {
		return who, fmt.Errorf("authenticate: %w", err)
	}
	return who, nil
}

// fresh proves once more that the person is there, for an act that decisions.md asks it for.
func (s *Server) fresh(c *call, f Fresh) error {
	if f.Password == "" || f.Code == "" {
		return &Fault{
			Status: http.StatusForbidden, Code: "fresh-authentication-required", Exit: ExitRefused,
			JA: "パスワードと認証コードをもう一度求めます", EN: "this act asks for password and code anew",
			HintJA: "コマンドが尋ねます。スクリプトでは --auth-stdin", HintEN: "the command asks for them; in scripts --auth-stdin",
		}
	}
	return s.o.Registry.Fresh(c.r.Context(), c.person.ID, f.Password, f.Code, c.source())
}

// source names the caller for counting failures: the address, or on the socket, where there is none, the account
// that the kernel names.
func (c *call) source() string {
	if c.remote.IsValid() {
		return c.remote.String()
	}
	return fmt.Sprintf("uid:%d", c.peer.UID)
}

func (s *Server) enrollBegin(c *call) error {
	var in EnrollBegin
	if err := c.read(&in); err != nil {
		return err
	}
	e, err := s.o.Registry.BeginEnrol(c.r.Context(), in.Code, c.source())
	if err != nil {
		return err
	}
	return c.reply(EnrollSecret{Person: viewPerson(store.Person{Person: e.Person}, s.o.Zone), Secret: e.Secret, URL: e.URL, Expires: at(e.Until, s.o.Zone)})
}

func (s *Server) enrollFinish(c *call) error {
	var in EnrollFinish
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
	var in LoginBody
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

func (s *Server) tokenReply(in registry.SignedIn) TokenReply {
	return TokenReply{
		Token: in.Token, Expires: at(in.Until, s.o.Zone), Person: viewPerson(store.Person{Person: in.Person}, s.o.Zone),
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
	return show(s, c, func(snap *store.Snap) (Person, error) { return s.wholePerson(snap, c.person.ID) })
}

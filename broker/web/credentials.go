package web

import (
	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// named gives the named person, or the caller.
func (c *call) named(named string) string {
	if named == "" {
		return c.person.ID
	}
	return named
}

func (s *Server) keys(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.answer(s.o.Views.Keys(c.r.Context(), c.reader(), c.named(c.query("person")), page))
}

func (s *Server) addKey(c *call) error {
	var in api.KeyBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	print, pending, err := s.o.Registry.AddKey(c.r.Context(), c.named(in.Person), in.Key, c.actor())
	if err != nil {
		return err
	}
	return c.reply(api.KeyAdded{Fingerprint: print, Pending: pending})
}

func (s *Server) revokeKey(c *call) error {
	var in api.KeyRevokeBody
	if err := c.read(&in); err != nil {
		return err
	}
	person := c.named(in.Person)
	if err := s.o.Registry.RevokeKey(c.r.Context(), person, in.Fingerprint, in.Reason, c.actor()); err != nil {
		return err
	}
	if err := s.cutSessions(c, person, in.Fingerprint, "the key was revoked"); err != nil {
		return err
	}
	return s.shown(c, person)
}

func (s *Server) passkeys(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return c.answer(s.o.Views.Passkeys(c.r.Context(), c.reader(), c.named(c.query("person")), page))
}

// endPasskey takes a passkey away. Like the page it asks for no proof: a person who lost one must be able to end it without it.
func (s *Server) endPasskey(c *call) error {
	var in api.PasskeyEndBody
	if err := c.read(&in); err != nil {
		return err
	}
	person := c.named(in.Person)
	if err := s.o.Registry.EndPasskey(c.r.Context(), person, in.Passkey, in.Reason, c.token, c.actor()); err != nil {
		return err
	}
	return c.answer(s.o.Views.Passkey(c.r.Context(), c.reader(), person, in.Passkey))
}

// cutSessions ends the open sessions of a person whose credential no longer opens anything. fingerprint
// limits it to one key; empty: all keys.
func (s *Server) cutSessions(c *call, person, fingerprint, why string) error {
	var id string
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		p, err := snap.Person(person)
		id = p.ID
		return err
	})
	if err == nil {
		s.o.Sessions.EndPerson(id, fingerprint, policy.CutByAuthority, c.actor(), why)
	}
	return err
}

func (s *Server) shown(c *call, person string) error {
	return show(s, c, func(snap *store.Snap) (api.Person, error) { return s.o.Views.WholePerson(snap, person) })
}

// changePassword proves the old password and sets the new one. The caller's own token stays; all others end.
func (s *Server) changePassword(c *call) error {
	var in api.PasswordBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Registry.CheckPassword(in.New, c.person.Login); err != nil {
		return err // before a code is used up in vain
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	if err := s.o.Registry.ChangePassword(c.r.Context(), in.New, c.token, c.actor()); err != nil {
		return err
	}
	return s.shown(c, c.person.ID)
}

func (s *Server) beginFactor(c *call) error {
	var in api.FactorBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	e, err := s.o.Registry.BeginFactor(c.r.Context(), c.actor())
	if err != nil {
		return err
	}
	return c.reply(api.FactorSecret{Secret: e.Secret, URL: e.URL, Expires: view.At(e.Until, s.o.Zone)})
}

func (s *Server) finishFactor(c *call) error {
	var in api.FactorProof
	if err := c.read(&in); err != nil {
		return err
	}
	proof := registry.FactorProof{Code: in.Code, Token: c.token, Source: c.source()}
	if err := s.o.Registry.FinishFactor(c.r.Context(), proof, c.actor()); err != nil {
		return err
	}
	return s.shown(c, c.person.ID)
}

func (s *Server) revokeTokens(c *call) error {
	var in api.ReasonBody
	if err := c.read(&in); err != nil {
		return err
	}
	id := c.r.PathValue("id")
	if err := s.o.Registry.RevokeTokens(c.r.Context(), id, in.Reason, c.actor()); err != nil {
		return err
	}
	// The tokens may be the caller's own: this answer still arrives, the next call fails.
	return c.reply(map[string]string{"person": id, "tokens": "revoked"})
}

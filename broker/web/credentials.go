package web

import (
	"time"

	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// KeyBody registers a public key: one's own, or a named person's.
type KeyBody struct {
	Person string `json:"person,omitempty"` // id or login; empty: the caller
	Key    string `json:"key"`              // authorized_keys line, without options
	Fresh
}

// KeyAdded tells what became of it.
type KeyAdded struct {
	Fingerprint string `json:"fingerprint"`
	// Pending is the number under which the key awaits a second person; empty: it works.
	Pending string `json:"pending,omitempty"`
}

// KeyRevokeBody takes a key away for good.
type KeyRevokeBody struct {
	Person      string `json:"person,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Reason      string `json:"reason"`
}

// PasswordBody changes one's own password. Fresh is proved with the old one.
type PasswordBody struct {
	New string `json:"new_password"`
	Fresh
}

// FactorBody begins the renewal of one's own second factor. Fresh is proved with the old one.
type FactorBody struct{ Fresh }

// FactorSecret is what the person puts into the authenticator. The old one is valid until this one is proved.
type FactorSecret struct {
	Secret  string    `json:"totp_secret"`
	URL     string    `json:"otpauth_url"`
	Expires time.Time `json:"expires_at"`
}

// FactorProof proves the new second factor.
type FactorProof struct {
	Code string `json:"code"`
}

// whose is the person named, or the caller.
func (c *call) whose(named string) string {
	if named == "" {
		return c.person.ID
	}
	return named
}

func (s *Server) keys(c *call) error {
	list, err := s.o.Registry.Keys(c.r.Context(), c.whose(c.r.FormValue("person")), c.actor())
	if err != nil {
		return err
	}
	return c.reply(each(list, func(k store.Key) Key { return viewKey(k, s.o.Zone) }))
}

func (s *Server) addKey(c *call) error {
	var in KeyBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	print, pending, err := s.o.Registry.AddKey(c.r.Context(), c.whose(in.Person), in.Key, c.actor())
	if err != nil {
		return err
	}
	return c.reply(KeyAdded{Fingerprint: print, Pending: pending})
}

func (s *Server) revokeKey(c *call) error {
	var in KeyRevokeBody
	if err := c.read(&in); err != nil {
		return err
	}
	person := c.whose(in.Person)
	if err := s.o.Registry.RevokeKey(c.r.Context(), person, in.Fingerprint, in.Reason, c.actor()); err != nil {
		return err
	}
	if err := s.cutSessions(c, person, in.Fingerprint, "the key was revoked"); err != nil {
		return err
	}
	return s.shown(c, person)
}

// cutSessions ends what somebody's credential opened and still is open, once it opens nothing any more. fingerprint
// empty: with whatever key.
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
	return show(s, c, func(snap *store.Snap) (Person, error) { return s.wholePerson(snap, person) })
}

// changePassword proves the old password and sets the new one; the caller's own token stays, every other ends.
func (s *Server) changePassword(c *call) error {
	var in PasswordBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Registry.CheckPassword(in.New, c.person.Login); err != nil {
		return err // before a code is used up for nothing
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
	var in FactorBody
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
	return c.reply(FactorSecret{Secret: e.Secret, URL: e.URL, Expires: at(e.Until, s.o.Zone)})
}

func (s *Server) finishFactor(c *call) error {
	var in FactorProof
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
	var in ReasonBody
	if err := c.read(&in); err != nil {
		return err
	}
	id := c.r.PathValue("id")
	if err := s.o.Registry.RevokeTokens(c.r.Context(), id, in.Reason, c.actor()); err != nil {
		return err
	}
	// Whose tokens end here may be the caller: the answer still comes, the next call will not.
	return c.reply(map[string]string{"person": id, "tokens": "revoked"})
}

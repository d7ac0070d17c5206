package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// This file holds all of the gate's reads and writes of the store, and its calls of the registry.

// personOfKey gives the person for whom the key is active; the zero Person where there is none.
func (s *Server) personOfKey(ctx context.Context, fingerprint string) (policy.Person, error) {
	var p store.Person
	err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		p, _, err = snap.PersonByKey(fingerprint)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return policy.Person{}, nil
	}
	return p.Person, err
}

// codeVerdict is the registry's verdict on a one-time code.
type codeVerdict struct {
	right, locked bool
	used          bool              // right, but used before
	off           time.Duration     // right by a clock that is so far ahead (negative: behind); 0: not right by any
	args          map[string]string // of 102, when locked
}

// checkCode lets the registry judge a code; it uses the code's step up and counts failures, of the
// person and of the address.
func (c *caller) checkCode(ctx context.Context, person, code string) (codeVerdict, error) {
	source := ""
	if c.source.IsValid() {
		source = c.source.Addr().String()
	}
	err := c.s.o.Registry.CheckCode(ctx, person, code, source)
	var refused *policy.Denied
	var wrong *registry.WrongProof
	switch {
	case err == nil:
		return codeVerdict{right: true}, nil
	case errors.As(err, &wrong):
		return codeVerdict{used: wrong.Used, off: wrong.Off}, nil
	case errors.As(err, &refused):
		return codeVerdict{locked: refused.Reason == policy.TooManyFailures, args: refused.Args}, nil
	}
	return codeVerdict{}, err
}

// memory is the key under which the connection's second factor is remembered.
func (c *caller) memory(auth *authResult) store.Remembered {
	return store.Remembered{
		Person: auth.person.ID, Fingerprint: auth.fingerprint, Source: c.source.Addr(),
		Window: auth.decision.Grant.Window.ID, Notice: c.s.o.Notice.Version,
	}
}

// whole reports whether every part is known: nothing is remembered without a window or an address.
func whole(r store.Remembered) bool {
	return r.Person != "" && r.Fingerprint != "" && r.Source.IsValid() && r.Window != "" && r.Notice != ""
}

func (s *Server) isRemembered(ctx context.Context, r store.Remembered) (bool, error) {
	if !whole(r) {
		return false, nil
	}
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		_, err := snap.Remembered(r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// attemptPayload is the payload of an attempt's entries.
type attemptPayload struct {
	Session     string `json:"session_id"`
	Reason      string `json:"reason,omitempty"`
	Number      int    `json:"number,omitempty"`
	Typed       string `json:"typed"`
	Target      string `json:"target"`
	Account     string `json:"account,omitempty"`
	Grant       string `json:"grant,omitempty"`
	Window      string `json:"window,omitempty"`
	Source      string `json:"source"`
	Fingerprint string `json:"fingerprint"`
	Factor      string `json:"factor"`
	Notice      string `json:"notice,omitempty"`
}

func (c *caller) payload(auth *authResult) attemptPayload {
	g := auth.decision.Grant
	return attemptPayload{
		Session: auth.number, Typed: auth.login.Typed, Target: auth.login.Target, Account: auth.login.Account,
		Grant: g.ID, Window: g.Window.ID, Source: c.source.String(),
		Fingerprint: auth.fingerprint, Factor: auth.factor,
	}
}

func (c *caller) draft(kind string, auth *authResult, payload any) ledger.Draft {
	subjects := []string{auth.number, auth.person.ID}
	if w := auth.decision.Grant.Window.ID; w != "" {
		subjects = append(subjects, w)
	}
	return ledger.Draft{
		Kind: kind, Actor: ledger.Actor{Kind: "person", ID: auth.person.ID, Via: "ssh"},
		Subjects: subjects, Payload: payload,
	}
}

// begin allots the attempt's number, in one transaction with its entry. The entry says how the
// second factor came, so that each use of a remembered one is in the ledger.
func (c *caller) begin(ctx context.Context, auth *authResult) error {
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if auth.number, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		p := c.payload(auth)
		if auth.factor == factorRemembered {
			// The factor may have been dropped since it was looked up. From here on the mark tells.
			if _, err := tx.Remembered(c.memory(auth)); err != nil {
				return err
			}
			auth.mark = tx.FactorMark()
			p.Notice = c.s.o.Notice.Version
		}
		_, err = tx.Append(c.draft("session.attempted", auth, p))
		return err
	})
	if err != nil {
		auth.number = ""
		return fmt.Errorf("number of attempt: %w", err)
	}
	return nil
}

// consented writes the consent, and remembers factor and consent for the window.
func (c *caller) consented(ctx context.Context, auth *authResult) error {
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) error {
		m := c.memory(auth)
		dropped, err := tx.Dropped(m, auth.mark) // then the next decision denies
		if err != nil {
			return err
		}
		if c.s.o.FactorMemory == FactorWindow && whole(m) && !dropped {
			if err := tx.RememberFactor(m); err != nil {
				return err
			}
		}
		p := c.payload(auth)
		p.Notice = c.s.o.Notice.Version
		_, err = tx.Append(c.draft("session.consented", auth, p))
		return err
	})
	if err != nil {
		return fmt.Errorf("consent: %w", err)
	}
	return nil
}

// recordRefusal writes that the attempt was refused: the row and the entry. An attempt that
// has no number yet takes one. Where the write fails the refusal still holds.
func (c *caller) recordRefusal(ctx context.Context, auth *authResult, r policy.Reason, args map[string]string) {
	number := auth.number
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if auth.number = number; number == "" {
			if auth.number, err = tx.NextSessionNo(tx.Now); err != nil {
				return err
			}
		}
		g := auth.decision.Grant
		target, account := g.Target, g.Account
		if target == "" {
			target, account = auth.login.Target, auth.login.Account
		}
		if err := tx.AddSession(store.Session{
			ID: auth.number, State: store.SessionRefused, Person: auth.person.ID, Vendor: auth.person.Vendor,
			Grant: g.ID, Window: g.Window.ID, Request: g.Request, System: auth.facts.Targets[target].System,
			Target: target, Account: account, Source: c.source, Fingerprint: auth.fingerprint,
			Factor: auth.factor, Reason: r, Detail: policy.Message(r, args, "ja"),
			Created: tx.Now, Ended: tx.Now,
		}); err != nil {
			return err
		}
		p := c.payload(auth)
		p.Reason, p.Number = r.String(), r.Number()
		_, err = tx.Append(c.draft("session.refused", auth, p))
		return err
	})
	if err != nil {
		auth.number = number
		c.log.Error("refusal_not_ledgered", "reason", r, "error", err)
	}
}

// namesFor gives the names that texts need: of the attendant, of the system's section, and the
// telephone number. A name that is not found stays empty; a text must not fail over it.
func (s *Server) namesFor(ctx context.Context, attendant string, system policy.System) (name, section, phone string) {
	phone = system.Phone
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		if system.Section != "" {
			sec, err := snap.Section(system.Section)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			section = sec.Name
			if phone == "" {
				phone = sec.Phone
			}
		}
		if attendant != "" {
			p, err := snap.Person(attendant)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			name = p.Name
		}
		return nil
	})
	if err != nil {
		s.o.Log.Warn("names_not_read", "error", err)
	}
	return name, section, phone
}

// LedgerFailures writes the summaries of unproven failures that are due, one for each address and ten minutes; with all, every one.
// The broker calls it now and then; Close writes the rest.
func (s *Server) LedgerFailures(all bool) error {
	due := s.tally.due(s.o.Clock(), all)
	if len(due) == 0 {
		return nil
	}
	return s.o.DB.Write(context.Background(), func(tx *store.Tx) error {
		for _, f := range due {
			d := ledger.Draft{
				Kind: "login.failures", Actor: ledger.Actor{Kind: "broker", Via: "ssh"}, Payload: f,
			}
			if _, err := tx.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
}

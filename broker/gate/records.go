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

// This file is all that the gate reads from and writes to the store, and asks of the registry.

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

// codeVerdict is what the registry says of a one-time code.
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
	var wrong *registry.WrongCode
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

// memory is what the passage's second factor is remembered under.
func (c *caller) memory(pass *passage) store.Remembered {
	return store.Remembered{
		Person: pass.person.ID, Fingerprint: pass.fingerprint, Source: c.source.Addr(),
		Window: pass.decision.Grant.Window.ID, Notice: c.s.o.Notice.Version,
	}
}

// whole says whether every part is known: what has no window or no address is not remembered.
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

// attemptPayload is what the entries of an attempt say.
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

func (c *caller) payload(pass *passage) attemptPayload {
	g := pass.decision.Grant
	return attemptPayload{
		Session: pass.number, Typed: pass.login.Typed, Target: pass.login.Target, Account: pass.login.Account,
		Grant: g.ID, Window: g.Window.ID, Source: c.source.String(),
		Fingerprint: pass.fingerprint, Factor: pass.factor,
	}
}

func (c *caller) draft(kind string, pass *passage, payload any) ledger.Draft {
	subjects := []string{pass.number, pass.person.ID}
	if w := pass.decision.Grant.Window.ID; w != "" {
		subjects = append(subjects, w)
	}
	return ledger.Draft{
		Kind: kind, Actor: ledger.Actor{Kind: "person", ID: pass.person.ID, Via: "ssh"},
		Subjects: subjects, Payload: payload,
	}
}

// begin allots the attempt's number, in one transaction with its entry. The entry says how the
// second factor came, so that each use of a remembered one is in the ledger.
func (c *caller) begin(ctx context.Context, pass *passage) error {
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if pass.number, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		p := c.payload(pass)
		if pass.factor == factorRemembered {
			// It may have been dropped since it was looked up. From here on the mark tells.
			if _, err := tx.Remembered(c.memory(pass)); err != nil {
				return err
			}
			pass.mark = tx.FactorMark()
			p.Notice = c.s.o.Notice.Version
		}
		_, err = tx.Append(c.draft("session.attempted", pass, p))
		return err
	})
	if err != nil {
		pass.number = ""
		return fmt.Errorf("number of attempt: %w", err)
	}
	return nil
}

// consented writes the consent, and remembers factor and consent for the window.
func (c *caller) consented(ctx context.Context, pass *passage) error {
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) error {
		m := c.memory(pass)
		dropped, err := tx.Dropped(m, pass.mark) // then the next decision denies
		if err != nil {
			return err
		}
		if c.s.o.FactorMemory == FactorWindow && whole(m) && !dropped {
			if err := tx.RememberFactor(m); err != nil {
				return err
			}
		}
		p := c.payload(pass)
		p.Notice = c.s.o.Notice.Version
		_, err = tx.Append(c.draft("session.consented", pass, p))
		return err
	})
	if err != nil {
		return fmt.Errorf("consent: %w", err)
	}
	return nil
}

// recordRefusal writes that the attempt was refused: the row and the entry. An attempt that
// has no number yet takes one. Where it cannot be written the refusal stands all the same.
func (c *caller) recordRefusal(ctx context.Context, pass *passage, r policy.Reason, args map[string]string) {
	number := pass.number
	err := c.s.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if pass.number = number; number == "" {
			if pass.number, err = tx.NextSessionNo(tx.Now); err != nil {
				return err
			}
		}
		g := pass.decision.Grant
		target, account := g.Target, g.Account
		if target == "" {
			target, account = pass.login.Target, pass.login.Account
		}
		if err := tx.AddSession(store.Session{
			ID: pass.number, State: store.SessionRefused, Person: pass.person.ID, Vendor: pass.person.Vendor,
			Grant: g.ID, Window: g.Window.ID, Request: g.Request, System: pass.facts.Targets[target].System,
			Target: target, Account: account, Source: c.source, Fingerprint: pass.fingerprint,
			Factor: pass.factor, Reason: r, Detail: policy.Message(r, args, "ja"),
			Created: tx.Now, Ended: tx.Now,
		}); err != nil {
			return err
		}
		p := c.payload(pass)
		p.Reason, p.Number = r.String(), r.Number()
		_, err = tx.Append(c.draft("session.refused", pass, p))
		return err
	})
	if err != nil {
		pass.number = number
		c.log.Error("refusal_not_ledgered", "reason", r, "error", err)
	}
}

// namesFor gives the names that texts need: of the attendant, of the system's section, and the
// telephone to call. What is not found stays empty; a text must not fail over it.
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

// ledgerFailures writes the summaries of unproven failures that are due; with all, every one.
func (s *Server) ledgerFailures(all bool) error {
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

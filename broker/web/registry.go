package web

import (
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// apply reads a registry file. On an empty registry no person can sign in yet: the founder is the file's
// administrator, named by the owner of the broker's account on this host.
func (s *Server) apply(c *call) error {
	var in api.ApplyBody
	if err := c.read(&in); err != nil {
		return err
	}
	doc, err := registry.Parse(in.Name, []byte(in.Text))
	if err != nil {
		return err
	}
	by := c.actor()
	if by.ID == "" {
		if by, err = founder(doc, in.As); err != nil {
			return err
		}
	}
	plan, err := s.o.Registry.Apply(c.r.Context(), doc, by, in.DryRun)
	if err != nil {
		return err
	}
	if plan.Changes == nil {
		plan.Changes = []registry.Change{}
	}
	return c.reply(plan)
}

// founder is the administrator who founds the registry: the one named, or the only one in the file. It is a name
// and no proof (no Kind): if another founding commits first, this name gives no right.
func founder(doc *registry.Document, named string) (ledger.Actor, error) {
	var found []string
	for _, p := range doc.People {
		if p.Kind != policy.Staff || !p.Has(policy.Administrator) {
			continue
		}
		if named == p.ID || named == p.Login {
			return ledger.Actor{ID: p.ID, Via: door}, nil
		}
		found = append(found, p.ID)
	}
	if named == "" && len(found) == 1 {
		return ledger.Actor{ID: found[0], Via: door}, nil
	}
	f := fault.Invalid(fmt.Sprintf("最初の登録簿には、適用する管理者の指定が要ります(管理者 %d 人)", len(found)),
		fmt.Sprintf("the first registry needs the administrator who applies it (%d in the file)", len(found)))
	f.HintJA, f.HintEN = "--as に管理者のログイン名か番号を指定します", "name an administrator of the file with --as"
	return ledger.Actor{}, f
}

// suspendedWhy is the reason noted with sessions that a new enrolment cuts.
const suspendedWhy = "the credentials are suspended for a new enrolment"

func (s *Server) confirm(c *call) error {
	var in api.ConfirmBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	done, err := s.o.Registry.Confirm(c.r.Context(), c.r.PathValue("no"), c.actor())
	if err != nil {
		return err
	}
	if done.Enrolled != "" { // as where the code is issued at once; the person's looks end with their token (streaming)
		if err := s.cutSessions(c, done.Enrolled, "", suspendedWhy); err != nil {
			return err
		}
	}
	return c.reply(api.Settled{No: c.r.PathValue("no"), State: "confirmed", Suspended: done.Suspended})
}

func (s *Server) drop(c *call) error {
	var in api.DropBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Registry.Discard(c.r.Context(), c.r.PathValue("no"), in.Reason, c.actor()); err != nil {
		return err
	}
	return c.reply(api.Settled{No: c.r.PathValue("no"), State: "dropped"})
}

func (s *Server) enrollCode(c *call) error {
	var in api.EnrollCodeBody
	if err := c.read(&in); err != nil {
		return err
	}
	// The first code of a new person takes nothing away. A code for an enrolled person takes over that person's rights:
	// a token alone must not be enough for it.
	enrolled, err := s.o.Registry.Enrolled(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if enrolled {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
	}
	issue := s.o.Registry.IssueCode
	if in.ByTwo {
		issue = s.o.Registry.IssueCodeByTwo
	}
	code, err := issue(c.r.Context(), c.r.PathValue("id"), c.actor())
	if err != nil {
		return err
	}
	if code.Pending == "" { // the earlier credentials are suspended from now on
		if err := s.cutSessions(c, code.Person, "", suspendedWhy); err != nil {
			return err
		}
	}
	code.Until = view.At(code.Until, s.o.Zone)
	return c.reply(code)
}

func (s *Server) setSecret(c *call) error {
	var in api.SecretBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	if err := s.o.Registry.SetAccountSecret(c.r.Context(), in.Account, in.Secret, c.actor()); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (api.Account, error) {
		v, err := snap.Account(in.Account)
		return view.Account(v), err
	})
}

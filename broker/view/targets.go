package view

import (
	"errors"
	"fmt"

	"sekimori/broker/accounts"
	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// target is one target with its newest check, and for those who may check it the steps of its administrator.
func (v *Views) target(s *store.Snap, by Reader, id string) (api.Target, error) {
	row, err := s.Target(id)
	if err != nil {
		return api.Target{}, err
	}
	out := Target(row)
	out.Offers = accounts.OnTarget.Offers(s, by.Person, id)
	held, err := s.Accounts(id)
	if err != nil {
		return out, fmt.Errorf("accounts of %s: %w", id, err)
	}
	for _, a := range held {
		changes, err := v.changes(s, a)
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, changes...)
	}
	check, err := s.TargetCheck(id)
	switch {
	case err == nil:
		out.Check = v.targetCheck(check)
	case !errors.Is(err, store.ErrNotFound):
		return out, fmt.Errorf("check of %s: %w", id, err)
	}
	if !policy.MayCheckTarget(by.Person).Allow || v.o.Ring == nil {
		return out, nil
	}
	e := accounts.Enrolment{Target: row, Accounts: held, CA: v.o.Ring.CAPublic(), Sources: v.o.Sources, Source: check.Source}
	steward, err := v.o.Ring.StewardSigner()
	if err != nil {
		return out, err
	}
	e.Steward = steward.PublicKey()
	for _, one := range e.Steps() {
		out.Enrol = append(out.Enrol, api.EnrolStep{Title: one.Title, File: one.File, Lines: one.Lines})
	}
	return out, nil
}

func (v *Views) targetCheck(c store.TargetCheck) *api.TargetCheck {
	out := &api.TargetCheck{At: At(c.At, v.o.Zone), By: c.By, OK: accounts.Passed(c)}
	for _, l := range c.Lines {
		said, next := accounts.SayCheck(l)
		out.Lines = append(out.Lines, api.CheckLine{What: l.What, Account: l.Account, Result: string(l.Result), Said: said, Next: next, Detail: l.Detail})
	}
	return out
}

// changes are the changes of an account's stored secrets that are not over.
func (v *Views) changes(s *store.Snap, a store.Account) (out []api.SecretChange, err error) {
	all, err := s.SecretChangesOf(a.ID)
	if err != nil {
		return nil, fmt.Errorf("changes of the secrets of %s: %w", a.ID, err)
	}
	for _, c := range all {
		kind := accounts.ChangedKind(c, a)
		one := api.SecretChange{Account: a.ID, Credential: string(kind), State: string(c.State), Window: c.Window, Since: At(c.Since, v.o.Zone), Failed: c.Tries, Again: At(c.Again, v.o.Zone), Error: c.Note}
		one.Said, one.Next = accounts.SayChange(c, kind)
		out = append(out, one)
	}
	return out, nil
}

// account is one account with the newest trial of each thing that it must not be able to read.
func (v *Views) account(s *store.Snap, id string) (api.Account, error) {
	row, err := s.Account(id)
	if err != nil {
		return api.Account{}, err
	}
	out := Account(row)
	target, err := s.Target(row.Target)
	if err != nil {
		return out, fmt.Errorf("target of %s: %w", id, err)
	}
	out.Cared = target.Steward != ""
	if out.Changes, err = v.changes(s, row); err != nil {
		return out, err
	}
	newest, err := s.Probes(id)
	if err != nil {
		return out, fmt.Errorf("probes of %s: %w", id, err)
	}
	for _, what := range row.Probe {
		p := api.AccountProbe{What: what}
		for _, n := range newest {
			if n.What == what {
				p.At, p.Result, p.Detail = At(n.At, v.o.Zone), string(n.Result), n.Detail
			}
		}
		out.Probes = append(out.Probes, p)
	}
	return out, nil
}

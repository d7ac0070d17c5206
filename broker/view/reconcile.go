package view

import (
	"context"
	"errors"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/reconcile"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Reconciliations lists the targets that the person sees with their newest comparisons: those with unexplained logins or failures first.
func (v *Views) Reconciliations(ctx context.Context, by Reader, p Page) (api.List[api.Reconciliation], error) {
	return listRead(ctx, v, p, func(s *store.Snap) (all []api.Reconciliation, err error) {
		targets, err := s.Targets("")
		if err != nil {
			return nil, err
		}
		sight := policy.SeeLogins(by.Person)
		for _, t := range targets {
			o, err := s.Owner(t.System, "")
			if err != nil {
				return nil, err
			}
			if !sight.Sees(o) {
				continue
			}
			one, err := v.reconciliation(s, by, t)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	}, itself, func(r api.Reconciliation) string {
		part := "1"
		if r.Open > 0 || r.State == string(store.ReconciledFailed) || !r.Gap.IsZero() {
			part = "0"
		}
		return part + r.Target
	})
}

// Reconciliation shows the newest comparison of a target. The look is ledgered (L1). Errors: store.ErrNotFound, also for a target of a
// system that the person does not see.
func (v *Views) Reconciliation(ctx context.Context, by Reader, target string) (out api.Reconciliation, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		if sees, err = v.seesTarget(s, by, target); err != nil || !sees {
			return err
		}
		out, err = v.reconciliationOf(s, by, target)
		return err
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "reconciliation", target)
	}
	if err == nil {
		err = v.Looked(ctx, by, "reconciliation.viewed", []string{target, by.ID}, map[string]string{"target": target})
	}
	if err != nil {
		return api.Reconciliation{}, err
	}
	return out, nil
}

// ReconciliationNow is Reconciliation as an act left it, without an entry.
func (v *Views) ReconciliationNow(ctx context.Context, by Reader, target string) (out api.Reconciliation, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out, err = v.reconciliationOf(s, by, target)
		return err
	})
	return out, err
}

func (v *Views) reconciliationOf(s *store.Snap, by Reader, target string) (api.Reconciliation, error) {
	t, err := s.Target(target)
	if err != nil {
		return api.Reconciliation{}, err
	}
	return v.reconciliation(s, by, t)
}

// seesTarget tells whether what was found on a target is within the person's sight.
func (v *Views) seesTarget(s *store.Snap, by Reader, target string) (bool, error) {
	t, err := s.Target(target)
	if err != nil {
		return false, err
	}
	o, err := s.Owner(t.System, "")
	return policy.SeeLogins(by.Person).Sees(o), err
}

func (v *Views) reconciliation(s *store.Snap, by Reader, t store.Target) (out api.Reconciliation, err error) {
	out = api.Reconciliation{Target: t.ID, System: t.System, Steward: t.Steward != ""}
	sys, err := s.System(t.System)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, fmt.Errorf("system of %s: %w", t.ID, err)
	}
	out.Hourly = sys.ReconcileHourly
	if out.Open, err = s.OpenUnknownLogins(t.ID); err != nil {
		return out, fmt.Errorf("unknown logins of %s: %w", t.ID, err)
	}
	out.Offers = reconcile.OnTarget.Offers(s, by.Person, t.ID)
	r, err := s.Reconciliation(t.ID)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	z, f := v.o.Zone, r.Found
	out.At, out.By, out.Source, out.State, out.Error = At(r.At, z), f.By, f.Source, string(r.State), f.Error
	out.From, out.Until, out.Gap = At(f.From, z), At(f.Until, z), At(f.Gap, z)
	out.Logins, out.Known, out.New, out.Before, out.Beyond, out.AheadMS, out.Missing, out.Records = f.Logins, f.Known, f.New, f.Before, f.Beyond, f.Ahead, f.Missing, f.Records
	return out, err
}

// UnknownLogins lists the logins that the ledger does not know and the person sees: unexplained ones first, then the newest.
func (v *Views) UnknownLogins(ctx context.Context, by Reader, p Page) (api.List[api.UnknownLogin], error) {
	return v.UnknownLoginsOf(ctx, by, "", p)
}

// UnknownLoginsOf lists those of one target; empty: of all.
func (v *Views) UnknownLoginsOf(ctx context.Context, by Reader, target string, p Page) (out api.List[api.UnknownLogin], err error) {
	sight := policy.SeeLogins(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.UnknownLoginPage(store.UnknownLoginFilter{Target: target, Sections: sight.Sections, All: sight.All}, p)
		if err != nil {
			return err
		}
		out = listed(page, func(u store.UnknownLogin) api.UnknownLogin {
			one, failed := v.unknownLogin(s, u)
			err = errors.Join(err, failed)
			return one
		})
		return err
	})
	return out, err
}

// UnknownLogin shows one with the offers of the acts on it. The look is ledgered (L1). Errors: store.ErrNotFound, also for one that the
// person does not see.
func (v *Views) UnknownLogin(ctx context.Context, by Reader, id string) (out api.UnknownLogin, err error) {
	sees := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		u, err := s.UnknownLogin(id)
		if err != nil {
			return err
		}
		if sees, err = v.seesTarget(s, by, u.Target); err != nil || !sees {
			return err
		}
		out, err = v.unknownLogin(s, u)
		out.Offers = reconcile.OnLogin.Offers(s, by.Person, id)
		return err
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, "unknown-login", id)
	}
	if err == nil {
		err = v.Looked(ctx, by, "login.viewed", []string{id, by.ID}, map[string]string{"login": id})
	}
	if err != nil {
		return api.UnknownLogin{}, err
	}
	return out, nil
}

// UnknownLoginNow shows one as an act left it.
func (v *Views) UnknownLoginNow(ctx context.Context, id string) (out api.UnknownLogin, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		u, err := s.UnknownLogin(id)
		if err == nil {
			out, err = v.unknownLogin(s, u)
		}
		return err
	})
	return out, err
}

func (v *Views) unknownLogin(s *store.Snap, u store.UnknownLogin) (api.UnknownLogin, error) {
	z := v.o.Zone
	out := api.UnknownLogin{ID: u.ID, Target: u.Target, At: At(u.At, z), Said: At(u.Said, z), Account: u.Login, Source: u.Source, Port: u.Port, Record: u.Record, Doubt: u.Doubt,
		Session: u.Session, Found: At(u.Found, z), State: "open", ExplainedBy: u.ExplainedBy, ExplainedAt: At(u.ExplainedAt, z), Reason: u.Explanation}
	if !u.Open() {
		out.State = "explained"
	}
	t, err := s.Target(u.Target)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	out.System = t.System
	return out, err
}

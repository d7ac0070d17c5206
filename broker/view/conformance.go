package view

import (
	"context"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/conformance"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Conformance compares the running configuration with the clauses of standards and guidelines. The doors ask the caller's role: it is that of
// the rules in force.
func (v *Views) Conformance(ctx context.Context, _ Reader) (out api.Conformance, err error) {
	facts := conformance.Facts{Settings: v.o.Settings}
	facts.Now.LedgerVerified = v.Verified().State == LedgerVerified
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if facts.House, err = s.Institution(); err != nil {
			return fmt.Errorf("institution: %w", err)
		}
		systems, err := s.Systems()
		if err != nil {
			return fmt.Errorf("systems: %w", err)
		}
		for _, sys := range systems {
			facts.Systems = append(facts.Systems, sys)
			late, err := s.OverdueReviews(sys.ID)
			if err != nil {
				return fmt.Errorf("reviews of %s: %w", sys.ID, err)
			}
			facts.Now.OverdueReviews += late
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	out.Clauses = Clauses(facts)
	return out, nil
}

// Clauses are all clauses with how the facts stand.
func Clauses(f conformance.Facts) []api.Clause {
	found := map[string]api.ClauseCheck{}
	for _, one := range conformance.Findings(f) {
		found[one.Check] = api.ClauseCheck{
			Check: one.Check, State: string(one.State), QuestionJA: one.Question.JA, QuestionEN: one.Question.EN, DetailJA: one.Detail.JA, DetailEN: one.Detail.EN, Settings: one.Settings,
		}
	}
	var out []api.Clause
	for _, standard := range conformance.Standards() {
		for _, c := range standard.Clauses {
			line := api.Clause{
				Standard: standard.ID, StandardJA: standard.Name.JA, StandardEN: standard.Name.EN, NumberJA: c.Number.JA, NumberEN: c.Number.EN, AboutJA: c.About.JA, AboutEN: c.About.EN,
				DoesJA: c.Does.JA, DoesEN: c.Does.EN, State: string(policy.ItemMet), Checks: []api.ClauseCheck{}, Evidence: c.Evidence, LeavesJA: c.Leaves.JA, LeavesEN: c.Leaves.EN,
			}
			for _, id := range c.Checks {
				line.Checks = append(line.Checks, found[id])
				if found[id].State != string(policy.ItemMet) {
					line.State = string(policy.ItemCaution)
				}
			}
			out = append(out, line)
		}
	}
	return out
}

// ReadsRules are the roles that read the rules in force (screens §2, /settings).
func ReadsRules() []policy.Role {
	return []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor, policy.Administrator}
}

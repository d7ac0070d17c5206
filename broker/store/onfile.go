package store

import "sekimori/policy"

// This file reads what decisions use of papers: accepted ones only. A vendor's paper counts once staff have accepted it, and a
// withdrawn paper no longer counts. A vendor's papers take one query, which facts read once in a snapshot; a pledge is
// part of the person's own query.

// withPapers adds to vendors what is on file about them.
func (s *Snap) withPapers(vendors []Vendor, papers []Paper) []Vendor {
	at := make(map[string]*Vendor, len(vendors))
	for i := range vendors {
		at[vendors[i].ID] = &vendors[i]
	}
	approvals := map[string]bool{}
	for _, p := range papers {
		v := at[p.Vendor]
		if v == nil {
			continue
		}
		counts := p.State == PaperAccepted
		switch {
		case p.Kind == PaperSubcontract:
			// Once the institution has approved a subcontract here, only its approvals count, even when all of them are
			// withdrawn. Before that the registry file decides.
			if !approvals[v.ID] {
				approvals[v.ID], v.PrimeApproved = true, false
			}
			if counts {
				v.PrimeApproved, v.Subcontract = true, append(v.Subcontract, policy.Span{Start: p.From, End: p.Until})
			}
		case !counts:
		case p.Kind == PaperCertification:
			v.Certifications = append(v.Certifications, policy.Certification{Name: p.Name, From: p.From, Until: p.Until, Copy: p.File != ""})
		case p.Kind == PaperAuditReport:
			v.AuditReports = append(v.AuditReports, policy.AuditReport{FiscalYear: p.FiscalYear, Received: p.From})
		case p.Kind == PaperSpecialClauses:
			v.SpecialClauses = append(v.SpecialClauses, policy.Span{Start: p.From, End: p.Until})
		}
	}
	return vendors
}

// counting are the papers of a vendor (empty: of all) that facts use.
func (s *Snap) counting(vendor string) ([]Paper, error) {
	var w where
	w.and(`kind IN ('certification', 'audit-report', 'special-clauses', 'subcontract')`)
	w.text("vendor = ?", vendor)
	return list(s, scanPaper, paperColumns+w.String()+` ORDER BY no`, w.args...)
}

// pledgeColumns and pledgeJoins give the pledge declared in the registry file and the one filed with a copy. Of each they take
// the one that lasts longest, so that a new filing never shortens the term.
const (
	pledgeColumns = `coalesce(g.signed, 0), coalesce(g.until, 0), coalesce(c.since, 0), coalesce(c.until, 0)`
	pledgeJoins   = `LEFT JOIN pledges g ON g.id = (SELECT id FROM pledges WHERE person = p.id ORDER BY until DESC, id DESC LIMIT 1)
	LEFT JOIN papers c ON c.no =
		(SELECT no FROM papers WHERE person = p.id AND kind = 'pledge' AND state = 'accepted' ORDER BY until DESC, no DESC LIMIT 1)`
)

// pledged chooses between the declared and the filed pledge of each person. Where the institution requires the copy, a filed
// pledge counts as soon as there is one; elsewhere the one that lasts longer counts.
func (s *Snap) pledged(people ...Person) ([]Person, error) {
	for i := range people {
		p := &people[i]
		p.Pledge = p.Declared
		if p.Filed.Until.IsZero() {
			continue
		}
		asks, err := s.Institution()
		if err != nil {
			return nil, err
		}
		if asks.Declared && asks.PledgeCopy || !p.Declared.Until.After(p.Filed.Until) {
			p.Pledge = p.Filed
		}
	}
	return people, nil
}

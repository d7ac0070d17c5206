package store

import (
	"time"

	"sekimori/policy"
)

// What decisions know of papers is read here: of accepted ones only, since what a vendor submitted counts when staff have
// accepted it, and a withdrawn one counts no more. It is one query for a vendor, which facts read once in a snapshot, and
// a part of the person's own query for a pledge.

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
			// Once the institution has approved a subcontract here, its approvals are what counts, also when all of them are
			// withdrawn; before, the registry file says.
			if !approvals[v.ID] {
				approvals[v.ID], v.PrimeApproved = true, false
			}
			if counts {
				v.PrimeApproved = true
				v.SubcontractUntil = latest(v.SubcontractUntil, p.Until)
			}
		case !counts:
		case p.Kind == PaperCertification:
			v.Certifications = append(v.Certifications, policy.Certification{Name: p.Name, From: p.From, Until: p.Until, Copy: p.File != ""})
		case p.Kind == PaperAuditReport:
			v.AuditReports = append(v.AuditReports, policy.AuditReport{FiscalYear: p.FiscalYear, Received: p.From})
		case p.Kind == PaperSpecialClauses:
			v.SpecialClauses = v.SpecialClauses || p.Holds(s.Now)
		}
	}
	return vendors
}

// counting are the papers of a vendor (empty: of all) that facts are made of.
func (s *Snap) counting(vendor string) ([]Paper, error) {
	var w where
	w.and(`kind IN ('certification', 'audit-report', 'special-clauses', 'subcontract')`)
	w.text("vendor = ?", vendor)
	return list(s, scanPaper, paperColumns+w.String()+` ORDER BY no`, w.args...)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// pledgeColumns and pledgeJoins give the pledge declared in the registry file and the one filed with a copy: of each the one
// that holds longest, so that filing a new one never shortens.
const (
	pledgeColumns = `coalesce(g.signed, 0), coalesce(g.until, 0), coalesce(c.since, 0), coalesce(c.until, 0)`
	pledgeJoins   = `LEFT JOIN pledges g ON g.id = (SELECT id FROM pledges WHERE person = p.id ORDER BY until DESC, id DESC LIMIT 1)
	LEFT JOIN papers c ON c.no =
		(SELECT no FROM papers WHERE person = p.id AND kind = 'pledge' AND state = 'accepted' ORDER BY until DESC, no DESC LIMIT 1)`
)

// pledged chooses between the declared and the filed pledge of each. Where the institution asks for the copy, the filed
// one is the pledge as soon as there is one; elsewhere the one that holds longest is.
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

package policy

import "slices"

// decideStaff rules on what staff do to sessions, recordings and the ledger. Roles add up;
// none takes away, except that whoever took part in a session never reviews it. The clock and
// a freeze do not matter here: cutting and looking must work when something is wrong.
func decideStaff(f *Facts, a *Attempt) Decision {
	p := &f.Person
	if p.Kind != Staff || p.Locked != nil {
		return deny(Forbidden, map[string]string{"role": "staff"})
	}
	switch a.Act {
	case ActLedgerRead:
		return readLedger(p)
	case ActLedgerExport:
		if !p.Has(Auditor) {
			return deny(ExportAuditorOnly, nil)
		}
		return withPurpose(a)
	}
	s := f.Subject
	if s == nil || s.Session == "" {
		return deny(Forbidden, map[string]string{"role": "staff"})
	}
	switch a.Act {
	case ActWatch:
		if attended(p, s) || decides(p, s) || p.Has(InformationSystems) {
			return withPurpose(a)
		}
		return deny(Forbidden, map[string]string{"role": "watcher"})
	case ActEnd:
		if attended(p, s) || decides(p, s) || p.Has(InformationSystems) {
			return Decision{Allow: true}
		}
		return deny(Forbidden, map[string]string{"role": "watcher"})
	case ActPlay:
		ownIS := p.Has(InformationSystems) && involved(p, s)
		if p.Has(Auditor) || attended(p, s) || decides(p, s) || ownIS {
			return withPurpose(a)
		}
		return deny(Forbidden, map[string]string{"role": "viewer"})
	case ActExport:
		if !p.Has(Auditor) {
			return deny(ExportAuditorOnly, nil)
		}
		return withPurpose(a)
	case ActOpenDamaged:
		if !p.Has(Auditor) {
			return deny(Forbidden, map[string]string{"role": string(Auditor)})
		}
		return withPurpose(a)
	case ActReview:
		return review(p, s)
	}
	return deny(Forbidden, nil)
}

func readLedger(p *Person) Decision {
	for _, r := range []Role{Approver, SecondApprover, InformationSystems, Auditor, Administrator} {
		if p.Has(r) {
			return Decision{Allow: true}
		}
	}
	return deny(Forbidden, map[string]string{"role": "ledger-reader"})
}

// review needs an auditor who is known to have had no part in the session. A subject that
// does not say who requested or approved cannot show that, and is refused.
func review(p *Person, s *Subject) Decision {
	switch {
	case !p.Has(Auditor):
		return deny(Forbidden, map[string]string{"role": string(Auditor)})
	case s.Requester == "" || len(s.Approvers) == 0,
		s.Requester == p.ID,
		slices.Contains(s.Approvers, p.ID),
		slices.Contains(s.Attendants, p.ID):
		return deny(AuditorConflict, map[string]string{"session": s.Session})
	}
	return Decision{Allow: true}
}

// attended: the person took the post of this very session's window. The act counts, not the
// role, so that an attendant whose role ends in mid-session can still cut.
func attended(p *Person, s *Subject) bool { return slices.Contains(s.Attendants, p.ID) }

// decides: an approver or second approver of the section that owns the system, or one who
// decided on this session's request.
func decides(p *Person, s *Subject) bool {
	return (p.Has(Approver) || p.Has(SecondApprover)) && involved(p, s)
}

// involved: of the owning section, or among those who decided.
func involved(p *Person, s *Subject) bool {
	return p.Section != "" && p.Section == s.Section || slices.Contains(s.Approvers, p.ID)
}

package policy

import (
	"slices"
	"time"
)

// decideStaff rules on what staff do to sessions, recordings and the ledger. Roles add up. None takes a right away, with one
// exception: a person who took part in a session never reviews it. The clock and a freeze do not matter here: cutting and looking must
// work when something is wrong.
func decideStaff(f *Facts, a *Attempt) Decision {
	p := &f.Person
	if p.Kind != Staff || p.Locked != nil {
		return deny(Forbidden, map[string]string{"role": "staff"})
	}
	switch a.Act {
	case ActLedgerRead:
		return readLedger(p, f.StandsInFor)
	case ActLedgerExport, ActIncidentExport:
		if !p.Has(Auditor) {
			return deny(ExportAuditorOnly, nil)
		}
		return withPurpose(a)
	case ActSearch:
		return search(p, a)
	}
	s := f.Subject
	if s == nil || s.Session == "" {
		return deny(Forbidden, map[string]string{"role": "staff"})
	}
	switch a.Act {
	case ActWatch:
		if attended(p, s) || decides(p, s) || p.Has(InformationSystems) || slices.Contains(f.StandsInFor, s.Section) && s.Section != "" {
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

// search rules who searches the text of recordings: each role that may play one. Of what a search finds a person sees the sessions that ActPlay
// allows, for the same purpose.
func search(p *Person, a *Attempt) Decision {
	for _, r := range []Role{Auditor, Approver, SecondApprover, InformationSystems, Attendant} {
		if p.Has(r) {
			return withPurpose(a)
		}
	}
	return deny(Forbidden, map[string]string{"role": "viewer"})
}

// readLedger rules who reads all entries. A deputy reads what the approver reads.
func readLedger(p *Person, standsInFor []string) Decision {
	if len(standsInFor) > 0 {
		return Decision{Allow: true}
	}
	for _, r := range []Role{Approver, SecondApprover, InformationSystems, Auditor, Administrator} {
		if p.Has(r) {
			return Decision{Allow: true}
		}
	}
	return deny(Forbidden, map[string]string{"role": "ledger-reader"})
}

// review needs an auditor who is known to have had no part in the session. A subject that does not name its requester or approvers
// cannot show that, and is refused.
func review(p *Person, s *Subject) Decision {
	switch {
	case !p.Has(Auditor):
		return deny(Forbidden, map[string]string{"role": string(Auditor)})
	case s.Requester == "" || len(s.Approvers) == 0,
		s.Requester == p.ID,
		slices.Contains(s.Approvers, p.ID),
		slices.Contains(s.Attendants, p.ID),
		slices.Contains(s.Parties, p.ID),
		slices.Contains(s.Answered, p.ID): // no one judges the own answer
		return deny(AuditorConflict, map[string]string{"session": s.Session})
	}
	return Decision{Allow: true}
}

// MaySignReview rules whether the person may sign the review of the session. auditor is the person to whom the review is assigned; empty:
// any auditor without a part in the work may sign.
func MaySignReview(p Person, s Subject, auditor string, now time.Time) Decision {
	d := Decide(Facts{Person: p, Subject: &s}, Attempt{Act: ActReview, Person: p.ID, Key: true, Factor: true, Session: s.Session}, now) // a token was got with both
	if d.Allow && auditor != "" && auditor != p.ID {
		return deny(Forbidden, map[string]string{"role": string(Auditor)})
	}
	return d
}

// MayTakeReview rules whether the person may become the auditor of the session's review. It may be taken over from another auditor.
func MayTakeReview(p Person, s Subject, auditor string, signed bool, now time.Time) Decision {
	if d := MaySignReview(p, s, "", now); !d.Allow {
		return d
	}
	if signed || auditor == p.ID {
		return deny(AlreadyDecided, map[string]string{"request": s.Session})
	}
	return Decision{Allow: true}
}

// attended reports whether the person took the post of this session's window. The act counts, not the role, so an attendant whose role
// ends in mid-session can still cut.
func attended(p *Person, s *Subject) bool { return slices.Contains(s.Attendants, p.ID) }

// decides reports whether the person is an approver or second approver of the section that owns the system, or decided on this
// session's request.
func decides(p *Person, s *Subject) bool {
	return (p.Has(Approver) || p.Has(SecondApprover)) && involved(p, s)
}

// involved reports whether the person belongs to the owning section or decided on the request.
func involved(p *Person, s *Subject) bool {
	return p.Section != "" && p.Section == s.Section || slices.Contains(s.Approvers, p.ID)
}

// MayProve tells whether a session has a proof: its end must be in the ledger. Who may take it out, ActLedgerExport says.
func MayProve(ended bool) Decision {
	if !ended {
		return deny(ProofNotYet, nil)
	}
	return Decision{Allow: true}
}

package policy

import "time"

// PermitFacts are the facts that rules on a standing permit look at.
type PermitFacts struct {
	Permit  Permit
	System  System
	AskedBy string // person id
}

// MayAskPermit rules who may apply for a standing permit: requesters and approvers of the section that owns the system.
func MayAskPermit(p Person, s System) Decision {
	if OfSection(p, s) && p.Locked == nil && (p.Has(Requester) || p.Has(Approver)) {
		return allow()
	}
	return forbid(Requester)
}

// MayAskPermits rules who may apply for standing permits at all.
func MayAskPermits(p Person) Decision { return MayAskPermit(p, System{Section: p.Section}) }

// MayGrantPermit rules who may grant a standing permit: the permit officer, another person than the applicant, before its period is over.
func MayGrantPermit(p Person, f PermitFacts, now time.Time) Decision {
	if p.ID == f.AskedBy {
		return deny(SelfApproval, map[string]string{"request": f.Permit.ID})
	}
	d := first(MayRefusePermit(p, f, now))
	if d.Allow && !now.Before(f.Permit.Until) {
		return deny(StalePage, map[string]string{"request": f.Permit.ID})
	}
	return d
}

// MayRefusePermit rules who may refuse one that is asked for: the permit officer.
func MayRefusePermit(p Person, f PermitFacts, _ time.Time) Decision {
	switch {
	case p.Kind != Staff || !p.Has(PermitOfficer):
		return forbid(PermitOfficer)
	case f.Permit.State != PermitAsked:
		return deny(AlreadyDecided, map[string]string{"request": f.Permit.ID})
	}
	return allow()
}

// MayWithdrawPermit rules who may take a standing permit, or the application for one, back: the permit officer, those who may stop the
// system's work, and the applicant before the decision.
func MayWithdrawPermit(p Person, f PermitFacts, _ time.Time) Decision {
	own := p.ID == f.AskedBy && f.Permit.State == PermitAsked
	switch {
	case p.Kind != Staff || !own && !p.Has(PermitOfficer) && !MayStop(p, f.System):
		return forbid(PermitOfficer)
	case f.Permit.State != PermitAsked && f.Permit.State != PermitGranted:
		return deny(AlreadyDecided, map[string]string{"request": f.Permit.ID})
	}
	return allow()
}

// SeePermits gives a person's sight of standing permits: the permit officer sees all; others see what they see of requests.
func SeePermits(p Person, standsInFor []string) Sight {
	if p.Kind == Staff && p.Locked == nil && p.Has(PermitOfficer) {
		return Sight{All: true}
	}
	return SeeRequests(p, standsInFor)
}

package policy

import (
	"slices"
	"time"
)

// CanApprove rules whether the person may take the decision that the request awaits now, of its first or second stage. The rule is the
// same for approving, returning and rejecting. When it allows, Until is the instant at which the request lapses, and OnBehalf the
// approver for whom a deputy decides. SecondNeeded gives the stages.
func CanApprove(p Person, r Request, now time.Time) Decision {
	args := map[string]string{"request": r.No}
	with := func(role string) map[string]string { return map[string]string{"request": r.No, "role": role} }
	stage := r.Stage()
	if !acting(&p) {
		return deny(Forbidden, with(string(Approver)))
	}
	switch {
	case r.Requester == "" || r.party(p.ID):
		return deny(SelfApproval, args)
	case stage == 0 || r.Emergency: // an emergency is opened by two, and approved afterwards
		return deny(AlreadyDecided, args)
	}
	role, behalf, ok := authorised(&p, &r, stage, now)
	switch {
	case !ok && stage == 1 && r.State == PendingSecond:
		return deny(Forbidden, with("approver-again"))
	case !ok && stage == 2:
		return deny(Forbidden, with(string(SecondApprover)))
	case !ok && actsForParty(&p, &r, now):
		return deny(SelfApproval, args)
	case !ok:
		return deny(Forbidden, with(string(Approver)))
	case stage == 1 && r.approved(1):
		return deny(AlreadyDecided, args)
	case stage == 2 && !r.approved(1):
		return deny(RequestChanged, args)
	case stage == 2 && r.approvedBy(p.ID):
		return deny(SameSecondApprover, args)
	case r.Attendant == p.ID && !r.System.ApproverMayAttend:
		return deny(Forbidden, with("approver-not-attending"))
	case r.Frozen:
		return deny(Frozen, map[string]string{"request": r.No, "scope": string(FreezeSystem), "subject": r.System.Name})
	case r.Start.IsZero() || !r.Start.Before(r.End) || !now.Before(r.Start):
		return deny(WindowOver, map[string]string{"request": r.No, "time": "lapsed"})
	case r.Root && clean(r.RootReason) == "":
		return deny(FeatureNotGranted, map[string]string{"request": r.No, "feature": "root"})
	}
	return Decision{Allow: true, Role: role, OnBehalf: behalf, Until: r.Start}
}

// Stage is the stage of approval that the request awaits: 1, 2, or 0 for none. If the first approval becomes void before the second,
// stage 1 is awaited again.
func (r Request) Stage() int {
	switch r.State {
	case PendingFirst:
		return 1
	case PendingSecond:
		if !r.approved(1) && slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.Stage == 1 && a.Version == r.Version && a.Void }) {
			return 1
		}
		return 2
	}
	return 0
}

// authorised tells whether the person may decide the stage. An approver of the owning section or a deputy decides the first, the
// information-systems section the second.
func authorised(p *Person, r *Request, stage int, now time.Time) (role Role, behalf string, ok bool) {
	switch {
	case stage == 2:
		return SecondApprover, "", seconds(p)
	case heads(p, r.System.Section):
		return Approver, "", true
	}
	behalf = deputyFor(r.Deputations, p.ID, now, func(of string) bool {
		return r.party(of) || of == r.Attendant && !r.System.ApproverMayAttend
	})
	return Approver, behalf, behalf != ""
}

// party reports whether the person asked for the request, proposed it, or does its work.
func (r *Request) party(person string) bool {
	return person == r.Requester || person == r.Proposer || slices.Contains(r.Engineers, person)
}

// approved tells whether the stage was approved for the request as it reads now.
func (r *Request) approved(stage int) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool {
		return a.Stage == stage && a.Version == r.Version && a.By != "" && !a.Void
	})
}

// Stands tells whether an approval still counts before the last stage is taken. It does not if the giver is locked now or could not
// give it any more; the same holds for stoodFor, the approver whom the giver stood for (the zero value if there was none). A
// deputation that has ended since does not matter: it held then.
func (a Approval) Stands(giver, stoodFor Person, section string) bool {
	switch {
	case giver.ID != a.By || !acting(&giver):
		return false
	case a.Stage == 2:
		return seconds(&giver)
	case a.OnBehalf != "":
		return stoodFor.ID == a.OnBehalf && acting(&stoodFor) && heads(&stoodFor, section)
	}
	return heads(&giver, section) || a.Stage == 0 && seconds(&giver)
}

// approvedBy tells whether the person already approved this version on any stage. An approval by their deputy, or by a deputy whom
// they appointed, counts as theirs.
func (r *Request) approvedBy(person string) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool {
		return a.speaksFor(person) && a.Version == r.Version
	})
}

// speaksFor reports whether the approval counts as the person's: they gave it, or their deputy did, or a deputy whom they appointed.
func (a Approval) speaksFor(person string) bool {
	return person != "" && (a.By == person || a.OnBehalf == person || a.SetBy == person)
}

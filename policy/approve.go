package policy

import (
	"slices"
	"time"
)

// CanApprove rules whether the person may take the decision that the request awaits now: its
// first or its second stage. It holds for approving, returning and rejecting alike. An
// allowing decision carries in Until the instant at which the request lapses.
func CanApprove(p Person, r Request, now time.Time) Decision {
	args := map[string]string{"request": r.No}
	with := func(role string) map[string]string { return map[string]string{"request": r.No, "role": role} }
	stage := r.Stage()
	switch {
	case p.ID == "" || p.Kind != Staff || p.Locked != nil:
		return deny(Forbidden, with(string(Approver)))
	case r.Requester == "" || r.Requester == p.ID || r.Proposer == p.ID || slices.Contains(r.Engineers, p.ID):
		return deny(SelfApproval, args)
	case stage == 0:
		return deny(AlreadyDecided, args)
	case !authorised(p, r, stage):
		if stage == 2 {
			return deny(Forbidden, with(string(SecondApprover)))
		}
		return deny(Forbidden, with(string(Approver)))
	case stage == 2 && !r.approved(1):
		return deny(RequestChanged, args)
	case stage == 2 && r.approvedBy(p.ID), stage == 1 && r.approved(1):
		if stage == 1 {
			return deny(AlreadyDecided, args)
		}
		return deny(SameSecondApprover, args)
	case r.Attendant == p.ID && !r.System.ApproverMayAttend:
		return deny(Forbidden, with("approver-not-attending"))
	case r.Frozen:
		return deny(Frozen, map[string]string{"request": r.No, "scope": string(FreezeSystem), "subject": r.System.Name})
	case r.Start.IsZero() || !r.Start.Before(r.End) || !now.Before(r.Start):
		return deny(WindowOver, map[string]string{"request": r.No, "time": "lapsed"})
	case r.Root && (clean(r.RootReason) == "" || stage == 1 && !r.System.SecondStage):
		return deny(FeatureNotGranted, map[string]string{"request": r.No, "feature": "root"})
	}
	return Decision{Allow: true, Until: r.Start}
}

// Stage is the stage of approval the request awaits: 1, 2, or 0 for none.
func (r Request) Stage() int {
	switch r.State {
	case PendingFirst:
		return 1
	case PendingSecond:
		return 2
	}
	return 0
}

// authorised: the first stage belongs to the owning section's approver, the second to the
// information-systems section.
func authorised(p Person, r Request, stage int) bool {
	if stage == 2 {
		return p.Has(SecondApprover) || p.Has(InformationSystems)
	}
	return p.Has(Approver) && p.Section != "" && p.Section == r.System.Section
}

// approved tells whether the stage was approved for the request as it reads now.
func (r Request) approved(stage int) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool {
		return a.Stage == stage && a.Version == r.Version && a.By != ""
	})
}

// approvedBy tells whether the person already approved this version, on any stage.
func (r Request) approvedBy(person string) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool {
		return a.By == person && a.Version == r.Version
	})
}

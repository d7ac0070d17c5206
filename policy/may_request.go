package policy

import (
	"slices"
	"time"
)

// The rules about requests before their window is used. Each rule is pure: it takes a person, the facts of the request and the time.

// OfSection tells whether the person is staff of the section that owns the system.
func OfSection(p Person, s System) bool {
	return p.Kind == Staff && p.Section != "" && p.Section == s.Section
}

// MayStop tells whether the person may take a right away from others: approvers of the owning section, second approvers, and the
// information-systems section.
func MayStop(p Person, s System) bool {
	return p.Kind == Staff && (OfSection(p, s) && p.Has(Approver) || p.Has(SecondApprover) || p.Has(InformationSystems))
}

// MayRequest rules who may own a request on the system: requesters of its section.
func MayRequest(p Person, s System) Decision {
	if !OfSection(p, s) || !p.Has(Requester) {
		return forbid(Requester)
	}
	return allow()
}

// MakesRequests tells whether the person makes requests at all: requesters of a section, and people of a vendor, whose request is a
// proposal. It gives no right.
func MakesRequests(p Person) bool { return p.Has(Requester) || p.ID != "" && p.Kind != Staff }

// NamesEngineersOf tells whether a person who fills a request in may name the engineers of a vendor. A vendor's people name their own: an answer
// about others would tell them who works elsewhere, and whose papers have ended.
func NamesEngineersOf(p Person, vendor string) bool {
	return p.Kind == Staff || p.Vendor != "" && p.Vendor == vendor
}

// NamesResponsible tells whether a person who fills a request in may name a vendor as the one that answers for the work. A vendor's people
// name their own vendor (own), its prime contractor or a subcontractor of it.
func NamesResponsible(p Person, own, v Vendor) bool {
	return p.Kind == Staff || p.Vendor != "" && v.ID != "" && (v.ID == p.Vendor || v.ID == own.Prime || v.Prime == p.Vendor)
}

// MaySubmit rules who may hand in a request for the vendor's work on the system: requesters of the section; the vendor's people as a
// proposal.
func MaySubmit(p Person, s System, vendor string) Decision {
	if p.Kind == Staff {
		return MayRequest(p, s)
	}
	if p.Vendor == "" || p.Vendor != vendor {
		return forbid(Requester)
	}
	return allow()
}

// MayTake rules who may make a proposal their own request.
func MayTake(p Person, r Request, _ time.Time) Decision {
	if d := MayRequest(p, r.System); !d.Allow {
		return d
	}
	if r.State != RequestProposed {
		return decidedAlready(r)
	}
	return allow()
}

// MayEdit rules who may replace what a request says: its requester, or its proposer while it is proposed, until its end.
func MayEdit(p Person, r Request, now time.Time) Decision {
	owner := r.Requester
	if r.State == RequestProposed {
		owner = r.Proposer
	}
	if p.ID != owner {
		return forbid(Requester)
	}
	switch r.State {
	case RequestProposed, RequestDraft, PendingFirst, PendingSecond, RequestReturned, RequestApproved, RequestConditional:
		if now.Before(r.End) {
			return allow()
		}
	}
	return decidedAlready(r)
}

// MayApprove rules who may begin to approve. A condition may still take a root account off, so CanApprove rules on the reason for root
// afterwards. A person who could have taken the first stage, and finds it taken, is told that it is decided.
func MayApprove(p Person, r Request, now time.Time) Decision {
	if r.State == RequestProposed {
		return untaken(r)
	}
	r.Root = false
	d := CanApprove(p, r, now)
	if d.Allow || d.Reason != Forbidden || r.State != PendingSecond {
		return d
	}
	first := r
	first.State, first.Approvals = PendingFirst, nil
	if CanApprove(p, first, now).Allow {
		return decidedAlready(r)
	}
	return d
}

// MayRefuse rules who may return or reject: each person who may approve now. Things that only an approval needs (a lifted freeze, a
// reason for root) do not matter.
func MayRefuse(p Person, r Request, now time.Time) Decision {
	if r.State == RequestProposed {
		return untaken(r)
	}
	r.Frozen, r.Root = false, false
	return CanApprove(p, r, now)
}

// MayWithdraw rules who may take a request back: its requester, or its proposer while it is proposed.
func MayWithdraw(p Person, r Request, _ time.Time) Decision {
	switch { // whether a request of others is decided is not for everyone to know
	case p.ID != r.Requester && p.ID != r.Proposer:
		return forbid(Requester)
	case ended(r.State) || r.State == EmergencyOpen:
		return decidedAlready(r)
	case p.ID != r.Requester && r.State != RequestProposed:
		return forbid(Requester)
	}
	return allow()
}

// MayRevoke rules who may take an approved request and its grants back.
func MayRevoke(p Person, r Request, _ time.Time) Decision {
	if ended(r.State) {
		return decidedAlready(r)
	}
	if !r.State.Final() || !MayStop(p, r.System) && p.ID != r.Requester {
		return forbid(Requester)
	}
	return allow()
}

// MayAgree rules who may be the second of the two who open an emergency. The request has the times it gets if it is opened now.
func MayAgree(p Person, r Request, now time.Time) Decision {
	switch {
	case len(r.Openers) == 0 || r.State != EmergencyAsked:
		return decidedAlready(r)
	case !now.Before(r.Created.Add(AgreeWithin)):
		return deny(WindowOver, map[string]string{"request": r.No, "time": "lapsed"})
	}
	r.Start, r.End = now, now.Add(r.End.Sub(r.Start))
	return CanOpenEmergency(p, r, r.Openers[0], now)
}

// MayNoteSeen rules who may note that they read what a deputy decided for them.
func MayNoteSeen(p Person, r Request, _ time.Time) Decision {
	switch {
	case slices.Contains(r.Unseen, p.ID):
		return allow()
	case slices.Contains(r.SpokenFor, p.ID):
		return decidedAlready(r)
	}
	return forbid(Approver)
}

// MayDeputise rules who may appoint a deputy for an approver who is away: approvers of the same section.
func MayDeputise(p Person, away Person) Decision {
	if p.Kind != Staff || !p.Has(Approver) || p.Section == "" || p.Section != away.Section {
		return forbid(Approver)
	}
	return allow()
}

// MayClearDeputy rules who may end a deputation early: those who may set it, and the deputy.
func MayClearDeputy(p Person, d Deputation, away Person) Decision {
	if p.ID == d.Deputy {
		return allow()
	}
	return MayDeputise(p, away)
}

// ended reports whether the request is settled and goes no further.
func ended(s RequestState) bool {
	switch s {
	case RequestRejected, RequestWithdrawn, RequestLapsed, RequestRevoked, RequestClosed, FollowUpDue, ReportDue:
		return true
	}
	return false
}

// untaken refuses to approve a proposal that staff of the section have not made theirs yet.
func untaken(r Request) Decision {
	return deny(Forbidden, map[string]string{"request": r.No, "role": "approver-once-taken"})
}

func decidedAlready(r Request) Decision {
	return deny(AlreadyDecided, map[string]string{"request": r.No})
}

func forbid(role Role) Decision { return deny(Forbidden, map[string]string{"role": string(role)}) }

func allow() Decision { return Decision{Allow: true} }

// MayDraft rules who may see, save, hand in and throw away a draft: its owner alone.
func MayDraft(p Person, owner string) Decision {
	if p.ID == "" || p.ID != owner || p.Locked != nil {
		return forbid(Requester)
	}
	return allow()
}

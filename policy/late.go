package policy

import (
	"time"

	"sekimori/policy/text"
)

// LateState is the state of work that was done on paper and entered afterwards (後日入力).
type LateState string

// The states.
const (
	LateEntered   LateState = "entered"   // by one person; no other has compared it with the paper
	LateConfirmed LateState = "confirmed" // by another person
	LateRejected  LateState = "rejected"  // it does not agree with the paper, or was taken back
)

var lateStates = map[LateState]text.Text{
	LateEntered:   text.Of("確認待ち", "Awaiting a second person"),
	LateConfirmed: text.Of("確認済み", "Confirmed"),
	LateRejected:  text.Of("却下", "Rejected"),
}

// Label is the state as people read it.
func (s LateState) Label() Text { return text.Label(lateStates, s) }

// LateFacts are the facts that rules on a late entry look at.
type LateFacts struct {
	ID        string
	State     LateState
	EnteredBy string // person id
	System    System
}

// MayEnterLate decides who may enter work from paper: requesters, approvers and attendants of the section that owns the system.
func MayEnterLate(p Person, s System) Decision {
	if OfSection(p, s) && p.Locked == nil && (p.Has(Requester) || p.Has(Approver) || p.Has(Attendant)) {
		return allow()
	}
	return forbid(Requester)
}

// MayEnterLateAtAll decides whether a person may enter work from paper for any system.
func MayEnterLateAtAll(p Person) Decision { return MayEnterLate(p, System{Section: p.Section}) }

// MayConfirmLate decides who may confirm that an entry agrees with its paper: approvers of the system's section and second approvers. The person
// who entered it never may.
func MayConfirmLate(p Person, f LateFacts, _ time.Time) Decision {
	section := OfSection(p, f.System) && p.Has(Approver)
	switch {
	case p.Kind != Staff || p.Locked != nil || !section && !p.Has(SecondApprover):
		return forbid(Approver)
	case p.ID == f.EnteredBy || f.EnteredBy == "":
		return deny(OwnLateEntry, nil)
	case f.State != LateEntered:
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return allow()
}

// MayRejectLate decides who may reject an entry: those who may enter or confirm it, and the person who entered it.
func MayRejectLate(p Person, f LateFacts, _ time.Time) Decision {
	switch {
	case p.Kind != Staff || p.Locked != nil || !MayEnterLate(p, f.System).Allow && !p.Has(SecondApprover):
		return forbid(Approver)
	case f.State != LateEntered:
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return allow()
}

// SeeLate gives a person's sight of late entries: staff see what they see of requests, vendors see none.
func SeeLate(p Person, standsInFor []string) Sight {
	if p.Kind != Staff {
		return Sight{}
	}
	return SeeRequests(p, standsInFor)
}

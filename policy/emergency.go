package policy

import (
	"slices"
	"time"
)

// LongestEmergency is how long an emergency window may be, extensions included.
const LongestEmergency = 2 * time.Hour

// AgreeWithin is how long the first of two who open an emergency window can wait for the second to agree.
const AgreeWithin = 30 * time.Minute

// CanOpenEmergency rules whether the person may be one of the two who open an emergency window (R22): head or deputy of the owning
// section, or second approver. first is the person id of the one who opened it first; empty for the first of the two. The opening
// replaces the stages of approval only: freezes and locks still stop it. The request carries the times it gets if it is opened now.
// When it allows, Until is the window's end.
func CanOpenEmergency(p Person, r Request, first string, now time.Time) Decision {
	args := map[string]string{"request": r.No}
	with := func(name, value string) map[string]string { return map[string]string{"request": r.No, name: value} }
	if !acting(&p) {
		return deny(Forbidden, with("role", "emergency-opener"))
	}
	word := r.word(first)
	// The first one spoke for the head in whose stead it was given, and for the person who appointed the deputy. Deputations end and
	// are cleared; that does not change for whom the first one spoke.
	spoke := func(person string) bool {
		return first != "" && (person == first || person == word.OnBehalf || person == word.SetBy || standsFor(r.Deputations, first, person, now))
	}
	switch {
	case slices.Contains(r.Engineers, p.ID):
		return deny(SelfApproval, args)
	case !r.Emergency || !r.opensBy(first):
		return deny(AlreadyDecided, args)
	case first == p.ID:
		return deny(SameSecondApprover, args)
	case first != "" && (r.Requester == "" || r.Requester == p.ID || r.Proposer == p.ID):
		return deny(SelfApproval, args)
	case r.Attendant == p.ID:
		return deny(Forbidden, with("role", "approver-not-attending"))
	case spoke(p.ID):
		return deny(SameSecondApprover, args) // the first opened it in this person's stead
	}
	role, behalf, ok := voice(&p, r.System.Section, r.Deputations, now, func(of string) bool {
		return r.party(of) || of == r.Attendant || spoke(of)
	})
	if !ok {
		if first != "" && standsFor(r.Deputations, p.ID, first, now) {
			return deny(SameSecondApprover, args) // only in the stead of the first
		}
		return deny(Forbidden, with("role", "emergency-opener"))
	}
	switch {
	case first != "" && !r.FirstStands(first):
		return deny(Forbidden, with("role", "emergency-again"))
	case r.Frozen:
		return deny(Frozen, map[string]string{"request": r.No, "scope": string(FreezeSystem), "subject": r.System.Name})
	case r.Start.IsZero() || !r.Start.Before(r.End) || !now.Before(r.End):
		return deny(WindowOver, with("time", sayTime(r.End, nil)))
	case r.End.Sub(r.Start) > LongestEmergency:
		return deny(FeatureNotGranted, with("feature", "emergency-length"))
	case r.Root && clean(r.RootReason) == "":
		return deny(FeatureNotGranted, with("feature", "root"))
	}
	return Decision{Allow: true, Role: role, OnBehalf: behalf, Until: r.End}
}

// word is the approval given by the first of the two who open the emergency; zero if unknown.
func (r *Request) word(first string) Approval {
	at := slices.IndexFunc(r.Approvals, func(a Approval) bool { return a.Stage == 0 && a.By == first && first != "" && a.Version == r.Version })
	if at < 0 {
		return Approval{Void: true}
	}
	return r.Approvals[at]
}

// FirstStands tells whether the approval of the first of the two who open the emergency still counts (Approval.Stands). If not, no
// second person can agree to it, and two people open a new one.
func (r Request) FirstStands(first string) bool { return !r.word(first).Void }

// opensBy tells whether the emergency waits for the person whom the caller names: for the first, or, after first, for the second.
func (r *Request) opensBy(first string) bool {
	if first == "" {
		return len(r.Openers) == 0 && (r.State == "" || r.State == RequestDraft || r.State == EmergencyAsked)
	}
	return r.State == EmergencyAsked && (len(r.Openers) == 0 || len(r.Openers) == 1 && r.Openers[0] == first)
}

// CanApproveAfter rules whether the person may give the later approval of an emergency (事後承認): approver or deputy of the owning
// section, or second approver, who neither asked for it, opened it nor attended it. It is given after the window's end and is never
// too late. A freeze does not stop it.
func CanApproveAfter(p Person, r Request, now time.Time) Decision {
	args := map[string]string{"request": r.No}
	role := map[string]string{"request": r.No, "role": "emergency-opener"}
	switch {
	case !acting(&p):
		return deny(Forbidden, role)
	case r.Requester == "" || len(r.Openers) < 2 || r.party(p.ID) || r.tookPart(p.ID):
		return deny(SelfApproval, args)
	case !r.Emergency || r.State != FollowUpDue && (r.State != EmergencyOpen || now.Before(r.End)):
		return deny(AlreadyDecided, args)
	}
	as, behalf, ok := voice(&p, r.System.Section, r.Deputations, now, func(of string) bool { return r.party(of) || r.tookPart(of) })
	if !ok {
		return deny(Forbidden, role)
	}
	return Decision{Allow: true, Role: as, OnBehalf: behalf}
}

// tookPart reports whether the person opened or attended the emergency. A head whose deputy opened it did not take part, and may
// approve it later.
func (r *Request) tookPart(person string) bool {
	return r.Attendant == person || slices.Contains(r.Attended, person) || slices.Contains(r.Openers, person) ||
		slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By == person })
}

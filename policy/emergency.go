package policy

import (
	"slices"
	"time"
)

// LongestEmergency is how long an emergency window may be, extensions included.
const LongestEmergency = 2 * time.Hour

// AgreeWithin is how long the word of the first of two stands for the second to agree to an emergency window.
const AgreeWithin = 30 * time.Minute

// CanOpenEmergency rules whether the person may be one of the two who open an emergency window (R22): head or deputy of the
// owning section, or second approver. first is the person id of who opened it first, empty for the first of the two. It
// replaces stages of approval only: freeze and locks stand in the way as always. The request carries the times as they
// will be if it is opened now. An allowing decision carries the window's end in Until.
func CanOpenEmergency(p Person, r Request, first string, now time.Time) Decision {
	args := map[string]string{"request": r.No}
	with := func(name, value string) map[string]string { return map[string]string{"request": r.No, name: value} }
	if !acting(&p) {
		return deny(Forbidden, with("role", "emergency-opener"))
	}
	word := r.word(first)
	// Whose voice the first one was: the head in whose stead it was given, and who chose the deputy. Deputations end and are cleared; who
	// spoke does not change by that.
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

// word is what the first of the two who open the emergency said; the zero value where it is not known.
func (r *Request) word(first string) Approval {
	at := slices.IndexFunc(r.Approvals, func(a Approval) bool { return a.Stage == 0 && a.By == first && first != "" && a.Version == r.Version })
	if at < 0 {
		return Approval{Void: true}
	}
	return r.Approvals[at]
}

// FirstStands tells whether the word of the first of the two who open the emergency still counts (Approval.Stands). Where it does not,
// nobody can agree to it: two people open a new one.
func (r Request) FirstStands(first string) bool { return !r.word(first).Void }

// opensBy tells whether the emergency waits for the person that the call says it waits for: for the first, or, after first, for
// the second.
func (r *Request) opensBy(first string) bool {
	if first == "" {
		return len(r.Openers) == 0 && (r.State == "" || r.State == RequestDraft || r.State == EmergencyAsked)
	}
	return r.State == EmergencyAsked && (len(r.Openers) == 0 || len(r.Openers) == 1 && r.Openers[0] == first)
}

// CanApproveAfter rules whether the person may give the later approval of an emergency (事後承認): approver or deputy of the
// owning section, or second approver, who neither asked for it, opened it nor attended it. It is given once the window
// is over, and is never too late; a freeze does not matter to it.
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

// tookPart: opened or attended the emergency. A head in whose stead a deputy opened it did not, and is the one to look at it.
func (r *Request) tookPart(person string) bool {
	return r.Attendant == person || slices.Contains(r.Attended, person) || slices.Contains(r.Openers, person) ||
		slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By == person })
}

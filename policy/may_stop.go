package policy

// The rules about stops (freezes, locks, holds, drills). One person stops, two release.

// MayPress rules who may stop work alone and give the reason later: any member of staff.
func MayPress(p Person) Decision {
	if p.Kind != Staff {
		return deny(Forbidden, map[string]string{"role": "staff"})
	}
	return allow()
}

// MayRelease rules whose agreement counts towards the end of a freeze or a lock: approvers, second approvers, the information-systems
// section.
func MayRelease(p Person) Decision {
	return oneOf(p, Approver, SecondApprover, InformationSystems)
}

// EndsStop tells whether the person's own agreement to end a stop is the second one: another person agreed before and still counts.
// section tells whether one of them is of the information-systems section; one must be.
func EndsStop(p Person, before []Person) (second, section bool) {
	section = p.Has(InformationSystems)
	for _, b := range before {
		if b.Locked == nil && b.ID != p.ID && MayRelease(b).Allow {
			second = true
			section = section || b.Has(InformationSystems)
		}
	}
	return second, section
}

// AfterLock says how many people could still release after a lock of one of them.
type AfterLock string

// The results of LockLeaves.
const (
	LeavesEnough    AfterLock = ""           // two people whose agreement counts, or no fewer than before
	LeavesNoSection AfterLock = "no-section" // none of the information-systems section, who must be one of the two
	LeavesTooFew    AfterLock = "too-few"    // fewer than two people in all
)

// LockLeaves tells how many people could release after a lock of the target. able are the members of staff who can sign in.
func LockLeaves(target Person, able []Person) AfterLock {
	counts, section, others := false, 0, 0
	for _, p := range able {
		switch {
		case !MayRelease(p).Allow:
		case p.ID == target.ID:
			counts = true
		default:
			others++
			if p.Has(InformationSystems) {
				section++
			}
		}
	}
	switch {
	case !counts || section >= 1 && others >= 2:
		return LeavesEnough
	case section > 0:
		return LeavesTooFew
	case target.Has(InformationSystems):
		return LeavesNoSection
	}
	return LeavesEnough // there was none of the section before, so this lock makes it no worse
}

// MayHold rules who may keep a recording from disposal by hand: auditors, approvers, the information-systems section.
func MayHold(p Person) Decision { return oneOf(p, Auditor, InformationSystems, Approver) }

// MayLetGo rules whose agreement counts towards the disposal of a recording that was kept: auditors and the information-systems section.
func MayLetGo(p Person) Decision { return oneOf(p, Auditor, InformationSystems) }

// StillAgrees tells whether one of those who agreed before to let a recording go may still do so.
func StillAgrees(before []Person) bool {
	for _, b := range before {
		if b.Locked == nil && MayLetGo(b).Allow {
			return true
		}
	}
	return false
}

// oneOf allows staff with one of the roles. A denial names the last role.
func oneOf(p Person, roles ...Role) Decision {
	if p.Kind == Staff {
		for _, r := range roles {
			if p.Has(r) {
				return allow()
			}
		}
	}
	return forbid(roles[len(roles)-1])
}

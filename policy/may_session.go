package policy

import "time"

// SessionFacts are the facts that the rules about sessions look at.
type SessionFacts struct {
	Subject   Subject
	Attendant string // person id of the present attendant of its window; empty: none
}

// MayEnd rules who may cut the session, or hold its input back: each person whom Decide lets end it, also an attendant from before a
// handover.
func MayEnd(p Person, f SessionFacts, _ time.Time) Decision {
	return decideStaff(&Facts{Person: p, Subject: &f.Subject}, &Attempt{Act: ActEnd})
}

// MayResume rules who may let the input go on: of those who may end the session, the present attendant and those who may by a role.
func MayResume(p Person, f SessionFacts, now time.Time) Decision {
	d := MayEnd(p, f, now)
	if !d.Allow || f.Attendant == p.ID {
		return d
	}
	f.Subject.Attendants = nil
	if !MayEnd(p, f, now).Allow {
		return forbid(Attendant)
	}
	return d
}

// HadPost rules on acts of the session's attendants alone: people who took the post of its window, before or after a handover.
func HadPost(p Person, f SessionFacts, _ time.Time) Decision {
	if !attended(&p, &f.Subject) {
		return forbid(Attendant)
	}
	return allow()
}

// MayMessage rules who may write to the engineer in the attendant's name: only the present attendant.
func MayMessage(p Person, f SessionFacts, now time.Time) Decision {
	if f.Attendant != p.ID {
		return forbid(Attendant)
	}
	return HadPost(p, f, now)
}

// MayAnswer rules who may let a held command go on, or refuse it: only the present attendant. The identity check and the permission ask for
// the same person.
func MayAnswer(p Person, f SessionFacts, now time.Time) Decision { return MayMessage(p, f, now) }

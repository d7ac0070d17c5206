package policy

import (
	"slices"
	"time"
)

// DayFacts are the facts that the rule about the confirmation of a day's sessions looks at.
type DayFacts struct {
	System      System
	Attendants  []string // person ids who had the post of the day's windows
	StandsInFor []string // sections for whose head the person decides now
	Owed        bool     // the day has sessions that no confirmation covers
	Day         string   // its number
}

// AnswersFor tells whether the person is responsible for the system in their own name: head or staff in charge of the section that owns it.
func AnswersFor(p Person, s System) bool {
	return OfSection(p, s) && (p.Has(Approver) || p.Has(Requester))
}

// MayConfirmDay rules who confirms the sessions of a day (R27): the head of the section that owns the system, a deputy, or its staff in
// charge, who did not attend them. The attendant's own word is the attendance record.
func MayConfirmDay(p Person, f DayFacts, _ time.Time) Decision {
	if p.Kind != Staff || p.Locked != nil {
		return forbid(Approver)
	}
	switch {
	case !AnswersFor(p, f.System) && !slices.Contains(f.StandsInFor, f.System.Section):
		return forbid(Approver)
	case slices.Contains(f.Attendants, p.ID):
		return forbid("attendant-not-confirming")
	case !f.Owed:
		return deny(AlreadyDecided, map[string]string{"request": f.Day})
	}
	return allow()
}

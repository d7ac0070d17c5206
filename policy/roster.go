package policy

import "time"

// A vendor confirms every month who works for it. A statement this old calls for attention, and this old stops new windows.
const (
	rosterDueIn = 30 * day
	rosterStops = 60 * day
)

// RosterTerm is when a vendor's next statement about its people is due, and from when its lack stops new windows.
type RosterTerm struct{ Due, Stops time.Time }

// RosterTermOf gives the term of a vendor. asked is false if the institution asks for no statements. A vendor without a statement has its
// first term from the day on which the institution began to ask, or from the start of its contract, whichever is later.
func RosterTermOf(v *Vendor, i *Institution, zone *time.Location) (term RosterTerm, asked bool) {
	if !i.Declared || i.RosterFrom == "" {
		return term, false
	}
	if zone == nil {
		zone = defaultZone()
	}
	since, err := time.ParseInLocation(time.DateOnly, string(i.RosterFrom), zone)
	if err != nil { // damaged: the statement counts as due
		since = time.Time{}
	}
	for _, later := range []time.Time{v.ContractFrom, v.Roster} {
		if later.After(since) {
			since = later
		}
	}
	return RosterTerm{Due: since.Add(rosterDueIn), Stops: since.Add(rosterStops)}, true
}

// RosterState is the state of a vendor's statement.
type RosterState string

// The states.
const (
	RosterInTime RosterState = "in-time"
	RosterLate   RosterState = "late"  // a caution
	RosterStops  RosterState = "stops" // no new window of the vendor starts
)

// At is the state at an instant.
func (t RosterTerm) At(now time.Time) RosterState {
	switch {
	case now.Before(t.Due):
		return RosterInTime
	case now.Before(t.Stops):
		return RosterLate
	}
	return RosterStops
}

// MayConfirmRoster rules who may state who works for a vendor: a contact of the vendor itself.
func MayConfirmRoster(p Person, v Vendor) Decision {
	if p.Kind == Contact && p.Locked == nil && p.Vendor != "" && p.Vendor == v.ID {
		return allow()
	}
	return deny(Forbidden, map[string]string{"role": "contact"})
}

// lookRoster reports a vendor that has not confirmed who works for it.
func lookRoster(a *Application, f *finding, now time.Time) {
	term, asked := RosterTermOf(&a.Vendor, &a.Institution, a.Calendar.Zone)
	if !asked {
		return
	}
	due := sayDate(term.Due, a.Calendar.Zone)
	ask := Text{JA: "保守事業者の窓口に、ポータルで確認してもらってください", EN: "have the vendor's contact confirm it on the portal"}
	switch term.At(now) {
	case RosterStops:
		f.bad(RosterOverdue, map[string]string{"date": due}, say("従事者の月次確認の期限(%s)を過ぎ、新しい利用を止めています", "the roster statement was due on %s, and new use is stopped", due), ask)
	case RosterLate:
		f.careful(say("従事者の月次確認の期限(%s)を過ぎています", "the roster statement was due on %s", due), ask)
	default:
		f.fine(say("従事者の月次確認 次は%sまで", "roster statement: next by %s", due))
	}
}

// rosterStop gives the day on which the statement was due, if its lack stops the start of the grant's window; else empty. A window
// with permission to start is not new.
func rosterStop(f *Facts, g *Grant, now time.Time) string {
	if g.Window.State == WindowPermitted {
		return ""
	}
	if term, asked := RosterTermOf(&f.Vendor, &f.Institution, f.Zone); asked && term.At(now) == RosterStops {
		return sayDate(term.Due, f.Zone)
	}
	return ""
}

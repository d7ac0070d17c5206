package policy

import (
	"slices"
	"time"
)

// PermitState is the state of a standing permit (包括許可). Whether its period has begun or is over follows from its dates.
type PermitState string

// The states. Only a granted permit counts.
const (
	PermitAsked     PermitState = "asked"     // by a section; the office has not decided
	PermitGranted   PermitState = "granted"   // by the office
	PermitRefused   PermitState = "refused"   // by the office
	PermitWithdrawn PermitState = "withdrawn" // by the office, the information-systems section or the section itself
)

// Permit lets a vendor work on a system for a period, above the single windows. Each window still needs its own approval. The zero
// value permits nothing.
type Permit struct {
	ID       string // "SP-001"
	Vendor   string
	System   string
	State    PermitState
	From     time.Time
	Until    time.Time     // exclusive
	Accounts []string      // account ids that may be asked for; empty: every account of the system
	Root     bool          // root-equivalent accounts too
	Files    bool          // files may be exchanged
	Hours    Hours         // part of each day in which windows may lie; zero: no such limit
	Office   bool          // windows lie within the office hours
	Longest  time.Duration // longest window; 0: the system's own limit
}

// The parts of a permit that work may lie outside of. They are words of the argument "item".
const (
	permitNone   = "permit-none"
	permitPeriod = "permit-period"
	permitRights = "permit-rights"
	permitFiles  = "permit-files"
	permitHours  = "permit-hours"
	permitLength = "permit-length"
)

// permitWork is the part of an application or a grant that a permit limits.
type permitWork struct {
	accounts []string
	root     bool
	files    bool
}

// permits tells which right of the work the permit lacks; empty: none.
func (p *Permit) lacks(w permitWork) string {
	switch {
	case len(p.Accounts) > 0 && slices.ContainsFunc(w.accounts, func(id string) bool { return !slices.Contains(p.Accounts, id) }), w.root && !p.Root:
		return permitRights
	case w.files && !p.Files:
		return permitFiles
	}
	return ""
}

// outside tells which part of the permit an interval of the work exceeds; empty: none. An emergency has its own length and may lie at
// any hour.
func (p *Permit) outside(w permitWork, at Span, c Calendar, emergency bool) string {
	if !within(p.From, p.Until, at.Start) || at.End.After(p.Until) {
		return permitPeriod
	}
	if lacks := p.lacks(w); lacks != "" || emergency {
		return lacks
	}
	if p.Office && c.Outside(at.Start, at.End) {
		return permitHours
	}
	if p.Hours != (Hours{}) {
		var week Week
		for d := range week {
			week[d] = p.Hours
		}
		if (Calendar{Zone: c.Zone, Hours: week}).Outside(at.Start, at.End) {
			return permitHours
		}
	}
	if p.Longest > 0 && at.End.Sub(at.Start) > p.Longest {
		return permitLength
	}
	return ""
}

// granted are the permits in force for a vendor on a system, whatever their period.
func granted(all []Permit, vendor, system string) []Permit {
	return slices.DeleteFunc(slices.Clone(all), func(p Permit) bool {
		return p.State != PermitGranted || vendor == "" || p.Vendor != vendor || system == "" || p.System != system
	})
}

// permitBreach gives the part of the permits that the application lies outside of, and the permit that covers it if it lies within.
// Each occurrence needs one permit that covers all of it. Of several permits the one counts that comes nearest.
func (a *Application) permitBreach() (breach string, by Permit) {
	mine := granted(a.Permits, a.Request.Vendor, a.Request.System.ID)
	if len(mine) == 0 {
		return permitNone, by
	}
	order := []string{permitPeriod, permitRights, permitFiles, permitHours, permitLength, ""}
	w := permitWork{root: slices.ContainsFunc(a.Accounts, func(x Account) bool { return x.Root }), files: a.Request.Files == FilesAllowed, accounts: slices.Clone(a.UnknownAccounts)}
	for _, x := range a.Accounts {
		w.accounts = append(w.accounts, x.ID)
	}
	for _, at := range a.spans() {
		nearest := -1
		for i := range mine {
			if n := slices.Index(order, mine[i].outside(w, at, a.Calendar, a.Request.Emergency)); n > nearest {
				nearest, by = n, mine[i]
			}
		}
		if order[nearest] != "" {
			return order[nearest], by
		}
	}
	return "", by
}

// PermitForLonger gives the words' value of what a longer window would exceed; empty: nothing, or the institution asks for no permit.
func PermitForLonger(a Application, until time.Time) string {
	if !a.Institution.asksPermit() {
		return ""
	}
	start, _ := a.hull()
	a.Occurrences = []Span{{start, until}}
	breach, _ := a.permitBreach()
	return breach
}

// asksPermit tells whether work needs a standing permit.
func (i *Institution) asksPermit() bool { return i.Declared && i.StandingPermits }

// permitTerms are the times in which permits let the engineer of the grant work. asked is false if the institution asks for none. Hours
// and length were judged when the request was filed, approved, opened and permitted.
func permitTerms(f *Facts, g *Grant) (terms Terms, asked bool) {
	if !f.Institution.asksPermit() {
		return nil, false
	}
	w := permitWork{accounts: []string{g.Account}, root: f.Accounts[g.Account].Root, files: g.Files == FilesAllowed}
	var spans []Span
	for _, p := range granted(f.Permits, g.Vendor, g.Window.System) {
		if p.lacks(w) == "" && !p.Until.IsZero() {
			spans = append(spans, Span{p.From, p.Until})
		}
	}
	return NewTerms(spans...), true
}

// permitMissing names what stops the engineer of the grant; empty: nothing.
func permitMissing(f *Facts, g *Grant, now time.Time) string {
	terms, asked := permitTerms(f, g)
	if !asked {
		return ""
	}
	if _, holds := terms.At(now); holds {
		return ""
	}
	switch mine := granted(f.Permits, g.Vendor, g.Window.System); {
	case len(mine) == 0:
		return permitNone
	case slices.ContainsFunc(mine, func(p Permit) bool { return within(p.From, p.Until, now) }):
		return permitRights
	}
	return permitPeriod
}

// lookPermit checks that a standing permit covers the work, where the institution asks for one.
func lookPermit(a *Application, f *finding) {
	if !a.Institution.asksPermit() {
		return
	}
	breach, by := a.permitBreach()
	if breach == "" {
		f.fine(say("包括許可 %s %sまで", "standing permit %s: until %s", by.ID, lastDay(by.Until, a.Calendar.Zone)))
		return
	}
	f.bad(OutsidePermit, map[string]string{"item": breach}, with(wordOr("item", breach), "包括許可の範囲外です: %s", "outside the standing permit: %s"),
		Text{JA: "所管課から包括許可を申請してください", EN: "have the section apply for a standing permit"})
}

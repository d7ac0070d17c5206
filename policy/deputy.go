package policy

import (
	"slices"
	"time"
)

// acting reports whether the person is a known member of staff who is not locked. A person of a vendor decides nothing, whatever roles
// the registry gives them.
func acting(p *Person) bool {
	return p.ID != "" && p.Kind == Staff && p.Locked == nil && p.Vendor == ""
}

// heads reports whether the person is an approver of the section.
func heads(p *Person, section string) bool {
	return p.Has(Approver) && p.Section != "" && p.Section == section
}

// seconds reports whether the person may decide a second stage.
func seconds(p *Person) bool { return p.Has(SecondApprover) || p.Has(InformationSystems) }

// voice tells in which capacity a person speaks where head, deputy and second approver count alike. One's own right comes before a
// deputation. No one speaks for the barred.
func voice(p *Person, section string, ds []Deputation, now time.Time, barred func(string) bool) (role Role, behalf string, ok bool) {
	switch {
	case heads(p, section):
		return Approver, "", true
	case seconds(p):
		return SecondApprover, "", true
	}
	behalf = deputyFor(ds, p.ID, now, barred)
	return Approver, behalf, behalf != ""
}

// deputyFor finds the approver for whom the person may decide now; empty: none. Of several it gives the least id, so that the answer
// does not depend on the order of the facts. A deputy appointed by a barred person speaks for that person and does not count. A
// deputation without a known appointer does not count either.
func deputyFor(ds []Deputation, person string, now time.Time, barred func(string) bool) string {
	found := ""
	for i := range ds {
		d := &ds[i]
		if person == "" || d.Deputy != person || d.For == "" || d.For == person || !d.Holds(now) || barred(d.For) ||
			d.SetBy == "" || barred(d.SetBy) {
			continue
		}
		if found == "" || d.For < found {
			found = d.For
		}
	}
	return found
}

// standsFor tells whether deputy may decide for the person now.
func standsFor(ds []Deputation, deputy, person string, now time.Time) bool {
	return slices.ContainsFunc(ds, func(d Deputation) bool {
		return d.Deputy == deputy && d.For == person && person != "" && d.Holds(now)
	})
}

// actsForParty reports that the person stands in only for parties to the request, or was made deputy by a party to it. Such a decision
// would be the party's own approval.
func actsForParty(p *Person, r *Request, now time.Time) bool {
	return slices.ContainsFunc(r.Deputations, func(d Deputation) bool {
		return d.Deputy == p.ID && d.For != p.ID && d.Holds(now) && (r.party(d.For) || d.SetBy != "" && r.party(d.SetBy))
	})
}

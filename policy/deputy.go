package policy

import (
	"slices"
	"time"
)

// acting: staff of the institution, by name, not locked. Whoever belongs to a vendor decides nothing, whatever roles the
// register gives them.
func acting(p *Person) bool {
	return p.ID != "" && p.Kind == Staff && p.Locked == nil && p.Vendor == ""
}

// heads: an approver of the section.
func heads(p *Person, section string) bool {
	return p.Has(Approver) && p.Section != "" && p.Section == section
}

// seconds: who decides where a second approver does.
func seconds(p *Person) bool { return p.Has(SecondApprover) || p.Has(InformationSystems) }

// voice tells in which capacity a person speaks where head, deputy and second approver count alike. One's own right comes
// before a deputation. barred persons are not spoken for.
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

// deputyFor finds the approver for whom the person may decide now; empty: nobody. Of several the one with the least id, so
// that the answer does not depend on the order of the facts. Whom somebody barred appointed speaks with that somebody's voice: it
// does not count either, nor does a deputation of which nobody knows who set it.
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

// actsForParty: the only approvers whom the person could stand for are parties to the request themselves, or a party to it made the
// person deputy. Deciding in their stead would be their own approval by another hand.
func actsForParty(p *Person, r *Request, now time.Time) bool {
	return slices.ContainsFunc(r.Deputations, func(d Deputation) bool {
		return d.Deputy == p.ID && d.For != p.ID && d.Holds(now) && (r.party(d.For) || d.SetBy != "" && r.party(d.SetBy))
	})
}

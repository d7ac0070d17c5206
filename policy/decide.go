package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// defaultWaitingRoom is how early the waiting room opens where no setting says otherwise.
const defaultWaitingRoom = 15 * time.Minute

// Decide rules on one attempt: may this person do this now, and if not, why. RULES.md states
// the order of the checks and the reason for it. It looks at nothing but its arguments.
//
// For ActConnect with ConsentPending and ChannelAdmission an Allow means "admissible, ask for
// consent": Channels is empty then, and no channel may be opened on it. Every channel needs a
// decision of its own, with ConsentGiven.
func Decide(f Facts, a Attempt, now time.Time) Decision {
	if a.Person == "" || f.Person.ID != a.Person || !a.Key || !a.Factor {
		return deny(AuthFailed, nil)
	}
	if a.Act == ActConnect {
		if !keyActive(&f, a.Print) { // it proved somebody once, and does not any more
			return deny(AuthFailed, nil)
		}
		return decideConnect(&f, &a, now)
	}
	return decideStaff(&f, &a)
}

// decideConnect takes the stages that ask nothing of a grant, then chooses one.
func decideConnect(f *Facts, a *Attempt, now time.Time) Decision {
	if f.Person.Kind != Engineer {
		return deny(Forbidden, map[string]string{"role": "engineer"})
	}
	if r, args := lockedOut(f); r != "" {
		return deny(r, args)
	}
	if f.Runtime.Clock != ClockTrusted {
		return deny(ClockNotTrusted, nil)
	}
	if until := f.Runtime.MaintenanceUntil; now.Before(until) {
		d := deny(BrokerMaintenance, map[string]string{"time": sayTime(until, f.Zone)})
		d.From = until
		return d
	}
	if fr := freezeOf(f, "", false); fr != nil {
		return deny(Frozen, freezeArgs(f, fr))
	}
	if !sourceAllowed(&f.Person, a.Source) {
		source := ""
		if a.Source.IsValid() {
			source = a.Source.Unmap().String()
		}
		return deny(SourceNotAllowed, map[string]string{"source": source})
	}
	if r, args := unqualified(f, now); r != "" {
		return deny(r, args)
	}
	d := decideGrant(f, a, now)
	if a.Dropped && (d.Allow || d.Wait) {
		return Decision{Reason: FactorDropped, Grant: d.Grant}
	}
	if limit := f.connections(); (d.Allow || d.Wait) && max(a.Beside, ownLive(f, a)) >= limit {
		return Decision{Reason: OwnConnections, Args: map[string]string{"limit": count(limit)}, Grant: d.Grant}
	}
	return d
}

// keyActive tells that a key is one of the person's active ones. One that is not named is not.
func keyActive(f *Facts, print string) bool { return print != "" && slices.Contains(f.Keys, print) }

// DefaultConnections is how many connections one person may have at a time where no setting says otherwise. A tool that works on
// many targets at once opens one for each.
const DefaultConnections = 64

func (f *Facts) connections() int {
	if f.Connections <= 0 {
		return DefaultConnections
	}
	return f.Connections
}

// ownLive counts the person's sessions beside the one that asks.
func ownLive(f *Facts, a *Attempt) int {
	n := 0
	for i := range f.Live {
		if f.Live[i].Person == f.Person.ID && (a.Session == "" || f.Live[i].ID != a.Session) {
			n++
		}
	}
	return n
}

// lockedOut tells whether a person or vendor is stopped by name, or the prime contractor for whom the vendor works. One that
// is not in the facts is unknown, and so stopped. Why a prime contractor is locked is not for its subcontractor's people.
func lockedOut(f *Facts) (Reason, map[string]string) {
	if l := f.Person.Locked; l != nil {
		return EngineerLocked, map[string]string{"reason": l.Reason, "date": sayDate(l.Since, f.Zone)}
	}
	if f.Vendor.ID == "" || f.Vendor.ID != f.Person.Vendor {
		return VendorLocked, map[string]string{"reason": "unknown"}
	}
	if l := f.Vendor.Locked; l != nil {
		return VendorLocked, map[string]string{"reason": l.Reason}
	}
	switch {
	case f.Vendor.Prime == "":
	case f.Prime == nil || f.Prime.ID != f.Vendor.Prime:
		return VendorLocked, map[string]string{"reason": "prime-unknown"}
	case f.Prime.Locked != nil:
		return VendorLocked, map[string]string{"reason": "prime-locked"}
	}
	return "", nil
}

// unqualified checks what the vendor and the person must have on file: contract, pledge,
// certification, approval of a subcontract; and what the prime contractor must. A date that is missing never holds. What
// the institution asks for beyond the dates counts only where it declared so.
func unqualified(f *Facts, now time.Time) (Reason, map[string]string) {
	v, p := &f.Vendor, &f.Person.Pledge
	switch {
	case !within(v.ContractFrom, v.ContractUntil, now):
		return VendorLocked, map[string]string{"reason": "contract"}
	case f.Institution.clausesMissing(v):
		return VendorLocked, map[string]string{"reason": "special-clauses"}
	case !within(p.Signed, p.Until, now):
		return PledgeMissing, map[string]string{"date": sayDate(p.Until, f.Zone)}
	case f.Institution.copyMissing(p):
		return PledgeMissing, map[string]string{"date": "no-copy"}
	case !v.Qualified:
		item := v.Unmet
		if item == "" {
			item = "certification"
		}
		return QualificationUnmet, map[string]string{"item": item}
	case v.Prime != "" && !v.PrimeApproved, v.Prime != "" && !v.SubcontractUntil.IsZero() && !now.Before(v.SubcontractUntil):
		return QualificationUnmet, map[string]string{"item": "subcontract"}
	}
	for _, name := range f.Institution.required() {
		if _, ok := v.certified(name, now); !ok {
			return QualificationUnmet, map[string]string{"item": name}
		}
	}
	return primeUnqualified(f, now)
}

// primeUnqualified is unqualified for the prime contractor's papers, without which nobody answers for a subcontractor's work.
func primeUnqualified(f *Facts, now time.Time) (Reason, map[string]string) {
	p := f.Prime
	switch {
	case f.Vendor.Prime == "":
		return "", nil
	case p == nil:
		return VendorLocked, map[string]string{"reason": "prime-unknown"}
	case !within(p.ContractFrom, p.ContractUntil, now):
		return VendorLocked, map[string]string{"reason": "prime-contract"}
	case f.Institution.clausesMissing(p):
		return VendorLocked, map[string]string{"reason": "prime-special-clauses"}
	case !p.Qualified:
		return QualificationUnmet, map[string]string{"item": "prime-certification"}
	}
	for _, name := range f.Institution.required() {
		if _, ok := p.certified(name, now); !ok {
			return QualificationUnmet, map[string]string{"item": "prime-certification"}
		}
	}
	return "", nil
}

// within is the one half-open interval test: [from, until), both ends known.
func within(from, until, now time.Time) bool {
	return !from.IsZero() && !until.IsZero() && !now.Before(from) && now.Before(until)
}

// freezeOf finds the freeze that stops this person on the system, or, with no system named,
// on every system. A freeze of the prime contractor stops its subcontractors; a scope that is
// not known stops everything. The freeze of a drill stops windows of a drill only; a real one
// stops those too.
func freezeOf(f *Facts, system string, drill bool) *Freeze {
	for i := range f.Freezes {
		fr := &f.Freezes[i]
		if fr.Drill && !drill {
			continue
		}
		switch fr.Scope {
		case FreezeVendor:
			if fr.Subject == "" || fr.Subject == f.Vendor.ID || fr.Subject == f.Vendor.Prime {
				return fr
			}
		case FreezeSystem:
			if fr.Subject == "" || fr.Subject == system {
				return fr
			}
		default:
			return fr
		}
	}
	return nil
}

// freezeArgs names scope and subject, never the reason: that is for those who investigate.
func freezeArgs(f *Facts, fr *Freeze) map[string]string {
	args := map[string]string{"scope": string(fr.Scope)}
	switch fr.Scope {
	case FreezeVendor:
		args["subject"] = f.Vendor.Name
	case FreezeSystem:
		args["subject"] = f.Systems[fr.Subject].Name
	default:
		args["scope"] = string(FreezeAll)
	}
	return args
}

// sourceAllowed asks only where the person has registered sources.
func sourceAllowed(p *Person, source netip.Addr) bool {
	if len(p.Sources) == 0 {
		return true
	}
	source = source.Unmap().WithZone("")
	for _, prefix := range p.Sources {
		if prefix.Contains(source) {
			return true
		}
	}
	return false
}

func deny(r Reason, args map[string]string) Decision { return Decision{Reason: r, Args: args} }

func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }

func count(n int) string { return strconv.Itoa(n) }

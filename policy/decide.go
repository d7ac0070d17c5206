package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// defaultWaitingRoom is how early the waiting room opens if no setting says otherwise.
const defaultWaitingRoom = 15 * time.Minute

// Decide rules on one attempt: may this person do this now, and if not, why. RULES.md gives the order of the checks and its reason.
// Decide looks at nothing but its arguments.
//
// For ActConnect with ConsentPending and ChannelAdmission, Allow means "admissible, ask for consent": Channels is empty, and no
// channel may be opened. Every channel needs a decision of its own, with ConsentGiven.
func Decide(f Facts, a Attempt, now time.Time) Decision {
	if a.Person == "" || f.Person.ID != a.Person || !a.Key || !a.Factor {
		return deny(AuthFailed, nil)
	}
	if a.Act == ActConnect {
		if !keyActive(&f, a.Print) { // it was the person's key, and no longer is
			return deny(AuthFailed, nil)
		}
		return decideConnect(&f, &a, now)
	}
	return decideStaff(&f, &a)
}

// decideConnect runs the checks that need no grant, then chooses a grant.
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

// keyActive tells whether a key is one of the person's active keys. A key without a fingerprint is not.
func keyActive(f *Facts, print string) bool { return print != "" && slices.Contains(f.Keys, print) }

// DefaultConnections is how many connections one person may have at a time if no setting says otherwise. A tool that works on many
// targets at once opens one for each.
const DefaultConnections = 64

func (f *Facts) connections() int {
	if f.Connections <= 0 {
		return DefaultConnections
	}
	return f.Connections
}

// ownLive counts the person's sessions, without the one that asks.
func ownLive(f *Facts, a *Attempt) int {
	n := 0
	for i := range f.Live {
		if f.Live[i].Person == f.Person.ID && (a.Session == "" || f.Live[i].ID != a.Session) {
			n++
		}
	}
	return n
}

// lockedOut tells whether the person, the vendor or its prime contractor is locked. A person or vendor that is not in the facts is
// unknown and counts as locked. The subcontractor's people are not told why a prime contractor is locked.
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

// unqualified names the first paper of the vendor, the person or the prime contractor that does not hold at now.
func unqualified(f *Facts, now time.Time) (Reason, map[string]string) {
	for _, r := range f.requirements() {
		if _, holds := r.Terms.At(now); !holds {
			return r.Reason, r.args(f.Zone)
		}
	}
	return "", nil
}

func (f *Facts) requirements() []Requirement {
	return Requirements(&f.Vendor, f.Prime, &f.Person, &f.Institution)
}

// within is the one half-open interval test: [from, until), both ends known.
func within(from, until, now time.Time) bool {
	return !from.IsZero() && !until.IsZero() && !now.Before(from) && now.Before(until)
}

// freezeOf finds the freeze that stops this person on the system, or on every system if none is named. A freeze of the prime
// contractor stops its subcontractors. An unknown scope stops everything. A drill's freeze stops only windows of a drill; a real
// freeze stops those too.
func freezeOf(f *Facts, system string, drill bool) *Freeze {
	for i := range f.Freezes {
		fr := &f.Freezes[i]
		if fr.Drill && !drill {
			continue
		}
		switch fr.Scope {
		case FreezeVendor:
			if (fr.Subject == "" || fr.Subject == f.Vendor.ID || fr.Subject == f.Vendor.Prime) && (fr.System == "" || fr.System == system) {
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

// freezeArgs names scope and subject, but not the reason, which is for the investigators.
func freezeArgs(f *Facts, fr *Freeze) map[string]string {
	args := map[string]string{"scope": string(fr.Scope)}
	switch fr.Scope {
	case FreezeVendor:
		args["subject"] = f.Vendor.Name
		if fr.System != "" {
			args["subject"] += " / " + f.Systems[fr.System].Name
		}
	case FreezeSystem:
		args["subject"] = f.Systems[fr.Subject].Name
	default:
		args["scope"] = string(FreezeAll)
	}
	return args
}

// sourceAllowed checks the address only if the person has registered sources.
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

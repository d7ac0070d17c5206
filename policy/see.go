package policy

import "slices"

// Sight says which things of one kind a person may see. Lists are narrowed by it, and each thing is checked against it before it is
// shown, so a list and a page never differ. The zero value sees nothing.
type Sight struct {
	All      bool     // everything of that kind
	Sections []string // things that concern a system of one of these sections
	Vendor   string   // things that concern this vendor
	Subs     bool     // with Vendor: things of its subcontractors too
}

// Owner names the section and the vendors that a thing concerns. An unknown field is empty and matches no sight.
type Owner struct {
	Section string // the section that owns the system
	Vendor  string // the vendor that does the work, or that the paper is about
	Prime   string // the prime contractor of Vendor
}

// Sees reports whether a thing that concerns o is within the sight.
func (s Sight) Sees(o Owner) bool {
	return s.All ||
		o.Section != "" && slices.Contains(s.Sections, o.Section) ||
		s.Vendor != "" && (o.Vendor == s.Vendor || s.Subs && o.Prime == s.Vendor)
}

// Nothing reports whether the sight is empty. A list is empty then, without a query.
func (s Sight) Nothing() bool { return !s.All && len(s.Sections) == 0 && s.Vendor == "" }

// SeeRequests gives a person's sight of requests and of what follows from them: windows, wishes for more time, work reports,
// attendance records, plans in the calendar. standsInFor are the sections for whose approvers the person decides now. Engineers and
// contacts see the work of their vendor.
func SeeRequests(p Person, standsInFor []string) Sight {
	s := SeeRecords(p)
	switch {
	case p.Locked != nil:
	case p.Kind == Staff && !s.All:
		s.Sections = append(s.Sections, standsInFor...)
	case p.Kind == Engineer || p.Kind == Contact:
		s.Vendor = p.Vendor
	}
	return s
}

// SeeRecords gives a person's sight of what stays of work: recordings (the list, not the content), holds and reviews; and of a section's
// deputies and its times without work. Staff see those of their own section. The information-systems section, second approvers and auditors
// see all. People of a vendor see none.
func SeeRecords(p Person) Sight {
	switch {
	case p.Kind != Staff || p.Locked != nil:
		return Sight{}
	case p.Has(InformationSystems) || p.Has(SecondApprover) || p.Has(Auditor):
		return Sight{All: true}
	case p.Section == "":
		return Sight{}
	}
	return Sight{Sections: []string{p.Section}}
}

// SeeSessions gives a person's sight of sessions: that of records, and the sections for whose approvers the person decides now.
func SeeSessions(p Person, standsInFor []string) Sight {
	s := SeeRecords(p)
	if p.Kind == Staff && p.Locked == nil && !s.All {
		s.Sections = append(s.Sections, standsInFor...)
	}
	return s
}

// SeeLedger gives a person's sight of the connections in the ledger. own: only those of windows whose post the person has or had. A deputy
// sees what the approver sees there, for as long as the deputation runs (standsInFor).
func SeeLedger(p Person, standsInFor []string) (s Sight, own bool) {
	switch {
	case p.Kind != Staff || p.Locked != nil:
		return Sight{}, false
	case p.Has(Administrator):
		return Sight{All: true}, false
	case readLedger(&p, standsInFor).Allow:
		return SeeSessions(p, standsInFor), false
	case p.Has(Attendant):
		return SeeRecords(p), true
	}
	return Sight{}, false
}

// SeesEntry rules whether a person of that sight reads what an entry of the ledger says. about are the owners of the systems that the entry is
// about. Number, time and kind of an entry about other sections' systems alone are seen, so that the ledger shows no gap; its words are not.
func SeesEntry(s Sight, about []Owner) bool {
	return len(about) == 0 || slices.ContainsFunc(about, s.Sees)
}

// SeeDays gives a person's sight of the days whose sessions a section confirms: that of sessions.
func SeeDays(p Person, standsInFor []string) Sight { return SeeSessions(p, standsInFor) }

// SeePapers gives a person's sight of the papers on file, not of their copies. Staff see every vendor's papers; people of a vendor see
// their vendor's and its subcontractors'.
func SeePapers(p Person) Sight {
	switch {
	case p.Locked != nil:
		return Sight{}
	case p.Kind == Staff:
		return Sight{All: true}
	case p.Kind == Engineer || p.Kind == Contact:
		return Sight{Vendor: p.Vendor, Subs: true}
	}
	return Sight{}
}

// OpenPaper rules on opening the copy of a paper. Heads, second approvers, the information-systems section and auditors may, and say
// why (screens §2, L2).
func OpenPaper(p Person, purpose string) Decision {
	if p.Kind != Staff || p.Locked != nil || !slices.ContainsFunc([]Role{Approver, SecondApprover, InformationSystems, Auditor}, p.Has) {
		return deny(Forbidden, map[string]string{"role": string(Approver)})
	}
	if d := NeedPurpose(ActPlay, purpose); d != nil {
		return *d
	}
	return Decision{Allow: true}
}

// SeesWaiting reports whether a person who may look at a window also sees the people in its waiting room: its attendant does, and
// while there is none, each person who may become it.
func SeesWaiting(p Person, w Window) bool {
	return SeesCalls(p, w) || w.Attendant == "" && p.Has(Attendant)
}

// SeesCalls reports whether a person sees the telephone number for the identity check of a window: its attendant alone does.
func SeesCalls(p Person, w Window) bool { return p.ID != "" && w.Attendant == p.ID }

// SeesHeld reports whether a person sees the commands that wait in a window's sessions: the attendant at the post, who answers them, does.
func SeesHeld(p Person, w Window) bool { return p.ID != "" && w.Attendant == p.ID && w.Attended() }

// AlarmSight says which alarms a person sees: those for the desk of Section, and with Central those for the central desk. Open alarms
// are always those of one's own desks.
type AlarmSight struct {
	All     bool // those of all desks, if not only open ones are asked for
	Section string
	Central bool
}

// SeeAlarms gives a person's sight of alarms. Auditors see all, but answer only for their own desks.
func SeeAlarms(p Person) AlarmSight {
	if p.Kind != Staff || p.Locked != nil {
		return AlarmSight{}
	}
	return AlarmSight{All: p.Has(Auditor), Section: p.Section, Central: p.Has(InformationSystems)}
}

// SeesTargets tells whether a person sees what the broker found on targets: accounts, keys, rights, processes and connections there. A
// vendor's people do not.
func SeesTargets(p Person) bool { return p.Kind == Staff && p.Locked == nil }

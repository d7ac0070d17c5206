package policy

// The rules about acts beside requests, windows, stops and papers.

// MaySettleReport rules who may accept a work report or send it back: requesters, approvers and attendants of the section that owns the
// system.
func MaySettleReport(p Person, s System) Decision {
	if OfSection(p, s) && (p.Has(Requester) || p.Has(Approver) || p.Has(Attendant)) {
		return allow()
	}
	return forbid(Requester)
}

// MayReport rules who may write a work report: an engineer who was in one of the sessions (present), and contacts of their vendor, for
// any of its sessions.
func MayReport(p Person, present bool) Decision {
	if p.Kind == Contact || p.Kind == Engineer && present {
		return allow()
	}
	return deny(Forbidden, map[string]string{"role": "engineer"})
}

// MayAttest rules who confirms how a window was attended: its last attendant.
func MayAttest(p Person, w Window) Decision {
	if w.Attendant == "" || p.ID != w.Attendant {
		return forbid(Attendant)
	}
	return allow()
}

// MayRegister rules who may change the registry or people's credentials in the role that the act asks for.
func MayRegister(p Person, as Role) Decision { return oneOf(p, as) }

// SeesCalendar rules who may look at the calendar that sections share: staff.
func SeesCalendar(p Person) Decision { return MayPress(p) }

// MayFeedSection rules who may have a calendar feed of a section: its staff, and the information-systems section.
func MayFeedSection(p Person, section string) Decision {
	if p.Kind == Staff && p.Locked == nil && (p.Section == section || p.Has(InformationSystems)) {
		return allow()
	}
	return deny(Forbidden, map[string]string{"role": "section"})
}

// MayFeedOwn rules who may have a calendar feed of an engineer: that engineer.
func MayFeedOwn(p Person, engineer string) Decision {
	if p.Kind == Engineer && p.Locked == nil && p.ID == engineer {
		return allow()
	}
	return deny(Forbidden, map[string]string{"role": "section"})
}

// MayCloseFeed rules who may close a feed that maker made; section is empty for an engineer's. More people may close than make,
// because closing gives no one a right.
func MayCloseFeed(p Person, maker, section string) bool {
	return p.ID == maker || p.Kind == Staff && (p.Has(InformationSystems) || section != "" && p.Section == section)
}

// FitDeputy tells whether the person can be appointed to decide for an approver: staff of the same section, or another approver.
func FitDeputy(away, deputy Person) bool {
	return deputy.ID != "" && deputy.ID != away.ID && deputy.Locked == nil && (deputy.Section == away.Section || deputy.Has(Approver))
}

// Heads tells whether the person is an approver, for whom a deputy can decide.
func Heads(p Person) bool { return p.Has(Approver) }

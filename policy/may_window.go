package policy

import (
	"slices"
	"time"
)

// WindowFacts are the facts that the rules about windows look at.
type WindowFacts struct {
	Window   Window
	System   System
	Request  Request // as it reads now; its Attendant is the person whom it names to attend
	Approved bool    // finally, and as it reads now
	Closed   time.Time
	Overrode []string // person ids who let a check item of the window go on with a reason
	// The handover that is offered and not taken yet, as person ids. Empty: none.
	Offered, OfferedBy string
	From               string   // the attendant when it was offered
	Granted            []string // engineers with a grant on the window that may be used
	Zone               *time.Location
}

// Usable tells whether a window in the state may still be used.
func (s WindowState) Usable() bool {
	return s == WindowScheduled || s == WindowAttended || s == WindowPermitted
}

// Attended tells whether a person has the post of the window.
func (w Window) Attended() bool {
	return w.Attendant != "" && (w.State == WindowAttended || w.State == WindowPermitted)
}

// IsAttendant tells whether the person is an attendant of the section that owns the system.
func IsAttendant(p Person, s System) bool { return OfSection(p, s) && p.Has(Attendant) }

// MayAttend rules who may prepare and attend the window: staff of the owning section with the role who neither approved the request
// nor let a check item go. If the request names an attendant, only that one or the person who took the post over.
func MayAttend(p Person, f WindowFacts, now time.Time) Decision {
	if named := f.Request.Attendant; named != "" && named != p.ID && f.Window.Attendant != p.ID {
		return forbid(Attendant)
	}
	return MayTakeOver(p, f, now)
}

// MayTakeOver is MayAttend without the name in the request.
func MayTakeOver(p Person, f WindowFacts, _ time.Time) Decision {
	if !IsAttendant(p, f.System) {
		return forbid(Attendant)
	}
	switch {
	// Two people let work start without a backup, under any system's rule: one overrides, another attends.
	case slices.Contains(f.Overrode, p.ID),
		// A person who opened an emergency attends it under no system's rule (R22).
		slices.Contains(f.Request.Openers, p.ID),
		!f.System.ApproverMayAttend && f.Request.ApprovedBy(p.ID):
		return forbid("approver-not-attending")
	}
	return allow()
}

// ApprovedBy tells whether the person approved the request as it reads now, or opened it as an emergency. A decision by their deputy,
// or by a deputy whom they appointed, counts as theirs.
func (r Request) ApprovedBy(person string) bool {
	return slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By == person || a.OnBehalf == person || a.SetBy == person })
}

// MayOpen rules who may take the post.
func MayOpen(p Person, f WindowFacts, now time.Time) Decision {
	if !f.Approved {
		return f.changed()
	}
	return first(MayAttend(p, f, now), f.over(now), f.in(WindowScheduled))
}

// MayPermit rules who may permit the start: the attendant, who may still attend.
func MayPermit(p Person, f WindowFacts, now time.Time) Decision {
	if f.Window.State == WindowScheduled {
		return deny(AttendantAbsent, map[string]string{"request": f.Window.Request})
	}
	return first(f.in(WindowAttended), f.attendant(p), f.over(now), MayAttend(p, f, now))
}

// MayUnpermit rules who may take the permission back: the attendant, and those who may stop the work.
func MayUnpermit(p Person, f WindowFacts, now time.Time) Decision {
	return first(f.in(WindowPermitted), f.over(now), f.attendantOr(p, MayStop(p, f.System)))
}

// MayClose rules who may end an attended window in the ordinary way.
func MayClose(p Person, f WindowFacts, now time.Time) Decision {
	return first(f.in(WindowAttended, WindowPermitted), f.over(now), f.attendantOr(p, MayStop(p, f.System)))
}

// MayCut rules who may end a window by force: any attendant of the section too. After its end its sessions have ended, and each can
// still be cut by its number.
func MayCut(p Person, f WindowFacts, now time.Time) Decision {
	d := forbid(Attendant)
	if MayStop(p, f.System) || IsAttendant(p, f.System) {
		d = allow()
	}
	return first(f.usable(), f.over(now), d)
}

// MayCancel rules who may take a window back: those who may stop the work, the requester, and the attendant.
func MayCancel(p Person, f WindowFacts, now time.Time) Decision {
	d := forbid(Requester)
	if MayStop(p, f.System) || p.ID == f.Request.Requester || f.Window.Attendant != "" && f.Window.Attendant == p.ID {
		d = allow()
	}
	return first(f.closed(), f.over(now), d)
}

// MayIdentify rules who may state the result of the call to an engineer: the attendant.
func MayIdentify(p Person, f WindowFacts, _ time.Time) Decision {
	return first(f.attendant(p), f.in(WindowAttended, WindowPermitted))
}

// MayStateBackup rules who may state the backup, before the window's end.
func MayStateBackup(p Person, f WindowFacts, now time.Time) Decision {
	return first(MayAttend(p, f, now), f.usable(), f.over(now))
}

// MayPrepare rules whether the window may still be prepared, by any person: it was not shut, its request stands approved as it reads,
// and its end lies ahead.
func MayPrepare(f WindowFacts, now time.Time) Decision {
	d := f.usable()
	if d.Allow && !f.Approved {
		d = f.changed()
	}
	return first(d, f.over(now))
}

// MayOverride rules who may let work start although a check item is unmet: the section's approvers and the second approver. The
// attendant and the person named to attend may not, because they state what is overridden. The requester may not either, except of an
// emergency, whose requester is one of the two who opened it.
func MayOverride(p Person, f WindowFacts, now time.Time) Decision {
	d := forbid(Approver)
	party := p.ID == f.Window.Attendant || p.ID == f.Request.Attendant || p.ID == f.Request.Requester && !f.Request.Emergency
	if !party && p.Kind == Staff && (OfSection(p, f.System) && p.Has(Approver) || p.Has(SecondApprover)) {
		d = allow()
	}
	return first(d, f.usable(), f.over(now))
}

// MayHandOver rules who may offer the post to another: the attendant, or, while the attendant is away, an approver of the section.
func MayHandOver(p Person, f WindowFacts, now time.Time) Decision {
	d := f.attendantOr(p, OfSection(p, f.System) && p.Has(Approver))
	if d.Allow && !f.Window.Attended() {
		d = f.elsewhere()
	}
	return first(d, f.over(now))
}

// MayTakeOffered rules whether the person to whom the post is offered may still take it. Callers ask it about no other person.
func MayTakeOffered(p Person, f WindowFacts, now time.Time) Decision {
	if f.Offered != p.ID {
		return allow()
	}
	if !f.Window.Attended() || f.Window.Attendant != f.From {
		return f.elsewhere()
	}
	return first(f.over(now), MayTakeOver(p, f, now))
}

// MayStay rules whether a heartbeat counts: only that of the attendant at the post does. It looks at the window alone.
func MayStay(p Person, f WindowFacts, now time.Time) Decision {
	if f.Window.Attendant != p.ID && f.Window.State.Usable() {
		return forbid(Attendant)
	}
	if !f.Window.Attended() {
		return f.elsewhere()
	}
	return f.over(now)
}

// MayAskExtension rules who may ask for a later end: engineers whom the window's grants name, contacts of their vendor, and staff of
// the section; from the window's start on.
func MayAskExtension(p Person, f WindowFacts, now time.Time) Decision {
	ok := false
	switch p.Kind {
	case Staff:
		ok = OfSection(p, f.System) && (p.Has(Requester) || p.Has(Attendant) || p.Has(Approver))
	case Contact:
		ok = p.Vendor != "" && p.Vendor == f.Request.Vendor
	case Engineer:
		ok = slices.Contains(f.Granted, p.ID)
	}
	switch d := MayChangeEnd(p, f, now); {
	case !d.Allow:
		return d
	case !ok:
		return forbid("engineer")
	case now.Before(f.Window.Start):
		return deny(TooEarly, map[string]string{"request": f.Window.Request, "time": f.at(f.Window.Start)})
	}
	return allow()
}

// MayChangeEnd rules whether the window's end may still be moved, by any person. Its end is exclusive.
func MayChangeEnd(_ Person, f WindowFacts, now time.Time) Decision {
	switch {
	case !f.Window.State.Usable() || !now.Before(f.Window.End):
		return f.overAt(f.Window.End)
	case !f.Approved:
		return f.changed()
	}
	return allow()
}

// first gives the first denial, and allows if there is none.
func first(all ...Decision) Decision {
	for _, d := range all {
		if !d.Allow {
			return d
		}
	}
	return allow()
}

// over refuses acts that are possible only before the window's end.
func (f WindowFacts) over(now time.Time) Decision {
	if now.Before(f.Window.End) {
		return allow()
	}
	return f.overAt(f.Window.End)
}

func (f WindowFacts) overAt(end time.Time) Decision {
	return deny(WindowOver, map[string]string{"request": f.Window.Request, "time": f.at(end)})
}

func (f WindowFacts) at(t time.Time) string {
	zone := f.Zone
	if zone == nil {
		zone = defaultZone()
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

// in refuses unless the window is in one of the states.
func (f WindowFacts) in(states ...WindowState) Decision {
	if slices.Contains(states, f.Window.State) {
		return allow()
	}
	return f.elsewhere()
}

func (f WindowFacts) usable() Decision {
	return f.in(WindowScheduled, WindowAttended, WindowPermitted)
}

// closed refuses if a person ended the window.
func (f WindowFacts) closed() Decision {
	if f.Window.State.Usable() {
		return allow()
	}
	return f.overAt(f.Closed)
}

// elsewhere refuses with the window's state, for an act that does not fit it.
func (f WindowFacts) elsewhere() Decision {
	switch f.Window.State {
	case WindowClosed, WindowCut, WindowCancelled:
		return f.overAt(f.Closed)
	}
	return deny(StalePage, map[string]string{"request": f.Window.Request})
}

func (f WindowFacts) changed() Decision {
	return deny(RequestChanged, map[string]string{"request": f.Window.Request})
}

func (f WindowFacts) attendant(p Person) Decision { return f.attendantOr(p, false) }

func (f WindowFacts) attendantOr(p Person, other bool) Decision {
	if other || f.Window.Attendant == p.ID {
		return allow()
	}
	return forbid(Attendant)
}

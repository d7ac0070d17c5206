package policy

import (
	"slices"
	"time"
)

// ruling is what one grant says to an attempt, without the words: the words are made only for
// the grant that decides, because a person may have thousands.
type ruling struct {
	reason Reason // empty: allows
	wait   bool
	from   time.Time
	// What the words need.
	freeze *Freeze
	live   *LiveSession
	follow *FollowUp
}

// judge rules on one grant of the person, for a system that is known.
func judge(f *Facts, a *Attempt, g *Grant, s *System, now time.Time) ruling {
	if fr := freezeOf(f, s.ID, g.Window.Drill); fr != nil {
		return ruling{reason: Frozen, freeze: fr}
	}
	if r := approvalOf(g); r != "" {
		return ruling{reason: r}
	}
	if r := windowOf(f, g, now); r.reason != "" {
		return r
	}
	if r := occupied(f, a, g, s); r.reason != "" {
		return r
	}
	if u := followUpOf(f, g, s, now); u != nil {
		return ruling{reason: FollowUpMissing, follow: u}
	}
	switch {
	case !startPermitted(f, &g.Window, s), presenceOf(&g.Window, s, now) != present:
		return ruling{reason: AttendantAbsent, wait: true}
	case !backedUp(&g.Window, s, now):
		return ruling{reason: BackupTooOld, wait: true}
	case s.Line != LineNone && f.Runtime.Line != LineSeparated:
		return ruling{reason: InterlockNotReady}
	case f.Runtime.Recorder != RecorderReady:
		return ruling{reason: RecordingUnavailable}
	case a.Consent == ConsentPending && a.Channel == ChannelAdmission:
		return ruling{}
	case a.Consent != ConsentGiven:
		return ruling{reason: ConsentRefused}
	case a.Channel != ChannelAdmission && !opens(g, a.Channel):
		return ruling{reason: FeatureNotGranted}
	}
	return ruling{}
}

// approvalOf tells what is missing of a final approval that covers the request as it reads
// now. Empty: nothing.
func approvalOf(g *Grant) Reason {
	edited := g.ApprovedVersion != g.RequestVersion
	switch {
	case g.RequestState == RequestRejected:
		return RequestWasRejected
	case g.State == GrantVoid, edited && (g.ApprovedVersion != 0 || g.RequestState.Final()):
		return RequestChanged
	case g.State == GrantRevoked, g.RequestState == RequestRevoked, g.RequestState == RequestWithdrawn:
		return GrantWasRevoked
	case g.State != GrantActive:
		return NoGrant
	}
	switch g.RequestState {
	case EmergencyOpen, FollowUpDue:
		if !g.Window.Emergency { // two people may open an emergency window, nothing else
			return NoGrant
		}
		fallthrough
	case RequestApproved, RequestConditional, ReportDue:
		if g.ApprovedVersion <= 0 {
			return NotYetApproved
		}
		return ""
	case RequestProposed, RequestDraft, PendingFirst, PendingSecond, RequestReturned, EmergencyAsked:
		return NotYetApproved
	case RequestLapsed, RequestClosed:
		return WindowOver
	}
	return NoGrant
}

// windowOf places now in the window: over, shut by a person, too early, or (empty) inside.
func windowOf(f *Facts, g *Grant, now time.Time) ruling {
	w := &g.Window
	if w.ID == "" || w.Start.IsZero() || !w.Start.Before(w.End) {
		return ruling{reason: NoGrant}
	}
	if !now.Before(w.end()) {
		return ruling{reason: WindowOver}
	}
	switch w.State {
	case WindowScheduled, WindowAttended, WindowPermitted:
	case WindowClosed:
		return ruling{reason: WindowOver}
	default: // cut, cancelled, and whatever is not known
		return ruling{reason: GrantWasRevoked}
	}
	if now.Before(w.Start) {
		room := w.Start.Add(-waitingRoom(f))
		if now.Before(room) {
			return ruling{reason: TooEarly, from: room}
		}
		return ruling{reason: TooEarly, wait: true, from: w.Start}
	}
	return ruling{}
}

func waitingRoom(f *Facts) time.Duration {
	if f.WaitingRoom <= 0 {
		return defaultWaitingRoom
	}
	return f.WaitingRoom
}

// occupied looks for others at work: on another window of an exclusive system, or more
// persons on this window than it takes. The caller's own sessions never stand in its way.
func occupied(f *Facts, a *Attempt, g *Grant, s *System) ruling {
	limit := max(g.PersonLimit, 1)
	others := 0
	for i := range f.Live {
		l := &f.Live[i]
		if a.Session != "" && l.ID == a.Session {
			continue
		}
		if l.Window != g.Window.ID {
			if s.Exclusive && l.System == s.ID {
				return ruling{reason: SystemInUse, live: l, from: l.Until}
			}
			continue
		}
		if l.Person != f.Person.ID && firstOfPerson(f.Live[:i], l) {
			others++
		}
	}
	if others >= limit {
		return ruling{reason: ConcurrentLimit}
	}
	return ruling{}
}

// firstOfPerson tells that none of the earlier sessions is the same person's on the window.
func firstOfPerson(earlier []LiveSession, l *LiveSession) bool {
	for i := range earlier {
		if earlier[i].Window == l.Window && earlier[i].Person == l.Person {
			return false
		}
	}
	return true
}

// startPermitted tells whether somebody of the institution lets the work begin. Where the system asks for
// no identity check the permission is given with the post, and is stored like any other: a rule that is dropped afterwards
// makes no permission of a post that was taken without one. A system whose rule is not
// known needs an attendant; one that checks identity needs the permission whatever its rule. Whoever has the post answers for
// the work, also where nobody need have it: while they are locked there is no work, until somebody else takes the post over.
func startPermitted(f *Facts, w *Window, s *System) bool {
	if w.Attendant != "" && slices.Contains(f.LockedStaff, w.Attendant) {
		return false
	}
	rule := attendance(s)
	if rule == AttendanceNone && !s.IdentityCheck {
		return true
	}
	if w.Attendant == "" && rule != AttendanceNone {
		return false
	}
	return w.State == WindowPermitted
}

// channelsOf lists what a grant opens.
func channelsOf(g *Grant) []ChannelKind {
	if g.Files == FilesAllowed {
		return []ChannelKind{ChannelShell, ChannelExec, ChannelSFTP, ChannelCopy}
	}
	return []ChannelKind{ChannelShell, ChannelExec}
}

// opens is channelsOf without the slice. Forwards, the agent and X11 are never opened here.
func opens(g *Grant, kind ChannelKind) bool {
	switch kind {
	case ChannelShell, ChannelExec:
		return true
	case ChannelSFTP, ChannelCopy:
		return g.Files == FilesAllowed
	}
	return false
}

// deadline is the instant from which not a byte passes: the window's end, or that of a paper
// that must hold, whichever comes first. It is asked only where the papers hold now.
func deadline(f *Facts, g *Grant, now time.Time) time.Time {
	until := g.Window.end()
	sooner := func(t time.Time) {
		if t.Before(until) {
			until = t
		}
	}
	sooner(f.Person.Pledge.Until)
	sooner(f.Vendor.ContractUntil)
	if f.Vendor.Prime != "" && !f.Vendor.SubcontractUntil.IsZero() {
		sooner(f.Vendor.SubcontractUntil)
	}
	for _, name := range f.Institution.required() {
		held, _ := f.Vendor.certified(name, now)
		sooner(held)
	}
	if f.Vendor.Prime == "" || f.Prime == nil {
		return until
	}
	sooner(f.Prime.ContractUntil)
	for _, name := range f.Institution.required() {
		held, _ := f.Prime.certified(name, now)
		sooner(held)
	}
	return until
}

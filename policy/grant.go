package policy

import (
	"slices"
	"time"
)

// ruling is the answer of one grant to an attempt, without words. Words are made only for the grant that decides, because a person may
// have thousands.
type ruling struct {
	reason Reason // empty: allows
	wait   bool
	from   time.Time
	// Arguments of the words.
	freeze *Freeze
	live   *LiveSession
	follow *FollowUp
	word   string // the part of the standing permits, the day of the roster statement
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
	if breach := permitMissing(f, g, now); breach != "" {
		return ruling{reason: OutsidePermit, word: breach}
	}
	if due := rosterStop(f, g, now); due != "" {
		return ruling{reason: RosterOverdue, word: due}
	}
	switch {
	case !startPermitted(f, &g.Window, s), presenceOf(&g.Window, s, now) != present:
		return ruling{reason: AttendantAbsent, wait: true}
	case !backedUp(&g.Window, s, now):
		return ruling{reason: BackupTooOld, wait: true}
	case !f.Runtime.apart(s):
		return ruling{reason: InterlockNotReady}
	case f.Runtime.Recorder != RecorderReady:
		return ruling{reason: RecordingUnavailable}
	case a.Consent == ConsentPending && a.Channel == ChannelAdmission:
		return ruling{}
	case a.Consent != ConsentGiven:
		return ruling{reason: ConsentRefused}
	case a.Channel != ChannelAdmission && !opens(f, g, s, a):
		return ruling{reason: FeatureNotGranted}
	}
	return ruling{}
}

// approvalOf tells why a grant has no final approval that covers the request as it reads now. Empty: it has one.
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

// windowOf tells where now lies: after the window, in one shut by a person, too early, or (empty) inside.
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
	default: // cut, cancelled, and every unknown state
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

// occupied looks for others at work: on another window of an exclusive system, or more persons on this window than it takes. The
// caller's own sessions never count.
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

// firstOfPerson reports that none of the earlier sessions on the window is the same person's.
func firstOfPerson(earlier []LiveSession, l *LiveSession) bool {
	for i := range earlier {
		if earlier[i].Window == l.Window && earlier[i].Person == l.Person {
			return false
		}
	}
	return true
}

// startPermitted tells whether the institution lets the work begin. If the system asks for no identity check, the permission is given
// when the post is taken, and stored like any other: dropping the check later permits nothing on a post taken before. A system with an
// unknown rule needs an attendant. One that checks identity needs the permission under every rule. The attendant answers for the work,
// also where none is required: while the attendant is locked no one may work, until another person takes the post over.
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

// channelsOf lists the channels that a grant opens on its system. Which command and which destination is asked for with each channel.
func channelsOf(g *Grant, s *System) []ChannelKind {
	var open []ChannelKind
	for _, kind := range [...]ChannelKind{ChannelShell, ChannelExec, ChannelSFTP, ChannelCopy, ChannelForward} {
		if opensKind(g, s, kind) {
			open = append(open, kind)
		}
	}
	return open
}

// opens rules on a channel as it is asked for. The agent and X11 are never opened.
func opens(f *Facts, g *Grant, s *System, a *Attempt) bool {
	if !opensKind(g, s, a.Channel) {
		return false
	}
	switch a.Channel {
	case ChannelForward:
		return forwards(f, g, a.To)
	case ChannelShell, ChannelExec:
		return opensCommand(g, s, a.Channel, a.Command)
	case ChannelSFTP, ChannelCopy:
		return opensTransfer(g, s, a.Channel, a.Command)
	}
	return true
}

// opensKind rules on a kind of channel.
func opensKind(g *Grant, s *System, kind ChannelKind) bool {
	switch kind {
	case ChannelForward:
		return len(g.Forwards) > 0
	case ChannelShell:
		return (!bounded(g, s) || g.Forced != "") && shellPermitted(g, s)
	case ChannelExec:
		return shellPermitted(g, s)
	case ChannelSFTP, ChannelCopy:
		return g.Files == FilesAllowed && g.Forced == ""
	}
	return false
}

// shellPermitted asks deny_shell, which takes away what could carry files.
func shellPermitted(g *Grant, s *System) bool {
	return !s.DenyShell || !DeniesShell(FilesOf(g, s), s)
}

// deadline is the instant from which not a byte passes: the window's end, or the end of a required paper, whichever is earlier. It is
// called only while the papers hold.
func deadline(f *Facts, g *Grant, now time.Time) time.Time {
	until := g.Window.end()
	for _, r := range f.requirements() {
		if ends, _ := r.Terms.At(now); !ends.IsZero() && ends.Before(until) {
			until = ends
		}
	}
	if terms, asked := permitTerms(f, g); asked {
		if ends, _ := terms.At(now); !ends.IsZero() && ends.Before(until) {
			until = ends
		}
	}
	return until
}

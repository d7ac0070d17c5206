package policy

import (
	"strings"
	"time"
)

// defaultIdle is how long a session may be idle if the system says nothing.
const defaultIdle = 15 * time.Minute

// IdleLimit is how long a session on the system may be idle.
func IdleLimit(s System) time.Duration {
	if s.Idle > 0 {
		return s.Idle
	}
	return defaultIdle
}

// Recheck rules whether a session under way may go on. It is asked after every committed change, every few seconds, and at Until. It
// ends a session that it does not know.
func Recheck(f Facts, r Running, now time.Time) Verdict {
	if reason, args := stopped(&f, &r); reason != "" {
		return Verdict{Reason: reason, Args: args}
	}
	g, s := grantOf(&f, &r)
	if g == nil {
		return Verdict{Reason: GrantRevokedLive, Args: map[string]string{"role": "section"}}
	}
	if fr := freezeOf(&f, s.ID, g.Window.Drill); fr != nil {
		return Verdict{Reason: CutByFreeze, Args: freezeArgs(&f, fr)}
	}
	if reason, args := withdrawn(&f, g, now); reason != "" {
		return Verdict{Reason: reason, Args: args}
	}
	if what := lapsedOf(&f, now); what != "" {
		return Verdict{Reason: Lapsed, Args: map[string]string{"what": what}}
	}
	if permitMissing(&f, g, now) != "" {
		return Verdict{Reason: Lapsed, Args: map[string]string{"what": "permit"}}
	}
	idle := IdleLimit(s)
	heard := presenceOf(&g.Window, &s, now)
	pause := pauseOf(&r, heard)
	switch {
	case !startPermitted(&f, &g.Window, &s), heard == lost:
		return Verdict{Reason: AttendantLost}
	case f.Runtime.Recorder != RecorderReady:
		return Verdict{Reason: RecordingFailed}
	case !f.Runtime.apart(&s):
		return Verdict{Reason: InterlockLost}
	case r.LastInput.IsZero() || pause == "" && !now.Before(r.LastInput.Add(idle)): // an engineer whose input is held back cannot type
		return Verdict{Reason: IdleTimeout, Args: map[string]string{"minutes": minutes(idle)}}
	}
	until := deadline(&f, g, now)
	next := earliest{after: now, found: until}
	presenceChanges(&next, &g.Window, &s)
	return Verdict{Keep: true, Pause: pause, Until: until, Next: next.found}
}

// pauseOf gives the cause of a pause. A person's pause comes before a missed heartbeat.
func pauseOf(r *Running, heard presence) PauseCause {
	switch {
	case r.Paused:
		return PausedByAttendant
	case heard != present:
		return PausedUnattended
	}
	return ""
}

// stopped checks person, vendor, key, freeze of everything or of the vendor, clock, source.
func stopped(f *Facts, r *Running) (Reason, map[string]string) {
	if r.Session == "" || r.Person == "" || f.Person.ID != r.Person || f.Person.Kind != Engineer {
		return Locked, map[string]string{"who": "engineer", "reason": "unknown"}
	}
	if reason, args := lockedOut(f); reason == EngineerLocked {
		return Locked, map[string]string{"who": "engineer", "reason": args["reason"]}
	} else if reason != "" {
		return Locked, map[string]string{"who": "vendor", "reason": args["reason"]}
	}
	if !keyActive(f, r.Print) {
		return CutByAuthority, map[string]string{"reason": "the key was revoked or suspended"}
	}
	if fr := freezeOf(f, "", false); fr != nil {
		return CutByFreeze, freezeArgs(f, fr)
	}
	if f.Runtime.Clock != ClockTrusted {
		return ClockNotTrusted, nil
	}
	if !sourceAllowed(&f.Person, r.Source) {
		return SourceNotAllowed, map[string]string{"source": r.Source.String()}
	}
	return "", nil
}

// grantOf finds the session's grant and its system; nil if the grant is gone or no longer names the session's target and account.
func grantOf(f *Facts, r *Running) (*Grant, System) {
	for i := range f.Grants {
		g := &f.Grants[i]
		if g.ID != r.Grant || g.Target != r.Target {
			continue
		}
		if s, login, ok := placeOf(f, g); ok && r.Account != "" && login == r.Account {
			return g, s
		}
	}
	return nil, System{}
}

// withdrawn checks the approval, the window's state and the window's interval, in this order, so that a close or cut at the last
// moment keeps its own name.
func withdrawn(f *Facts, g *Grant, now time.Time) (Reason, map[string]string) {
	w := &g.Window
	switch {
	case w.State == WindowCut:
		return CutByAttendant, map[string]string{"reason": w.Reason}
	case w.State == WindowClosed:
		return WindowWasClosed, map[string]string{"reason": w.Reason}
	case w.State == WindowCancelled || approvalOf(g) != "":
		return GrantRevokedLive, map[string]string{"role": "section", "reason": revokedWhy(g)}
	}
	switch r := windowOf(f, g, now); r.reason {
	case "":
		return "", nil
	case WindowOver:
		return WindowEnded, map[string]string{"time": sayTime(w.end(), f.Zone)}
	case TooEarly: // it began inside the window: the clock ran back
		return ClockNotTrusted, nil
	}
	return GrantRevokedLive, map[string]string{"role": "section", "reason": revokedWhy(g)}
}

// lapsedOf names the paper that ran out; empty: none.
func lapsedOf(f *Facts, now time.Time) string {
	switch r, args := unqualified(f, now); r {
	case "":
		return ""
	case VendorLocked:
		if strings.HasPrefix(args["reason"], "prime-") {
			return "prime-contract"
		}
		return "contract"
	case PledgeMissing:
		return "pledge"
	default:
		return args["item"]
	}
}

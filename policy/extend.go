package policy

import (
	"slices"
	"time"
)

// Extension is what somebody asks for beyond the window's end.
type Extension struct {
	By      time.Duration
	Granted time.Duration // by attendants so far, on this window
	Limit   time.Duration // that attendants may grant in all: System.Delegated, or what a condition left of it
	AskedBy string        // person id
	// Requester owns the request: nobody approves their own, so beyond what is delegated somebody else must grant it too.
	Requester string
	Frozen    bool // a freeze covers the request: nothing is approved then
	// SecondMissing: the longer window would have needed a second approver, whom the request did not have.
	SecondMissing bool
	// Approvals are those of the request as it reads now: where a second approver is missing, that is somebody beside these.
	Approvals []Approval
	// Deputations are those of the owning section's approvers.
	Deputations []Deputation
}

// ExtensionOverLimit stands under "why" in the arguments of a denial to an attendant who may not extend by so much; the
// minutes they may extend by in all stand under "minutes". It is no reason of its own: the head may still grant it.
const ExtensionOverLimit = "extension-over-limit"

// OverLimit is what is said of it (screens §4). limit is Extension.Limit.
func OverLimit(limit time.Duration) Text {
	return say("立会者が延長できるのは%s分までです。課長の承認が必要です。", "Attendant may add %s min at most; head must approve.", minutes(max(limit, 0)))
}

// Longest is how long the window may become: as long as a request may ask for, and what is delegated. An emergency has its own limit.
func (e Extension) Longest(w Window, s System) time.Duration {
	if w.Emergency {
		return LongestEmergency
	}
	return s.Longest() + max(e.Limit, 0)
}

// CanExtend rules whether the person may grant the extension: the window's attendant within what is left of the delegated
// limit; beyond it the head of the owning section, a deputy, or a second approver. What approvers of the request could not have granted,
// none of them grants afterwards: nothing makes a window longer than Extension.Longest, and where the longer one needs a second approver whom
// the request did not have, only a second approver makes it longer, who is not the first. Never who asked for it, and nobody once
// the window is over or while a freeze covers it. Decision.Role tells in which capacity: what attendants grant counts against their limit.
func CanExtend(p Person, w Window, s System, e Extension, now time.Time) Decision {
	with := func(role string) map[string]string { return map[string]string{"request": w.Request, "role": role} }
	switch {
	case !acting(&p) || s.ID == "" || s.ID != w.System:
		return deny(Forbidden, with("extension"))
	case e.AskedBy == "" || e.AskedBy == p.ID:
		return deny(SelfApproval, map[string]string{"request": w.Request})
	case w.ID == "" || w.Start.IsZero() || !w.Start.Before(w.End):
		return deny(NoGrant, nil)
	case w.State == WindowClosed:
		return deny(WindowOver, map[string]string{"request": w.Request, "time": "closed"})
	case w.State != WindowScheduled && w.State != WindowAttended && w.State != WindowPermitted:
		return deny(GrantWasRevoked, map[string]string{"request": w.Request, "role": "section", "reason": w.Reason})
	case !now.Before(w.end()):
		return deny(WindowOver, map[string]string{"request": w.Request, "time": sayTime(w.end(), nil)})
	case e.By <= 0:
		return deny(FeatureNotGranted, map[string]string{"request": w.Request, "feature": "extension"})
	case e.Frozen:
		return deny(Frozen, map[string]string{"request": w.Request, "scope": string(FreezeSystem), "subject": s.Name})
	case e.By > e.Longest(w, s)-w.End.Sub(w.Start):
		feature := "extension-length"
		if w.Emergency {
			feature = "emergency-length"
		}
		return deny(FeatureNotGranted, map[string]string{"request": w.Request, "feature": feature})
	}
	attends := w.Attendant == p.ID
	within := e.By <= e.Limit-max(e.Granted, 0)
	switch {
	case e.SecondMissing:
		return extendsSecond(&p, &w, &s, &e, now)
	case attends && within:
		return Decision{Allow: true, Role: Attendant, Until: w.End.Add(e.By)}
	case attends && !s.ApproverMayAttend:
		return overLimit(&w, &e)
	}
	role, behalf, ok := voice(&p, s.Section, e.Deputations, now, e.barred(&w, &s))
	switch {
	case ok && p.ID == e.Requester:
		return deny(SelfApproval, map[string]string{"request": w.Request})
	case ok:
		return Decision{Allow: true, Role: role, OnBehalf: behalf, Until: w.End.Add(e.By)}
	case attends:
		return overLimit(&w, &e)
	}
	return deny(Forbidden, with("extension"))
}

// extendsSecond rules where the longer window needs the second approver that the request did not have: whoever may decide a second
// stage, and did not decide the first, however much of a head they are besides. Everybody else who may grant extensions is told who it takes.
func extendsSecond(p *Person, w *Window, s *System, e *Extension, now time.Time) Decision {
	with := func(role string) map[string]string { return map[string]string{"request": w.Request, "role": role} }
	_, _, ok := voice(p, s.Section, e.Deputations, now, e.barred(w, s))
	attends := w.Attendant == p.ID
	switch {
	case attends && !s.ApproverMayAttend:
		return deny(Forbidden, with("extension-second"))
	case ok && p.ID == e.Requester:
		return deny(SelfApproval, map[string]string{"request": w.Request})
	case seconds(p) && slices.ContainsFunc(e.Approvals, func(a Approval) bool { return a.speaksFor(p.ID) }):
		return deny(SameSecondApprover, map[string]string{"request": w.Request})
	case seconds(p):
		return Decision{Allow: true, Role: SecondApprover, Until: w.End.Add(e.By)}
	case ok || attends:
		return deny(Forbidden, with("extension-second"))
	}
	return deny(Forbidden, with("extension"))
}

// barred are those in whose stead nobody grants the extension.
func (e *Extension) barred(w *Window, s *System) func(string) bool {
	return func(of string) bool {
		return of == e.AskedBy || of == e.Requester || of == w.Attendant && !s.ApproverMayAttend
	}
}

func overLimit(w *Window, e *Extension) Decision {
	return deny(Forbidden, map[string]string{"request": w.Request, "role": "extension-head", "why": ExtensionOverLimit, "minutes": minutes(max(e.Limit, 0))})
}

// SecondNeeded lists the rules by which the request needs a second approver. Empty: one approval is enough. A
// root-equivalent account and visible individual numbers always need one.
func SecondNeeded(r Request) []SecondRule {
	var why []SecondRule
	if r.System.SecondStage {
		why = append(why, SecondAlways)
	}
	for _, rule := range []struct {
		rule          SecondRule
		applies, sure bool
	}{
		{SecondPersonalData, r.PersonalData || r.System.PersonalData, false},
		{SecondIndividualNumber, r.IndividualNumber, true},
		{SecondRoot, r.Root, true},
		{SecondFiles, r.Files != FilesNone && r.Files != "", false},
		{SecondOutsideHours, r.OutsideHours, false},
		{SecondUrgent, r.Urgent, false},
		{SecondRecurring, r.Recurring, false},
	} {
		if rule.applies && (rule.sure || slices.Contains(r.System.SecondWhen, rule.rule)) {
			why = append(why, rule.rule)
		}
	}
	return why
}

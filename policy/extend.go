package policy

import (
	"slices"
	"time"
)

// Extension is a wish for time beyond the window's end.
type Extension struct {
	By      time.Duration
	Granted time.Duration // by attendants so far, on this window
	Limit   time.Duration // the most that attendants may grant in all: System.Delegated, or less by a condition
	AskedBy string        // person id
	// Requester owns the request. No one approves their own request, so beyond the delegated time another person must grant it.
	Requester string
	Frozen    bool // a freeze covers the request, so nothing is approved
	// Outside is the part of the standing permits that the longer window would exceed (PermitForLonger); empty: none.
	Outside string
	// SecondMissing: the longer window would have needed a second approver, and the request had none.
	SecondMissing bool
	// Approvals are those of the request as it reads now. If a second approver is missing, it must be a person who is not among these.
	Approvals []Approval
	// Deputations are those of the owning section's approvers.
	Deputations []Deputation
}

// ExtensionOverLimit stands under "why" in the arguments when an attendant may not extend by so much; "minutes" has the minutes they
// may extend by in all. It is not a reason of its own, because the head may still grant the extension.
const ExtensionOverLimit = "extension-over-limit"

// OverLimit is the text for an attendant over the limit (screens §4). limit is Extension.Limit.
func OverLimit(limit time.Duration) Text {
	return say("立会者が延長できるのは%s分までです。課長の承認が必要です。", "Attendant may add %s min at most; head must approve.", minutes(max(limit, 0)))
}

// Longest is how long the window may become: the longest that a request may ask for, plus the delegated time. An emergency has its own
// limit.
func (e Extension) Longest(w Window, s System) time.Duration {
	if w.Emergency {
		return LongestEmergency
	}
	return s.Longest() + max(e.Limit, 0)
}

// CanExtend rules whether the person may grant the extension. The window's attendant may, within the rest of the delegated limit.
// Beyond it the head of the owning section, a deputy or a second approver may. Nothing makes a window longer than Extension.Longest.
// If the longer window needs a second approver and the request had none, only a second approver who did not decide the first stage may
// grant it. The person who asked for it may never grant it; and no one may once the window is over or while a freeze covers it.
// Decision.Role is the capacity in which the person grants: attendants' grants count against their limit.
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
	case e.Outside != "":
		return deny(OutsidePermit, map[string]string{"request": w.Request, "item": e.Outside})
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

// MayDenyExtension rules who may decline a wish for more time: the attendant, and each person who may grant some extension of the
// window. Declining makes nothing longer and is no approval, so a freeze does not stop it, nor does it matter whose wish it is.
func MayDenyExtension(p Person, w Window, s System, e Extension, now time.Time) Decision {
	if p.ID == w.Attendant {
		return Decision{Allow: true, Role: Attendant}
	}
	w.Emergency, e.Requester, e.Frozen, e.SecondMissing, e.Outside = false, "", false, false, ""
	s.MaxWindow = w.End.Sub(w.Start) + e.By
	return CanExtend(p, w, s, e, now)
}

// extendsSecond rules on an extension that needs the second approver whom the request did not have. A person who may decide a second
// stage and did not decide the first may grant it, also one who is a head besides. Others who may grant extensions are told which role
// it takes.
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

// barred tells for whom no deputy may grant the extension.
func (e *Extension) barred(w *Window, s *System) func(string) bool {
	return func(of string) bool {
		return of == e.AskedBy || of == e.Requester || of == w.Attendant && !s.ApproverMayAttend
	}
}

func overLimit(w *Window, e *Extension) Decision {
	return deny(Forbidden, map[string]string{"request": w.Request, "role": "extension-head", "why": ExtensionOverLimit, "minutes": minutes(max(e.Limit, 0))})
}

// SecondNeeded lists the rules by which the request needs a second approver. Empty: one approval is enough. A root-equivalent account
// and visible individual numbers always need two.
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

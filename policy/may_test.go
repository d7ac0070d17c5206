package policy

import (
	"testing"
	"time"
)

// The people of the table: of section jinji a head, a requester, two attendants; elsewhere an attendant, a second approver, a member
// of the information-systems section; of the vendor an engineer and a contact.
var mayPeople = map[string]Person{
	"head":      {ID: "head", Kind: Staff, Section: "jinji", Roles: []Role{Approver}},
	"requester": {ID: "requester", Kind: Staff, Section: "jinji", Roles: []Role{Requester}},
	"attendant": {ID: "attendant", Kind: Staff, Section: "jinji", Roles: []Role{Attendant}},
	"other":     {ID: "other", Kind: Staff, Section: "jinji", Roles: []Role{Attendant}},
	"stranger":  {ID: "stranger", Kind: Staff, Section: "zei", Roles: []Role{Attendant, Approver, Requester}},
	"second":    {ID: "second", Kind: Staff, Section: "joho", Roles: []Role{SecondApprover}},
	"systems":   {ID: "systems", Kind: Staff, Section: "joho", Roles: []Role{InformationSystems}},
	"auditor":   {ID: "auditor", Kind: Staff, Section: "jinji", Roles: []Role{Auditor}},
	"engineer":  {ID: "engineer", Kind: Engineer, Vendor: "V-1"},
	"contact":   {ID: "contact", Kind: Contact, Vendor: "V-1"},
	"nobody":    {},
}

// inUse is a window with its attendant, an hour long, in its middle.
func inUse(state WindowState) (WindowFacts, time.Time) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f := WindowFacts{
		Window:   Window{ID: "W-1", Request: "R-1", System: "hr", Start: now.Add(-30 * time.Minute), End: now.Add(30 * time.Minute), State: state},
		System:   System{ID: "hr", Section: "jinji"},
		Request:  Request{No: "R-1", Requester: "requester", Vendor: "V-1", Approvals: []Approval{{Stage: 1, By: "head"}}},
		Approved: true, Granted: []string{"engineer"}, Closed: now,
	}
	if state != WindowScheduled {
		f.Window.Attendant = "attendant"
	}
	return f, now
}

// The people who may act on a window in the state that fits the act. Every other person is refused.
func TestWhoMayDoWhatWithAWindow(t *testing.T) {
	for name, one := range map[string]struct {
		rule  func(Person, WindowFacts, time.Time) Decision
		state WindowState
		may   []string
	}{
		"open":      {MayOpen, WindowScheduled, []string{"attendant", "other"}},
		"permit":    {MayPermit, WindowAttended, []string{"attendant"}},
		"unpermit":  {MayUnpermit, WindowPermitted, []string{"attendant", "head", "second", "systems"}},
		"close":     {MayClose, WindowPermitted, []string{"attendant", "head", "second", "systems"}},
		"cut":       {MayCut, WindowPermitted, []string{"attendant", "other", "head", "second", "systems"}},
		"cancel":    {MayCancel, WindowPermitted, []string{"attendant", "head", "second", "systems", "requester"}},
		"identity":  {MayIdentify, WindowAttended, []string{"attendant"}},
		"backup":    {MayStateBackup, WindowScheduled, []string{"attendant", "other"}},
		"override":  {MayOverride, WindowScheduled, []string{"head", "second"}},
		"hand over": {MayHandOver, WindowAttended, []string{"attendant", "head"}},
		"stay":      {MayStay, WindowPermitted, []string{"attendant"}},
		"extend":    {MayAskExtension, WindowPermitted, []string{"attendant", "other", "head", "requester", "engineer", "contact"}},
	} {
		f, now := inUse(one.state)
		may := map[string]bool{}
		for _, who := range one.may {
			may[who] = true
		}
		for who, p := range mayPeople {
			if d := one.rule(p, f, now); d.Allow != may[who] || !d.Allow && d.Reason == "" {
				t.Errorf("%s by %s: %+v", name, who, d)
			}
		}
		// The window's end is exclusive.
		for _, at := range []struct {
			now  time.Time
			open bool
		}{{f.Window.End.Add(-1), true}, {f.Window.End, false}, {f.Window.End.Add(1), false}} {
			if name == "identity" {
				continue // a heartbeat is noted also after the end
			}
			if d := one.rule(mayPeople[one.may[0]], f, at.now); d.Allow != at.open || !at.open && d.Reason != WindowOver {
				t.Errorf("%s at %v of its end: %+v", name, at.now.Sub(f.Window.End), d)
			}
		}
	}
}

// The reasons why an act on a window is refused to a person who has the role for it.
func TestWhyAnActOnAWindowIsRefused(t *testing.T) {
	for name, one := range map[string]struct {
		rule   func(Person, WindowFacts, time.Time) Decision
		who    string
		state  WindowState
		change func(*WindowFacts)
		want   Reason
	}{
		"opened already":                  {MayOpen, "other", WindowAttended, func(f *WindowFacts) { f.Request.Attendant = "" }, StalePage},
		"opened after it was cut":         {MayOpen, "other", WindowCut, nil, WindowOver},
		"opened after an edit":            {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) { f.Approved = false }, RequestChanged},
		"opened by another than is named": {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) { f.Request.Attendant = "other" }, Forbidden},
		"attended by who approved":        {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) { f.Request.Approvals[0].OnBehalf = "attendant" }, Forbidden},
		"attended by who appointed":       {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) { f.Request.Approvals[0].SetBy = "attendant" }, Forbidden},
		"attended by who let an item go":  {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) { f.Overrode = []string{"attendant"} }, Forbidden},
		"attended by who opened it at all": {MayOpen, "attendant", WindowScheduled, func(f *WindowFacts) {
			f.Request.Openers = []string{"head", "attendant"}
			f.System.ApproverMayAttend = true
		}, Forbidden},
		"permitted before the post":       {MayPermit, "attendant", WindowScheduled, nil, AttendantAbsent},
		"permitted by another attendant":  {MayPermit, "other", WindowAttended, nil, Forbidden},
		"overridden by the attendant":     {MayOverride, "head", WindowScheduled, func(f *WindowFacts) { f.Request.Attendant = "head" }, Forbidden},
		"overridden by the requester":     {MayOverride, "head", WindowScheduled, func(f *WindowFacts) { f.Request.Requester = "head" }, Forbidden},
		"taken by whoever approved since": {MayTakeOffered, "other", WindowAttended, func(f *WindowFacts) { f.Offered, f.From = "other", "attendant"; f.Request.Approvals[0].By = "other" }, Forbidden},
		"taken from who left the post":    {MayTakeOffered, "other", WindowAttended, func(f *WindowFacts) { f.Offered, f.From = "other", "somebody else" }, StalePage},
		"asked before the start":          {MayAskExtension, "engineer", WindowPermitted, func(f *WindowFacts) { f.Window.Start = f.Window.End.Add(-time.Minute) }, TooEarly},
		"asked without a grant":           {MayAskExtension, "engineer", WindowPermitted, func(f *WindowFacts) { f.Granted = nil }, Forbidden},
		"asked for another vendor's":      {MayAskExtension, "contact", WindowPermitted, func(f *WindowFacts) { f.Request.Vendor = "V-2" }, Forbidden},
		"asked after an edit":             {MayAskExtension, "attendant", WindowPermitted, func(f *WindowFacts) { f.Approved = false }, RequestChanged},
		"a heartbeat of another":          {MayStay, "other", WindowPermitted, nil, Forbidden},
		"a heartbeat after the cut":       {MayStay, "attendant", WindowCut, nil, WindowOver},
	} {
		f, now := inUse(one.state)
		if one.change != nil {
			one.change(&f)
		}
		if d := one.rule(mayPeople[one.who], f, now); d.Allow || d.Reason != one.want {
			t.Errorf("%s: %+v, want %s", name, d, one.want)
		}
	}
}

// The people who may act on a request in the states that fit the act.
func TestWhoMayDoWhatWithARequest(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, one := range map[string]struct {
		rule  func(Person, Request, time.Time) Decision
		state RequestState
		may   []string
		then  RequestState // in which it is too late
	}{
		"take":            {MayTake, RequestProposed, []string{"requester"}, PendingFirst},
		"edit a proposal": {MayEdit, RequestProposed, []string{"engineer"}, RequestLapsed},
		"edit":            {MayEdit, PendingFirst, []string{"requester"}, RequestClosed},
		"withdraw":        {MayWithdraw, PendingFirst, []string{"requester"}, RequestRejected},
		"revoke":          {MayRevoke, RequestApproved, []string{"requester", "head", "second", "systems"}, ReportDue},
		"approve":         {MayApprove, PendingFirst, []string{"head"}, RequestRejected},
		"refuse":          {MayRefuse, PendingFirst, []string{"head"}, RequestRejected},
		"note as seen":    {MayNoteSeen, RequestApproved, []string{"head"}, ""},
	} {
		r := Request{No: "R-1", State: one.state, Version: 1, System: System{ID: "hr", Section: "jinji"}, Requester: "requester", Proposer: "engineer", Vendor: "V-1",
			Start: now.Add(time.Hour), End: now.Add(2 * time.Hour), Files: FilesNone, Unseen: []string{"head"}}
		may := map[string]bool{}
		for _, who := range one.may {
			may[who] = true
		}
		for who, p := range mayPeople {
			if d := one.rule(p, r, now); d.Allow != may[who] || !d.Allow && d.Reason == "" {
				t.Errorf("%s by %s: %+v", name, who, d)
			}
		}
		if r.State = one.then; one.then == "" {
			continue
		}
		if d := one.rule(mayPeople[one.may[0]], r, now); d.Allow {
			t.Errorf("%s in state %s: %+v", name, one.then, d)
		}
	}
	seen := Request{No: "R-1", SpokenFor: []string{"head"}}
	if d := MayNoteSeen(mayPeople["head"], seen, now); d.Reason != AlreadyDecided {
		t.Errorf("seen twice: %+v", d)
	}
	untaken := Request{No: "R-1", State: RequestProposed, System: System{Section: "jinji"}}
	for _, rule := range []func(Person, Request, time.Time) Decision{MayApprove, MayRefuse} {
		if d := rule(mayPeople["head"], untaken, now); d.Reason != Forbidden || d.Args["role"] != "approver-once-taken" {
			t.Errorf("a proposal: %+v", d)
		}
	}
	// A freeze and a missing reason for root stop an approval, not a refusal.
	stopped := Request{No: "R-1", State: PendingFirst, Version: 1, System: System{ID: "hr", Section: "jinji"}, Requester: "requester", Start: now.Add(time.Hour),
		End: now.Add(2 * time.Hour), Frozen: true, Root: true}
	if MayApprove(mayPeople["head"], stopped, now).Allow || !MayRefuse(mayPeople["head"], stopped, now).Allow {
		t.Error("a freeze")
	}
}

package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

// permitted is an application that lies within a standing permit, and its permit.
func permitted() (Application, *Permit) {
	a := applied()
	a.Institution.StandingPermits = true
	a.Permits = []Permit{{ID: "SP-001", Vendor: "V-012", System: "hr", State: PermitGranted, From: start, Until: end,
		Accounts: []string{"hr-db/maint"}, Office: true, Hours: Hours{From: 8 * time.Hour, Until: 18 * time.Hour}, Longest: end.Sub(start)}}
	return a, &a.Permits[0]
}

// Each limit of a standing permit by itself, at its edge and just past it.
func TestItemContractWantsAStandingPermit(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Application, *Permit)
		item   string // empty: within
	}{
		"within":                          {func(a *Application, p *Permit) {}, ""},
		"not asked for":                   {func(a *Application, p *Permit) { a.Institution.StandingPermits, a.Permits = false, nil }, ""},
		"none":                            {func(a *Application, p *Permit) { a.Permits = nil }, "permit-none"},
		"only asked for":                  {func(a *Application, p *Permit) { p.State = PermitAsked }, "permit-none"},
		"refused":                         {func(a *Application, p *Permit) { p.State = PermitRefused }, "permit-none"},
		"withdrawn":                       {func(a *Application, p *Permit) { p.State = PermitWithdrawn }, "permit-none"},
		"of another vendor":               {func(a *Application, p *Permit) { p.Vendor = "V-099" }, "permit-none"},
		"of another system":               {func(a *Application, p *Permit) { p.System = "tax" }, "permit-none"},
		"begins late":                     {func(a *Application, p *Permit) { p.From = start.Add(1) }, "permit-period"},
		"ends early":                      {func(a *Application, p *Permit) { p.Until = end.Add(-1) }, "permit-period"},
		"no period":                       {func(a *Application, p *Permit) { p.From, p.Until = time.Time{}, time.Time{} }, "permit-period"},
		"another account":                 {func(a *Application, p *Permit) { p.Accounts = []string{"hr-db/ro"} }, "permit-rights"},
		"any account":                     {func(a *Application, p *Permit) { p.Accounts = nil }, ""},
		"root":                            {func(a *Application, p *Permit) { a.Accounts[0].Root = true }, "permit-rights"},
		"root allowed":                    {func(a *Application, p *Permit) { a.Accounts[0].Root, p.Root = true, true }, ""},
		"files":                           {func(a *Application, p *Permit) { a.Request.Files = FilesAllowed }, "permit-files"},
		"outside the office hours":        {func(a *Application, p *Permit) { a.Calendar.Hours = Week{} }, ""},
		"on a holiday":                    {func(a *Application, p *Permit) { a.Calendar.Holidays[DateOf(start, jst)] = "x" }, "permit-hours"},
		"hours begin late":                {func(a *Application, p *Permit) { p.Hours.From = start.In(jst).Sub(midnight(start)) + 1 }, "permit-hours"},
		"hours begin with the window":     {func(a *Application, p *Permit) { p.Hours.From = start.In(jst).Sub(midnight(start)) }, ""},
		"hours end with the window":       {func(a *Application, p *Permit) { p.Hours.Until = end.In(jst).Sub(midnight(start)) }, ""},
		"hours end early":                 {func(a *Application, p *Permit) { p.Hours.Until = end.In(jst).Sub(midnight(start)) - 1 }, "permit-hours"},
		"too long":                        {func(a *Application, p *Permit) { p.Longest = end.Sub(start) - 1 }, "permit-length"},
		"an emergency may be longer":      {func(a *Application, p *Permit) { p.Longest, a.Request.Emergency = time.Minute, true }, ""},
		"an emergency still needs one":    {func(a *Application, p *Permit) { a.Permits, a.Request.Emergency = nil, true }, "permit-none"},
		"an emergency keeps to the files": {func(a *Application, p *Permit) { a.Request.Files, a.Request.Emergency = FilesAllowed, true }, "permit-files"},
		"the nearer of two is told": {func(a *Application, p *Permit) {
			far := *p
			far.Until = start
			p.Longest = 1
			a.Permits = append(a.Permits, far)
		}, "permit-length"},
		"one of two covers": {func(a *Application, p *Permit) {
			far := *p
			far.Until = start
			a.Permits = append([]Permit{far}, a.Permits...)
		}, ""},
		"an occurrence lies outside": {func(a *Application, p *Permit) {
			a.Occurrences = []Span{{start, end}, {start.AddDate(0, 0, 7), end.AddDate(0, 0, 7)}}
		}, "permit-period"},
		"an unregistered account": {func(a *Application, p *Permit) { a.UnknownAccounts = []string{"hr-db/x"} }, "permit-rights"},
	} {
		t.Run(name, func(t *testing.T) {
			a, p := permitted()
			row.change(&a, p)
			item := itemOf(a, ItemContract, early)
			if row.item == "" {
				if item.State != ItemMet {
					t.Fatalf("%s: %+v", item.State, item.Cause)
				}
				return
			}
			if item.State != ItemUnmet || item.Reason != OutsidePermit || item.Args["item"] != row.item || item.Overridable {
				t.Fatalf("%s %s %v: %+v", item.State, item.Reason, item.Args, item.Cause)
			}
		})
	}
}

func midnight(at time.Time) time.Time {
	at = at.In(jst)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, jst)
}

// A start needs the permit at that instant; a session under way ends with it, and its deadline is known ahead.
func TestPermitAtTheDoorAndDuringTheWork(t *testing.T) {
	permit := Permit{ID: "SP-001", Vendor: "V-012", System: "hr", State: PermitGranted, From: start.Add(-time.Hour), Until: mid}
	asking := func(f *Facts) {
		f.Institution, f.Permits = Institution{Declared: true, StandingPermits: true}, []Permit{permit}
	}
	for at, want := range map[time.Time]Reason{mid.Add(-1): "", mid: OutsidePermit} {
		f, a := admitted()
		asking(&f)
		d := Decide(f, a, at)
		if d.Reason != want || want == "" && !d.Until.Equal(mid) {
			t.Errorf("at %v: %s until %v", at, d.Reason, d.Until)
		}
		r, running := running()
		asking(&r)
		if v := Recheck(r, running, at); v.Keep != (want == "") || !v.Keep && (v.Reason != Lapsed || v.Args["what"] != "permit") {
			t.Errorf("under way at %v: %+v", at, v)
		}
	}
	f, a := admitted()
	asking(&f)
	next := permit
	next.From, next.Until = mid, end.Add(time.Hour)
	f.Permits = append(f.Permits, next)
	if d := Decide(f, a, mid.Add(-1)); !d.Allow || !d.Until.Equal(end) {
		t.Errorf("a following permit: %+v", d)
	}
	f.Permits[1].Accounts = []string{"hr-db/ro"}
	if d := Decide(f, a, mid); d.Reason != OutsidePermit || d.Args["item"] != "permit-rights" {
		t.Errorf("another account: %+v", d)
	}
}

// An extension must stay within the permit.
func TestPermitForLonger(t *testing.T) {
	a, p := permitted()
	p.Longest, p.Hours, p.Office, p.Until = 0, Hours{}, false, end.Add(time.Minute)
	if breach := PermitForLonger(a, end.Add(time.Minute)); breach != "" {
		t.Error(breach)
	}
	if breach := PermitForLonger(a, end.Add(time.Minute+1)); breach != "permit-period" {
		t.Error(breach)
	}
	a.Institution.StandingPermits = false
	if breach := PermitForLonger(a, end.AddDate(1, 0, 0)); breach != "" {
		t.Error(breach)
	}
}

func TestRulesOfPermits(t *testing.T) {
	sys := System{ID: "hr", Section: "personnel"}
	staff := func(id, section string, roles ...Role) Person {
		return Person{ID: id, Kind: Staff, Section: section, Roles: roles}
	}
	officer, asker := staff("U-050", "city", PermitOfficer), staff("U-020", "personnel", Requester)
	facts := PermitFacts{Permit: Permit{ID: "SP-001", State: PermitAsked, From: start, Until: end}, System: sys, AskedBy: asker.ID}
	in := func(state PermitState) PermitFacts { f := facts; f.Permit.State = state; return f }
	both := staff("U-020", "personnel", Requester, PermitOfficer)
	for name, row := range map[string]struct {
		got  Decision
		want Reason
	}{
		"the section asks":                {MayAskPermit(asker, sys), ""},
		"one of no section asks":          {MayAskPermits(staff("U-021", "", Requester)), Forbidden},
		"someone of a section asks":       {MayAskPermits(asker), ""},
		"another section asks":            {MayAskPermit(staff("U-021", "tax", Requester), sys), Forbidden},
		"an attendant asks":               {MayAskPermit(staff("U-021", "personnel", Attendant), sys), Forbidden},
		"a vendor asks":                   {MayAskPermit(Person{ID: "C-1", Kind: Contact, Vendor: "V-012", Section: "personnel", Roles: []Role{Requester}}, sys), Forbidden},
		"the office grants":               {MayGrantPermit(officer, facts, end.Add(-1)), ""},
		"granted after its end":           {MayGrantPermit(officer, facts, end), StalePage},
		"the applicant grants":            {MayGrantPermit(both, facts, start), SelfApproval},
		"a head grants":                   {MayGrantPermit(staff("U-1", "personnel", Approver), facts, start), Forbidden},
		"granted twice":                   {MayGrantPermit(officer, in(PermitGranted), start), AlreadyDecided},
		"the office refuses":              {MayRefusePermit(officer, facts, start), ""},
		"refused after it was granted":    {MayRefusePermit(officer, in(PermitGranted), start), AlreadyDecided},
		"the office withdraws":            {MayWithdrawPermit(officer, in(PermitGranted), start), ""},
		"the section's head withdraws":    {MayWithdrawPermit(staff("U-1", "personnel", Approver), in(PermitGranted), start), ""},
		"the applicant withdraws":         {MayWithdrawPermit(asker, facts, start), ""},
		"the applicant withdraws it late": {MayWithdrawPermit(asker, in(PermitGranted), start), Forbidden},
		"another head withdraws":          {MayWithdrawPermit(staff("U-1", "tax", Approver), in(PermitGranted), start), Forbidden},
		"withdrawn twice":                 {MayWithdrawPermit(officer, in(PermitWithdrawn), start), AlreadyDecided},
	} {
		if row.got.Reason != row.want || row.got.Allow != (row.want == "") {
			t.Errorf("%s: %+v", name, row.got)
		}
	}
	if !SeePermits(officer, nil).All || SeePermits(asker, nil).All || SeePermits(Person{ID: "C-1", Kind: Contact, Vendor: "V-012"}, nil).Vendor != "V-012" {
		t.Error("sight of permits")
	}
}

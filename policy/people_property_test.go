package policy_test

import (
	"slices"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	. "sekimori/policy"
)

// parties draws a person and a request in which every role may fall to any person.
func parties(t *rapid.T) (Person, Request, time.Time) {
	id := func(name string) string {
		return rapid.SampledFrom([]string{"", "U-001", "U-002", "U-003", "U-005"}).Draw(t, name)
	}
	p := Person{ID: id("who"), Kind: rapid.SampledFrom([]PersonKind{Staff, Staff, Staff, Engineer, Contact, ""}).Draw(t, "kind"),
		Section: rapid.SampledFrom([]string{"personnel", "personnel", "is", ""}).Draw(t, "section"),
		Roles:   rapid.SliceOfDistinct(rapid.SampledFrom([]Role{Approver, SecondApprover, InformationSystems, Attendant, Auditor}), rapid.ID[Role]).Draw(t, "roles")}
	if rapid.IntRange(0, 9).Draw(t, "locked") == 0 {
		p.Locked = &Lock{}
	}
	if rapid.IntRange(0, 9).Draw(t, "of the vendor") == 0 {
		p.Vendor = "V-012"
	}
	_, r := awaiting()
	r.State = rapid.SampledFrom([]RequestState{PendingFirst, PendingFirst, PendingSecond, RequestApproved, EmergencyAsked, EmergencyOpen, FollowUpDue}).Draw(t, "state")
	r.Requester, r.Proposer, r.Attendant = id("requester"), id("proposer"), id("attendant")
	r.Engineers = []string{"E-0031", id("engineer")}
	r.System.ApproverMayAttend, r.Frozen = rapid.Bool().Draw(t, "may attend"), rapid.IntRange(0, 4).Draw(t, "frozen") == 0
	r.Emergency = rapid.Bool().Draw(t, "emergency")
	if r.Emergency {
		r.Start, r.End = early.Add(-time.Hour), early.Add(time.Duration(rapid.IntRange(-1, 2).Draw(t, "ends"))*time.Hour)
		r.Openers = rapid.SliceOfN(rapid.SampledFrom([]string{"U-001", "U-002", "U-003", "U-005"}), 0, 2).Draw(t, "openers")
	}
	for range rapid.IntRange(0, 3).Draw(t, "deputations") {
		d := appointed(id("set by"), id("for"), id("deputy"))
		if rapid.Bool().Draw(t, "over") {
			d.Until = early
		}
		r.Deputations = append(r.Deputations, d)
	}
	if rapid.Bool().Draw(t, "approved once") {
		r.Approvals = []Approval{{Stage: 1, By: id("approved by"), OnBehalf: id("on behalf of"), Version: rapid.IntRange(1, 2).Draw(t, "version")}}
	}
	if r.Emergency && len(r.Openers) > 0 && rapid.IntRange(0, 4).Draw(t, "word known") > 0 {
		r.Approvals = append(r.Approvals, Approval{By: r.Openers[0], OnBehalf: id("opened for"), SetBy: id("chosen by"), Version: r.Version,
			Void: rapid.IntRange(0, 4).Draw(t, "void") == 0})
	}
	return p, r, early
}

func involvedIn(r Request, who string) bool {
	return who == r.Requester || who == r.Proposer || slices.Contains(r.Engineers, who)
}

// deputises finds, without the package's help, whether the person stands for the approver now, appointed neither by a party nor by one
// of the others, who may not choose.
func deputises(r Request, who, approver string, now time.Time, others ...string) bool {
	return slices.ContainsFunc(r.Deputations, func(d Deputation) bool {
		return d.Deputy == who && d.For == approver && d.SetBy != "" && !involvedIn(r, d.SetBy) && !slices.Contains(others, d.SetBy) && !now.Before(d.From) && now.Before(d.Until)
	})
}

// Properties of every yes to an act of a person.
func fourEyes(t *rapid.T) {
	p, r, now := parties(t)
	first := rapid.SampledFrom([]string{"", "U-001", "U-003", "U-005"}).Draw(t, "first")
	head := p.Has(Approver) && p.Section == "personnel"
	second := p.Has(SecondApprover) || p.Has(InformationSystems)

	decisions := map[string]Decision{"approve": CanApprove(p, r, now), "open": CanOpenEmergency(p, r, first, now), "after": CanApproveAfter(p, r, now)}
	for act, d := range decisions {
		if !d.Allow {
			if _, ok := Lookup(d.Reason); !ok {
				t.Fatalf("%s refused without a reason: %+v", act, d)
			}
			continue
		}
		if p.ID == "" || p.Kind != Staff || p.Locked != nil || p.Vendor != "" {
			t.Fatalf("%s: allowed to %+v", act, p)
		}
		if slices.Contains(r.Engineers, p.ID) || act != "open" && involvedIn(r, p.ID) || act == "open" && first != "" && involvedIn(r, p.ID) {
			t.Fatalf("%s: allowed to a party", act)
		}
		if d.OnBehalf == "" {
			if !head && !second {
				t.Fatalf("%s: allowed without a right of one's own", act)
			}
		} else if !deputises(r, p.ID, d.OnBehalf, now) || d.OnBehalf == p.ID || involvedIn(r, d.OnBehalf) {
			t.Fatalf("%s: on behalf of %s", act, d.OnBehalf)
		}
	}
	if d := decisions["approve"]; d.Allow {
		for _, a := range r.Approvals {
			if r.State == PendingSecond && a.Version == r.Version && (a.By == p.ID || a.OnBehalf == p.ID || a.SetBy == p.ID) {
				t.Fatal("approved twice by one person")
			}
		}
		switch {
		case r.Emergency || r.Frozen:
			t.Fatal("approved an emergency, or in a freeze")
		case r.State == PendingSecond && (!second || len(r.Approvals) == 0 || r.Approvals[0].Version != r.Version || r.Approvals[0].By == ""):
			t.Fatal("second stage without a right, or without a first")
		case r.State == PendingFirst && !head && d.OnBehalf == "":
			t.Fatal("first stage without being head or deputy")
		case r.State != PendingFirst && r.State != PendingSecond:
			t.Fatalf("decided in state %s", r.State)
		case !r.System.ApproverMayAttend && (r.Attendant == p.ID || d.OnBehalf != "" && r.Attendant == d.OnBehalf):
			t.Fatal("the attendant approved")
		}
	}
	if d := decisions["open"]; d.Allow && (!r.Emergency || r.Frozen || p.ID == first || r.Attendant == p.ID ||
		first != "" && (d.OnBehalf == first || deputises(r, first, p.ID, now)) || r.End.Sub(r.Start) > 2*time.Hour) {
		t.Fatalf("opened: %+v", d)
	}
	if d := decisions["open"]; d.Allow && first != "" {
		at := slices.IndexFunc(r.Approvals, func(a Approval) bool { return a.Stage == 0 && a.By == first })
		if at < 0 || r.Approvals[at].Void {
			t.Fatal("agreed to a word that is not known, or counts no more")
		}
		heard := []string{first, r.Approvals[at].OnBehalf, r.Approvals[at].SetBy}
		if slices.Contains(heard, p.ID) || d.OnBehalf != "" && (slices.Contains(heard, d.OnBehalf) || !deputises(r, p.ID, d.OnBehalf, now, heard...)) {
			t.Fatalf("one voice opened it twice: %v, then %s for %q", heard, p.ID, d.OnBehalf)
		}
	}
	if d := decisions["after"]; d.Allow && (!r.Emergency || slices.Contains(r.Openers, p.ID) || r.Attendant == p.ID || len(r.Openers) != 2 ||
		r.State != FollowUpDue && now.Before(r.End)) {
		t.Fatalf("approved afterwards: %+v", d)
	}
}

func TestFourEyes(t *testing.T) { rapid.Check(t, fourEyes) }

func FuzzFourEyes(f *testing.F) { f.Fuzz(rapid.MakeFuzz(fourEyes)) }

// An extension beyond the delegated time takes a person above the attendant.
func TestNoExtensionBeyondWhatIsDelegated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(-5, 130).Draw(t, name)) * time.Minute
		}
		p, r, _ := parties(t)
		w := granted("R8-0124", "hr-db", "maint").Window
		w.Attendant, w.Emergency = p.ID, rapid.Bool().Draw(t, "emergency window")
		if rapid.Bool().Draw(t, "another attends") {
			w.Attendant = "U-010"
		}
		e := Extension{By: minutes("by"), Granted: minutes("granted"), Limit: minutes("limit"), AskedBy: rapid.SampledFrom([]string{"", "E-0031", p.ID}).Draw(t, "asked by"), Deputations: r.Deputations}
		e.SecondMissing, e.Approvals = rapid.IntRange(0, 3).Draw(t, "second missing") == 0, r.Approvals
		now := start.Add(minutes("now"))
		s := System{ID: "hr", Section: "personnel", ApproverMayAttend: r.System.ApproverMayAttend, MaxWindow: max(minutes("longest"), 0)}
		longest := s.MaxWindow
		if longest == 0 {
			longest = 4 * time.Hour
		}
		d := CanExtend(p, w, s, e, now)
		if !d.Allow {
			return
		}
		switch {
		case p.Kind != Staff || p.Locked != nil || p.Vendor != "" || e.AskedBy == "" || e.AskedBy == p.ID:
			t.Fatal("allowed to the wrong person")
		case !now.Before(w.End) || e.By <= 0 || !d.Until.Equal(w.End.Add(e.By)):
			t.Fatalf("by %v at %v until %v", e.By, now, d.Until)
		case w.Emergency && d.Until.Sub(w.Start) > 2*time.Hour:
			t.Fatal("an emergency beyond two hours")
		case !w.Emergency && d.Until.Sub(w.Start) > longest+max(e.Limit, 0):
			t.Fatal("longer than the system's longest window and what is delegated")
		case e.SecondMissing && (d.Role != SecondApprover || !p.Has(SecondApprover) && !p.Has(InformationSystems)):
			t.Fatalf("granted as %s where a second approver is missing", d.Role)
		case e.SecondMissing && slices.ContainsFunc(e.Approvals, func(a Approval) bool { return a.By == p.ID || a.OnBehalf == p.ID || a.SetBy == p.ID }):
			t.Fatal("the first approver is the second")
		case d.Role == Attendant && (w.Attendant != p.ID || e.By+max(e.Granted, 0) > e.Limit):
			t.Fatal("the attendant went beyond the limit")
		case d.Role != Attendant && d.OnBehalf == "" && !p.Has(SecondApprover) && !p.Has(InformationSystems) && (!p.Has(Approver) || p.Section != "personnel"):
			t.Fatal("beyond the limit without a right")
		}
	})
}

// drawn is an application with many faults, with texts that attack a terminal.
func drawn(t *rapid.T) Application {
	a := applied()
	wild := func(name string) string {
		return rapid.SampledFrom([]string{"", "hr-db/maint", "\x1b[2J", "\u202e%s%d", "長い" + string(make([]rune, 300)), "\xff"}).Draw(t, name)
	}
	at := func(name string) time.Time {
		return rapid.SampledFrom([]time.Time{{}, early, start, end, end.AddDate(0, 1, 0), end.AddDate(9, 0, 0)}).Draw(t, name)
	}
	a.Request.Start, a.Request.End, a.Request.Files = at("start"), at("end"), FilesRule(wild("files"))
	a.Request.System.PersonalData, a.Request.IndividualNumber = rapid.Bool().Draw(t, "personal data"), rapid.Bool().Draw(t, "numbers")
	a.Request.System.Attendance = AttendanceMode(rapid.SampledFrom([]string{"", "none", "on-call", "?"}).Draw(t, "attendance"))
	a.Request.System.Line = LineMode(wild("line"))
	a.Institution.Declared = rapid.Bool().Draw(t, "declared")
	a.Institution.Certifications = []string{"isms", wild("certificate")}
	a.Vendor.Name, a.Vendor.Prime, a.ResponsibleParty, a.Overlap = wild("vendor"), wild("prime"), wild("responsible"), wild("overlap")
	a.Vendor.ContractUntil, a.Vendor.Certifications[0].Until = at("contract"), at("certified")
	a.Engineers[0].Name, a.Engineers[0].Pledge.Until = wild("engineer"), at("pledge")
	a.Accounts[0].ID, a.Accounts[0].Root, a.Request.RootReason = wild("account"), rapid.Bool().Draw(t, "root"), wild("root reason")
	a.UnknownAccounts, a.ExtraRights = []string{wild("unknown account")}, []string{wild("right")}
	a.FilesDetail, a.IndividualReason = wild("file names"), wild("special case")
	a.OverdueReviews, a.SpaceDays = rapid.IntRange(-1, 2).Draw(t, "overdue"), rapid.IntRange(-1, 31).Draw(t, "space")
	a.Calendar.NoWork = []NoWork{{From: at("no work"), Until: at("work again"), Reason: wild("why")}}
	a.Backup = &Backup{At: at("backup"), OK: rapid.Bool().Draw(t, "succeeded"), How: BackupHow(wild("how")), By: wild("by")}
	a.Attendant.Name = wild("attendant")
	a.FollowUps = []FollowUp{{Request: wild("emergency"), System: "hr", Vendor: "V-012", Report: rapid.Bool().Draw(t, "report")}}
	if rapid.Bool().Draw(t, "been here") {
		a.Last = &Past{Source: wild("source"), Accounts: []string{wild("last account")}, Engineers: []string{wild("last engineer")}, End: at("last end")}
	}
	return a
}

// For any text there are eleven items in their order, each with words that are harmless on a terminal; and reasons clear exactly the
// items that reasons may clear.
func checkItems(t *rapid.T) {
	a := drawn(t)
	items := Check(a, rapid.SampledFrom([]time.Time{early, start, mid, end}).Draw(t, "now"))
	wellFormed(t, items)
	texts := []Text{}
	because := map[string]string{}
	for _, i := range items {
		texts = append(texts, i.Cause, i.Fix)
		because[i.Code] = "確かめた"
		if i.Reason != "" {
			texts = append(texts, Text{JA: Message(i.Reason, i.Args, "ja"), EN: Message(i.Reason, i.Args, "en")})
		}
	}
	for _, d := range Differences(a.Last, a) {
		texts = append(texts, d.Name, d.From, d.To)
	}
	for _, text := range texts {
		for _, s := range []string{text.JA, text.EN} {
			for _, r := range s {
				if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
					t.Fatalf("%U in %q", r, s)
				}
			}
		}
	}
	for _, left := range Blocks(items, because) {
		if left.State != ItemUnmet || left.Overridable {
			t.Fatalf("stops in spite of a reason: %+v", left)
		}
	}
	hard := 0
	for _, i := range items {
		if i.State == ItemUnmet && !i.Overridable {
			hard++
		}
	}
	if got := len(Blocks(items, because)); got != hard {
		t.Fatalf("%d items stop with every reason given, %d cannot be overridden", got, hard)
	}
	if got := len(Stops(items, Overrides(items, because, true))); got != hard {
		t.Fatalf("%d items stop a start with every override, %d cannot be overridden", got, hard)
	}
	notMet := slices.DeleteFunc(slices.Clone(items), func(i CheckItem) bool { return i.State == ItemMet })
	if len(Blocks(items, nil)) != len(notMet) {
		t.Fatal("without reasons something passes that is not met")
	}
}

func TestCheckItemsWhateverIsWritten(t *testing.T) { rapid.Check(t, checkItems) }

func FuzzCheckItems(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkItems)) }

// A verdict to keep a session stays the same until Verdict.Next, apart from keys.
func TestNoVerdictChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, a, now := world(t)
		if len(f.Grants) == 0 {
			t.Skip("no grant")
		}
		g := f.Grants[0]
		r := Running{Session: "S-1", Person: a.Person, Grant: g.ID, Source: a.Source, Target: g.Target, Account: "maint", LastInput: now,
			Paused: rapid.Bool().Draw(t, "paused")}
		v := Recheck(f, r, now)
		if !v.Keep {
			if v.Pause != "" || !v.Next.IsZero() {
				t.Fatalf("ended, and yet %+v", v)
			}
			return
		}
		if !v.Next.After(now) || v.Next.After(v.Until) {
			t.Fatalf("now %v, next %v, until %v", now, v.Next, v.Until)
		}
		r.LastInput = v.Next
		if then := Recheck(f, r, v.Next.Add(-1)); then.Keep != v.Keep || then.Pause != v.Pause || !then.Until.Equal(v.Until) {
			t.Fatalf("%+v became %+v before %v", v, then, v.Next)
		}
		if v.Next.Before(v.Until) {
			if then := Recheck(f, r, v.Next); then.Keep && then.Pause == v.Pause && v.Pause != PausedByAttendant {
				t.Fatalf("nothing changed at %v: %+v", v.Next, then)
			}
		}
	})
}

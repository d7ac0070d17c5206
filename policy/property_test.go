package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "sekimori/policy"
)

// world draws facts near the admitted world, with any fault, so that both answers occur.
func world(t *rapid.T) (Facts, Attempt, time.Time) {
	f, a := admitted()
	often := func(name string) bool { return rapid.IntRange(0, 7).Draw(t, name) > 0 }
	offset := rapid.SampledFrom([]time.Duration{-time.Hour, -1, 0, 1, 30 * time.Minute, 90*time.Minute - 1, 90 * time.Minute, 90*time.Minute + 1})
	now := start.Add(offset.Draw(t, "offset"))

	n := rapid.IntRange(0, 4).Draw(t, "grants")
	f.Grants = nil
	for range n {
		g := granted("R8-0"+rapid.StringMatching(`[0-9]{3}`).Draw(t, "no"),
			rapid.SampledFrom([]string{"hr-db", "hr-web", "tax-db"}).Draw(t, "grant target"), "maint")
		if !often("grant as usual") {
			g.State = rapid.SampledFrom([]GrantState{"", GrantActive, GrantRevoked, GrantVoid}).Draw(t, "grant state")
			g.RequestState = rapid.SampledFrom([]RequestState{"", RequestDraft, PendingFirst, PendingSecond, RequestApproved,
				RequestConditional, RequestRejected, RequestWithdrawn, RequestLapsed, RequestRevoked, RequestClosed}).Draw(t, "request state")
			g.ApprovedVersion = rapid.IntRange(-1, 3).Draw(t, "approved")
			g.RequestVersion = rapid.IntRange(-1, 3).Draw(t, "version")
			g.Person = rapid.SampledFrom([]string{"", "E-0031", "E-0032"}).Draw(t, "grantee")
		}
		if !often("window as usual") {
			g.Window.State = rapid.SampledFrom([]WindowState{"", WindowScheduled, WindowAttended, WindowPermitted, WindowClosed,
				WindowCut, WindowCancelled}).Draw(t, "window state")
			g.Window.Attendant = rapid.SampledFrom([]string{"", "U-010"}).Draw(t, "attendant")
			shift := time.Duration(rapid.IntRange(-3, 3).Draw(t, "shift")) * time.Hour
			g.Window.Start, g.Window.End = g.Window.Start.Add(shift), g.Window.End.Add(shift)
		}
		if !often("an ordinary window") {
			g.Window.Emergency, g.Window.Drill = rapid.Bool().Draw(t, "emergency"), rapid.Bool().Draw(t, "drill")
			g.RequestState = rapid.SampledFrom([]RequestState{EmergencyAsked, EmergencyOpen, FollowUpDue, ReportDue, RequestApproved}).Draw(t, "emergency state")
			g.Window.End = g.Window.End.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "longer")) * time.Hour)
		}
		if !often("attendant heard of") {
			g.Window.Present = rapid.SampledFrom([]time.Time{{}, now, now.Add(-30 * time.Second), now.Add(1 - 30*time.Second), now.Add(-2 * time.Minute),
				now.Add(1 - 2*time.Minute), now.Add(2 * time.Second), now.Add(2*time.Second + 1), now.Add(time.Hour)}).Draw(t, "present")
		}
		if !often("nothing overridden") {
			g.Window.Overrides = rapid.SliceOf(rapid.SampledFrom([]string{OverrideBackup, OverrideFollowUp, OverrideReviews})).Draw(t, "overrides")
		}
		g.Window.BackupAt = rapid.SampledFrom([]time.Time{now.Add(-time.Minute), now.Add(-time.Hour), now.Add(-time.Hour - 1), now.Add(1), {}}).Draw(t, "backup")
		g.Files = rapid.SampledFrom([]FilesRule{"", FilesNone, FilesAllowed}).Draw(t, "files")
		g.Forwards = rapid.SampledFrom([][]string{nil, {"db:5432"}}).Draw(t, "forwards")
		f.Grants = append(f.Grants, g)
	}
	setSystem(&f, func(s *System) {
		s.Attendance = rapid.SampledFrom([]AttendanceMode{"", AttendanceRequired, AttendanceOnCall, AttendanceNone}).Draw(t, "mode")
		s.IdentityCheck = rapid.Bool().Draw(t, "identity")
		s.Exclusive = rapid.Bool().Draw(t, "exclusive")
		s.PersonalData = rapid.Bool().Draw(t, "personal data")
		if rapid.Bool().Draw(t, "impatient") {
			s.PauseAfter, s.CutAfter = 0, 0
		}
		if !often("no backup asked for") {
			s.BackupAge = time.Hour
		}
		if !often("no line") {
			s.Line = rapid.SampledFrom([]LineMode{"", LineInterlocked}).Draw(t, "line mode")
		}
	})
	if rapid.Bool().Draw(t, "declared") {
		declared(&f)
		f.Person.Pledge.Copy, f.Vendor.SpecialClauses = often("copy"), drawnClauses(t, often("clauses"), now)
		if !often("certified") {
			f.Vendor.Certifications[0].Until = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "certified for")))
		}
	}
	if !often("no subcontract") {
		subcontracted(&f)
		f.Vendor.PrimeApproved = often("approved subcontract")
		if !often("prime as usual") {
			f.Prime.ID = rapid.SampledFrom([]string{"", "V-001", "V-012"}).Draw(t, "prime")
			f.Prime.Qualified, f.Prime.SpecialClauses = rapid.Bool().Draw(t, "prime qualified"), drawnClauses(t, rapid.Bool().Draw(t, "prime's clauses"), now)
			f.Prime.ContractUntil = rapid.SampledFrom([]time.Time{{}, now, now.Add(1), now.Add(time.Hour)}).Draw(t, "prime's contract")
			f.Prime.Certifications[0].Until = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "prime certified for")))
		}
		if !often("prime not locked") {
			f.Prime.Locked = &Lock{}
		}
		if !often("prime among the facts") {
			f.Prime = nil
		}
		f.Vendor.Subcontract = []Span{{End: rapid.SampledFrom([]time.Time{{}, now, now.Add(1)}).Draw(t, "subcontract")}}
	}
	if !often("no follow-up") {
		u := owed()
		u.Request = rapid.SampledFrom([]string{"R8-0090", "R8-0124"}).Draw(t, "emergency no")
		u.Ended, u.Report, u.Approval = now.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "ended"))), rapid.Bool().Draw(t, "report"), rapid.Bool().Draw(t, "later approval")
		f.FollowUps = []FollowUp{u}
	}
	f.Targets["hr-db"] = Target{ID: "hr-db", System: "hr", Drill: rapid.Bool().Draw(t, "target of drills")}
	setLine(&f, rapid.SampledFrom([]LineState{LineUnknown, LineSeparated, LineJoined}).Draw(t, "line"))
	if !often("nobody locked") {
		f.Person.Locked = &Lock{}
	}
	if !often("vendor not locked") {
		f.Vendor.Locked = &Lock{}
	}
	if !often("attendant not locked") {
		f.LockedStaff = rapid.SliceOf(rapid.SampledFrom([]string{"", "U-009", "U-010"})).Draw(t, "locked staff")
	}
	if !often("nothing frozen") {
		f.Freezes = []Freeze{{
			Scope:   rapid.SampledFrom([]FreezeScope{"", FreezeAll, FreezeVendor, FreezeSystem}).Draw(t, "scope"),
			Subject: rapid.SampledFrom([]string{"", "V-012", "V-013", "hr", "tax"}).Draw(t, "subject"),
			System:  rapid.SampledFrom([]string{"", "", "hr", "tax"}).Draw(t, "system of the freeze"),
			Drill:   rapid.Bool().Draw(t, "drill freeze"),
		}}
	}
	if !often("clock trusted") {
		f.Runtime.Clock = rapid.SampledFrom([]ClockState{"", ClockUntrusted}).Draw(t, "clock")
	}
	if !often("key active") {
		f.Keys = rapid.SliceOf(rapid.SampledFrom([]string{"", "SHA256:another"})).Draw(t, "keys")
	}
	if !often("few connections") {
		a.Beside = rapid.IntRange(0, 2*DefaultConnections).Draw(t, "beside")
	}
	if !often("nobody else") {
		f.Live = []LiveSession{live("S-1", "E-0099", "R8-0124-1", "hr")}
	}
	a.Target = rapid.SampledFrom([]string{"", "hr-db", "hr-web", "tax-db", "nowhere"}).Draw(t, "target")
	a.Account = rapid.SampledFrom([]string{"", "maint", "ro"}).Draw(t, "account")
	a.Channel = rapid.SampledFrom([]ChannelKind{ChannelAdmission, ChannelShell, ChannelExec, ChannelSFTP, ChannelCopy,
		ChannelForward, ChannelAgent, ChannelX11, ChannelOther}).Draw(t, "channel")
	a.Consent = rapid.SampledFrom([]Consent{ConsentPending, ConsentGiven, ConsentGiven, ConsentDeclined}).Draw(t, "consent")
	a.Factor = often("factor")
	if !often("no number chosen") && n > 0 {
		a.Grant = f.Grants[rapid.IntRange(0, n-1).Draw(t, "chosen")].ID
	}
	return f, a, now
}

// covering finds, without the package's help, an approved grant that covers the attempt now.
func covering(f Facts, a Attempt, now time.Time) bool {
	return slices.ContainsFunc(f.Grants, func(g Grant) bool {
		approved := g.RequestState == RequestApproved || g.RequestState == RequestConditional || g.RequestState == ReportDue ||
			g.Window.Emergency && (g.RequestState == EmergencyOpen || g.RequestState == FollowUpDue)
		return g.Person == a.Person && g.State == GrantActive && approved && g.RequestVersion == g.ApprovedVersion &&
			(a.Target == "" || g.Target == a.Target) &&
			(a.Account == "" || g.Account == g.Target+"/"+a.Account) &&
			(a.Grant == "" || g.ID == a.Grant) &&
			(!g.Window.Drill || f.Targets[g.Target].Drill) &&
			(!g.Window.Emergency || now.Sub(g.Window.Start) < 2*time.Hour) &&
			!now.Before(g.Window.Start) && now.Before(g.Window.End)
	})
}

// The two halves of promise 1.
func noGrantNoChannel(t *rapid.T) {
	f, a, now := world(t)
	d := Decide(f, a, now)
	if !d.Allow {
		if d.Reason == "" || len(d.Channels) > 0 || !d.Until.IsZero() {
			t.Fatalf("a denial without a reason, or that opens something: %+v", d)
		}
		if _, ok := Lookup(d.Reason); !ok {
			t.Fatalf("reason %q has no row", d.Reason)
		}
		return
	}
	g := d.Grant
	s := f.Systems[f.Targets[g.Target].System]
	permitted := g.Window.State == WindowPermitted
	switch {
	case !covering(f, a, now):
		t.Fatal("allowed without a covering approved grant")
	case !slices.ContainsFunc(f.Grants, func(have Grant) bool { return have.ID == g.ID && have.Target == g.Target }):
		t.Fatal("allowed on a grant that is not among the facts")
	case (s.Attendance != AttendanceNone || s.PersonalData) && (g.Window.Attendant == "" || !permitted):
		t.Fatal("allowed although nobody permitted the start")
	case g.Window.Attendant != "" && slices.Contains(f.LockedStaff, g.Window.Attendant):
		t.Fatal("allowed although who has the post is locked")
	case (s.PersonalData || s.Attendance == "" || s.Attendance == AttendanceRequired) &&
		(g.Window.Present.IsZero() || g.Window.Present.Sub(now) > 2*time.Second || s.PauseAfter == 0 && now.Sub(g.Window.Present) >= 30*time.Second):
		t.Fatal("allowed although nobody is watching")
	case s.BackupAge > 0 && !slices.Contains(g.Window.Overrides, OverrideBackup) &&
		(g.Window.BackupAt.IsZero() || g.Window.BackupAt.After(now) || now.Sub(g.Window.BackupAt) > s.BackupAge):
		t.Fatal("allowed without a backup")
	case owes(f, g, now) && !slices.Contains(g.Window.Overrides, OverrideFollowUp):
		t.Fatal("allowed although an emergency lacks its follow-up")
	case f.Institution.Declared && (!f.Person.Pledge.Copy || !runs(f.Vendor.SpecialClauses, now) || !now.Before(f.Vendor.Certifications[0].Until)):
		t.Fatal("allowed although a paper is missing")
	case f.Vendor.Prime != "" && (!f.Vendor.PrimeApproved || len(f.Vendor.Subcontract) > 0 && !runs(f.Vendor.Subcontract, now)):
		t.Fatal("allowed although the subcontract is not approved")
	case f.Vendor.Prime != "" && (f.Prime == nil || f.Prime.ID != f.Vendor.Prime || f.Prime.Locked != nil || !f.Prime.Qualified || !now.Before(f.Prime.ContractUntil)):
		t.Fatal("allowed although the prime contractor is unknown or stopped")
	case f.Vendor.Prime != "" && f.Institution.Declared && (!runs(f.Prime.SpecialClauses, now) || !now.Before(f.Prime.Certifications[0].Until)):
		t.Fatal("allowed although a paper of the prime contractor is missing")
	case s.IdentityCheck && g.Window.State != WindowPermitted:
		t.Fatal("allowed without the identity check")
	case s.Line != LineNone && f.Runtime.Lines[s.ID].State != LineSeparated:
		t.Fatal("allowed on a line that is not separated")
	case !slices.Contains(f.Keys, a.Print):
		t.Fatal("allowed with a key that is not active")
	case a.Beside >= DefaultConnections:
		t.Fatal("allowed one connection too many")
	case f.Person.Locked != nil || f.Vendor.Locked != nil:
		t.Fatal("allowed although locked")
	case f.Runtime.Clock != ClockTrusted || f.Runtime.Recorder != RecorderReady:
		t.Fatal("allowed without clock or recorder")
	case !a.Key || !a.Factor || a.Consent == ConsentDeclined:
		t.Fatal("allowed without factor or consent")
	case a.Consent == ConsentPending && (a.Channel != ChannelAdmission || len(d.Channels) > 0):
		t.Fatal("a channel before consent")
	case f.Vendor.Prime != "" && d.Until.After(f.Prime.ContractUntil):
		t.Fatalf("until %v, the prime contractor's contract ends %v", d.Until, f.Prime.ContractUntil)
	case !d.Until.After(now) || d.Until.After(g.Window.End) || g.Window.Emergency && d.Until.Sub(g.Window.Start) > 2*time.Hour:
		t.Fatalf("until %v, now %v, window ends %v", d.Until, now, g.Window.End)
	case a.Channel != ChannelAdmission && !slices.Contains(d.Channels, a.Channel):
		t.Fatal("allowed a channel that it does not list")
	case slices.Contains(d.Channels, ChannelSFTP) && g.Files != FilesAllowed:
		t.Fatal("files although the grant forbids them")
	case slices.Contains([]ChannelKind{ChannelForward, ChannelAgent, ChannelX11, ChannelOther}, a.Channel):
		t.Fatal("allowed a forward")
	}
	for _, fr := range f.Freezes {
		switch {
		case fr.Drill && !g.Window.Drill:
		case fr.Scope == FreezeVendor && fr.System != s.ID && fr.System != "":
		case fr.Scope == FreezeVendor && fr.Subject != "V-012" && fr.Subject != "":
		case fr.Scope == FreezeSystem && fr.Subject != s.ID && fr.Subject != "":
		default:
			t.Fatalf("allowed in a freeze: %+v", fr)
		}
	}
	// An attempt that was just admitted is kept, and ends at Until at the latest.
	r := Running{Session: "S-1", Person: a.Person, Print: a.Print, Grant: g.ID, Source: a.Source, Target: g.Target, Account: "maint", LastInput: now}
	if !slices.ContainsFunc(f.Grants, func(have Grant) bool { return have.ID == g.ID && !reflect.DeepEqual(have, g) }) {
		if v := Recheck(f, r, now); !v.Keep || v.Pause != "" || !v.Until.Equal(d.Until) || !v.Next.After(now) || v.Next.After(v.Until) {
			t.Fatalf("admitted and at once ended: %+v", v)
		}
		r.LastInput = d.Until
		if v := Recheck(f, r, d.Until); v.Keep {
			t.Fatal("kept at Until")
		}
	}
}

// owes finds a follow-up of another emergency on the grant's system.
func owes(f Facts, g Grant, now time.Time) bool {
	return slices.ContainsFunc(f.FollowUps, func(u FollowUp) bool {
		return (u.Report || u.Approval) && u.Request != g.Request && u.System == g.Window.System && !u.Ended.After(now)
	})
}

func TestNoGrantNoChannel(t *testing.T) { rapid.Check(t, noGrantNoChannel) }

func FuzzNoGrantNoChannel(f *testing.F) { f.Fuzz(rapid.MakeFuzz(noGrantNoChannel)) }

// The order of grants, freezes and live sessions depends on the store.
func TestDecisionDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, a, now := world(t)
		seen := map[string]bool{}
		f.Grants = slices.DeleteFunc(f.Grants, func(g Grant) bool { twice := seen[g.ID]; seen[g.ID] = true; return twice })
		before := Decide(f, a, now)
		slices.Reverse(f.Grants)
		after := Decide(f, a, now)
		if before.Allow != after.Allow || before.Reason != after.Reason || before.Grant.ID != after.Grant.ID {
			t.Fatalf("%q %s, then %q %s", before.Reason, before.Grant.ID, after.Reason, after.Grant.ID)
		}
	})
}

// Between now and NextChange nothing changes by itself.
func TestNothingChangesBeforeNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, a, now := world(t)
		next := NextChange(f, now)
		last := now.AddDate(0, 0, 30)
		if !next.IsZero() {
			last = next.Add(-1)
		}
		first, then := Decide(f, a, now), Decide(f, a, last)
		if first.Allow != then.Allow || first.Reason != then.Reason || first.Wait != then.Wait {
			t.Fatalf("%v: %q wait=%v, %v: %q wait=%v, though next is %v", now, first.Reason, first.Wait, last, then.Reason, then.Wait, next)
		}
	})
}

// No text of a person or vendor can control a terminal.
func FuzzRefusal(f *testing.F) {
	f.Add("engineer-locked", "\x1b[2J\u202e", "総務部\u009b", "0000")
	f.Add("", "{reason}", "", "\xff\xfe")
	f.Fuzz(func(t *testing.T, code, reason, section, phone string) {
		text := Words(Reason(code), map[string]string{"reason": reason, "item": reason, "granted": reason}).Block("", section, phone, reason)
		for _, r := range text {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == 0x2028) {
				t.Fatalf("%U in %q", r, text)
			}
		}
	})
}

// drawnClauses are special clauses that hold at now, or not.
func drawnClauses(t *rapid.T, held bool, now time.Time) []Span {
	if !held {
		return rapid.SampledFrom([][]Span{nil, {{End: now}}, {{Start: now.Add(1)}}}).Draw(t, "clauses that do not hold")
	}
	return rapid.SampledFrom([][]Span{{{}}, {{Start: now}}, {{End: now.Add(1)}}, {{Start: now.Add(1)}, {End: now.Add(1)}}}).Draw(t, "clauses that hold")
}

// runs tells whether one of the one or two terms that this file draws holds at now.
func runs(terms []Span, now time.Time) bool {
	return slices.ContainsFunc(terms, func(s Span) bool { return !now.Before(s.Start) && (s.End.IsZero() || now.Before(s.End)) })
}

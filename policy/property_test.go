package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "sekimori/policy"
)

// world draws facts near the admitted world, so that both answers occur, with anything wrong.
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
		g.Files = rapid.SampledFrom([]FilesRule{"", FilesNone, FilesAllowed}).Draw(t, "files")
		g.Forward = rapid.Bool().Draw(t, "forward")
		f.Grants = append(f.Grants, g)
	}
	setSystem(&f, func(s *System) {
		s.Attendance = rapid.SampledFrom([]AttendanceMode{"", AttendanceRequired, AttendanceOnCall, AttendanceNone}).Draw(t, "mode")
		s.IdentityCheck = rapid.Bool().Draw(t, "identity")
		s.Exclusive = rapid.Bool().Draw(t, "exclusive")
		if !often("no line") {
			s.Line = rapid.SampledFrom([]LineMode{"", LineInterlocked}).Draw(t, "line mode")
		}
	})
	f.Runtime.Line = rapid.SampledFrom([]LineState{LineUnknown, LineSeparated, LineJoined}).Draw(t, "line")
	if !often("nobody locked") {
		f.Person.Locked = &Lock{}
	}
	if !often("vendor not locked") {
		f.Vendor.Locked = &Lock{}
	}
	if !often("nothing frozen") {
		f.Freezes = []Freeze{{
			Scope:   rapid.SampledFrom([]FreezeScope{"", FreezeAll, FreezeVendor, FreezeSystem}).Draw(t, "scope"),
			Subject: rapid.SampledFrom([]string{"", "V-012", "V-013", "hr", "tax"}).Draw(t, "subject"),
		}}
	}
	if !often("clock trusted") {
		f.Runtime.Clock = rapid.SampledFrom([]ClockState{"", ClockUntrusted}).Draw(t, "clock")
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
	return f, a, now
}

// covering finds, without the package's help, an approved grant that covers the attempt now.
func covering(f Facts, a Attempt, now time.Time) bool {
	return slices.ContainsFunc(f.Grants, func(g Grant) bool {
		approved := g.RequestState == RequestApproved || g.RequestState == RequestConditional
		return g.Person == a.Person && g.State == GrantActive && approved && g.RequestVersion == g.ApprovedVersion &&
			(a.Target == "" || g.Target == a.Target) &&
			(a.Account == "" || g.Account == g.Target+"/"+a.Account) &&
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
	permitted := g.Window.State == WindowPermitted || g.Window.State == WindowAttended && !s.IdentityCheck
	switch {
	case !covering(f, a, now):
		t.Fatal("allowed without a covering approved grant")
	case !slices.ContainsFunc(f.Grants, func(have Grant) bool { return have.ID == g.ID && have.Target == g.Target }):
		t.Fatal("allowed on a grant that is not among the facts")
	case s.Attendance != AttendanceNone && (g.Window.Attendant == "" || !permitted):
		t.Fatal("allowed although nobody permitted the start")
	case s.IdentityCheck && g.Window.State != WindowPermitted:
		t.Fatal("allowed without the identity check")
	case s.Line != LineNone && f.Runtime.Line != LineSeparated:
		t.Fatal("allowed on a line that is not separated")
	case f.Person.Locked != nil || f.Vendor.Locked != nil:
		t.Fatal("allowed although locked")
	case f.Runtime.Clock != ClockTrusted || f.Runtime.Recorder != RecorderReady:
		t.Fatal("allowed without clock or recorder")
	case !a.Key || !a.Factor || a.Consent == ConsentDeclined:
		t.Fatal("allowed without factor or consent")
	case a.Consent == ConsentPending && (a.Channel != ChannelAdmission || len(d.Channels) > 0):
		t.Fatal("a channel before consent")
	case !d.Until.After(now) || d.Until.After(g.Window.End):
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
		case fr.Scope == FreezeVendor && fr.Subject != "V-012" && fr.Subject != "":
		case fr.Scope == FreezeSystem && fr.Subject != s.ID && fr.Subject != "":
		default:
			t.Fatalf("allowed in a freeze: %+v", fr)
		}
	}
	// What was admitted just now is kept just now, and ends at Until at the latest.
	r := Running{Session: "S-1", Person: a.Person, Grant: g.ID, Source: a.Source, Target: g.Target, Account: "maint", LastInput: now}
	if !slices.ContainsFunc(f.Grants, func(have Grant) bool { return have.ID == g.ID && !reflect.DeepEqual(have, g) }) {
		if v := Recheck(f, r, now); !v.Keep || !v.Until.Equal(d.Until) {
			t.Fatalf("admitted and at once ended: %+v", v)
		}
		r.LastInput = d.Until
		if v := Recheck(f, r, d.Until); v.Keep {
			t.Fatal("kept at Until")
		}
	}
}

func TestNoGrantNoChannel(t *testing.T) { rapid.Check(t, noGrantNoChannel) }

func FuzzNoGrantNoChannel(f *testing.F) { f.Fuzz(rapid.MakeFuzz(noGrantNoChannel)) }

// Order of grants, freezes and live sessions is the store's affair.
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

// No text of a person or vendor gets a terminal to do anything.
func FuzzRefusal(f *testing.F) {
	f.Add("engineer-locked", "\x1b[2J\u202e", "総務部\u009b", "0000")
	f.Add("", "{reason}", "", "\xff\xfe")
	f.Fuzz(func(t *testing.T, code, reason, section, phone string) {
		text := Refusal(Reason(code), map[string]string{"reason": reason, "item": reason, "granted": reason}, "", section, phone, reason)
		for _, r := range text {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == 0x2028) {
				t.Fatalf("%U in %q", r, text)
			}
		}
	})
}

package policy_test

import (
	"testing"
	"time"

	. "sekimori/policy"
)

// declared makes the fixture's institution ask for everything, and the vendor have it.
func declared(f *Facts) {
	f.Institution = Institution{Declared: true, Certifications: []string{"isms"}, PledgeCopy: true, SpecialClauses: true}
	f.Person.Pledge.Copy, f.Vendor.SpecialClauses = true, []Span{{}}
	f.Vendor.Certifications = []Certification{{Name: "isms", From: start.AddDate(-1, 0, 0), Until: end.AddDate(1, 0, 0)}}
}

// blazing makes the fixture's grant that of an emergency opened by two people.
func blazing(f *Facts) {
	f.Grants[0].Window.Emergency, f.Grants[0].RequestState = true, EmergencyOpen
}

// training makes it a drill, on a target of drills.
func training(f *Facts) {
	f.Grants[0].Window.Drill = true
	f.Targets["hr-db"] = Target{ID: "hr-db", System: "hr", Drill: true}
}

// The procedure's reasons for a connection (want) and for a session under way (ends); empty: goes on.
func TestProcedureReasons(t *testing.T) {
	backup := func(f *Facts, at time.Time) {
		setSystem(f, func(s *System) { s.BackupAge = 24 * time.Hour })
		f.Grants[0].Window.BackupAt = at
	}
	rows := []struct {
		name   string
		change func(f *Facts)
		want   Reason
		wait   bool
		ends   Reason
	}{
		{"all that is asked for", declared, "", false, ""},
		{"certificate lapsed", func(f *Facts) { declared(f); f.Vendor.Certifications[0].Until = mid }, QualificationUnmet, false, Lapsed},
		{"certificate never filed", func(f *Facts) { declared(f); f.Vendor.Certifications = nil }, QualificationUnmet, false, Lapsed},
		{"another certificate", func(f *Facts) { declared(f); f.Vendor.Certifications[0].Name = "privacy-mark" }, QualificationUnmet, false, Lapsed},
		{"certificate lapsed, not asked for", func(f *Facts) {
			declared(f)
			f.Vendor.Certifications, f.Institution.Certifications = nil, nil
		}, "", false, ""},
		{"pledge without its copy", func(f *Facts) { declared(f); f.Person.Pledge.Copy = false }, PledgeMissing, false, Lapsed},
		{"contract without its clauses", func(f *Facts) { declared(f); f.Vendor.SpecialClauses = nil }, VendorLocked, false, Lapsed},
		{"nothing declared, nothing asked for", func(f *Facts) {
			declared(f)
			f.Institution.Declared = false
			f.Person.Pledge.Copy, f.Vendor.SpecialClauses, f.Vendor.Certifications = false, nil, nil
		}, "", false, ""},
		{"subcontract over", func(f *Facts) {
			subcontracted(f)
			f.Vendor.Subcontract = []Span{{End: mid}}
		}, QualificationUnmet, false, Lapsed},
		{"subcontract runs", func(f *Facts) {
			subcontracted(f)
			f.Vendor.Subcontract = []Span{{End: mid.Add(1)}}
		}, "", false, ""},
		{"no subcontract, an old date", func(f *Facts) { f.Vendor.Subcontract = []Span{{End: mid}} }, "", false, ""},
		{"follow-up of another window missing", func(f *Facts) { f.FollowUps = []FollowUp{owed()} }, FollowUpMissing, false, ""},
		{"approval of another window missing", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].Report, f.FollowUps[0].Approval = false, true
		}, FollowUpMissing, false, ""},
		{"follow-up missing, end not known", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].Ended = time.Time{}
		}, FollowUpMissing, false, ""},
		{"follow-up missing, gone on with a reason", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.Grants[0].Window.Overrides = []string{"backup", OverrideFollowUp}
		}, "", false, ""},
		{"follow-up missing, another override", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.Grants[0].Window.Overrides = []string{OverrideBackup, OverrideReviews}
		}, FollowUpMissing, false, ""},
		{"the emergency's own follow-up", func(f *Facts) {
			blazing(f)
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].Request = "R8-0124"
		}, "", false, ""},
		{"follow-up on another system", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].System = "tax"
		}, "", false, ""},
		{"follow-up of another vendor", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].Vendor = "V-013"
		}, "", false, ""},
		{"nothing missing", func(f *Facts) { f.FollowUps = []FollowUp{{Request: "R8-0090", System: "hr", Vendor: "V-012"}} }, "", false, ""},
		{"no backup stated", func(f *Facts) { backup(f, time.Time{}) }, BackupTooOld, true, ""},
		{"backup too old", func(f *Facts) { backup(f, mid.Add(-24*time.Hour-1)) }, BackupTooOld, true, ""},
		{"backup from the future", func(f *Facts) { backup(f, mid.Add(1)) }, BackupTooOld, true, ""},
		{"backup a day old", func(f *Facts) { backup(f, mid.Add(-24*time.Hour)) }, "", false, ""},
		{"no backup, gone on with a reason", func(f *Facts) {
			backup(f, time.Time{})
			f.Grants[0].Window.Overrides = []string{OverrideBackup}
		}, "", false, ""},
		{"no backup, none asked for", func(f *Facts) { f.Grants[0].Window.BackupAt = time.Time{} }, "", false, ""},
		{"attendant never heard of", func(f *Facts) { f.Grants[0].Window.Present = time.Time{} }, AttendantAbsent, true, AttendantLost},
		{"attendant never heard of, on call", func(f *Facts) {
			f.Grants[0].Window.Present = time.Time{}
			setSystem(f, func(s *System) { s.Attendance = AttendanceOnCall })
		}, "", false, ""},
		{"attendant never heard of, none needed", func(f *Facts) {
			f.Grants[0].Window.Present = time.Time{}
			setSystem(f, func(s *System) { s.Attendance = AttendanceNone })
		}, "", false, ""},
		{"attendant never heard of, rule unknown", func(f *Facts) {
			f.Grants[0].Window.Present = time.Time{}
			setSystem(f, func(s *System) { s.Attendance = "" })
		}, AttendantAbsent, true, AttendantLost},
		{"none needed, but personal data", func(f *Facts) {
			f.Grants[0].Window.Attendant = ""
			setSystem(f, func(s *System) { s.Attendance, s.PersonalData = AttendanceNone, true })
		}, AttendantAbsent, true, AttendantLost},
		{"on call, nobody at the post", func(f *Facts) {
			f.Grants[0].Window.Attendant = ""
			setSystem(f, func(s *System) { s.Attendance = AttendanceOnCall })
		}, AttendantAbsent, true, AttendantLost},
		{"emergency", blazing, "", false, ""},
		{"emergency, opened by one", func(f *Facts) { blazing(f); pending(f, EmergencyAsked) }, NotYetApproved, false, GrantRevokedLive},
		{"emergency, edited", func(f *Facts) { blazing(f); f.Grants[0].RequestVersion++ }, RequestChanged, false, GrantRevokedLive},
		{"emergency state on an ordinary window", func(f *Facts) { f.Grants[0].RequestState = EmergencyOpen }, NoGrant, false, GrantRevokedLive},
		{"follow-up due on an ordinary window", func(f *Facts) { f.Grants[0].RequestState = FollowUpDue }, NoGrant, false, GrantRevokedLive},
		{"emergency, frozen", func(f *Facts) { blazing(f); f.Freezes = []Freeze{{Scope: FreezeSystem, Subject: "hr"}} }, Frozen, false, CutByFreeze},
		{"emergency, locked", func(f *Facts) { blazing(f); f.Person.Locked = &Lock{} }, EngineerLocked, false, Locked},
		{"emergency, no pledge", func(f *Facts) { blazing(f); f.Person.Pledge = Pledge{} }, PledgeMissing, false, Lapsed},
		{"emergency, no recording", func(f *Facts) { blazing(f); f.Runtime.Recorder = RecorderFailed }, RecordingUnavailable, false, RecordingFailed},
		{"emergency, nobody at the post", func(f *Facts) { blazing(f); f.Grants[0].Window.Attendant = "" }, AttendantAbsent, true, AttendantLost},
		{"emergency, line joined", func(f *Facts) {
			blazing(f)
			setSystem(f, func(s *System) { s.Line = LineInterlocked })
			setLine(f, LineJoined)
		}, InterlockNotReady, false, InterlockLost},
		{"emergency, stored as a day", func(f *Facts) { blazing(f); f.Grants[0].Window.End = start.AddDate(0, 0, 1) }, "", false, ""},
		{"report due, window still open", func(f *Facts) { f.Grants[0].RequestState = ReportDue }, "", false, ""},
		{"drill", training, "", false, ""},
		{"drill on a target of the works", func(f *Facts) { f.Grants[0].Window.Drill = true }, NoGrant, false, GrantRevokedLive},
		{"ordinary work on a target of drills", func(f *Facts) { training(f); f.Grants[0].Window.Drill = false }, "", false, ""},
		{"drill, frozen as a drill", func(f *Facts) { training(f); f.Freezes = []Freeze{{Scope: FreezeAll, Drill: true}} }, Frozen, false, CutByFreeze},
		{"drill, vendor frozen as a drill", func(f *Facts) {
			training(f)
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012", Drill: true}}
		}, Frozen, false, CutByFreeze},
		{"drill, frozen in earnest", func(f *Facts) { training(f); f.Freezes = []Freeze{{Scope: FreezeAll}} }, Frozen, false, CutByFreeze},
		{"ordinary work, all frozen as a drill", func(f *Facts) { f.Freezes = []Freeze{{Scope: FreezeAll, Drill: true}, {Scope: "planet", Drill: true}} }, "", false, ""},
		{"ordinary work, a drill's freeze before a real one", func(f *Facts) {
			f.Freezes = []Freeze{{Scope: FreezeAll, Drill: true}, {Scope: FreezeSystem, Subject: "hr"}}
		}, Frozen, false, CutByFreeze},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, a := admitted()
			_, r := running()
			row.change(&f)
			if d := Decide(f, a, mid); d.Allow != (row.want == "") || d.Reason != row.want || d.Wait != row.wait {
				t.Errorf("connecting: allow=%v %q wait=%v, want %q wait=%v", d.Allow, d.Reason, d.Wait, row.want, row.wait)
			}
			if v := Recheck(f, r, mid); v.Keep != (row.ends == "") || v.Reason != row.ends {
				t.Errorf("under way: keep=%v %q, want %q", v.Keep, v.Reason, row.ends)
			}
		})
	}
}

// The instants at which the procedure's rules change, for a connection and for a session. NextChange names each.
func TestProcedureEdges(t *testing.T) {
	brisk := func(f *Facts, pause, cut time.Duration) {
		setSystem(f, func(s *System) { s.PauseAfter, s.CutAfter = pause, cut })
		f.Grants[0].Window.Present = mid.Add(-2 * time.Minute)
	}
	rows := []struct {
		name         string
		change       func(f *Facts)
		edge         time.Time
		before, at   Reason // connecting
		lasts, ended Reason // under way
	}{
		{"certificate ends", func(f *Facts) { declared(f); f.Vendor.Certifications[0].Until = mid }, mid, "", QualificationUnmet, "", Lapsed},
		{"certificate begins", func(f *Facts) { declared(f); f.Vendor.Certifications[0].From = mid }, mid, QualificationUnmet, "", Lapsed, ""},
		{"subcontract ends", func(f *Facts) {
			subcontracted(f)
			f.Vendor.Subcontract = []Span{{End: mid}}
		}, mid, "", QualificationUnmet, "", Lapsed},
		{"emergency ends", func(f *Facts) {
			f.FollowUps = []FollowUp{owed()}
			f.FollowUps[0].Ended = mid
		}, mid, "", FollowUpMissing, "", ""},
		{"backup made", func(f *Facts) {
			setSystem(f, func(s *System) { s.BackupAge = time.Hour })
			f.Grants[0].Window.BackupAt = mid
		}, mid, BackupTooOld, "", "", ""},
		{"backup grows too old", func(f *Facts) {
			setSystem(f, func(s *System) { s.BackupAge = time.Hour })
			f.Grants[0].Window.BackupAt = mid.Add(-time.Hour - 1)
		}, mid, "", BackupTooOld, "", ""},
		{"attendant away by the rule", func(f *Facts) { brisk(f, 2*time.Minute, time.Hour) }, mid, "", AttendantAbsent, "", ""},
		{"attendant lost by the rule", func(f *Facts) { brisk(f, time.Minute, 2*time.Minute) }, mid, AttendantAbsent, AttendantAbsent, "", AttendantLost},
		{"attendant lost by default", func(f *Facts) { brisk(f, 0, 0) }, mid, AttendantAbsent, AttendantAbsent, "", AttendantLost},
		{"cut before the pause", func(f *Facts) { brisk(f, time.Hour, 2*time.Minute) }, mid, "", AttendantAbsent, "", AttendantLost},
		{"an emergency is over after two hours", func(f *Facts) {
			blazing(f)
			f.Grants[0].Window.End = start.AddDate(0, 0, 1)
		}, start.Add(2 * time.Hour), "", WindowOver, "", WindowEnded},
	}
	for _, row := range rows {
		for by := time.Duration(-1); by <= 1; by++ {
			f, a := admitted()
			_, r := running()
			row.change(&f)
			now := row.edge.Add(by)
			r.LastInput = now
			want, ends := row.at, row.ended
			if by < 0 {
				want, ends = row.before, row.lasts
			}
			if d := Decide(f, a, now); d.Allow != (want == "") || d.Reason != want {
				t.Errorf("%s %+d ns: connecting: allow=%v %q, want %q", row.name, by, d.Allow, d.Reason, want)
			}
			v := Recheck(f, r, now)
			if v.Keep != (ends == "") || v.Reason != ends {
				t.Errorf("%s %+d ns: under way: keep=%v %q, want %q", row.name, by, v.Keep, v.Reason, ends)
			}
			if v.Keep && (!v.Next.After(now) || v.Next.After(v.Until)) {
				t.Errorf("%s %+d ns: now %v, next %v, until %v", row.name, by, now, v.Next, v.Until)
			}
			if v.Keep && by < 0 && ends != row.ended && !v.Next.Equal(row.edge) {
				t.Errorf("%s: the session is next asked at %v, though it ends at %v", row.name, v.Next, row.edge)
			}
			if next := NextChange(f, row.edge.Add(-1)); !next.Equal(row.edge) {
				t.Errorf("%s: NextChange just before = %v, want %v", row.name, next, row.edge)
			}
		}
	}
}

// Thirty seconds without the attendant hold the engineer's input back, two minutes end the session. A heartbeat ends the hold.
func TestPauses(t *testing.T) {
	rows := []struct {
		silent time.Duration
		paused bool
		keep   bool
		pause  PauseCause
	}{
		{0, false, true, ""},
		{30*time.Second - 1, false, true, ""},
		{30 * time.Second, false, true, PausedUnattended},
		{30*time.Second + 1, false, true, PausedUnattended},
		{2*time.Minute - 1, false, true, PausedUnattended},
		{2 * time.Minute, false, false, ""},
		{0, true, true, PausedByAttendant},
		{time.Minute, true, true, PausedByAttendant},
		{2 * time.Minute, true, false, ""},
		{-2 * time.Second, false, true, ""},
		{-2*time.Second - 1, false, true, PausedUnattended}, // heard of later than now: the clock ran back
		{-time.Hour, false, true, PausedUnattended},
	}
	for _, row := range rows {
		f, r := running()
		setSystem(&f, func(s *System) { s.PauseAfter, s.CutAfter = 0, 0 })
		f.Grants[0].Window.Present = mid.Add(-row.silent)
		r.Paused = row.paused
		v := Recheck(f, r, mid)
		if v.Keep != row.keep || v.Pause != row.pause || !row.keep && v.Reason != AttendantLost {
			t.Errorf("silent for %v, paused %v: %+v", row.silent, row.paused, v)
		}
	}
	// An engineer whose input is held back cannot type, so a pause is not idleness. A session whose last input is not known still
	// ends.
	f, r := running()
	r.LastInput = mid.Add(-time.Hour)
	for _, paused := range []bool{true, false} {
		r.Paused = paused
		if v := Recheck(f, r, mid); v.Keep != paused || !paused && v.Reason != IdleTimeout {
			t.Errorf("an hour without input, paused %v: %+v", paused, v)
		}
	}
	r.Paused, r.LastInput = true, time.Time{}
	if v := Recheck(f, r, mid); v.Keep || v.Reason != IdleTimeout {
		t.Errorf("last input not known: %+v", v)
	}
}

// Two certificates that follow each other without a gap are one to the session; with a gap the session ends at the first's end.
func TestCertificatesThatFollowEachOther(t *testing.T) {
	for gap := time.Duration(-1); gap <= 1; gap++ {
		f, a := admitted()
		declared(&f)
		turn := mid.Add(10 * time.Minute)
		f.Vendor.Certifications = []Certification{{Name: "isms", From: turn.Add(gap), Until: end.AddDate(1, 0, 0)}, {Name: "isms", From: start, Until: turn}}
		want := end
		if gap > 0 {
			want = turn
		}
		if d := Decide(f, a, mid); !d.Allow || !d.Until.Equal(want) {
			t.Errorf("%+d ns between them: until %v, want %v", gap, d.Until, want)
		}
		_, r := running()
		r.LastInput = turn
		if v := Recheck(f, r, turn); v.Keep != (gap <= 0) || gap > 0 && v.Reason != Lapsed {
			t.Errorf("%+d ns between them, at the turn: %+v", gap, v)
		}
	}
}

// The number that a person chose on the terminal picks one of several grants for the same account.
func TestTheChosenGrantIsTheOneThatCounts(t *testing.T) {
	f, a := admitted()
	other := granted("R8-0125", "hr-db", "maint")
	other.Window.End = end.Add(time.Hour)
	f.Grants = append(f.Grants, other)
	for id, until := range map[string]time.Time{"": other.Window.End, other.ID: other.Window.End, f.Grants[0].ID: end} {
		a.Grant = id
		if d := Decide(f, a, mid); !d.Allow || !d.Until.Equal(until) || id != "" && d.Grant.ID != id {
			t.Errorf("chose %q: %s until %v", id, d.Grant.ID, d.Until)
		}
	}
	for _, id := range []string{"R8-0999-1-1", "r8-0125-1-1"} {
		a.Grant = id
		if d := Decide(f, a, mid); d.Allow || d.Reason != AccountNotGranted && d.Reason != TargetNotGranted {
			t.Errorf("chose %q, which there is not: %+v", id, d)
		}
	}
	// Without a target or account it opens that grant, and does not ask which.
	a.Target, a.Account, a.Grant = "", "", other.ID
	f.Grants = append(f.Grants, granted("R8-0126", "hr-web", "maint"))
	if d := Decide(f, a, mid); !d.Allow || d.Grant.ID != other.ID {
		t.Errorf("chosen by number alone: %q %s", d.Reason, d.Grant.ID)
	}
	// A channel of a running session stays on its own grant, whatever it names.
	f.Live = []LiveSession{live("S-1", "E-0031", "R8-0124-1", "hr")}
	f.Live[0].Grant = f.Grants[0].ID
	a.Session, a.Target, a.Account = "S-1", "hr-db", "maint"
	if d := Decide(f, a, mid); d.Allow {
		t.Errorf("another grant than the session's: %s", d.Grant.ID)
	}
}

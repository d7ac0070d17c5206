package policy_test

import (
	"net/netip"
	"testing"
	"time"

	. "sekimori/policy"
)

func TestRecheckKeeps(t *testing.T) {
	f, r := running()
	v := Recheck(f, r, mid)
	if !v.Keep || v.Reason != "" || !v.Until.Equal(end) {
		t.Fatalf("got %+v", v)
	}
}

func TestRecheckReasons(t *testing.T) {
	rows := []struct {
		name   string
		change func(f *Facts, r *Running)
		want   Reason
	}{
		{"engineer locked", func(f *Facts, r *Running) { f.Person.Locked = &Lock{} }, Locked},
		{"vendor locked", func(f *Facts, r *Running) { f.Vendor.Locked = &Lock{} }, Locked},
		{"person unknown", func(f *Facts, r *Running) { f.Person = Person{} }, Locked},
		{"another person's facts", func(f *Facts, r *Running) { r.Person = "E-0032" }, Locked},
		{"session without number", func(f *Facts, r *Running) { r.Session = "" }, Locked},
		{"vendor unknown", func(f *Facts, r *Running) { f.Vendor = Vendor{} }, Locked},
		{"all frozen", func(f *Facts, r *Running) { f.Freezes = []Freeze{{Scope: FreezeAll}} }, CutByFreeze},
		{"vendor frozen on the system", func(f *Facts, r *Running) {
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012", System: "hr"}}
		}, CutByFreeze},
		{"vendor frozen", func(f *Facts, r *Running) { f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012"}} }, CutByFreeze},
		{"system frozen", func(f *Facts, r *Running) { f.Freezes = []Freeze{{Scope: FreezeSystem, Subject: "hr"}} }, CutByFreeze},
		{"clock ran back", func(f *Facts, r *Running) { f.Runtime.Clock = ClockUntrusted }, ClockNotTrusted},
		{"clock unknown", func(f *Facts, r *Running) { f.Runtime.Clock = ClockUnknown }, ClockNotTrusted},
		{"source taken off the register", func(f *Facts, r *Running) {
			f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, SourceNotAllowed},
		{"grant gone", func(f *Facts, r *Running) { f.Grants = nil }, GrantRevokedLive},
		{"grant revoked", func(f *Facts, r *Running) { f.Grants[0].State = GrantRevoked }, GrantRevokedLive},
		{"grant void", func(f *Facts, r *Running) { f.Grants[0].State = GrantVoid }, GrantRevokedLive},
		{"request edited", func(f *Facts, r *Running) { f.Grants[0].RequestVersion++ }, GrantRevokedLive},
		{"request revoked", func(f *Facts, r *Running) { f.Grants[0].RequestState = RequestRevoked }, GrantRevokedLive},
		{"window cancelled", func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowCancelled }, GrantRevokedLive},
		{"window state unknown", func(f *Facts, r *Running) { f.Grants[0].Window.State = "" }, GrantRevokedLive},
		{"another target now", func(f *Facts, r *Running) { r.Target = "hr-web" }, GrantRevokedLive},
		{"another account now", func(f *Facts, r *Running) { r.Account = "ro" }, GrantRevokedLive},
		{"account gone", func(f *Facts, r *Running) { f.Accounts = nil }, GrantRevokedLive},
		{"contract over", func(f *Facts, r *Running) { f.Vendor.ContractUntil = mid }, Lapsed},
		{"pledge over", func(f *Facts, r *Running) { f.Person.Pledge.Until = mid }, Lapsed},
		{"certification lapsed", func(f *Facts, r *Running) { f.Vendor.Qualified = false }, Lapsed},
		{"subcontract withdrawn", func(f *Facts, r *Running) { subcontracted(f); f.Vendor.PrimeApproved = false }, Lapsed},
		{"window closed", func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowClosed }, WindowWasClosed},
		{"window cut", func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowCut }, CutByAttendant},
		{"window shortened", func(f *Facts, r *Running) { f.Grants[0].Window.End = mid }, WindowEnded},
		{"window moved away", func(f *Facts, r *Running) { f.Grants[0].Window.Start = mid.Add(1) }, ClockNotTrusted},
		{"attendant gone", func(f *Facts, r *Running) { f.Grants[0].Window.Attendant = "" }, AttendantLost},
		{"permission taken back", func(f *Facts, r *Running) {
			f.Grants[0].Window.State = WindowScheduled
		}, AttendantLost},
		{"recorder failed", func(f *Facts, r *Running) { f.Runtime.Recorder = RecorderFailed }, RecordingFailed},
		{"recorder unknown", func(f *Facts, r *Running) { f.Runtime.Recorder = RecorderUnknown }, RecordingFailed},
		{"line joined", func(f *Facts, r *Running) {
			setSystem(f, func(s *System) { s.Line = LineInterlocked })
			setLine(f, LineJoined)
		}, InterlockLost},
		{"line unknown", func(f *Facts, r *Running) { setSystem(f, func(s *System) { s.Line = LineInterlocked }) }, InterlockLost},
		{"last input unknown", func(f *Facts, r *Running) { r.LastInput = time.Time{} }, IdleTimeout},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, r := running()
			row.change(&f, &r)
			if v := Recheck(f, r, mid); v.Keep || v.Reason != row.want || !v.Until.IsZero() {
				t.Errorf("got %+v, want %q", v, row.want)
			}
		})
	}
}

// A person cut by a lock reads whether the lock is on them or on their company.
func TestRecheckNamesWhoIsLocked(t *testing.T) {
	for who, change := range map[string]func(f *Facts){
		"engineer": func(f *Facts) { f.Person.Locked = &Lock{Reason: "lost"} },
		"vendor":   func(f *Facts) { f.Vendor.Locked = &Lock{Reason: "lost"} },
	} {
		f, r := running()
		change(&f)
		if v := Recheck(f, r, mid); v.Reason != Locked || v.Args["who"] != who || v.Args["reason"] != "lost" {
			t.Errorf("%s locked: %+v", who, v)
		}
	}
}

func TestRecheckEdges(t *testing.T) {
	rows := []struct {
		name       string
		edge       time.Time
		change     func(*Facts, *Running)
		before, at Reason
	}{
		{"window ends", end, func(f *Facts, r *Running) { r.LastInput = end }, "", WindowEnded},
		{"clock back before the start", start, func(*Facts, *Running) {}, ClockNotTrusted, ""},
		{"pledge ends", mid, func(f *Facts, r *Running) { f.Person.Pledge.Until = mid }, "", Lapsed},
		{"contract ends", mid, func(f *Facts, r *Running) { f.Vendor.ContractUntil = mid }, "", Lapsed},
		{"idle, a quarter of an hour by default", mid, func(f *Facts, r *Running) { r.LastInput = mid.Add(-15 * time.Minute) }, "", IdleTimeout},
		{"idle by the system's rule", mid, func(f *Facts, r *Running) {
			setSystem(f, func(s *System) { s.Idle = time.Minute })
			r.LastInput = mid.Add(-time.Minute)
		}, "", IdleTimeout},
	}
	for _, row := range rows {
		for offset := time.Duration(-1); offset <= 1; offset++ {
			f, r := running()
			row.change(&f, &r)
			want := row.at
			if offset < 0 {
				want = row.before
			}
			if v := Recheck(f, r, row.edge.Add(offset)); v.Keep != (want == "") || v.Reason != want {
				t.Errorf("%s %+d ns: %+v, want %q", row.name, offset, v, want)
			}
		}
	}
}

// A close or a cut just before the end keeps its own name, even when it is seen after it.
func TestRecheckNamesTheActBeforeTheHour(t *testing.T) {
	for state, want := range map[WindowState]Reason{WindowClosed: WindowWasClosed, WindowCut: CutByAttendant, WindowCancelled: GrantRevokedLive} {
		f, r := running()
		f.Grants[0].Window.State = state
		if v := Recheck(f, r, end.Add(time.Second)); v.Reason != want {
			t.Errorf("%s: %q, want %q", state, v.Reason, want)
		}
	}
}

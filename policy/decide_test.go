package policy_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

func TestAdmittedWithEverythingInPlace(t *testing.T) {
	f, a := admitted()
	d := Decide(f, a, mid)
	if !d.Allow || d.Reason != "" || d.Grant.ID != "R8-0124-1-1" || !d.Until.Equal(end) {
		t.Fatalf("got %+v", d)
	}
	if want := []ChannelKind{ChannelShell, ChannelExec}; !slices.Equal(d.Channels, want) {
		t.Errorf("channels %v, want %v", d.Channels, want)
	}
}

// Each row changes one thing in the admitted world and names the reason that must follow.
func TestDecideReasons(t *testing.T) {
	rows := []struct {
		name   string
		change func(f *Facts, a *Attempt)
		want   Reason
		wait   bool
	}{
		{"nobody", func(f *Facts, a *Attempt) { a.Person = "" }, AuthFailed, false},
		{"another's facts", func(f *Facts, a *Attempt) { f.Person.ID = "E-0032" }, AuthFailed, false},
		{"both nobody", func(f *Facts, a *Attempt) { a.Person, f.Person.ID = "", "" }, AuthFailed, false},
		{"no key", func(f *Facts, a *Attempt) { a.Key = false }, AuthFailed, false},
		{"no second factor", func(f *Facts, a *Attempt) { a.Factor = false }, AuthFailed, false},
		{"locked and no factor tells nothing", func(f *Facts, a *Attempt) { a.Factor, f.Person.Locked = false, &Lock{} }, AuthFailed, false},
		{"contact does not connect", func(f *Facts, a *Attempt) { f.Person.Kind = Contact }, Forbidden, false},
		{"staff do not connect", func(f *Facts, a *Attempt) { f.Person.Kind = Staff }, Forbidden, false},
		{"no act", func(f *Facts, a *Attempt) { a.Act = "" }, Forbidden, false},
		{"engineer locked", func(f *Facts, a *Attempt) { f.Person.Locked = &Lock{Reason: "調査中", Since: start} }, EngineerLocked, false},
		{"vendor locked", func(f *Facts, a *Attempt) { f.Vendor.Locked = &Lock{} }, VendorLocked, false},
		{"vendor unknown", func(f *Facts, a *Attempt) { f.Vendor = Vendor{} }, VendorLocked, false},
		{"another vendor's facts", func(f *Facts, a *Attempt) { f.Vendor.ID = "V-013" }, VendorLocked, false},
		{"contract not dated", func(f *Facts, a *Attempt) { f.Vendor.ContractUntil = time.Time{} }, VendorLocked, false},
		{"clock unknown", func(f *Facts, a *Attempt) { f.Runtime.Clock = ClockUnknown }, ClockNotTrusted, false},
		{"clock ran back", func(f *Facts, a *Attempt) { f.Runtime.Clock = ClockUntrusted }, ClockNotTrusted, false},
		{"maintenance", func(f *Facts, a *Attempt) { f.Runtime.MaintenanceUntil = mid.Add(1) }, BrokerMaintenance, false},
		{"all frozen", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeAll}} }, Frozen, false},
		{"frozen, scope unknown", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: "planet"}} }, Frozen, false},
		{"vendor frozen", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012"}} }, Frozen, false},
		{"prime frozen", func(f *Facts, a *Attempt) {
			subcontracted(f)
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-001"}}
		}, Frozen, false},
		{"vendor frozen on the system", func(f *Facts, a *Attempt) {
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012", System: "hr"}}
		}, Frozen, false},
		{"system frozen", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeSystem, Subject: "hr"}} }, Frozen, false},
		{"other source", func(f *Facts, a *Attempt) {
			f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, SourceNotAllowed, false},
		{"no source", func(f *Facts, a *Attempt) {
			f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
			a.Source = netip.Addr{}
		}, SourceNotAllowed, false},
		{"no pledge", func(f *Facts, a *Attempt) { f.Person.Pledge = Pledge{} }, PledgeMissing, false},
		{"certification lapsed", func(f *Facts, a *Attempt) { f.Vendor.Qualified = false }, QualificationUnmet, false},
		{"subcontract not approved", func(f *Facts, a *Attempt) { subcontracted(f); f.Vendor.PrimeApproved = false }, QualificationUnmet, false},
		{"no grants", func(f *Facts, a *Attempt) { f.Grants = nil }, NoGrant, false},
		{"somebody else's grant", func(f *Facts, a *Attempt) { f.Grants[0].Person = "E-0032" }, NoGrant, false},
		{"grant of the former vendor", func(f *Facts, a *Attempt) { f.Grants[0].Vendor = "V-013" }, NoGrant, false},
		{"grant without state", func(f *Facts, a *Attempt) { f.Grants[0].State = "" }, NoGrant, false},
		{"request without state", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = "" }, NoGrant, false},
		{"window without times", func(f *Facts, a *Attempt) { f.Grants[0].Window.Start = time.Time{} }, NoGrant, false},
		{"window ends before it starts", func(f *Facts, a *Attempt) { f.Grants[0].Window.End = start.Add(-1) }, NoGrant, false},
		{"window of another system", func(f *Facts, a *Attempt) { f.Grants[0].Window.System = "tax" }, NoGrant, false},
		{"target unknown", func(f *Facts, a *Attempt) { f.Targets = nil }, NoGrant, false},
		{"account unknown", func(f *Facts, a *Attempt) { f.Accounts = nil }, NoGrant, false},
		{"system unknown", func(f *Facts, a *Attempt) { f.Systems = nil }, NoGrant, false},
		{"target not named, several open", func(f *Facts, a *Attempt) {
			a.Target = ""
			f.Grants = append(f.Grants, granted("R8-0125", "hr-web", "maint"))
		}, NoGrant, false},
		{"another target", func(f *Facts, a *Attempt) { a.Target = "tax-db" }, TargetNotGranted, false},
		{"another account", func(f *Facts, a *Attempt) { a.Account = "root" }, AccountNotGranted, false},
		{"account not named, several open", func(f *Facts, a *Attempt) {
			a.Account = ""
			f.Grants = append(f.Grants, granted("R8-0125", "hr-db", "ro"))
		}, AccountNotGranted, false},
		{"first stage open", func(f *Facts, a *Attempt) { pending(f, PendingFirst) }, NotYetApproved, false},
		{"second stage open", func(f *Facts, a *Attempt) { pending(f, PendingSecond) }, NotYetApproved, false},
		{"returned", func(f *Facts, a *Attempt) { pending(f, RequestReturned) }, NotYetApproved, false},
		{"rejected", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = RequestRejected }, RequestWasRejected, false},
		{"edited after approval", func(f *Facts, a *Attempt) { f.Grants[0].RequestVersion = 3 }, RequestChanged, false},
		{"edited, awaits a new decision", func(f *Facts, a *Attempt) {
			f.Grants[0].RequestVersion, f.Grants[0].RequestState = 3, PendingFirst
		}, RequestChanged, false},
		{"approved, but no version", func(f *Facts, a *Attempt) { f.Grants[0].ApprovedVersion = 0 }, RequestChanged, false},
		{"void", func(f *Facts, a *Attempt) { f.Grants[0].State = GrantVoid }, RequestChanged, false},
		{"grant revoked", func(f *Facts, a *Attempt) { f.Grants[0].State = GrantRevoked }, GrantWasRevoked, false},
		{"request revoked", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = RequestRevoked }, GrantWasRevoked, false},
		{"request withdrawn", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = RequestWithdrawn }, GrantWasRevoked, false},
		{"request lapsed", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = RequestLapsed }, WindowOver, false},
		{"window closed", func(f *Facts, a *Attempt) { f.Grants[0].Window.State = WindowClosed }, WindowOver, false},
		{"window cut", func(f *Facts, a *Attempt) { f.Grants[0].Window.State = WindowCut }, GrantWasRevoked, false},
		{"window cancelled", func(f *Facts, a *Attempt) { f.Grants[0].Window.State = WindowCancelled }, GrantWasRevoked, false},
		{"window state unknown", func(f *Facts, a *Attempt) { f.Grants[0].Window.State = "" }, GrantWasRevoked, false},
		{"exclusive system in use", func(f *Facts, a *Attempt) {
			exclusive(f)
			f.Live = []LiveSession{live("S-1", "E-0099", "R8-0099-1", "hr")}
		}, SystemInUse, false},
		{"somebody else on the window", func(f *Facts, a *Attempt) {
			f.Live = []LiveSession{live("S-1", "E-0099", "R8-0124-1", "hr")}
		}, ConcurrentLimit, false},
		{"two others where two may", func(f *Facts, a *Attempt) {
			f.Grants[0].PersonLimit = 2
			f.Live = []LiveSession{live("S-1", "E-0098", "R8-0124-1", "hr"), live("S-2", "E-0099", "R8-0124-1", "hr")}
		}, ConcurrentLimit, false},
		{"nobody took the post", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State, f.Grants[0].Window.Attendant = WindowScheduled, ""
		}, AttendantAbsent, true},
		{"permitted by nobody", func(f *Facts, a *Attempt) { f.Grants[0].Window.Attendant = "" }, AttendantAbsent, true},
		{"post taken, identity not checked", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State = WindowAttended
			setSystem(f, func(s *System) { s.IdentityCheck = true })
		}, AttendantAbsent, true},
		{"post taken, the identity check dropped since", func(f *Facts, a *Attempt) { f.Grants[0].Window.State = WindowAttended }, AttendantAbsent, true},
		{"attendance rule unknown", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State = WindowScheduled
			setSystem(f, func(s *System) { s.Attendance = "" })
		}, AttendantAbsent, true},
		{"on call, not permitted", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State = WindowScheduled
			setSystem(f, func(s *System) { s.Attendance = AttendanceOnCall })
		}, AttendantAbsent, true},
		{"no attendance, identity not checked", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State = WindowScheduled
			setSystem(f, func(s *System) { s.Attendance, s.IdentityCheck = AttendanceNone, true })
		}, AttendantAbsent, true},
		{"line joined", func(f *Facts, a *Attempt) {
			setSystem(f, func(s *System) { s.Line = LineInterlocked })
			setLine(f, LineJoined)
		}, InterlockNotReady, false},
		{"line unknown", func(f *Facts, a *Attempt) { setSystem(f, func(s *System) { s.Line = LineInterlocked }) }, InterlockNotReady, false},
		{"line rule unknown", func(f *Facts, a *Attempt) { setSystem(f, func(s *System) { s.Line = "" }) }, InterlockNotReady, false},
		{"recorder failed", func(f *Facts, a *Attempt) { f.Runtime.Recorder = RecorderFailed }, RecordingUnavailable, false},
		{"recorder unknown", func(f *Facts, a *Attempt) { f.Runtime.Recorder = RecorderUnknown }, RecordingUnavailable, false},
		{"consent declined", func(f *Facts, a *Attempt) { a.Consent = ConsentDeclined }, ConsentRefused, false},
		{"channel before consent", func(f *Facts, a *Attempt) { a.Consent = ConsentPending }, ConsentRefused, false},
		{"consent unknown", func(f *Facts, a *Attempt) { a.Consent, a.Channel = "maybe", ChannelAdmission }, ConsentRefused, false},
		{"sftp, no files", func(f *Facts, a *Attempt) { a.Channel = ChannelSFTP }, FeatureNotGranted, false},
		{"scp, no files", func(f *Facts, a *Attempt) { a.Channel = ChannelCopy }, FeatureNotGranted, false},
		{"forward", func(f *Facts, a *Attempt) {
			a.Channel, a.To, f.Grants[0].Forwards = ChannelForward, "db:5432", []string{"db:5433"}
		}, FeatureNotGranted, false},
		{"agent", func(f *Facts, a *Attempt) { a.Channel = ChannelAgent }, FeatureNotGranted, false},
		{"x11", func(f *Facts, a *Attempt) { a.Channel = ChannelX11 }, FeatureNotGranted, false},
		{"tunnel or whatever", func(f *Facts, a *Attempt) { a.Channel = "tun@openssh.com" }, FeatureNotGranted, false},
		{"a session of somebody else as one's own", func(f *Facts, a *Attempt) {
			a.Session, f.Live = "S-1", []LiveSession{live("S-1", "E-0099", "R8-0124-1", "hr")}
		}, Forbidden, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, a := admitted()
			row.change(&f, &a)
			d := Decide(f, a, mid)
			if d.Allow || d.Reason != row.want || d.Wait != row.wait {
				t.Fatalf("got allow=%v %q wait=%v, want %q wait=%v", d.Allow, d.Reason, d.Wait, row.want, row.wait)
			}
			if len(d.Channels) > 0 || !d.Until.IsZero() {
				t.Errorf("a denial opens %v until %v", d.Channels, d.Until)
			}
		})
	}
}

func pending(f *Facts, s RequestState) {
	f.Grants[0].RequestState, f.Grants[0].ApprovedVersion = s, 0
}

func setSystem(f *Facts, change func(*System)) {
	s := f.Systems["hr"]
	change(&s)
	f.Systems["hr"] = s
}

func exclusive(f *Facts) { setSystem(f, func(s *System) { s.Exclusive = true }) }

// Every instant that matters is the edge of a half-open interval.
func TestDecideEdges(t *testing.T) {
	pledged := start.AddDate(0, 0, 1)
	room := start.Add(-15 * time.Minute)
	rows := []struct {
		name               string
		edge               time.Time
		change             func(*Facts)
		before, at         Reason // empty: allowed; after is as at
		beforeWait, atWait bool
	}{
		{"start", start, func(*Facts) {}, TooEarly, "", true, false},
		{"end", end, func(*Facts) {}, "", WindowOver, false, false},
		{"waiting room opens", room, func(*Facts) {}, TooEarly, TooEarly, false, true},
		{"waiting room by setting", start.Add(-time.Hour), func(f *Facts) { f.WaitingRoom = time.Hour }, TooEarly, TooEarly, false, true},
		{"pledge ends", mid, func(f *Facts) { f.Person.Pledge.Until = mid }, "", PledgeMissing, false, false},
		{"pledge begins", mid, func(f *Facts) { f.Person.Pledge = Pledge{Signed: mid, Until: pledged} }, PledgeMissing, "", false, false},
		{"contract ends", mid, func(f *Facts) { f.Vendor.ContractUntil = mid }, "", VendorLocked, false, false},
		{"contract begins", mid, func(f *Facts) { f.Vendor.ContractFrom = mid }, VendorLocked, "", false, false},
		{"maintenance ends", mid, func(f *Facts) { f.Runtime.MaintenanceUntil = mid }, BrokerMaintenance, "", false, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for offset := time.Duration(-1); offset <= 1; offset++ {
				f, a := admitted()
				row.change(&f)
				d := Decide(f, a, row.edge.Add(offset))
				want, wait := row.at, row.atWait
				if offset < 0 {
					want, wait = row.before, row.beforeWait
				}
				if d.Allow != (want == "") || d.Reason != want || d.Wait != wait {
					t.Errorf("%+d ns: allow=%v %q wait=%v, want %q wait=%v", offset, d.Allow, d.Reason, d.Wait, want, wait)
				}
				if next := NextChange(f, row.edge.Add(-1)); !next.Equal(row.edge) {
					t.Errorf("NextChange just before = %v, want %v", next, row.edge)
				}
			}
		})
	}
}

func TestUntilIsTheFirstOfWindowPledgeContract(t *testing.T) {
	f, a := admitted()
	f.Person.Pledge.Until = mid.Add(20 * time.Minute)
	f.Vendor.ContractUntil = mid.Add(10 * time.Minute)
	if d := Decide(f, a, mid); !d.Until.Equal(f.Vendor.ContractUntil) {
		t.Errorf("until %v", d.Until)
	}
	f.Vendor.ContractUntil = end.AddDate(1, 0, 0)
	if d := Decide(f, a, mid); !d.Until.Equal(f.Person.Pledge.Until) {
		t.Errorf("until %v", d.Until)
	}
}

// Attempts that must stay allowed although a fact near them changes.
func TestStillAllowed(t *testing.T) {
	rows := []struct {
		name   string
		change func(f *Facts, a *Attempt)
	}{
		{"only grant, nothing named", func(f *Facts, a *Attempt) { a.Target, a.Account = "", "" }},
		{"another grant next week does not confuse", func(f *Facts, a *Attempt) {
			g := granted("R8-0200", "hr-web", "maint")
			g.Window.Start, g.Window.End = start.AddDate(0, 0, 7), end.AddDate(0, 0, 7)
			f.Grants = append(f.Grants, g)
			a.Target, a.Account = "", ""
		}},
		{"an older grant for the same, rejected", func(f *Facts, a *Attempt) {
			g := granted("R8-0001", "hr-db", "maint")
			g.RequestState = RequestRejected
			f.Grants = append(f.Grants, g)
		}},
		{"another vendor frozen", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-013"}} }},
		{"vendor frozen on another system", func(f *Facts, a *Attempt) {
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-012", System: "tax"}}
		}},
		{"another vendor frozen on the system", func(f *Facts, a *Attempt) {
			f.Freezes = []Freeze{{Scope: FreezeVendor, Subject: "V-013", System: "hr"}}
		}},
		{"another system frozen", func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeSystem, Subject: "tax"}} }},
		{"registered source", func(f *Facts, a *Attempt) { f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }},
		{"registered source, mapped", func(f *Facts, a *Attempt) {
			f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			a.Source = netip.MustParseAddr("::ffff:192.0.2.10")
		}},
		{"scp beside one's own shell", func(f *Facts, a *Attempt) {
			f.Grants[0].Files = FilesAllowed
			a.Channel = ChannelCopy
			f.Live = []LiveSession{live("S-1", "E-0031", "R8-0124-1", "hr")}
		}},
		{"second person where two may", func(f *Facts, a *Attempt) {
			f.Grants[0].PersonLimit = 2
			f.Live = []LiveSession{live("S-1", "E-0099", "R8-0124-1", "hr"), live("S-2", "E-0099", "R8-0124-1", "hr")}
		}},
		{"exclusive, own session", func(f *Facts, a *Attempt) {
			exclusive(f)
			f.Live = []LiveSession{live("S-1", "E-0031", "R8-0124-1", "hr")}
			a.Session = "S-1"
			f.Live[0].Grant = f.Grants[0].ID
		}},
		{"shared system in use", func(f *Facts, a *Attempt) { f.Live = []LiveSession{live("S-1", "E-0099", "R8-0099-1", "hr")} }},
		{"exclusive, another system in use", func(f *Facts, a *Attempt) {
			exclusive(f)
			f.Live = []LiveSession{live("S-1", "E-0099", "R8-0099-1", "tax")}
		}},
		{"no attendance", func(f *Facts, a *Attempt) {
			f.Grants[0].Window.State, f.Grants[0].Window.Attendant = WindowScheduled, ""
			setSystem(f, func(s *System) { s.Attendance = AttendanceNone })
		}},
		{"line separated", func(f *Facts, a *Attempt) {
			setSystem(f, func(s *System) { s.Line = LineInterlocked })
			setLine(f, LineSeparated)
		}},
		{"approved subcontract", func(f *Facts, a *Attempt) { subcontracted(f) }},
		{"conditional approval", func(f *Facts, a *Attempt) { f.Grants[0].RequestState = RequestConditional }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, a := admitted()
			row.change(&f, &a)
			if d := Decide(f, a, mid); !d.Allow || d.Grant.ID != "R8-0124-1-1" {
				t.Errorf("refused: %q %v (grant %s)", d.Reason, d.Args, d.Grant.ID)
			}
		})
	}
}

// Before consent the gate needs to know the text of the card; it must open nothing.
func TestAdmissionBeforeConsentOpensNoChannel(t *testing.T) {
	f, a := admitted()
	a.Consent, a.Channel = ConsentPending, ChannelAdmission
	d := Decide(f, a, mid)
	if !d.Allow || len(d.Channels) != 0 || d.Grant.ID == "" || !d.Until.Equal(end) {
		t.Errorf("got %+v", d)
	}
}

func TestFilesOnlyWhereTheGrantSaysSo(t *testing.T) {
	f, a := admitted()
	f.Grants[0].Files = FilesAllowed
	for _, kind := range []ChannelKind{ChannelAdmission, ChannelShell, ChannelExec, ChannelSFTP, ChannelCopy} {
		a.Channel = kind
		d := Decide(f, a, mid)
		if !d.Allow || !slices.Contains(d.Channels, ChannelSFTP) || !slices.Contains(d.Channels, ChannelCopy) {
			t.Errorf("%q: %+v", kind, d)
		}
	}
}

func TestZeroValuesDeny(t *testing.T) {
	if (Decision{}).Allow || (Verdict{}).Keep {
		t.Fatal("a zero value permits")
	}
	var denied *Denied
	if err := (Decision{}).Err(); !errors.As(err, &denied) || denied.Reason != Forbidden {
		t.Errorf("the zero decision as an error: %v", err)
	}
	if err := (Decision{Allow: true}).Err(); err != nil {
		t.Errorf("an allowing decision as an error: %v", err)
	}
	if d := Decide(Facts{}, Attempt{}, time.Time{}); d.Allow || d.Reason == "" {
		t.Errorf("zero facts: %+v", d)
	}
	_, a := admitted()
	if d := Decide(Facts{}, a, mid); d.Allow || d.Reason == "" {
		t.Errorf("zero facts, real attempt: %+v", d)
	}
	if v := Recheck(Facts{}, Running{}, mid); v.Keep || v.Reason == "" {
		t.Errorf("zero facts: %+v", v)
	}
	if d := CanApprove(Person{}, Request{}, mid); d.Allow || d.Reason == "" {
		t.Errorf("zero request: %+v", d)
	}
	if next := NextChange(Facts{}, mid); !next.IsZero() {
		t.Errorf("nothing known changes at %v", next)
	}
}

package policy_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "sekimori/policy"
)

// connect and under ask for one answer in a world that was changed.
func connect(now time.Time, change func(*Facts, *Attempt)) Reason {
	f, a := admitted()
	change(&f, &a)
	return Decide(f, a, now).Reason
}

func under(now time.Time, change func(*Facts, *Running)) Reason {
	f, r := running()
	change(&f, &r)
	return Recheck(f, r, now).Reason
}

// A row for each reason that this package gives, with a way to bring it about.
func reasonsGiven() map[Reason]func() Reason {
	here := func(change func(*Facts, *Attempt)) func() Reason {
		return func() Reason { return connect(mid, change) }
	}
	ends := func(change func(*Facts, *Running)) func() Reason {
		return func() Reason { return under(mid, change) }
	}
	item := func(code string, change func(*Application)) func() Reason {
		return func() Reason {
			a := applied()
			change(&a)
			return itemOf(a, code, early).Reason
		}
	}
	decide := func(change func(*Person, *Request)) func() Reason {
		return func() Reason {
			p, r := awaiting()
			change(&p, &r)
			return CanApprove(p, r, early).Reason
		}
	}
	looks := func(p Person, act Act, purpose string) func() Reason {
		return func() Reason {
			subject := Subject{Session: "S-20261124-01", Section: "personnel", Requester: "U-020", Approvers: []string{"U-001"}, Attendants: []string{"U-010"}}
			a := Attempt{Act: act, Person: p.ID, Key: true, Factor: true, Purpose: purpose}
			return Decide(Facts{Person: p, Subject: &subject}, a, mid).Reason
		}
	}
	return map[Reason]func() Reason{
		AuthFailed:         here(func(f *Facts, a *Attempt) { a.Factor = false }),
		EngineerLocked:     here(func(f *Facts, a *Attempt) { f.Person.Locked = &Lock{} }),
		VendorLocked:       here(func(f *Facts, a *Attempt) { f.Vendor.Locked = &Lock{} }),
		PledgeMissing:      here(func(f *Facts, a *Attempt) { f.Person.Pledge = Pledge{} }),
		QualificationUnmet: here(func(f *Facts, a *Attempt) { declared(f); f.Vendor.Certifications = nil }),
		NoGrant:            here(func(f *Facts, a *Attempt) { f.Grants = nil }),
		NotYetApproved:     here(func(f *Facts, a *Attempt) { pending(f, PendingFirst) }),
		RequestWasRejected: here(func(f *Facts, a *Attempt) { pending(f, RequestRejected) }),
		RequestChanged:     here(func(f *Facts, a *Attempt) { f.Grants[0].RequestVersion++ }),
		TooEarly:           func() Reason { return connect(start.Add(-1), func(*Facts, *Attempt) {}) },
		WindowOver:         func() Reason { return connect(end, func(*Facts, *Attempt) {}) },
		GrantWasRevoked:    here(func(f *Facts, a *Attempt) { f.Grants[0].State = GrantRevoked }),
		TargetNotGranted:   here(func(f *Facts, a *Attempt) { a.Target = "tax-db" }),
		AccountNotGranted:  here(func(f *Facts, a *Attempt) { a.Account = "root" }),
		SourceNotAllowed: here(func(f *Facts, a *Attempt) {
			f.Person.Sources = append(f.Person.Sources, netip.MustParsePrefix("198.51.100.0/24"))
		}),
		ConsentRefused:    here(func(f *Facts, a *Attempt) { a.Consent = ConsentDeclined }),
		FeatureNotGranted: here(func(f *Facts, a *Attempt) { a.Channel = ChannelForward }),
		AttendantAbsent:   here(func(f *Facts, a *Attempt) { f.Grants[0].Window.Present = time.Time{} }),
		ConcurrentLimit:   here(func(f *Facts, a *Attempt) { f.Live = []LiveSession{live("S-1", "E-0099", "R8-0124-1", "hr")} }),
		SystemInUse: here(func(f *Facts, a *Attempt) {
			exclusive(f)
			f.Live = []LiveSession{live("S-1", "E-0099", "R8-0099-1", "hr")}
		}),
		ReviewsOverdue:       item(ItemSchedule, func(a *Application) { a.OverdueReviews = 1 }),
		FollowUpMissing:      here(func(f *Facts, a *Attempt) { f.FollowUps = []FollowUp{owed()} }),
		BackupTooOld:         here(func(f *Facts, a *Attempt) { setSystem(f, func(s *System) { s.BackupAge = time.Hour }) }),
		BrokerMaintenance:    here(func(f *Facts, a *Attempt) { f.Runtime.MaintenanceUntil = end }),
		Frozen:               here(func(f *Facts, a *Attempt) { f.Freezes = []Freeze{{Scope: FreezeAll}} }),
		InterlockNotReady:    here(func(f *Facts, a *Attempt) { setSystem(f, func(s *System) { s.Line = LineInterlocked }) }),
		RecordingUnavailable: here(func(f *Facts, a *Attempt) { f.Runtime.Recorder = RecorderFailed }),
		AccountProbeFailed:   item(ItemIndividualNumber, func(a *Application) { a.Request.IndividualNumber = true }),
		FactorDropped:        here(func(f *Facts, a *Attempt) { a.Dropped = true }),
		OutsidePermit:        here(func(f *Facts, a *Attempt) { f.Institution = Institution{Declared: true, StandingPermits: true} }),
		RosterOverdue: here(func(f *Facts, a *Attempt) {
			f.Institution, f.Grants[0].Window.State = Institution{Declared: true, RosterFrom: "2026-01-01"}, WindowAttended
		}),
		OwnConnections:  here(func(f *Facts, a *Attempt) { a.Beside = DefaultConnections }),
		CutByAuthority:  ends(func(f *Facts, r *Running) { f.Keys = nil }),
		ClockNotTrusted: here(func(f *Facts, a *Attempt) { f.Runtime.Clock = ClockUntrusted }),

		WindowEnded: func() Reason {
			return under(end, func(f *Facts, r *Running) { r.LastInput = end })
		},
		IdleTimeout:      ends(func(f *Facts, r *Running) { r.LastInput = start.Add(-time.Hour) }),
		CutByAttendant:   ends(func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowCut }),
		CutByFreeze:      ends(func(f *Facts, r *Running) { f.Freezes = []Freeze{{Scope: FreezeAll}} }),
		Locked:           ends(func(f *Facts, r *Running) { f.Person.Locked = &Lock{} }),
		GrantRevokedLive: ends(func(f *Facts, r *Running) { f.Grants = nil }),
		Lapsed:           ends(func(f *Facts, r *Running) { f.Person.Pledge.Until = mid }),
		AttendantLost:    ends(func(f *Facts, r *Running) { f.Grants[0].Window.Present = time.Time{} }),
		RecordingFailed:  ends(func(f *Facts, r *Running) { f.Runtime.Recorder = RecorderFailed }),
		InterlockLost:    ends(func(f *Facts, r *Running) { setSystem(f, func(s *System) { s.Line = LineInterlocked }) }),
		WindowWasClosed:  ends(func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowClosed }),

		Forbidden:    decide(func(p *Person, r *Request) { p.Roles = nil }),
		SelfApproval: decide(func(p *Person, r *Request) { r.Requester = p.ID }),
		OwnLateEntry: func() Reason {
			head := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}
			return MayConfirmLate(head, LateFacts{State: LateEntered, EnteredBy: "U-001", System: System{Section: "personnel"}}, mid).Reason
		},
		SameSecondApprover: decide(func(p *Person, r *Request) {
			p.Roles = []Role{SecondApprover}
			r.State, r.Approvals = PendingSecond, []Approval{{Stage: 1, By: p.ID, Version: 2}}
		}),
		AlreadyDecided:      decide(func(p *Person, r *Request) { r.State = RequestApproved }),
		AuditorConflict:     looks(Person{ID: "U-010", Kind: Staff, Roles: []Role{Auditor}}, ActReview, ""),
		ViewPurposeRequired: looks(Person{ID: "U-030", Kind: Staff, Roles: []Role{Auditor}}, ActPlay, " "),
		SameFileApprover: func() Reason {
			f := waitingFile(true, FileWaitSecond, "U-001")
			return MayApproveFile(Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver, SecondApprover}}, f, mid).Reason
		},
		FileWaiting: func() Reason {
			return MayFetchFile(Person{ID: "E-0031", Kind: Engineer}, waitingFile(true, FileWaitSecond, "U-001"), mid).Reason
		},
		YearNotOver: func() Reason {
			return MayFinaliseYear(Person{ID: "U-030", Kind: Staff, Roles: []Role{Auditor}}, YearFacts{Ends: mid.Add(1)}, mid).Reason
		},
		OtherOfficeAgrees: func() Reason {
			return MayFinaliseYear(Person{ID: "U-030", Kind: Staff, Roles: []Role{Auditor}}, YearFacts{Ends: mid, AgreedBy: "U-030", Office: Auditor}, mid).Reason
		},
		ProofNotYet:       func() Reason { return MayProve(false).Reason },
		ExportAuditorOnly: looks(Person{ID: "U-001", Kind: Staff, Roles: []Role{Approver}}, ActExport, "開示"),
	}
}

// Reasons that other packages give, because only they see the fact. The constant stands in the named file of the broker.
var reasonsGivenElsewhere = map[string]string{
	"TooManyFailures":      "gate",       // counted at the doors
	"IdentityFailed":       "attendance", // the telephone call
	"TargetUnreachable":    "dial",       // after the decision
	"TargetKeyChanged":     "dial",
	"TargetRefusedLogin":   "dial",
	"TargetTooOld":         "dial",
	"EndedByEngineer":      "session",
	"TargetLost":           "session",
	"BrokerCrashed":        "session",
	"ClientLost":           "session",
	"BrokerStopped":        "session",
	"AccountNotProvedGone": "accounts",
	"ProtocolAbuse":        "relay",
	"RefusedByRule":        "relay", // of one command
	"EndedByRule":          "session",
	"StalePage":            "requests", // the version that a page showed
	"LiftNeedsSecond":      "freeze",
	"FileChanged":          "files", // the kept contents
	"FileDisposed":         "files",
	"PaperDisposed":        "papers",
	"SearchOff":            "view", // the broker's setting
	"RecordingDisposed":    "evidence",
}

// Reasons that end nothing yet, and why. The list may only get shorter.
var reasonsNotYet = map[Reason]string{
	FileStopped: "the sender of a file that inspection stops is told this number; the session goes on",
}

// Every reason of the table occurs here or elsewhere in the broker, or stands in the closed list.
func TestEveryReasonOccursOrIsKnownNotTo(t *testing.T) {
	given := reasonsGiven()
	for want, how := range given {
		if got := how(); got != want {
			t.Errorf("%s: got %q", want, got)
		}
	}
	elsewhere := map[Reason]string{}
	for constant, pkg := range reasonsGivenElsewhere {
		reason := constantOf(t, constant)
		elsewhere[reason] = pkg
		if !saysConstant(t, filepath.Join("..", "broker", pkg), "policy."+constant) {
			t.Errorf("%s is said to be given by %s, which does not mention it", reason, pkg)
		}
	}
	if len(reasonsNotYet) != 1 {
		t.Errorf("%d reasons cannot occur yet", len(reasonsNotYet))
	}
	for _, row := range Reasons() {
		places := 0
		if given[row.Code] != nil {
			places++
		}
		if elsewhere[row.Code] != "" {
			places++
		}
		if reasonsNotYet[row.Code] != "" {
			places++
		}
		if places != 1 {
			t.Errorf("%d %s stands in %d of the three lists", row.Number, row.Code, places)
		}
	}
}

// constantOf reads a constant's value from its declaration.
func constantOf(t *testing.T, name string) Reason {
	t.Helper()
	text, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 && f[0] == name && f[1] == "Reason" {
			return Reason(strings.Trim(f[3], `"`))
		}
	}
	t.Fatalf("no reason %s", name)
	return ""
}

func saysConstant(t *testing.T, dir, constant string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), constant) {
			return true
		}
	}
	return false
}

package policy_test

import (
	"net/netip"
	"time"

	. "sekimori/policy"
)

var jst = time.FixedZone("JST", 9*60*60)

// The fixture's day: one window from ten to half past eleven. Tests ask in its middle.
var (
	start = time.Date(2026, 11, 24, 10, 0, 0, 0, jst)
	end   = time.Date(2026, 11, 24, 11, 30, 0, 0, jst)
	mid   = start.Add(30 * time.Minute)
)

// admitted is a world in which engineer E-0031 may work on hr-db as maint, and the attempt.
func admitted() (Facts, Attempt) {
	f := Facts{
		Zone: jst, Keys: []string{"SHA256:of-sato"},
		Person: Person{ID: "E-0031", Login: "sato", Kind: Engineer, Name: "佐藤", Vendor: "V-012",
			Pledge: Pledge{Signed: start.AddDate(0, -6, 0), Until: start.AddDate(0, 6, 0)}},
		Vendor: Vendor{ID: "V-012", Name: "保守株式会社", ContractFrom: start.AddDate(-1, 0, 0),
			ContractUntil: start.AddDate(1, 0, 0), Qualified: true},
		Systems: map[string]System{
			"hr":  patient(System{ID: "hr", Name: "人事給与", Section: "personnel", Attendance: AttendanceRequired, Line: LineNone}),
			"tax": patient(System{ID: "tax", Name: "税", Section: "tax", Attendance: AttendanceRequired, Line: LineNone}),
		},
		Targets: map[string]Target{
			"hr-db":  {ID: "hr-db", System: "hr"},
			"hr-web": {ID: "hr-web", System: "hr"},
			"tax-db": {ID: "tax-db", System: "tax"},
		},
		Accounts: map[string]Account{
			"hr-db/maint":  {ID: "hr-db/maint", Target: "hr-db", Login: "maint"},
			"hr-db/ro":     {ID: "hr-db/ro", Target: "hr-db", Login: "ro"},
			"hr-web/maint": {ID: "hr-web/maint", Target: "hr-web", Login: "maint"},
			"tax-db/maint": {ID: "tax-db/maint", Target: "tax-db", Login: "maint"},
		},
		Grants:  []Grant{granted("R8-0124", "hr-db", "maint")},
		Runtime: Runtime{Clock: ClockTrusted, Recorder: RecorderReady},
	}
	a := Attempt{Act: ActConnect, Person: "E-0031", Key: true, Print: "SHA256:of-sato", Factor: true, Consent: ConsentGiven,
		Source: netip.MustParseAddr("192.0.2.10"), Target: "hr-db", Account: "maint", Channel: ChannelShell}
	return f, a
}

// patient is a system that misses its attendant only after days, so that other tests need no heartbeats.
func patient(s System) System {
	s.PauseAfter, s.CutAfter = 30*24*time.Hour, 31*24*time.Hour
	return s
}

// granted is an approved, permitted grant on the fixture's window.
func granted(request, target, login string) Grant {
	system := "hr"
	if target == "tax-db" {
		system = "tax"
	}
	return Grant{
		ID: request + "-1-1", Person: "E-0031", Vendor: "V-012", Target: target, Account: target + "/" + login,
		Window: Window{ID: request + "-1", Request: request, System: system, Start: start, End: end,
			State: WindowPermitted, Attendant: "U-010", Present: start.Add(-24 * time.Hour)},
		Request: request, RequestState: RequestApproved, RequestVersion: 2, ApprovedVersion: 2,
		State: GrantActive,
	}
}

// running is the session that admitted() leads to.
func running() (Facts, Running) {
	f, a := admitted()
	return f, Running{Session: "S-20261124-01", Person: a.Person, Print: a.Print, Grant: f.Grants[0].ID, Source: a.Source,
		Target: a.Target, Account: a.Account, LastInput: mid.Add(-time.Minute)}
}

// awaiting is a request before its first decision, and its approver.
func awaiting() (Person, Request) {
	p := Person{ID: "U-001", Kind: Staff, Section: "personnel", Roles: []Role{Approver}}
	r := Request{No: "R8-0124", State: PendingFirst, Version: 2, Requester: "U-020", Proposer: "C-001",
		System: System{ID: "hr", Name: "人事給与", Section: "personnel"}, Vendor: "V-012",
		Engineers: []string{"E-0031"}, Start: start, End: end}
	return p, r
}

func live(id, person, window, system string) LiveSession {
	return LiveSession{ID: id, Person: person, Grant: window + "-1", Window: window, System: system,
		Request: "R8-0099", Until: end}
}

// setLine gives every system the state of its line.
func setLine(f *Facts, state LineState) {
	f.Runtime.Lines = map[string]Line{}
	for id := range f.Systems {
		f.Runtime.Lines[id] = Line{State: state}
	}
}

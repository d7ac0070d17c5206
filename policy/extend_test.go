package policy_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	. "sekimori/policy"
)

func TestCanExtend(t *testing.T) {
	deputise := func(e *Extension) {
		e.Deputations = []Deputation{{For: "U-001", Deputy: "U-005", From: start, Until: end, SetBy: "U-001"}}
	}
	long := func(e *Extension) { e.By = time.Hour }
	rows := []struct {
		name   string
		who    string
		change func(p *Person, w *Window, s *System, e *Extension)
		want   Reason
		role   Role // the capacity; if forbidden, the role it takes: "" says "extension"
		behalf string
	}{
		{"attendant", "U-010", func(p *Person, w *Window, s *System, e *Extension) {}, "", Attendant, ""},
		{"attendant, all that is left", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.By, e.Granted = 10*time.Minute, 20*time.Minute }, "", Attendant, ""},
		{"attendant, a nanosecond more", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			e.By, e.Granted = 10*time.Minute+1, 20*time.Minute
		}, Forbidden, "extension-head", ""},
		{"attendant, nothing delegated", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.Limit = 0 }, Forbidden, "extension-head", ""},
		{"attendant, a sum that runs over", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			e.By, e.Granted = 1<<63-1, 1<<63-1
		}, FeatureNotGranted, "", ""},
		{"attendant, granted less than nothing", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			e.By, e.Granted = 40*time.Minute, -time.Hour
		}, Forbidden, "extension-head", ""},
		{"attendant of another window", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.Attendant = "U-011" }, Forbidden, "", ""},
		{"nobody at the post, nobody asks", "", func(p *Person, w *Window, s *System, e *Extension) { w.Attendant = "" }, Forbidden, "", ""},
		{"attendant who is head, beyond", "U-010", func(p *Person, w *Window, s *System, e *Extension) { p.Roles = []Role{Attendant, Approver}; long(e) }, Forbidden, "extension-head", ""},
		{"attendant who is head, beyond, the system allows", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, s.ApproverMayAttend = []Role{Attendant, Approver}, true
			long(e)
		}, "", Approver, ""},
		{"head", "U-001", func(p *Person, w *Window, s *System, e *Extension) { long(e) }, "", Approver, ""},
		{"second approver", "U-002", func(p *Person, w *Window, s *System, e *Extension) { long(e) }, "", SecondApprover, ""},
		{"information systems", "U-004", func(p *Person, w *Window, s *System, e *Extension) { long(e) }, "", SecondApprover, ""},
		{"deputy", "U-005", func(p *Person, w *Window, s *System, e *Extension) { deputise(e); long(e) }, "", Approver, "U-001"},
		{"deputy of who attends", "U-005", func(p *Person, w *Window, s *System, e *Extension) { deputise(e); w.Attendant = "U-001" }, Forbidden, "", ""},
		{"deputy of who asked", "U-005", func(p *Person, w *Window, s *System, e *Extension) { deputise(e); e.AskedBy = "U-001" }, Forbidden, "", ""},
		{"deputy whom who asked appointed", "U-005", func(p *Person, w *Window, s *System, e *Extension) {
			deputise(e)
			e.AskedBy, e.Deputations[0].SetBy = "U-003", "U-003"
		}, Forbidden, "", ""},
		{"deputy whom the requester appointed", "U-005", func(p *Person, w *Window, s *System, e *Extension) {
			deputise(e)
			e.Requester, e.Deputations[0].SetBy = "U-003", "U-003"
		}, Forbidden, "", ""},
		{"no deputy any more", "U-005", func(p *Person, w *Window, s *System, e *Extension) { deputise(e); e.Deputations[0].Until = mid }, Forbidden, "", ""},
		{"another section's head", "U-006", func(p *Person, w *Window, s *System, e *Extension) {}, Forbidden, "", ""},
		{"auditor, administrator", "U-030", func(p *Person, w *Window, s *System, e *Extension) {}, Forbidden, "", ""},
		{"who asked", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.AskedBy = "U-010" }, SelfApproval, "", ""},
		{"head who asked", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.AskedBy = "U-001" }, SelfApproval, "", ""},
		{"asked by nobody", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.AskedBy = "" }, SelfApproval, "", ""},
		{"locked", "U-010", func(p *Person, w *Window, s *System, e *Extension) { p.Locked = &Lock{} }, Forbidden, "", ""},
		{"engineer", "U-010", func(p *Person, w *Window, s *System, e *Extension) { p.Kind = Engineer }, Forbidden, "", ""},
		{"of the vendor", "U-010", func(p *Person, w *Window, s *System, e *Extension) { p.Vendor = "V-012" }, Forbidden, "", ""},
		{"another system", "U-010", func(p *Person, w *Window, s *System, e *Extension) { s.ID = "tax" }, Forbidden, "", ""},
		{"system unknown", "U-010", func(p *Person, w *Window, s *System, e *Extension) { *s, w.System = System{}, "" }, Forbidden, "", ""},
		{"closed", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.State = WindowClosed }, WindowOver, "", ""},
		{"cut", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.State = WindowCut }, GrantWasRevoked, "", ""},
		{"cancelled", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.State = WindowCancelled }, GrantWasRevoked, "", ""},
		{"state unknown", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.State = "" }, GrantWasRevoked, "", ""},
		{"no window", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.ID = "" }, NoGrant, "", ""},
		{"no time", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.By = 0 }, FeatureNotGranted, "", ""},
		{"less time", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.By = -time.Minute }, FeatureNotGranted, "", ""},
		{"the head's own request", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.Requester = "U-001" }, SelfApproval, "", ""},
		{"their own request, attending", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.Requester = "U-010" }, "", Attendant, ""},
		{"a deputy of who owns the request", "U-003", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.Requester = nil, "U-001"
			e.Deputations = []Deputation{{For: "U-001", Deputy: "U-003", From: start, Until: end, SetBy: "U-001"}}
		}, Forbidden, "", ""},
		{"attendant, frozen", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.Frozen = true }, Frozen, "", ""},
		{"head, frozen", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.Frozen = true }, Frozen, "", ""},
		{"head, up to the longest window and what is delegated", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.By = 3 * time.Hour }, "", Approver, ""},
		{"head, a nanosecond more", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.By = 3*time.Hour + 1 }, FeatureNotGranted, "", ""},
		{"second approver, a nanosecond more", "U-002", func(p *Person, w *Window, s *System, e *Extension) { e.By = 3*time.Hour + 1 }, FeatureNotGranted, "", ""},
		{"head, the longest that the system says", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			s.MaxWindow, e.By = 90*time.Minute, 30*time.Minute
		}, "", Approver, ""},
		{"head, more than the system says", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			s.MaxWindow, e.By = 90*time.Minute, 30*time.Minute+1
		}, FeatureNotGranted, "", ""},
		{"head, nothing delegated, at the longest", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			s.MaxWindow, e.Limit, e.By = 90*time.Minute, -time.Hour, 1
		}, FeatureNotGranted, "", ""},
		{"attendant, where a second approver is missing", "U-010", func(p *Person, w *Window, s *System, e *Extension) { e.SecondMissing = true }, Forbidden, "extension-second", ""},
		{"attendant who may approve, where a second approver is missing", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			s.ApproverMayAttend, e.SecondMissing = true, true
		}, Forbidden, "extension-second", ""},
		{"head, where a second approver is missing", "U-001", func(p *Person, w *Window, s *System, e *Extension) { e.SecondMissing = true }, Forbidden, "extension-second", ""},
		{"deputy, where a second approver is missing", "U-005", func(p *Person, w *Window, s *System, e *Extension) { deputise(e); e.SecondMissing = true }, Forbidden, "extension-second", ""},
		{"second approver, where one is missing", "U-002", func(p *Person, w *Window, s *System, e *Extension) { e.SecondMissing = true }, "", SecondApprover, ""},
		{"attendant, beyond, where a second approver is missing", "U-010", func(p *Person, w *Window, s *System, e *Extension) { long(e); e.SecondMissing = true }, Forbidden, "extension-second", ""},
		{"attendant who may approve, beyond, where a second approver is missing", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			long(e)
			s.ApproverMayAttend, e.SecondMissing = true, true
		}, Forbidden, "extension-second", ""},
		{"attendant who is second approver, where one is missing", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.SecondMissing = []Role{Attendant, SecondApprover}, true
		}, Forbidden, "extension-second", ""},
		{"attendant who is second approver, where one is missing, the system allows", "U-010", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, s.ApproverMayAttend, e.SecondMissing = []Role{Attendant, SecondApprover}, true, true
		}, "", SecondApprover, ""},
		{"head who is second approver too", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.SecondMissing = []Role{Approver, SecondApprover}, true
		}, "", SecondApprover, ""},
		{"head of the information-systems section", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.SecondMissing = []Role{Approver, InformationSystems}, true
			e.Approvals = []Approval{{Stage: 1, By: "U-005", Version: 1}}
		}, "", SecondApprover, ""},
		{"deputy who is second approver too", "U-005", func(p *Person, w *Window, s *System, e *Extension) {
			deputise(e)
			p.Roles, e.SecondMissing = []Role{SecondApprover}, true
		}, "", SecondApprover, ""},
		{"who approved first, and is second approver too", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.SecondMissing = []Role{Approver, SecondApprover}, true
			e.Approvals = []Approval{{Stage: 1, By: "U-001", Version: 1}}
		}, SameSecondApprover, "", ""},
		{"whose deputy approved first", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			p.Roles, e.SecondMissing = []Role{Approver, SecondApprover}, true
			e.Approvals = []Approval{{Stage: 1, By: "U-005", OnBehalf: "U-001", SetBy: "U-003", Version: 1}}
		}, SameSecondApprover, "", ""},
		{"who appointed the deputy who approved first", "U-002", func(p *Person, w *Window, s *System, e *Extension) {
			e.SecondMissing = true
			e.Approvals = []Approval{{Stage: 1, By: "U-005", OnBehalf: "U-001", SetBy: "U-002", Version: 1}}
		}, SameSecondApprover, "", ""},
		{"who approved first, beyond, no second approver missing", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			long(e)
			e.Approvals = []Approval{{Stage: 1, By: "U-001", Version: 1}}
		}, "", Approver, ""},
		{"second approver whose request it is, where one is missing", "U-002", func(p *Person, w *Window, s *System, e *Extension) { e.Requester, e.SecondMissing = "U-002", true }, SelfApproval, "", ""},
		{"another section's head, where a second approver is missing", "U-006", func(p *Person, w *Window, s *System, e *Extension) { e.SecondMissing = true }, Forbidden, "", ""},
		{"emergency, two hours in all", "U-010", func(p *Person, w *Window, s *System, e *Extension) { w.Emergency, e.By = true, 30*time.Minute }, "", Attendant, ""},
		{"emergency, a nanosecond more", "U-001", func(p *Person, w *Window, s *System, e *Extension) { w.Emergency, e.By = true, 30*time.Minute+1 }, FeatureNotGranted, "", ""},
		{"emergency, stored as longer", "U-001", func(p *Person, w *Window, s *System, e *Extension) {
			w.Emergency, w.End, e.By = true, start.Add(3*time.Hour), 1
		}, FeatureNotGranted, "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p, w, s := somebody(row.who), granted("R8-0124", "hr-db", "maint").Window, System{ID: "hr", Section: "personnel"}
			e := Extension{By: 15 * time.Minute, Limit: 30 * time.Minute, AskedBy: "E-0031"}
			if row.who == "U-010" {
				p.Roles = []Role{Attendant}
			}
			row.change(&p, &w, &s, &e)
			d := CanExtend(p, w, s, e, mid)
			as := d.Role
			if d.Reason == Forbidden {
				as, row.role = Role(d.Args["role"]), cmp.Or(row.role, "extension")
			}
			if d.Allow != (row.want == "") || d.Reason != row.want || as != row.role || d.OnBehalf != row.behalf {
				t.Errorf("got allow=%v %q as %q for %q, want %q as %q for %q", d.Allow, d.Reason, as, d.OnBehalf, row.want, row.role, row.behalf)
			}
			if d.Allow && !d.Until.Equal(w.End.Add(e.By)) {
				t.Errorf("until %v", d.Until)
			}
		})
	}
}

// One second before the end there is something to extend; at the end there is not.
func TestNothingIsExtendedPastItsEnd(t *testing.T) {
	for _, who := range []string{"U-001", "U-002", "U-010"} {
		for _, emergency := range []bool{false, true} {
			w, last := granted("R8-0124", "hr-db", "maint").Window, end
			if emergency { // stored longer than allowed: it is over after two hours all the same
				w.Emergency, w.End = true, start.Add(5*time.Hour)
				last = start.Add(2 * time.Hour)
			}
			for by := time.Duration(-1); by <= 1; by++ {
				d := CanExtend(somebody(who), w, System{ID: "hr", Section: "personnel"},
					Extension{By: time.Minute, Limit: time.Hour, AskedBy: "E-0031"}, last.Add(by))
				if by >= 0 && d.Reason != WindowOver || by < 0 && d.Allow == emergency {
					t.Errorf("%s, emergency=%v, %+d ns: %+v", who, emergency, by, d)
				}
			}
		}
	}
}

// An attendant over the limit reads how much they may extend by.
func TestOverTheLimitSaysTheLimit(t *testing.T) {
	w := granted("R8-0124", "hr-db", "maint").Window
	d := CanExtend(somebody("U-010"), w, System{ID: "hr", Section: "personnel"}, Extension{By: time.Hour, Limit: 30 * time.Minute, AskedBy: "E-0031"}, mid)
	if d.Args["why"] != ExtensionOverLimit || d.Args["minutes"] != "30" {
		t.Errorf("args %v", d.Args)
	}
	if got := Message(d.Reason, d.Args, "ja"); !strings.Contains(got, "立会者に任された延長の長さを超える") {
		t.Error(got)
	}
	if got := OverLimit(30 * time.Minute); got.JA != "立会者が延長できるのは30分までです。課長の承認が必要です。" || !strings.Contains(got.EN, "30 min") {
		t.Error(got)
	}
}

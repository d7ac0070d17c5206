package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	. "sekimori/policy"
)

// early is when the fixture's application is checked: four days before its window.
var early = time.Date(2026, 11, 20, 13, 0, 0, 0, jst)

// applied is an application without faults: every item is met.
func applied() Application {
	_, r := awaiting()
	r.Files = FilesNone
	r.System.Line, r.System.Attendance, r.System.BackupAge = LineNone, AttendanceRequired, 24*time.Hour
	return Application{
		Request:  r,
		Calendar: Calendar{Zone: jst, Hours: officeHours(), Holidays: map[Date]string{"2026-11-23": "勤労感謝の日"}},
		Institution: Institution{Declared: true, Certifications: []string{"isms"}, PledgeCopy: true, SpecialClauses: true,
			AuditReport: true, SpaceDays: 30},
		Vendor: Vendor{ID: "V-012", Name: "保守株式会社", ContractFrom: start.AddDate(-1, 0, 0), ContractUntil: start.AddDate(1, 0, 0),
			Qualified: true, SpecialClauses: []Span{{}}, AuditReports: []AuditReport{{FiscalYear: 2025}},
			Certifications: []Certification{{Name: "isms", From: start.AddDate(-1, 0, 0), Until: start.AddDate(1, 0, 0)}}},
		ResponsibleParty: "V-012",
		Engineers: []Person{{ID: "E-0031", Kind: Engineer, Name: "佐藤", Vendor: "V-012",
			Pledge: Pledge{Signed: start.AddDate(0, -6, 0), Until: start.AddDate(0, 6, 0), Copy: true}}},
		Accounts:       []Account{{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}},
		Attendant:      &Person{ID: "U-010", Kind: Staff, Name: "鈴木", Section: "personnel", Roles: []Role{Attendant}},
		AttendedBefore: true,
		Backup:         &Backup{At: early.Add(-11 * time.Hour), How: BackupAutomatic, OK: true, By: "backup-server"},
		SpaceDays:      412,
		Runtime:        Runtime{Clock: ClockTrusted, Recorder: RecorderReady},
	}
}

func officeHours() Week {
	var w Week
	for day := time.Monday; day <= time.Friday; day++ {
		w[day] = Hours{From: 8*time.Hour + 30*time.Minute, Until: 17*time.Hour + 15*time.Minute}
	}
	return w
}

var itemOrder = []string{ItemPledge, ItemCertification, ItemContract, ItemSubcontract, ItemBackup, ItemRights, ItemIndividualNumber,
	ItemFiles, ItemLine, ItemAttendant, ItemSchedule}

func itemOf(a Application, code string, now time.Time) CheckItem {
	return Check(a, now)[slices.Index(itemOrder, code)]
}

// wellFormed checks what holds of every answer.
func wellFormed(t interface {
	Helper()
	Errorf(string, ...any)
}, items []CheckItem) {
	t.Helper()
	if len(items) != len(itemOrder) {
		t.Errorf("%d items", len(items))
		return
	}
	for i, item := range items {
		if item.No != i+1 || item.Code != itemOrder[i] {
			t.Errorf("item %d is %d %s", i+1, item.No, item.Code)
		}
		if item.Cause.JA == "" || item.Cause.EN == "" {
			t.Errorf("%s: says nothing: %+v", item.Code, item)
		}
		if name := ItemName(item.Code); name.JA == item.Code || name.EN == item.Code {
			t.Errorf("%s has no name", item.Code)
		}
		if want := map[ItemState]string{ItemMet: "適合", ItemCaution: "注意", ItemUnmet: "不適合"}[item.State]; item.State.Label().JA != want {
			t.Errorf("%s is said %s", item.State, item.State.Label().JA)
		}
		switch item.State {
		case ItemMet, ItemCaution:
			if item.Reason != "" || item.Overridable || len(item.Overrides) > 0 || item.Err() != nil {
				t.Errorf("%s, %s: stops something: %+v", item.Code, item.State, item)
			}
			if (item.State == ItemMet) != (item.Fix.JA == "") {
				t.Errorf("%s, %s: to do: %q", item.Code, item.State, item.Fix.JA)
			}
		case ItemUnmet:
			var denied *Denied
			if !errors.As(item.Err(), &denied) || denied.Reason != item.Reason {
				t.Errorf("%s: as an error: %v", item.Code, item.Err())
			}
			if _, ok := Lookup(item.Reason); !ok || item.Fix.JA == "" || item.Fix.EN == "" {
				t.Errorf("%s: reason %q, to do %q", item.Code, item.Reason, item.Fix.JA)
			}
			if item.Overridable != (len(item.Overrides) > 0) && item.Overridable {
				t.Errorf("%s: overridable without a code", item.Code)
			}
		default:
			t.Errorf("%s: state %q", item.Code, item.State)
		}
	}
}

func TestElevenItemsInTheirOrder(t *testing.T) {
	for name, a := range map[string]Application{"all in place": applied(), "nothing known": {}} {
		for _, now := range []time.Time{early, start, mid, end, {}} {
			items := Check(a, now)
			wellFormed(t, items)
			for _, item := range items {
				if name == "all in place" && now.Equal(early) && item.State != ItemMet {
					t.Errorf("%s: %s, %s", item.Code, item.State, item.Cause.JA)
				}
			}
		}
	}
	for _, item := range Check(Application{}, early) {
		met := []string{ItemSubcontract, ItemBackup, ItemIndividualNumber} // of an application without people and papers
		if item.State == ItemMet && !slices.Contains(met, item.Code) {
			t.Errorf("nothing known, and yet %s is met: %s", item.Code, item.Cause.EN)
		}
	}
}

// Each row changes one thing about the application and names the text that its item must then have.
func TestCheckItems(t *testing.T) {
	rows := []struct {
		name   string
		code   string
		change func(a *Application)
		want   ItemState
		reason Reason
		says   string // in the cause, in English
	}{
		{"no pledge", ItemPledge, func(a *Application) { a.Engineers[0].Pledge = Pledge{} }, ItemUnmet, PledgeMissing, "佐藤(E-0031) has no pledge"},
		{"no copy", ItemPledge, func(a *Application) { a.Engineers[0].Pledge.Copy = false }, ItemUnmet, PledgeMissing, "no copy"},
		{"no copy, none asked for", ItemPledge, func(a *Application) {
			a.Engineers[0].Pledge.Copy, a.Institution.PledgeCopy = false, false
		}, ItemMet, "", "no copy on file"},
		{"no copy, nothing declared", ItemPledge, func(a *Application) {
			a.Engineers[0].Pledge.Copy, a.Institution.Declared = false, false
		}, ItemMet, "", "until 2027-05-24"},
		{"signed after the start", ItemPledge, func(a *Application) { a.Engineers[0].Pledge.Signed = start.Add(1) }, ItemUnmet, PledgeMissing, "begins on 2026-11-24"},
		{"engineer locked", ItemPledge, func(a *Application) { a.Engineers[0].Locked = &Lock{Reason: "調査中"} }, ItemUnmet, EngineerLocked, "locked"},
		{"nobody works", ItemPledge, func(a *Application) { a.Engineers = nil }, ItemUnmet, PledgeMissing, "no engineer"},
		{"the second of two without", ItemPledge, func(a *Application) {
			a.Engineers = append(a.Engineers, Person{ID: "E-0032"})
		}, ItemUnmet, PledgeMissing, "E-0032 has no pledge"},
		{"certificate never filed", ItemCertification, func(a *Application) { a.Vendor.Certifications = nil }, ItemUnmet, QualificationUnmet, "ISMS has expired"},
		{"one of two", ItemCertification, func(a *Application) {
			a.Institution.Certifications = []string{"isms", "privacy-mark"}
		}, ItemUnmet, QualificationUnmet, "privacy mark"},
		{"not asked for", ItemCertification, func(a *Application) {
			a.Vendor.Certifications, a.Institution.Certifications = nil, nil
		}, ItemMet, "", "no certification is asked for"},
		{"nothing declared", ItemCertification, func(a *Application) {
			a.Vendor.Certifications, a.Institution.Declared = nil, false
		}, ItemMet, "", "no certification is asked for"},
		{"not qualified", ItemCertification, func(a *Application) {
			a.Vendor.Qualified, a.Vendor.Unmet = false, "ISO 9001"
		}, ItemUnmet, QualificationUnmet, "ISO 9001"},
		{"ends before the window, but not soon", ItemCertification, func(a *Application) {
			late(a, 90)
			a.Vendor.Certifications[0].Until = early.AddDate(0, 0, 61)
		}, ItemUnmet, QualificationUnmet, "before the window ends"},
		{"followed by the next", ItemCertification, func(a *Application) {
			a.Vendor.Certifications = []Certification{{Name: "isms", From: start, Until: start.AddDate(3, 0, 0)}, {Name: "isms", From: early, Until: start}}
		}, ItemMet, "", "until 2029-11-24"},
		{"clauses not filed", ItemContract, func(a *Application) { a.Vendor.SpecialClauses = nil }, ItemUnmet, VendorLocked, "special clauses"},
		{"clauses not asked for", ItemContract, func(a *Application) {
			a.Vendor.SpecialClauses, a.Institution.SpecialClauses = nil, false
		}, ItemMet, "", "V-012"},
		{"nobody answers", ItemContract, func(a *Application) { a.ResponsibleParty = "" }, ItemUnmet, VendorLocked, "no responsible company"},
		{"audit report missing", ItemContract, func(a *Application) { a.Vendor.AuditReports = nil }, ItemCaution, "", "fiscal year 2025"},
		{"audit report of the year before", ItemContract, func(a *Application) {
			a.Vendor.AuditReports = []AuditReport{{FiscalYear: 2024}}
		}, ItemCaution, "", "fiscal year 2025"},
		{"audit report not asked for", ItemContract, func(a *Application) {
			a.Vendor.AuditReports, a.Institution.AuditReport = nil, false
		}, ItemMet, "", "V-012"},
		{"vendor locked", ItemContract, func(a *Application) { a.Vendor.Locked = &Lock{} }, ItemUnmet, VendorLocked, "locked"},
		{"vendor unknown", ItemContract, func(a *Application) { a.Vendor = Vendor{} }, ItemUnmet, VendorLocked, "not registered"},
		{"prime's contract over", ItemContract, func(a *Application) {
			underPrime(a)
			a.Prime.ContractUntil = start
		}, ItemUnmet, VendorLocked, "元請"},
		{"subcontract approved", ItemSubcontract, func(a *Application) {
			a.Vendor.Prime, a.Vendor.PrimeApproved = "V-001", true
		}, ItemCaution, "", "belongs to a subcontractor"},
		{"subcontract not approved", ItemSubcontract, func(a *Application) { a.Vendor.Prime = "V-001" }, ItemUnmet, QualificationUnmet, "not approved"},
		{"no backup", ItemBackup, func(a *Application) { a.Backup = nil }, ItemUnmet, BackupTooOld, "no backup"},
		{"backup failed", ItemBackup, func(a *Application) { a.Backup.OK = false }, ItemUnmet, BackupTooOld, "failed"},
		{"backup without a time", ItemBackup, func(a *Application) { a.Backup.At = time.Time{} }, ItemUnmet, BackupTooOld, "no backup"},
		{"typed in by hand", ItemBackup, func(a *Application) { a.Backup.How = BackupByHand }, ItemCaution, "", "by hand"},
		{"nobody knows how", ItemBackup, func(a *Application) { a.Backup.How = "" }, ItemCaution, "", "by hand"},
		{"no backup, none asked for", ItemBackup, func(a *Application) { a.Backup, a.Request.System.BackupAge = nil, 0 }, ItemMet, "", "not asked for"},
		{"account not registered", ItemRights, func(a *Application) { a.UnknownAccounts = []string{"hr-db/nobody"} }, ItemUnmet, AccountNotGranted, "hr-db/nobody"},
		{"no account", ItemRights, func(a *Application) { a.Accounts = nil }, ItemUnmet, AccountNotGranted, "no account"},
		{"account shared", ItemRights, func(a *Application) { a.SharedAccounts = []string{"hr-db/maint"} }, ItemUnmet, AccountNotGranted, "shared with another vendor"},
		{"another account is shared", ItemRights, func(a *Application) { a.SharedAccounts = []string{"hr-db/ro"} }, ItemMet, "", "hr-db/maint"},
		{"root", ItemRights, func(a *Application) {
			a.Accounts[0].Root, a.Request.Root, a.Request.RootReason = true, true, "版の更新"
		}, ItemCaution, "", "版の更新"},
		{"root without a reason", ItemRights, func(a *Application) { a.Accounts[0].Root = true }, ItemUnmet, FeatureNotGranted, "no reason"},
		{"same as last time", ItemRights, func(a *Application) { a.Last = &Past{Accounts: []string{"hr-db/maint"}} }, ItemMet, "", "hr-db/maint"},
		{"wider: account", ItemRights, func(a *Application) { a.Last = &Past{Accounts: []string{"hr-db/ro"}} }, ItemCaution, "", "wider than last time: hr-db/maint"},
		{"wider: right", ItemRights, func(a *Application) {
			a.ExtraRights, a.Last = []string{"給与明細の更新"}, &Past{Accounts: []string{"hr-db/maint"}}
		}, ItemCaution, "", "給与明細の更新"},
		{"wider: root", ItemRights, func(a *Application) {
			a.Accounts[0].Root, a.Request.RootReason, a.Last = true, "版の更新", &Past{Accounts: []string{"hr-db/maint"}}
		}, ItemCaution, "", "wider than last time: hr-db/maint"},
		{"narrower", ItemRights, func(a *Application) { a.Last = &Past{Accounts: []string{"hr-db/maint", "hr-db/ro"}, Root: true} }, ItemMet, "", "hr-db/maint"},
		{"longer is not wider", ItemRights, func(a *Application) {
			a.Last = &Past{Accounts: []string{"hr-db/maint"}, Start: start, End: start.Add(time.Minute)}
		}, ItemMet, "", "hr-db/maint"},
		{"probed and unreadable", ItemIndividualNumber, func(a *Application) {
			a.Request.PersonalData, a.Probes = true, []Probe{{Account: "hr-db/maint", What: "numbers", At: early.Add(-ProbeAge)}}
		}, ItemMet, "", "no complete proof"},
		{"a probe older than a month", ItemIndividualNumber, func(a *Application) {
			a.Request.PersonalData, a.Probes = true, []Probe{{Account: "hr-db/maint", What: "numbers", At: early.Add(-ProbeAge - 1)}}
		}, ItemCaution, "", "is old"},
		{"one account of two was probed", ItemIndividualNumber, func(a *Application) {
			a.Request.PersonalData, a.Probes, a.Unprobed = true, []Probe{{Account: "hr-db/maint", What: "numbers", At: early}}, []string{"hr-db/other"}
		}, ItemCaution, "", "not been probed"},
		{"the probe read it", ItemIndividualNumber, func(a *Application) {
			a.Probes = []Probe{{Account: "hr-db/maint", What: "numbers", At: early, Reads: true}, {Account: "hr-db/maint", What: "names", At: early}}
		}, ItemUnmet, AccountProbeFailed, "hr-db/maint → numbers"},
		{"it may be read in a special case", ItemIndividualNumber, func(a *Application) {
			a.Request.IndividualNumber, a.IndividualReason = true, "番号の訂正"
			a.Probes = []Probe{{Account: "hr-db/maint", What: "numbers", At: early, Reads: true}}
		}, ItemCaution, "", "special case"},
		{"personal data: nothing was probed", ItemIndividualNumber, func(a *Application) { a.Request.System.PersonalData = true }, ItemCaution, "", "not been probed"},
		{"personal data, by the request", ItemIndividualNumber, func(a *Application) { a.Request.PersonalData = true }, ItemCaution, "", "not been probed"},
		{"numbers visible", ItemIndividualNumber, func(a *Application) { a.Request.IndividualNumber = true }, ItemUnmet, AccountProbeFailed, "special-case"},
		{"numbers visible, an empty reason", ItemIndividualNumber, func(a *Application) {
			a.Request.IndividualNumber, a.IndividualReason = true, " \u3000"
		}, ItemUnmet, AccountProbeFailed, "special-case"},
		{"numbers visible, special case", ItemIndividualNumber, func(a *Application) {
			a.Request.IndividualNumber, a.IndividualReason = true, "番号法第19条"
		}, ItemCaution, "", "番号法第19条"},
		{"files", ItemFiles, func(a *Application) { a.Request.Files, a.FilesDetail = FilesAllowed, "修正パッチ" }, ItemCaution, "", "修正パッチ"},
		{"files without a purpose", ItemFiles, func(a *Application) { a.Request.Files, a.FilesDetail = FilesAllowed, "\t" }, ItemUnmet, FeatureNotGranted, "purpose"},
		{"a rule that a shell breaks", ItemFiles, func(a *Application) { a.Request.Files = "forbidden" }, ItemUnmet, FeatureNotGranted, "a shell can carry files"},
		{"line, before the start", ItemLine, func(a *Application) { a.Request.System.Line = LineInterlocked }, ItemCaution, "", "no test of a sensor"},
		{"no attendant", ItemAttendant, func(a *Application) { a.Attendant = nil }, ItemUnmet, AttendantAbsent, "no attendant is named"},
		{"no attendant, rule unknown", ItemAttendant, func(a *Application) { a.Attendant, a.Request.System.Attendance = nil, "" }, ItemUnmet, AttendantAbsent, "no attendant is named"},
		{"no attendant, on call", ItemAttendant, func(a *Application) {
			a.Attendant, a.Request.System.Attendance = nil, AttendanceOnCall
		}, ItemCaution, "", "on call"},
		{"no attendant, none needed", ItemAttendant, func(a *Application) { a.Attendant, a.Request.System.Attendance = nil, AttendanceNone }, ItemMet, "", "policy"},
		{"no attendant, none needed, but personal data", ItemAttendant, func(a *Application) {
			a.Attendant, a.Request.System.Attendance, a.Request.System.PersonalData = nil, AttendanceNone, true
		}, ItemUnmet, AttendantAbsent, "no attendant is named"},
		{"attends for the first time", ItemAttendant, func(a *Application) { a.AttendedBefore = false }, ItemCaution, "", "first time"},
		{"attendant approves", ItemAttendant, func(a *Application) { a.AttendantIsApprover = true }, ItemUnmet, AttendantAbsent, "also approves"},
		{"attendant approves, the system allows", ItemAttendant, func(a *Application) {
			a.AttendantIsApprover, a.Request.System.ApproverMayAttend = true, true
		}, ItemMet, "", "鈴木"},
		{"attendant without the role", ItemAttendant, func(a *Application) { a.Attendant.Roles = []Role{Auditor} }, ItemUnmet, AttendantAbsent, "role"},
		{"attendant locked", ItemAttendant, func(a *Application) { a.Attendant.Locked = &Lock{} }, ItemUnmet, AttendantAbsent, "locked"},
		{"attendant of the vendor", ItemAttendant, func(a *Application) { a.Attendant.Vendor = "V-012" }, ItemUnmet, AttendantAbsent, "role"},
		{"attendant opened the emergency", ItemAttendant, func(a *Application) { a.Request.Openers = []string{"U-001", "U-010"} }, ItemUnmet, AttendantAbsent, "opened"},
		{"recorder down", ItemSchedule, func(a *Application) { a.Runtime.Recorder = RecorderFailed }, ItemUnmet, RecordingUnavailable, "recording"},
		{"recorder not asked yet", ItemSchedule, func(a *Application) { a.Runtime.Recorder = RecorderUnknown }, ItemMet, "", "verified at the connection"},
		{"space unknown", ItemSchedule, func(a *Application) { a.SpaceDays = -1 }, ItemCaution, "", "not known"},
		{"space not looked at", ItemSchedule, func(a *Application) { a.SpaceDays, a.Institution.SpaceDays = 0, 0 }, ItemMet, "", "no overlap"},
		{"overlap", ItemSchedule, func(a *Application) { a.Overlap = "R8-0127" }, ItemUnmet, SystemInUse, "R8-0127"},
		{"no-work day", ItemSchedule, func(a *Application) {
			a.Calendar.NoWork = []NoWork{{System: "hr", From: end.Add(-1), Until: end.AddDate(0, 0, 1), Reason: "給与支給日"}}
		}, ItemUnmet, GrantWasRevoked, "給与支給日"},
		{"no-work day of another system", ItemSchedule, func(a *Application) {
			a.Calendar.NoWork = []NoWork{{System: "tax", From: start, Until: end}}
		}, ItemMet, "", "no overlap"},
		{"no-work day ends at the start", ItemSchedule, func(a *Application) {
			a.Calendar.NoWork = []NoWork{{From: start.AddDate(0, 0, -1), Until: start}}
		}, ItemMet, "", "no overlap"},
		{"on a holiday", ItemSchedule, func(a *Application) { a.Calendar.Holidays["2026-11-24"] = "創立記念日" }, ItemCaution, "", "outside office hours"},
		{"times unknown", ItemSchedule, func(a *Application) { a.Request.Start, a.Request.End = time.Time{}, time.Time{} }, ItemUnmet, WindowOver, "not known"},
		{"reviews overdue", ItemSchedule, func(a *Application) { a.OverdueReviews = 2 }, ItemUnmet, ReviewsOverdue, "2 reviews"},
		{"follow-up missing", ItemSchedule, func(a *Application) { a.FollowUps = []FollowUp{owed()} }, ItemUnmet, FollowUpMissing, "R8-0090"},
		{"follow-up on another system", ItemSchedule, func(a *Application) {
			a.FollowUps = []FollowUp{owed()}
			a.FollowUps[0].System = "tax"
		}, ItemMet, "", "no overlap"},
		{"follow-up complete", ItemSchedule, func(a *Application) { a.FollowUps = []FollowUp{{Request: "R8-0090", System: "hr", Vendor: "V-012"}} }, ItemMet, "", "no overlap"},
		{"the first of several that cannot be overridden speaks", ItemSchedule, func(a *Application) {
			a.OverdueReviews, a.Overlap = 2, "R8-0127"
		}, ItemUnmet, SystemInUse, "2 reviews"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := applied()
			row.change(&a)
			items := Check(a, early)
			wellFormed(t, items)
			for _, item := range items {
				if item.Code != row.code {
					continue
				}
				if item.State != row.want || item.Reason != row.reason || !strings.Contains(item.Cause.EN, row.says) {
					t.Errorf("%s %q %q, want %s %q with %q", item.State, item.Reason, item.Cause.EN, row.want, row.reason, row.says)
				}
			}
		})
	}
}

// late moves the fixture's window by days.
func late(a *Application, days int) {
	a.Request.Start, a.Request.End = start.AddDate(0, 0, days), end.AddDate(0, 0, days)
}

// owed is an emergency that is over and lacks its report.
func owed() FollowUp {
	return FollowUp{Request: "R8-0090", System: "hr", Vendor: "V-012", Ended: early.AddDate(0, 0, -3), Due: early.AddDate(0, 0, -1), Report: true}
}

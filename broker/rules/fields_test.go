package rules_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/rules"
	"sekimori/policy"
)

func TestEveryRuleHasItsRow(t *testing.T) { fieldtest.Holds(t, rules.Fields, "ID") }

// TestEveryRuleIsGuarded: the test lists each rule that one person alone may change, so that none is by accident.
func TestEveryRuleIsGuarded(t *testing.T) {
	all := full()
	for _, s := range []*rules.System{{}, &all} {
		var open []string
		for _, row := range rules.Fields {
			if !row.Guarded(s) {
				open = append(open, row.Key)
			}
		}
		if got := strings.Join(open, " "); got != "name note phone" {
			t.Errorf("one person alone may change %s of %+v", got, s)
		}
	}
	for _, row := range rules.Fields {
		if v := row.Value(&all); v == "" || v == "false" {
			t.Errorf("full() sets no %s: a guard that depends on it is not asked", row.Key)
		}
	}
}

func full() rules.System {
	return rules.System{LineDriver: "exec /usr/local/lib/sekimori/line", LineProbes: []string{"internal tcp 192.0.2.10:443"}, Forwards: []string{"db:5432"}, Leftovers: rules.LeftoversName, Unproved: rules.UnprovedFreeze, InventoryMonthly: true, ChangeSecrets: true, ReconcileHourly: true, Note: "n", Checklist: rules.Checklist{Version: 2, Title: "t", Steps: []rules.Step{{ID: "line", JA: "回線", EN: "line", Mandatory: true, Phase: rules.PhaseOpen}, {ID: "off", JA: "切", EN: "off", Phase: rules.PhaseClose}}},
		System: policy.System{Name: "人事", Section: "S-01", Phone: "1", SecondStage: true, Attendance: policy.AttendanceRequired, IdentityCheck: true, Line: policy.LineNone,
			Exclusive: true, MaxWindow: 4 * time.Hour, Idle: time.Minute, ApproverMayAttend: true, PersonalData: true, SecondWhen: []policy.SecondRule{policy.SecondRoot, policy.SecondFiles},
			Lead: time.Hour, Delegated: 30 * time.Minute, BackupAge: 24 * time.Hour, Recurring: policy.RecurringEach, PauseAfter: 30 * time.Second, CutAfter: 2 * time.Minute, ReportWithin: 24 * time.Hour, BookmarkRequired: true, ConfirmWithin: 2,
			FilesIn: policy.FileInspect, FilesOut: policy.FileApprove, FilePaths: []string{"/srv/in"}, FileLimitMiB: 10, DenyShell: true, MaskNumbers: true, Commands: []string{"uptime"}, LiveRules: []string{"hold rm"}, KeepFilesDays: 90, KeepRecordingsDays: 730, ReviewSample: "2/10", RemindReviewDays: 2}}
}

// TestStoredNamesStay: the rows of older databases are read, and written unchanged.
func TestStoredNamesStay(t *testing.T) {
	s := full()
	b, err := rules.Fields.Stored(&s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"人事","note":"n","section":"S-01","phone":"1","second_stage":true,"attendance":"required","identity_check":true,"line":"none","exclusive":true,` +
		`"max_window_ms":14400000,"idle_ms":60000,"approver_may_attend":true,"personal_data":true,"second_when":["root","files"],"lead_ms":3600000,"delegated_ms":1800000,` +
		`"backup_age_ms":86400000,"recurring":"each","pause_after_ms":30000,"cut_after_ms":120000,"report_within_ms":86400000,"checklist":{"version":2,"title":"t","steps":[` +
		`{"id":"line","ja":"回線","en":"line","mandatory":true,"phase":"open"},{"id":"off","ja":"切","en":"off","mandatory":false,"phase":"close"}]},"bookmark_required":true,"confirm_within":2,"line_driver":"exec /usr/local/lib/sekimori/line","line_probes":["internal tcp 192.0.2.10:443"],"leftovers":"name","unproved":"freeze","inventory_monthly":true,"change_secrets":true,"reconcile_hourly":true,"files_in":"inspect",` +
		`"file_paths":["/srv/in"],"file_limit_mib":10,"deny_shell":true,"files_out":"approve","mask_numbers":true,"forwards":["db:5432"],"commands":["uptime"],"live_rules":["hold rm"],"keep_files_days":90,"keep_recordings_days":730,"review_sample":"2/10","remind_review_days":2}`
	if string(b) != want {
		t.Errorf("stored is\n%s\nwant\n%s", b, want)
	}
	var again rules.System
	if err := rules.Fields.FromStored(b, &again); err != nil || !reflect.DeepEqual(s, again) {
		t.Errorf("%+v, %v", again, err)
	}
	if err := rules.Fields.FromStored([]byte(`{"line":"none","colour":"red"}`), &again); err == nil {
		t.Error("what no row has is read")
	}
}

func TestShownIsReadAgain(t *testing.T) {
	for _, s := range []rules.System{full(), {System: policy.System{Attendance: policy.AttendanceNone, Line: policy.LineNone}}} {
		b, err := rules.Fields.Shown(&s)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(b, &members); err != nil {
			t.Fatal(err)
		}
		if members["exclusive"] != s.Exclusive || s.MaxWindow > 0 && members["max_window"] != "4h0m0s" {
			t.Errorf("%s", b)
		}
		var again rules.System
		if err := rules.Fields.FromShown(append(b[:len(b)-1], `,"of_a_later_release":1}`...), &again); err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%+v, %v", again, err)
		}
	}
}

// TestFingerprintStays: pending changes hold the fingerprint of the state they change. A further row that is not Late would void them
// all.
func TestFingerprintStays(t *testing.T) {
	s := rules.System{System: policy.System{Name: "a", Section: "S-01", Attendance: policy.AttendanceNone, Line: policy.LineNone}}
	want := `name="a"
note=""
section="S-01"
phone=""
second_stage="false"
attendance="none"
identity_check="false"
line="none"
exclusive="false"
max_window=""
idle=""
approver_may_attend="false"
personal_data="false"
second_when=""
lead=""
delegated=""
backup_age=""
recurring=""
pause_after=""
cut_after=""
report_within=""
`
	if got := field.Fingerprint(rules.Fields.Compared(s, func(*rules.System) {})); got != want {
		t.Errorf("%s", got)
	}
}

// TestForgottenRowIsGuarded: a field without a row is still compared, and takes two people.
func TestForgottenRowIsGuarded(t *testing.T) {
	s := rules.System{System: policy.System{Exclusive: true}}
	for _, key := range []string{"exclusive", "name"} {
		undeclared := ""
		for _, p := range rules.Fields.Without(key).Compared(s, func(*rules.System) {}) {
			if p.Name == field.Undeclared && p.Guarded {
				undeclared = p.Value
			}
		}
		if strings.Contains(undeclared, `"Exclusive":true`) != (key == "exclusive") {
			t.Errorf("without the row %s: %q", key, undeclared)
		}
	}
}

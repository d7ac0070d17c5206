package request_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/fieldtest"
	"sekimori/broker/request"
	"sekimori/policy"
	policytext "sekimori/policy/text"
)

func TestEveryFieldHasItsRow(t *testing.T) { fieldtest.Holds(t, request.Fields) }

// full is a form with every field that people may set.
func full() request.Form {
	zone := time.FixedZone("JST", 9*60*60)
	return request.Form{
		System: "hr", Start: time.Date(2026, 11, 24, 10, 0, 0, 0, zone), Length: 90 * time.Minute,
		Body: request.Body{
			Accounts: []string{"hr-db/hrmnt01"}, Engineers: []string{"sato", "true"}, Recurrence: "FREQ=WEEKLY;COUNT=2", Purpose: "端数: 誤り # の調査",
			WorkType: "fault", ContractNo: "12", ResponsibleParty: "reiji", Phone: "0000111111", FaultNo: "H-552", LikelyCause: "a", PhoneTriage: "b",
			Procedure: "c", Rollback: "d", Urgent: "e", Attendant: "f", Files: policy.FilesAllowed, FileDirection: "both", FilesDetail: "g",
			FilePathsIn: []string{"/in"}, FilePathsOut: []string{"/out"}, FileLimitMiB: 5, Sanitised: "h2",
			ExtraRights: []string{"給与明細の更新", "x"}, ExtraReason: "h", Commands: []string{"uptime"}, ForcedCommand: "uptime", Forwards: []string{"db:5432"}, RootReason: "i", PersonalData: true, IndividualNumber: true, IndividualReason: "j",
			PersonLimit: 2, Drill: true, ClausesTold: true, RecordingTold: true, StaffDowntime: time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC),
		},
	}
}

// TestFullIsFull: a further field is set in full(), so that every test here asks about it.
func TestFullIsFull(t *testing.T) {
	f := full()
	for _, row := range request.Fields.Inputs() {
		if v := row.Value(&f); v == "" || v == "false" {
			t.Errorf("full() sets no %s", row.Key)
		}
	}
}

// TestEmptyFieldsAreNotStored: a further field has omitempty or omitzero, or every stored body and every digest of it would differ.
func TestEmptyFieldsAreNotStored(t *testing.T) {
	b, err := json.Marshal(request.Body{})
	if want := `{"purpose":"","work_type":"","responsible_party":"","phone":"","engineers":null,"accounts":null,"files":""}`; err != nil || string(b) != want {
		t.Errorf("an empty body is stored as\n%s\nwant\n%s (%v)", b, want, err)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	f := full()
	var out strings.Builder
	if err := f.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	again, err := request.Parse("request.yaml", []byte(out.String()), time.UTC)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !reflect.DeepEqual(f.Body, again.Body) || !f.Start.Equal(again.Start) || f.Length != again.Length || f.System != again.System {
		t.Errorf("was\n%+v\nreads\n%+v", f, again)
	}
}

// TestCopyLeavesOutWhatIsSaidAnew: times, reasons, declarations and the facts of that one fault.
func TestCopyLeavesOutWhatIsSaidAnew(t *testing.T) {
	f := full()
	c := request.Fields.Copy(&f)
	var missing []string
	for _, row := range request.Fields.Inputs() {
		if row.Say(&f, "en") != "" && row.Value(&c) != row.Value(&f) {
			missing = append(missing, row.Key)
		}
	}
	want := "start end staff_downtime recurrence purpose fault_no likely_cause phone_triage urgent extra_reason root_reason individual_reason clauses_told recording_told"
	if got := strings.Join(missing, " "); got != want {
		t.Errorf("left out:\n%s\nwant\n%s", got, want)
	}
}

func TestWhatTheOfficeSetsIsNotAsked(t *testing.T) {
	f := full()
	f.Conditions, f.Series, f.Emergency = "none", "R8-0001", &request.Emergency{}
	f.Occurrences = []request.Interval{{}}
	if asked := request.Asked(&f).Body; !reflect.DeepEqual(asked, full().Body) {
		t.Errorf("%+v", asked)
	}
}

// TestStaffTerminalsAreDownUntilAfterTheStart: a request without the time shows none.
func TestStaffTerminalsAreDownUntilAfterTheStart(t *testing.T) {
	f := full()
	for after, want := range map[time.Duration]string{-time.Millisecond: "downtime-before-start", 0: "downtime-before-start", time.Millisecond: ""} {
		f.StaffDowntime = f.Start.Add(after)
		got := ""
		request.Fields.Check(&f, func(key, code string, _ policytext.Text) {
			if key == "staff_downtime" {
				got = code
			}
		})
		if got != want {
			t.Errorf("%s after the start: %q, want %q", after, got, want)
		}
	}
	f.StaffDowntime = f.Start.Add(2 * time.Hour)
	shown := func(lang string) (said string) {
		for _, row := range request.Page(f.Body, lang) {
			if row.Key == "staff_downtime" {
				said = row.Label.In(lang) + ": " + row.Value
			}
		}
		return said
	}
	if got := shown("ja") + ", " + shown("en"); got != "端末停止の終わり: 2026-11-24 12:00, Staff terminals down until: 2026-11-24 12:00" {
		t.Errorf("shown is %s", got)
	}
	if f.StaffDowntime = (time.Time{}); shown("ja") != "" {
		t.Errorf("shown is %s", shown("ja"))
	}
}

// TestStoredNamesStay: databases hold the JSON of a body, and digests in the ledger were made of it. A further name goes to the end.
func TestStoredNamesStay(t *testing.T) {
	f := full()
	f.Conditions, f.Series, f.Emergency, f.ExtensionLimitMS, f.Occurrences = "x", "R8-0001", &request.Emergency{}, new(int64), []request.Interval{{}}
	b, err := json.Marshal(f.Body)
	if err != nil {
		t.Fatal(err)
	}
	b = regexp.MustCompile(`(\[\{.*?\}\]|"emergency":\{.*?\})`).ReplaceAll(b, []byte(`"emergency":`))
	var names []string
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(string(b), -1) {
		names = append(names, m[1])
	}
	got := strings.Replace(strings.Join(names, " "), "occurrences emergency", "occurrences", 1)
	want := "purpose work_type responsible_party phone fault_no likely_cause phone_triage procedure rollback engineers accounts attendant files files_detail " +
		"root_reason personal_data person_limit conditions urgent contract_no extra_rights extra_reason individual_number individual_reason file_direction " +
		"clauses_told recording_told recurrence occurrences series drill emergency extension_limit_ms"
	if !strings.HasPrefix(got, want) {
		t.Errorf("stored are\n%s\nwant at first\n%s", got, want)
	}
	var again request.Body
	if err := json.Unmarshal([]byte(`{"purpose":"p","work_type":"fault","responsible_party":"V-1","phone":"1","engineers":["E-1"],"accounts":["a/b"],"files":"none"}`), &again); err != nil || again.WorkType != "fault" {
		t.Errorf("%+v, %v", again, err)
	}
}

// FuzzParse: a form that was read and written reads back as the same form.
func FuzzParse(f *testing.F) {
	form := full()
	var out strings.Builder
	if err := form.WriteYAML(&out); err != nil {
		f.Fatal(err)
	}
	f.Add(out.String())
	f.Add("system: hr\naccounts: [a/b]\nengineers:\n- sato\nstart: +20m\nend: 2026-11-24T11:30\npurpose: |\n  two\n  lines\nfault_cause: x\n")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := request.Parse("request.yaml", []byte(text), time.UTC)
		if err != nil {
			return
		}
		ignore := func(string, string, policytext.Text) {}
		request.Fields.Check(&read, ignore)
		if read.System == "" || len(read.Accounts) == 0 || len(read.Engineers) == 0 {
			return // a needed field may be named and empty, and is then left out
		}
		var out strings.Builder
		if err := read.WriteYAML(&out); err != nil {
			t.Fatal(err)
		}
		again, err := request.Parse("request.yaml", []byte(out.String()), time.UTC)
		request.Fields.Check(&again, ignore)
		for _, row := range request.Fields.Inputs() {
			if was, is := row.Value(&read), row.Value(&again); err != nil || was != is {
				t.Fatalf("%s was %q and reads %q (%v)\n%s", row.Key, was, is, err, out.String())
			}
		}
	})
}

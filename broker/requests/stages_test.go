package requests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

func has(err error, code string) bool {
	var bad *forms.Invalid
	return errors.As(err, &bad) && bad.Has(code)
}

func TestWhatCallsForAReasonBlocksUntilThereIsOne(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	_, err := d.Approve(t.Context(), no, requests.Approval{}, townhall.Caller("head"))
	var blocked *requests.Blocked
	if !errors.As(err, &blocked) || len(blocked.Items) != 1 || blocked.Items[0].Code != policy.ItemAttendant || blocked.Unmet() != 0 {
		t.Fatalf("without a reason: %v", err)
	}
	if got := h.Kinds(t, no); !slices.Equal(got, []string{"request.submitted", "request.refused-approval"}) {
		t.Errorf("entries %v", got)
	}
	for reason, code := range map[string]string{"\x1b[2J": "control-character", "": ""} {
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: map[string]string{policy.ItemAttendant: reason}}, townhall.Caller("head"))
		if code != "" && !has(err, code) || code == "" && !errors.As(err, &blocked) {
			t.Errorf("with %q: %v", reason, err)
		}
	}
	if _, err := d.Approve(t.Context(), no, requests.Approval{Because: map[string]string{"wetter": "x"}}, townhall.Caller("head")); !has(err, "unknown-item") {
		t.Errorf("an item that there is not: %v", err)
	}
	if _, err := d.Approve(t.Context(), no, requests.Approval{Because: map[string]string{policy.ItemAttendant: "係長が同席"}}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil || shown.Decisions[0].Because[policy.ItemAttendant] != "係長が同席" {
		t.Errorf("%+v, %v", shown.Decisions, err)
	}
}

func TestWhatIsUnmetBlocksWhateverTheReason(t *testing.T) {
	_, d := desk(t)
	f := hr()
	f.Attendant = ""
	no := submit(t, d, f, "kato")
	_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	var blocked *requests.Blocked
	if !errors.As(err, &blocked) || blocked.Unmet() != 1 {
		t.Fatalf("nobody attends a system that requires it: %v", err)
	}
	// Returning is not an approval.
	if err := d.Return(t.Context(), no, "立会者を決めてください", townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	if err := d.Edit(t.Context(), no, hr(), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	if out := approve(t, d, no, "head"); out.State != policy.PendingSecond {
		t.Errorf("after the correction: %+v", out)
	}
}

func TestConditionsOnlyNarrow(t *testing.T) {
	_, d := desk(t)
	f := simple()
	f.Accounts, f.RootReason = []string{"map-web/web", "map-web/root"}, "設定の修正"
	f.Files, f.FilesDetail = policy.FilesAllowed, "patch.txt"
	f.ExtraRights, f.ExtraReason = []string{"明細の更新"}, "修正のため"
	no := submit(t, d, f, "kato")
	more := int64(time.Hour / time.Millisecond)
	for name, c := range map[string]struct {
		code string
		c    store.Conditions
	}{
		"a later end":        {"condition-widens", store.Conditions{End: f.End.Add(time.Millisecond)}},
		"an end at start":    {"end-before-start", store.Conditions{End: f.Start}},
		"another account":    {"condition-unknown", store.Conditions{Accounts: []string{"hr-db/hrmnt01"}}},
		"no account left":    {"condition-leaves-nothing", store.Conditions{Accounts: f.Accounts}},
		"another right":      {"condition-unknown", store.Conditions{Rights: []string{"すべて"}}},
		"a longer extension": {"condition-widens", store.Conditions{ExtensionLimitMS: &more}},
	} {
		_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: c.c}, townhall.Caller("head"))
		if !has(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	end := f.End.Add(-30 * time.Minute)
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{
		End: end, Accounts: []string{"map-web/root"}, Rights: f.ExtraRights, NoFiles: true,
	}}, townhall.Caller("head"))
	if err != nil || out.State != policy.RequestConditional || len(out.Grants) != 1 {
		t.Fatalf("%+v, %v", out, err) // without the root account one stage is enough
	}
	shown, err := d.Show(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	g := shown.Grants[0]
	if !shown.Windows[0].End.Equal(end) || g.Account != "map-web/web" || g.Files != policy.FilesNone || !shown.Request.End.Equal(f.End) {
		t.Errorf("%+v %+v", shown.Windows[0], g)
	}
	for _, say := range []string{"終了は 2026-11-24 10:30 まで", "without account map-web/root", "明細の更新", "no file exchange"} {
		if !strings.Contains(shown.Request.Body.Conditions, say) {
			t.Errorf("the conditions do not say %q: %s", say, shown.Request.Body.Conditions)
		}
	}
}

func TestADeputyDecidesWhileTheDeputationHolds(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	want(t, "before", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("mori"))), "forbidden")
	until := h.Now().Add(30 * time.Minute)
	dep := policy.Deputation{For: "head", Deputy: "ito", Until: until, Reason: "出張"}
	want(t, "by somebody else", second(d.SetDeputy(t.Context(), dep, townhall.Caller("kato"))), "forbidden")
	for name, wrong := range map[string]policy.Deputation{
		"deputy-not-eligible": {For: "head", Deputy: "mori", Until: until, Reason: "出張"},
		"reason-required":     {For: "head", Deputy: "ito", Until: until},
		"in-the-past":         {For: "head", Deputy: "ito", From: h.Now().Add(-2 * time.Hour), Until: h.Now(), Reason: "出張"},
		"too-long":            {For: "head", Deputy: "ito", Until: h.Now().Add(367 * 24 * time.Hour), Reason: "出張"},
	} {
		if _, err := d.SetDeputy(t.Context(), wrong, townhall.Caller("head")); !has(err, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.SetDeputy(t.Context(), dep, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	// A deputy named to attend does not approve. The next request names no attendant.
	want(t, "attending", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")
	f := simple()
	f.Attendant, f.Start, f.End = "", f.Start.Add(3*time.Hour), f.End.Add(3*time.Hour)
	free := submit(t, d, f, "kato")
	later := submit(t, d, f, "kato")
	h.Pass(30*time.Minute - time.Millisecond)
	approve(t, d, free, "ito")
	h.Pass(time.Millisecond) // the period ended between opening and deciding
	want(t, "at the end", second(d.Approve(t.Context(), later, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")

	shown, err := d.Show(t.Context(), free)
	if err != nil {
		t.Fatal(err)
	}
	head := shown.Decisions[0].OnBehalf
	due, err := d.List(t.Context(), store.RequestFilter{SeenDue: head})
	if err != nil || len(due) != 1 || due[0].No != free || shown.Decisions[0].By == head {
		t.Fatalf("to be seen by %q: %v, %v", head, due, err)
	}
	want(t, "seen by another", d.Seen(t.Context(), free, requests.SeenBody{}, townhall.Caller("deputy")), "forbidden")
	if err := d.Seen(t.Context(), free, requests.SeenBody{Object: true, Reason: ""}, townhall.Caller("head")); !has(err, "reason-required") {
		t.Errorf("an objection without a reason: %v", err)
	}
	want(t, "objection", d.Seen(t.Context(), free, requests.SeenBody{Object: true, Reason: "聞いていない"}, townhall.Caller("head")), "")
	if state(t, d, free) != policy.RequestRevoked {
		t.Errorf("unused and objected to, it is %s", state(t, d, free))
	}
	want(t, "seen twice", d.Seen(t.Context(), free, requests.SeenBody{}, townhall.Caller("head")), "already-decided")
}

// second is the error of a call with another result.
func second[T any](_ T, err error) error { return err }

func TestADeputationEndsBeforeItsTime(t *testing.T) {
	h, d := desk(t)
	dep, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "by somebody else", second(d.ClearDeputy(t.Context(), dep.ID, townhall.Caller("kato"))), "forbidden")
	want(t, "by the deputy", second(d.ClearDeputy(t.Context(), dep.ID, townhall.Caller("ito"))), "")
	f := simple()
	f.Attendant = ""
	no := submit(t, d, f, "kato")
	want(t, "cleared", second(d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))), "forbidden")
	if _, err := d.ClearDeputy(t.Context(), dep.ID, townhall.Caller("head")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("cleared twice: %v", err)
	}
}

// A recurring window over midnight, month and year: one approval, a window and its own grants per occurrence.
func TestARecurringWindow(t *testing.T) {
	_, d := desk(t)
	f := simple()
	f.Start, f.End = time.Date(2026, 12, 30, 23, 30, 0, 0, townhall.Zone), time.Date(2026, 12, 31, 0, 30, 0, 0, townhall.Zone)
	f.Recurrence = "FREQ=DAILY"
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "recurrence-no-end") {
		t.Fatalf("without end: %v", err)
	}
	f.Recurrence = "FREQ=DAILY;COUNT=3"
	no := submit(t, d, f, "kato")
	out := approve(t, d, no, "head")
	shown, err := d.Show(t.Context(), no)
	if err != nil || len(out.Windows) != 3 || len(out.Grants) != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	last := shown.Windows[2]
	if !last.Start.Equal(f.Start.AddDate(0, 0, 2)) || last.End.In(townhall.Zone).Format("2006-01-02 15:04") != "2027-01-02 00:30" {
		t.Errorf("the last is %v to %v", last.Start, last.End)
	}
	if err := d.Cancel(t.Context(), out.Windows[1], "祝日", townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	shown, err = d.Show(t.Context(), no)
	if err != nil || shown.Windows[0].State != policy.WindowScheduled || shown.Windows[1].State != policy.WindowCancelled {
		t.Errorf("one occurrence alone is taken back: %+v, %v", shown.Windows, err)
	}
}

// If the system wants each occurrence approved separately, one form makes a request of each, in one series, and a decision on one
// leaves the others.
func TestARequestForEachOccurrence(t *testing.T) {
	h, d := desk(t)
	change(t, h, func(tx *store.Tx) error {
		sys, err := tx.System("map")
		sys.Recurring, sys.SecondWhen = policy.RecurringEach, []policy.SecondRule{policy.SecondRecurring}
		return errors.Join(err, tx.PutSystem(sys))
	})
	f := simple()
	f.Start, f.End = time.Date(2026, 12, 17, 23, 30, 0, 0, townhall.Zone), time.Date(2026, 12, 18, 0, 30, 0, 0, townhall.Zone)
	f.Recurrence = "FREQ=WEEKLY;COUNT=3" // the last over the year's end
	first := submit(t, d, f, "kato")
	series, err := d.List(t.Context(), store.RequestFilter{Series: first})
	if err != nil || len(series) != 3 {
		t.Fatalf("%d requests, %v", len(series), err)
	}
	slices.Reverse(series)
	for i, r := range series {
		if want := f.Start.AddDate(0, 0, 7*i); !r.Start.Equal(want) || r.End.Sub(r.Start) != time.Hour || len(r.Body.Occurrences) != 0 || r.State != policy.PendingFirst {
			t.Errorf("request %d: %+v", i+1, r)
		}
		if got := h.Kinds(t, r.No); !slices.Equal(got, []string{"request.submitted"}) {
			t.Errorf("entries of %s: %v", r.No, got)
		}
	}
	if last := series[2].End.In(townhall.Zone).Format("2006-01-02 15:04"); last != "2027-01-01 00:30" {
		t.Errorf("the last ends at %s", last)
	}
	// One is approved, one rejected, one lapses.
	if out := approve(t, d, series[0].No, "head"); out.State != policy.RequestApproved || len(out.Windows) != 1 {
		t.Errorf("%+v", out)
	}
	want(t, "rejected", d.Reject(t.Context(), series[1].No, "その日は締切", townhall.Caller("head")), "")
	if err := d.Edit(t.Context(), series[2].No, f, townhall.Caller("kato")); !has(err, "recurrence-each") {
		t.Errorf("all of them again in the place of one: %v", err)
	}
	toInstant(h, series[2].Start)
	if lapsed, _, err := d.LapseDue(t.Context()); err != nil || !slices.Equal(lapsed, []string{series[2].No}) {
		t.Errorf("lapsed %v, %v", lapsed, err)
	}
	if state(t, d, series[0].No) != policy.RequestApproved || state(t, d, series[1].No) != policy.RequestRejected {
		t.Error("one of them changed another")
	}

	// An engineer's proposal becomes as many requests, each to be taken over.
	f.Start, f.End = f.Start.AddDate(0, 1, 0), f.End.AddDate(0, 1, 0)
	proposed := submit(t, d, f, "E-0031")
	series, err = d.List(t.Context(), store.RequestFilter{Series: proposed, States: []policy.RequestState{policy.RequestProposed}})
	if err != nil || len(series) != 3 {
		t.Fatalf("%d proposals, %v", len(series), err)
	}
	want(t, "taken", d.Take(t.Context(), series[1].No, townhall.Caller("kato")), "")
	if state(t, d, proposed) != policy.RequestProposed {
		t.Error("another was taken with it")
	}
}

// Certificates that follow each other hold throughout. With a day between them the window that touches it has none.
func TestACertificateThatIsRenewedMeanwhile(t *testing.T) {
	h, d := desk(t)
	turn := time.Date(2026, 12, 16, 0, 0, 0, 0, townhall.Zone)
	filed := func(id string, from, until time.Time) {
		t.Helper()
		change(t, h, func(tx *store.Tx) error {
			return tx.AddPaper(store.Paper{ID: id, Kind: store.PaperCertification, Vendor: "V-012", Name: "isms", From: from, Until: until,
				State: store.PaperAccepted, FiledBy: "kato", Filed: h.Now(), AcceptedBy: "deputy", Accepted: h.Now()})
		})
	}
	change(t, h, func(tx *store.Tx) error {
		return tx.PutInstitution(policy.Institution{Declared: true, Certifications: []string{"isms"}})
	})
	filed("P-0001", turn.AddDate(-1, 0, 0), turn)
	f := simple()
	f.Start, f.End, f.ClausesTold, f.RecordingTold = turn.Add(-30*time.Minute), turn.Add(30*time.Minute), true, true
	filed("P-0002", turn.Add(time.Millisecond), turn.AddDate(1, 0, 0))
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "engineer-not-eligible") {
		t.Errorf("with a gap: %v", err)
	}
	change(t, h, func(tx *store.Tx) error { return tx.WithdrawPaper("P-0002", "kato", "訂正") })
	filed("P-0003", turn, turn.AddDate(1, 0, 0))
	no := submit(t, d, f, "kato")
	approve(t, d, no, "head")
}

func TestEveryOccurrenceIsHeldAgainstDaysAndOtherWindows(t *testing.T) {
	h, d := desk(t)
	f := hr()
	third := f.Start.AddDate(0, 0, 14)
	other := hr()
	other.Start, other.End = third.Add(30*time.Minute), third.Add(time.Hour)
	no := submit(t, d, other, "kato")
	f.Recurrence = "FREQ=WEEKLY;COUNT=4"
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "overlap") || !strings.Contains(err.Error(), no) {
		t.Errorf("over another's: %v", err)
	}
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutNoWork([]policy.NoWork{{System: "hr", From: third.AddDate(0, 0, 7), Until: third.AddDate(0, 0, 8), Reason: "給与支給日"}}); err != nil {
			return err
		}
		_, err := tx.Append(townhall.Draft("test.days"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Withdraw(t.Context(), no, "やめる", townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Submit(t.Context(), f, townhall.Caller("kato")); !has(err, "blackout-day") || !strings.Contains(err.Error(), "2026-12-15 is a no-work day (給与支給日).") {
		t.Errorf("on payday: %v", err)
	}
	f.Recurrence = "FREQ=WEEKLY;COUNT=3"
	submit(t, d, f, "kato")
}

func TestTheCodesOfTheForm(t *testing.T) {
	h, d := desk(t)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutInstitution(policy.Institution{Declared: true, Lead: 2 * time.Hour}); err != nil {
			return err
		}
		_, err := tx.Append(townhall.Draft("test.institution"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	good := func() request.Form {
		f := hr()
		f.Start, f.End = townhall.Start.Add(2*time.Hour), townhall.Start.Add(3*time.Hour)
		f.ClausesTold, f.RecordingTold = true, true
		return f
	}
	for _, c := range []struct {
		code, en string
		change   func(*request.Form)
	}{
		{"purpose-required", "Enter the purpose.", func(f *request.Form) { f.Purpose = " " }},
		{"end-before-start", "End must be after start.", func(f *request.Form) { f.End = f.Start }},
		{"too-long", "A window is at most 4 h. Split it.", func(f *request.Form) { f.End = f.Start.Add(400 * 24 * time.Hour) }},
		{"too-long", "A window is at most 4 h. Split it.", func(f *request.Form) { f.End = f.Start.Add(4*time.Hour + time.Millisecond) }},
		{"too-soon", "Less than 2 h ahead. Choose urgent and say why.", func(f *request.Form) { f.Start = f.Start.Add(-time.Millisecond) }},
		{"engineer-not-eligible", "Engineer kimura not eligible (of another vendor; file a request for each).", func(f *request.Form) { f.Engineers = append(f.Engineers, "kimura") }},
		{"account-not-for-target", `Account "map-web/web" not registered for target.`, func(f *request.Form) { f.Accounts = []string{"map-web/web"} }},
		{"file-detail-required", "Name the file and purpose.", func(f *request.Form) { f.Files = policy.FilesAllowed }},
		{"triage-required", "Enter likely cause and phone triage for a fault.", func(f *request.Form) { f.WorkType = "fault"; f.LikelyCause = "端数" }},
		{"responsible-required", "Choose the responsible company.", func(f *request.Form) { f.ResponsibleParty = "" }},
		{"phone-required", "Enter a phone reachable during work.", func(f *request.Form) { f.Phone = "" }},
		{"extra-reason-required", "Say why the extra rights are needed.", func(f *request.Form) { f.ExtraRights = []string{"更新"} }},
		{"individual-reason-required", "Work that shows individual numbers needs a special-case reason.", func(f *request.Form) { f.IndividualNumber = true }},
		{"declaration-required", "then declare clauses_told: true.", func(f *request.Form) { f.ClausesTold = false }},
		{"drill-target-required", "hr-db is no target for drills.", func(f *request.Form) { f.Drill = true }},
	} {
		f := good()
		c.change(&f)
		_, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
		if !has(err, c.code) || !strings.Contains(err.Error(), c.en) || strings.Count(err.Error(), "\n") != 0 {
			t.Errorf("%s: %v", c.code, err)
		}
	}
	urgent := good()
	urgent.Start, urgent.Urgent = urgent.Start.Add(-time.Hour), "給与の支払いに間に合わない"
	submit(t, d, urgent, "kato")
	f := good()
	f.Start, f.End = urgent.End, urgent.End.Add(time.Hour)
	submit(t, d, f, "kato") // exactly the lead, and end to start beside the other
}

func TestACopyLeavesOutTimesReasonsAndDeclarations(t *testing.T) {
	_, d := desk(t)
	f := hr()
	f.ContractNo, f.ExtraRights, f.ExtraReason = "R8-契-12", []string{"明細: \"更新\""}, "修正"
	f.IndividualNumber, f.IndividualReason, f.Urgent, f.ClausesTold, f.RecordingTold = true, "特例", "至急", true, true
	f.Procedure = "一行目\n二行目"
	no := submit(t, d, f, "kato")
	copied, err := d.Copy(t.Context(), no, townhall.By("kato"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "by another section", second(d.Copy(t.Context(), no, townhall.By("mori"))), "forbidden")
	var text strings.Builder
	if err := copied.WriteYAML(&text); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"特例\n", "至急", "修正\n", "true\nclauses", "recording_told", f.Purpose} {
		if strings.Contains(text.String(), gone) {
			t.Errorf("the copy holds %q:\n%s", gone, text.String())
		}
	}
	if _, err := request.Parse("copy.yaml", []byte(text.String()), townhall.Zone); err == nil {
		t.Error("a copy is complete without its times")
	}
	whole := strings.NewReplacer("start: # 2026-11-24T10:00", "start: 2026-12-01T10:00", "end: # 2026-11-24T11:30", "end: +90m").Replace(text.String())
	read, err := request.Parse("copy.yaml", []byte(whole), townhall.Zone)
	if err != nil || read.Procedure != f.Procedure || !slices.Equal(read.ExtraRights, f.ExtraRights) || read.ContractNo != f.ContractNo || read.Attendant != "U-005" && read.Attendant == "" {
		t.Errorf("%+v, %v\n%s", read, err, whole)
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add([]byte("system: hr\naccounts: [hr-db/a]\nengineers: [sato]\nstart: +20m\nend: 2026-11-24T10:00\npurpose: \"x\\ny\"\nrecurrence: FREQ=DAILY;COUNT=2\n"))
	f.Add([]byte("system: 0\naccounts: ['#']\nengineers: [null]\nstart: 2026-02-29T24:00\nend: +1h\nurgent: yes\ndrill: true\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := request.Parse("f.yaml", text, townhall.Zone)
		if err != nil {
			return
		}
		var out strings.Builder
		if err := first.WriteYAML(&out); err != nil {
			t.Fatal(err)
		}
		again, err := request.Parse("f.yaml", []byte(out.String()), townhall.Zone)
		if err != nil {
			if len(first.Accounts)*len(first.Engineers)*len(first.System) == 0 || first.Start.IsZero() && first.StartIn == 0 || first.End.IsZero() && first.Length == 0 {
				return // a needed field was empty
			}
			t.Fatalf("%v\n%s", err, out.String())
		}
		if said(first) != said(again) {
			t.Fatalf("%s\nbecame\n%s\nby\n%s", said(first), said(again), out.String())
		}
	})
}

// said is a form in words, without its places in the file.
func said(f request.Form) string {
	var out strings.Builder
	if err := f.WriteYAML(&out); err != nil {
		return fmt.Sprint(err)
	}
	return out.String() + f.Start.UTC().String() + f.End.UTC().String()
}

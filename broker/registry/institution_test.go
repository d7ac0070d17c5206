package registry_test

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

const block = `institution:
  hours: {mon: 08:30-17:15, tue: 08:30-17:15, wed: 08:30-17:15, thu: 08:30-17:15, fri: 08:30-24:00, sat: closed}
  lead: 2h
  certifications: [privacy-mark, isms]
  pledge_copy: true
  special_clauses: true
  audit_report: true
  space_days: 30
  tell:
    - {key: head, ja: 所管課長, en: section head, within: 1h}
    - {key: privacy-first, ja: 個人情報保護委員会(速報), en: privacy commission (preliminary), within: 5d, note: 例}
  holidays:
    - {date: 2026-12-29, name: 年末年始}
    - {date: 2026-11-23, name: 窓口開庁, open: true}
  no_work:
    - {system: hr, from: 2026-11-25T10:00, until: 2026-11-25T15:00, reason: 給与支給日}
    - {from: 2027-02-07, until: 2027-02-07, reason: 選挙}
`

// ruled is the town hall's file with the block and with rules for hr.
func ruled(t *testing.T) string {
	t.Helper()
	text := townhall.Registry(t)
	with := strings.Replace(text, "exclusive: true}", "exclusive: true, attendance: required, personal_data: true, second_when: [files, urgent], lead: 4h, delegated: 30m, backup_age: 24h, recurring: each, pause_after: 20s, cut_after: 60s, report_within: 12h,\n"+
		"     checklist: {version: 1, title: 保守接続の手順, steps: [{id: line, ja: 庁内網の切断を確かめた, en: the office network is cut}, {id: tidy, ja: 片付けた, en: tidied up, mandatory: false, phase: close}]}}", 1)
	if with == text {
		t.Fatal("the town hall's file has no such system")
	}
	return block + with
}

func stored(t *testing.T, h *townhall.Hall) (i policy.Institution, days []store.Holiday, times []policy.NoWork, hr store.System) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		if i, err = s.Institution(); err == nil {
			days, err = s.Holidays()
		}
		if err == nil {
			times, err = s.NoWork()
		}
		if err == nil {
			hr, err = s.System("hr")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i, days, times, hr
}

func TestTheInstitutionIsDeclared(t *testing.T) {
	h := townhall.Open(t)
	text := ruled(t)
	h.Apply(t, text, "admin")
	i, days, times, hr := stored(t, h)
	minute := func(hour, minute int) time.Duration {
		return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	}
	if !i.Declared || i.Lead != 2*time.Hour || strings.Join(i.Certifications, " ") != "privacy-mark isms" || !i.PledgeCopy || !i.SpecialClauses || !i.AuditReport || i.SpaceDays != 30 {
		t.Errorf("%+v", i)
	}
	if len(i.Tell) != 2 || i.Tell[0].Within != time.Hour || i.Tell[1] != (policy.Tell{Key: "privacy-first", Who: policy.Text{JA: "個人情報保護委員会(速報)", EN: "privacy commission (preliminary)"}, Within: 120 * time.Hour, Note: "例"}) {
		t.Errorf("to be told %+v", i.Tell)
	}
	if i.Hours[time.Monday] != (policy.Hours{From: minute(8, 30), Until: minute(17, 15)}) || i.Hours[time.Friday].Until != 24*time.Hour || i.Hours[time.Saturday] != (policy.Hours{}) {
		t.Errorf("hours %v", i.Hours)
	}
	if len(days) != 2 || days[0] != (store.Holiday{Date: "2026-11-23", Name: "窓口開庁", Open: true}) || days[1].Date != "2026-12-29" || days[1].Open {
		t.Errorf("days %v", days)
	}
	local := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02T15:04", s, townhall.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if len(times) != 2 || times[0].System != "hr" || !times[0].From.Equal(local("2026-11-25T10:00")) || times[0].Reason != "給与支給日" ||
		times[1].System != "" || !times[1].From.Equal(local("2027-02-07T00:00")) || !times[1].Until.Equal(local("2027-02-08T00:00")) {
		t.Errorf("no work %v", times)
	}
	if !hr.PersonalData || hr.Lead != 4*time.Hour || hr.Delegated != 30*time.Minute || hr.BackupAge != 24*time.Hour || hr.Recurring != policy.RecurringEach ||
		hr.PauseAfter != 20*time.Second || hr.CutAfter != time.Minute || hr.ReportWithin != 12*time.Hour || len(hr.SecondWhen) != 2 {
		t.Errorf("hr %+v", hr.System)
	}
	want := store.Checklist{Version: 1, Title: "保守接続の手順", Steps: []store.Step{
		{ID: "line", JA: "庁内網の切断を確かめた", EN: "the office network is cut", Mandatory: true, Phase: store.PhaseOpen},
		{ID: "tidy", JA: "片付けた", EN: "tidied up", Phase: store.PhaseClose},
	}}
	if hr.Checklist.Version != want.Version || len(hr.Checklist.Steps) != 2 || hr.Checklist.Steps[0] != want.Steps[0] || hr.Checklist.Steps[1] != want.Steps[1] {
		t.Errorf("checklist %+v", hr.Checklist)
	}
	var facts policy.Facts
	if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) { facts, err = s.Facts("E-0031"); return err }); err != nil || !facts.Institution.PledgeCopy {
		t.Errorf("facts %+v, %v", facts.Institution, err)
	}
	if again := h.Apply(t, text, "admin"); again.Differs() || again.Pending != "" {
		t.Errorf("applied twice: %+v", again)
	}
}

// TestAFileWithoutTheBlockMeansWhatItMeant: nothing of it is declared, asked for or named in a plan.
func TestAFileWithoutTheBlockMeansWhatItMeant(t *testing.T) {
	h := townhall.Found(t)
	i, days, times, hr := stored(t, h)
	if i.Declared || days != nil || times != nil || hr.PersonalData || len(hr.Checklist.Steps) != 0 {
		t.Errorf("%+v %v %v %+v", i, days, times, hr)
	}
	plan := h.Apply(t, "institution: {holidays: [], no_work: []}\n"+townhall.Registry(t), "admin")
	for _, kind := range []string{"institution", "holidays", "no-work"} {
		if c, ok := action(plan, kind, kind); ok {
			t.Errorf("%+v", c)
		}
	}
	// A declared part stays when a later file does not mention it, and the plan names it as left alone.
	h = townhall.Open(t)
	text := ruled(t)
	h.Apply(t, text, "admin")
	without := h.Apply(t, strings.TrimPrefix(text, block), "admin")
	for _, kind := range []string{"institution", "holidays", "no-work"} {
		if c, ok := action(without, kind, kind); !ok || c.Action != registry.Absent {
			t.Errorf("%s: %+v", kind, c)
		}
	}
}

func TestEveryPartOfTheBlockIsGuarded(t *testing.T) {
	h := townhall.Open(t)
	text := ruled(t)
	h.Apply(t, text, "admin")
	for _, c := range []struct{ name, old, new, kind, field string }{
		{"hours", "mon: 08:30-17:15", "mon: 08:30-22:00", "institution", "hours.mon"},
		{"a day closed", "tue: 08:30-17:15, ", "", "institution", "hours.tue"},
		{"lead", "  lead: 2h\n", "", "institution", "lead"},
		{"certification", "[privacy-mark, isms]", "[isms]", "institution", "certifications"},
		{"copy", "pledge_copy: true", "pledge_copy: false", "institution", "pledge_copy"},
		{"clauses", "  special_clauses: true\n", "", "institution", "special_clauses"},
		{"report", "audit_report: true", "audit_report: false", "institution", "audit_report"},
		{"space", "space_days: 30", "space_days: 1", "institution", "space_days"},
		{"told later", "within: 5d", "within: 6d", "institution", "tell.privacy-first"},
		{"one told no more", "    - {key: head, ja: 所管課長, en: section head, within: 1h}\n", "", "institution", "tell.head"},
		{"another told", "ja: 所管課長", "ja: 部長", "institution", "tell.head"},
		{"holiday taken away", "    - {date: 2026-12-29, name: 年末年始}\n", "", "holidays", "2026-12-29"},
		{"holiday opened", "name: 年末年始}", "name: 年末年始, open: true}", "holidays", "2026-12-29"},
		{"no work moved", "until: 2026-11-25T15:00", "until: 2026-11-25T11:00", "no-work", "hr 2026-11-25T01:00:00Z"},
		{"no work taken away", "    - {from: 2027-02-07, until: 2027-02-07, reason: 選挙}\n", "", "no-work", "* 2027-02-06T15:00:00Z"},
		{"personal data", "personal_data: true, ", "", "system", "personal_data"},
		{"second when", "second_when: [files, urgent]", "second_when: [files]", "system", "second_when"},
		{"system lead", "lead: 4h, ", "", "system", "lead"},
		{"delegated", "delegated: 30m", "delegated: 31m", "system", "delegated"},
		{"backup", "backup_age: 24h", "backup_age: 25h", "system", "backup_age"},
		{"recurring", "recurring: each", "recurring: once", "system", "recurring"},
		{"pause", "pause_after: 20s", "pause_after: 30s", "system", "pause_after"},
		{"cut", "cut_after: 60s", "cut_after: 90s", "system", "cut_after"},
		{"work report", "report_within: 12h", "report_within: 24h", "system", "report_within"},
		{"checklist", "version: 1, title: 保守接続の手順, steps: [{id: line, ja: 庁内網の切断を確かめた,", "version: 2, title: 保守接続の手順, steps: [{id: line, ja: 確かめた,", "system", "checklist.step.line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(text, c.old, c.new, 1)
			if changed == text {
				t.Fatal("the case changes nothing")
			}
			plan := h.Apply(t, changed, "admin")
			ch, _ := action(plan, c.kind, map[string]string{"system": "hr"}[c.kind]+strings.TrimPrefix(c.kind, "system"))
			named := false
			for _, f := range ch.Fields {
				named = named || f.Name == c.field
			}
			if plan.Pending == "" || !ch.Pending || !named {
				t.Fatalf("applied at once, or not named: %+v", ch)
			}
			if again := h.Apply(t, text, "admin"); again.Differs() {
				t.Errorf("it took force unconfirmed: %+v", again)
			}
			if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
				t.Fatal(err)
			}
			if again := h.Apply(t, changed, "admin"); again.Differs() {
				t.Errorf("confirmed and still different: %+v", again)
			}
			if c.field == "checklist.step.line" { // the old text needs a new version too
				text = strings.Replace(text, "version: 1, title", "version: 3, title", 1)
			}
			back := h.Apply(t, text, "admin")
			if err := confirm(t, h, back.Pending, "deputy"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAListOfDaysAlone(t *testing.T) {
	h := townhall.Found(t)
	apply := func(days ...store.Holiday) registry.Plan {
		t.Helper()
		plan, err := h.Registry.Apply(t.Context(), registry.Days("days.csv", days), townhall.By("admin"), false)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	plan := apply(store.Holiday{Date: "2026-12-29", Name: "年末年始"})
	if plan.Pending == "" {
		t.Fatalf("%+v", plan)
	}
	if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if _, days, _, _ := stored(t, h); len(days) != 1 {
		t.Fatalf("%v", days)
	}
	if again := apply(store.Holiday{Date: "2026-12-29", Name: "年末年始"}); again.Pending != "" {
		t.Errorf("the same list again: %+v", again)
	}
	plan = apply()
	if err := confirm(t, h, plan.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	if _, days, _, _ := stored(t, h); len(days) != 0 {
		t.Errorf("taken back: %v", days)
	}
	if _, err := h.Registry.Apply(t.Context(), registry.Days("days.csv", nil), townhall.By("kato"), false); townhall.Reason(err) != "forbidden" {
		t.Errorf("by a requester: %v", err)
	}
}

func TestProblemsOfTheBlockAreNamedWithTheirPlace(t *testing.T) {
	whole := ruled(t)
	for _, c := range []struct{ name, old, new, code, at string }{
		{"unknown key", "  lead: 2h", "  laed: 2h", "unknown-key", "laed"},
		{"unknown weekday", "mon: 08:30", "mom: 08:30", "unknown-key", "mom"},
		{"hours backwards", "mon: 08:30-17:15", "mon: 17:15-08:30", "bad-hours", "17:15-08:30"},
		{"hours of nothing", "mon: 08:30-17:15", "mon: 08:30-08:30", "bad-hours", "08:30-08:30"},
		{"one hour only", "mon: 08:30-17:15", "mon: 08:30", "bad-hours", "08:30"},
		{"past midnight", "fri: 08:30-24:00", "fri: 08:30-24:01", "bad-hours", "08:30-24:01"},
		{"never open", "hours: {mon: 08:30-17:15, tue: 08:30-17:15, wed: 08:30-17:15, thu: 08:30-17:15, fri: 08:30-24:00, sat: closed}", "hours: {sat: closed}", "never-open", "{sat"},
		{"certification twice", "[privacy-mark, isms]", "[isms, isms]", "duplicate-id", "isms]"},
		{"certification in words", "[privacy-mark, isms]", "[プライバシーマーク]", "bad-id", "プライバシーマーク]"},
		{"lead too long", "  lead: 2h", "  lead: 3000h", "too-long", "3000h"},
		{"space", "space_days: 30", "space_days: -1", "bad-number", "-1"},
		{"holiday twice", "date: 2026-12-29, name", "date: 2026-11-23, name", "duplicate-day", "2026-11-23, name: 窓口開庁"},
		{"holiday without a name", "{date: 2026-12-29, name: 年末年始}", "{date: 2026-12-29}", "missing", "{date"},
		{"no such day", "date: 2026-12-29", "date: 2026-02-29", "bad-date", "2026-02-29"},
		{"no such time", "from: 2026-11-25T10:00", "from: 2026-11-25T25:00", "bad-time", "2026-11-25T25:00"},
		{"no reason", ", reason: 選挙}", "}", "missing", "{from"},
		{"personal data unattended", "attendance: required,", "attendance: on-call,", "attendance-needed", "on-call"},
		{"unknown case", "second_when: [files, urgent]", "second_when: [files, urgnet]", "unknown-word", "urgnet]"},
		{"case twice", "second_when: [files, urgent]", "second_when: [files, files]", "duplicate-id", "files]"},
		{"recurring", "recurring: each", "recurring: always", "unknown-word", "always"},
		{"pause after cut", "cut_after: 60s", "cut_after: 20s", "pause-after-cut", "20s"},
		{"pause after the default cut", "pause_after: 20s, cut_after: 60s", "pause_after: 120s", "pause-after-cut", "120s"},
		{"absent too long", "cut_after: 60s", "cut_after: 601s", "too-long", "601s"},
		{"absent too short", "pause_after: 20s", "pause_after: 1s", "too-short", "1s"},
		{"delegated without end", "delegated: 30m", "delegated: 25h", "too-long", "25h"},
		{"step twice", "{id: tidy,", "{id: line,", "duplicate-id", "line, ja: 片付けた"},
		{"step without English", "ja: 片付けた, en: tidied up,", "ja: 片付けた,", "missing", "{id: tidy"},
		{"version", "version: 1, title", "version: 0, title", "bad-number", "0, title"},
		{"phase", "phase: close", "phase: closing", "unknown-word", "closing"},
		{"no steps", "steps: [{id: line, ja: 庁内網の切断を確かめた, en: the office network is cut}, {id: tidy, ja: 片付けた, en: tidied up, mandatory: false, phase: close}]", "steps: []", "too-many", "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(whole, c.old, c.new, 1)
			if text == whole {
				t.Fatal("the case changes nothing")
			}
			doc, err := registry.Parse("registry.yaml", []byte(text))
			if doc != nil || err == nil {
				t.Fatal("accepted")
			}
			p := problems(t, err)[0]
			line := strings.Split(text, "\n")[p.Line-1]
			if rest := string([]rune(line)[p.Column-1:]); p.Code != c.code || p.JA == "" || p.EN == "" || !strings.HasPrefix(rest, c.at) {
				t.Errorf("problem %+v at %q, want %s at %q", p, rest, c.code, c.at)
			}
		})
	}
}

func TestWhatOnlyTheZoneOrTheStoreTells(t *testing.T) {
	h := townhall.Open(t)
	text := ruled(t)
	h.Apply(t, text, "admin")
	for _, c := range []struct{ name, old, new, code string }{
		{"ends before it begins", "until: 2026-11-25T15:00", "until: 2026-11-25T10:00", "end-before-start"},
		{"one nanosecond is enough", "from: 2026-11-25T10:00, until: 2026-11-25T15:00", "from: 2026-11-25T10:00, until: 2026-11-25T10:01", ""},
		{"another zone", "until: 2026-11-25T15:00", "until: 2026-11-25T01:00:00Z", "end-before-start"}, // ten o'clock in Japan
		{"begin together", "{from: 2027-02-07, until: 2027-02-07,", "{system: hr, from: 2026-11-25T10:00, until: 2027-02-07,", "duplicate-day"},
		{"no such system", "{system: hr, from", "{system: hrr, from", "dangling-reference"},
		{"a checklist under an old version", "ja: 片付けた", "ja: 片付けなかった", "checklist-version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := h.Registry.Apply(t.Context(), parse(t, strings.Replace(text, c.old, c.new, 1)), townhall.By("admin"), true)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if p := problems(t, err)[0]; p.Code != c.code || p.Line == 0 || p.Column == 0 {
				t.Errorf("problem %+v, want %s", p, c.code)
			}
		})
	}
}

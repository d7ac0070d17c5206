package screen

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

func TestAMonthFitsEightyColumns(t *testing.T) {
	jst := time.FixedZone("JST", 9*3600)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, jst) }
	long := strings.Repeat("とても長い名前の", 20)
	m := api.Month{Month: "2026-11", Section: "jinji", Days: []api.Day{
		{Date: "2026-11-20"},
		{Date: "2026-11-23", Weekday: "mon", Holiday: "勤労感謝の日", HolidayEN: "Labor Thanksgiving Day"},
		{Date: "2026-11-24", Weekday: "tue", Entries: []api.CalendarEntry{
			{Start: at(24, 10), End: at(24, 12), Request: "R8-0124", State: "scheduled", SystemName: "人事給与システム", VendorName: "例示システム(株)", AttendantName: "職員B", Attended: true, Exclusive: true},
			{Start: at(24, 13), End: at(24, 14), Request: "R8-0127", State: "pending-first", Pending: true, SystemName: "庶務事務", VendorName: "みほん情報", Attended: true, Exclusive: true},
			{Start: at(24, 13), End: at(24, 14), Busy: true},
			{Start: at(24, 22), End: at(25, 1), Request: "R8-0128", State: "scheduled", SystemName: long, VendorName: long, Drill: true, Emergency: true},
		}, Clashes: []api.Clash{{SystemName: "庶務事務", Requests: []string{"R8-0127", "R8-0128"}}}},
		{Date: "2026-11-25", Weekday: "wed", NoWork: []api.DayNoWork{{From: at(25, 10), Until: at(25, 15), Reason: "給与支給日", SystemName: "人事給与システム"}},
			Entries: []api.CalendarEntry{{Start: at(24, 22), End: at(25, 1), Request: "R8-0128", State: "scheduled", SystemName: "hostile \x1b[2J"}}},
		{Date: "2026-11-28", Weekday: "sat", NoWork: []api.DayNoWork{{From: at(28, 0), Until: at(29, 0), Whole: true, Reason: "停電"}}},
	}}
	for lang, wanted := range map[string][]string{
		"ja": {"予定表 令和8年11月 2026-11 jinji", "11/23(月・祝)", "閉庁日(勤労感謝の日)", "10:00-12:00 承認済み 第124号 人事給与システム", "立会 職員B", "立会 未定",
			"10:00〜12:00 は人事給与システムを職員端末から使えません。", "13:00-14:00 予定あり", "22:00-翌01:00", "前日22:00-01:00", "重なり: 第127号と第128号", "10:00-15:00 作業禁止(給与支給日)", "作業禁止日(停電)", "訓練", "緊急"},
		"en": {"Calendar 2026-11 jinji", "11/23 (Mon)", "closed (Labor Thanksgiving Day)", "Approved R8-0124", "13:00-14:00 busy", "overlap: R8-0127 and R8-0128", "not usable from staff terminals 10:00-12:00", "nobody yet", "DRILL"},
	} {
		said := Month(m, lang)
		for line := range strings.Lines(said) {
			if line = strings.TrimSuffix(line, "\n"); text.Width(line) > 80 {
				t.Errorf("%d columns: %s", text.Width(line), line)
			}
			if strings.ContainsRune(line, '\x1b') {
				t.Errorf("it reaches the terminal: %q", line)
			}
		}
		for _, want := range wanted {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in\n%s", lang, want, said)
			}
		}
		if strings.Contains(said, "11/20") || strings.Count(said, "職員端末") > 1 {
			t.Errorf("said too much:\n%s", said)
		}
	}
	if said := Month(api.Month{Month: "2026-11"}, "ja"); !strings.Contains(said, "予定はありません。") {
		t.Error(said)
	}
}

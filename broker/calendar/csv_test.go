package calendar_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sekimori/broker/calendar"
	"sekimori/broker/forms"
)

func TestAListOfDaysIsRead(t *testing.T) {
	days, err := calendar.ReadHolidays("days.csv", []byte("\uFEFFdate,name,open\r\n2026-12-29,年末年始,\r\n\"2026-12-30\",\"年末, 年始\",false\r\n2026-11-23,窓口開庁,true\r\n"))
	want := []calendar.Override{{Date: "2026-12-29", Name: "年末年始"}, {Date: "2026-12-30", Name: "年末, 年始"}, {Date: "2026-11-23", Name: "窓口開庁", Open: true}}
	if err != nil || fmt.Sprint(days) != fmt.Sprint(want) {
		t.Errorf("%v %v", days, err)
	}
	if days, err := calendar.ReadHolidays("days.csv", []byte("date,name\n2026-12-29,年末年始\n")); err != nil || len(days) != 1 {
		t.Errorf("two columns: %v %v", days, err)
	}
	if days, err := calendar.ReadHolidays("days.csv", []byte("date,name,open\n")); err != nil || len(days) != 0 {
		t.Errorf("an empty list takes every day back: %v %v", days, err)
	}
}

func TestProblemsOfAListOfDaysAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ text, code, place string }{
		{"", "empty-file", "days.csv:1:1"},
		{"2026-12-29,年末年始,\n", "csv-head", "days.csv:1:1"},
		{"date,name,open\n2026-02-29,x,\n", "bad-date", "days.csv:2:1"},
		{"date,name,open\n2026/12/29,x,\n", "bad-date", "days.csv:2:1"},
		{"date,name,open\n2026-12-29,,\n", "missing", "days.csv:2:12"},
		{"date,name,open\n2026-12-29,x,yes\n", "wrong-kind", "days.csv:2:14"},
		{"date,name,open\n2026-12-29\n", "csv-columns", "days.csv:2:1"},
		{"date,name,open\n2026-12-29,x,true,y\n", "csv-columns", "days.csv:2:1"},
		{"date,name,open\n2026-12-29,x,\n2026-12-29,y,\n", "duplicate-day", "days.csv:3:1"},
		{"date,name,open\n2026-12-29,\"x\ny\",\n", "control-character", "days.csv:2:12"},
		{"date,name,open\n2026-12-29,a\x1b[2Jb,\n", "control-character", "days.csv:2:12"},
		{"date,name,open\n2026-12-29,\"x,\n", "csv-syntax", "days.csv:"},
		{"date,name,open\n2026-12-29,\x94\x4e\x96\x96,\n", "not-utf8", "days.csv:2:12"}, // 年末 as Excel saves it
		{"date,name,open\n" + strings.Repeat("2026-12-29,x,\n", 30000), "file-too-large", "days.csv:1:1"},
		{"date,name,open\n2026-12-29," + strings.Repeat("年", 101) + ",\n", "text-too-long", "days.csv:2:12"},
	} {
		days, err := calendar.ReadHolidays("days.csv", []byte(c.text))
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has(c.code) || days != nil {
			t.Errorf("%.40q: %v %v, want %s", c.text, days, err, c.code)
			continue
		}
		for _, lang := range []string{"ja", "en"} {
			if said := bad.Text(lang); !strings.Contains(said, c.place) {
				t.Errorf("%.40q: %q does not name %s", c.text, said, c.place)
			}
		}
	}
}

func FuzzReadHolidays(f *testing.F) {
	for _, s := range []string{"date,name,open\n2026-12-29,年末年始,\n", "\uFEFFdate,name\n", "date,name,open\n\"", "\x94\x4e", "date,name,open\n2026-12-29,x,true\n2026-12-29,x,true\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		days, err := calendar.ReadHolidays("days.csv", []byte(text))
		if err != nil {
			var bad *forms.Invalid
			if !errors.As(err, &bad) || len(bad.Problems) == 0 || bad.Problems[0].Line == 0 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, d := range days {
			if seen[string(d.Date)] || d.Name == "" || forms.Printable(d.Name) != d.Name {
				t.Errorf("%q: %+v", text, d)
			}
			seen[string(d.Date)] = true
		}
	})
}

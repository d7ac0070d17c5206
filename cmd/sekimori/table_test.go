package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/policy/text"
)

// A list of requests fits eighty columns in both languages, for every text in it; numbers, states and times stay whole.
func TestAListOfRequestsFitsTheScreen(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	start := time.Date(2026, 12, 31, 23, 30, 0, 0, zone)
	rows := []api.Request{
		{No: "R8-0124", State: "pending-second", System: "hr", Start: start, End: start.Add(2 * time.Hour), Body: request.Body{Purpose: strings.Repeat("給与計算の端数誤りの調査", 20)}},
		{No: "R8-10123", State: "lapsed", System: "shomu-jimu-honban", Start: start, End: start.Add(time.Minute), Body: request.Body{Purpose: "short"}},
		{No: "R8-0125", State: "approved-conditional", System: "kessai", Start: start, End: start.Add(time.Hour), Body: request.Body{Purpose: "\x1b[2Jあ\nい"}},
	}
	for _, lang := range []string{"ja", "en"} {
		var out bytes.Buffer
		p := &program{out: &out, lang: lang, terminal: func(any) (int, bool) { return 0, false }}
		if err := list(p, api.List[api.Request]{Items: rows}, "", "", p.requestColumns()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimRight(line, "\n"); text.Width(line) > 80 || strings.ContainsRune(line, 0x1b) {
				t.Errorf("%s: %d columns: %q", lang, text.Width(line), line)
			}
		}
		for _, whole := range []string{"R8-10123", "2026-12-31 23:30–01-01 01:30", "short"} {
			if !strings.Contains(out.String(), whole) {
				t.Errorf("%s: %q is cut:\n%s", lang, whole, out.String())
			}
		}
	}
}

// A state is not cut while a sentence beside it still can be.
func TestAStateStaysWhole(t *testing.T) {
	rows := []api.Freeze{{ID: "I-001", State: "drill-asked", Scope: "all", By: "U-012", Since: time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC), Reason: strings.Repeat("the yearly exercise ", 20)}}
	var out bytes.Buffer
	p := &program{out: &out, lang: "en", terminal: func(any) (int, bool) { return 0, false }}
	err := list(p, api.List[api.Freeze]{Items: rows}, "", "", []column[api.Freeze]{
		{"番号", "INCIDENT", func(v api.Freeze) string { return v.ID }},
		{"状態", "STATE", func(v api.Freeze) string { return "DRILL " + v.State }},
		{"範囲", "SCOPE", func(v api.Freeze) string { return v.Scope }},
		{"日時", "SINCE", func(v api.Freeze) string { return stamp(v.Since) }},
		{"理由", "REASON", func(v api.Freeze) string { return v.Reason }},
		{"理由", "REASON", func(v api.Freeze) string { return v.Reason }},
	})
	if err != nil || !strings.Contains(out.String(), "DRILL drill-asked") || text.Width(strings.SplitAfter(out.String(), "\n")[1]) > 80 {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// The cause that stops a vendor or a person is in the list: it is not cut, and the text before it still fits beside it.
func TestACauseStaysWhole(t *testing.T) {
	because := "locked: " + strings.Repeat("a lost laptop at the station, ", 10) + "(U-020, 2026-12-31 23:30)"
	rows := []string{"expiring (10 days): certification isms", because}
	var out bytes.Buffer
	p := &program{out: &out, lang: "en", terminal: func(any) (int, bool) { return 0, false }}
	err := listWhy(p, api.List[string]{Items: rows}, "", "", []column[string]{
		{"番号", "ID", func(string) string { return "V-012" }},
		{"名前", "NAME", func(string) string { return strings.Repeat("例示システム ", 10) }},
		{"契約の終わり", "CONTRACT UNTIL", func(string) string { return "2027-03-31" }},
		{"状態", "STATE", func(s string) string { return s }},
	})
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if err != nil || len(lines) != 3 || !strings.HasSuffix(lines[1], rows[0]) || !strings.HasSuffix(lines[2], because) {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	for _, line := range lines[1:] {
		if before := strings.TrimSuffix(strings.TrimSuffix(line, rows[0]), because); text.Width(before) > 2+78/2 || !strings.Contains(before, "V-012  例示") || !strings.Contains(before, "2027-03-31") {
			t.Errorf("%d columns before the cause: %q", text.Width(before), before)
		}
	}
}

// Where there is more than a page, the page says how much, and how to go on. Scripts get the same as an object.
func TestAPageSaysHowToGoOn(t *testing.T) {
	cols := []column[string]{{"番号", "ID", func(s string) string { return s }}}
	for _, c := range []struct {
		lang, want string
		page       api.List[string]
	}{
		{"ja", "全1050件のうち2件。続き: --next abc\n", api.List[string]{Items: []string{"A-0001", "A-0002"}, Total: 1050, Next: "abc"}},
		{"en", "2 of 1050; go on: --next abc\n", api.List[string]{Items: []string{"A-0001", "A-0002"}, Total: 1050, Next: "abc"}},
		{"en", "1 of 201; these were the last\n", api.List[string]{Items: []string{"A-0001"}, Total: 201}},
		{"en", "ID\nA-0001\n", api.List[string]{Items: []string{"A-0001"}, Total: 1}},
	} {
		var out bytes.Buffer
		if err := list(&program{out: &out, lang: c.lang, terminal: func(any) (int, bool) { return 0, false }}, c.page, "", "", cols); err != nil || !strings.HasSuffix(out.String(), c.want) {
			t.Errorf("%v: %s", err, out.String())
		}
	}
	var out bytes.Buffer
	if err := list(&program{out: &out, json: true, terminal: func(any) (int, bool) { return 0, false }}, api.List[string]{Items: []string{}, Total: 3, Next: "x"}, "", "", cols); err != nil || !strings.Contains(out.String(), `"items": [],`) || !strings.Contains(out.String(), `"next": "x"`) {
		t.Errorf("%v: %s", err, out.String())
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/web"
)

// A list of requests fits eighty columns in both languages, whatever people wrote; numbers, states and times stay whole.
func TestAListOfRequestsFitsTheScreen(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	start := time.Date(2026, 12, 31, 23, 30, 0, 0, zone)
	rows := []web.Request{
		{No: "R8-0124", State: "pending-second", System: "hr", Start: start, End: start.Add(2 * time.Hour), Purpose: strings.Repeat("給与計算の端数誤りの調査", 20)},
		{No: "R8-10123", State: "lapsed", System: "shomu-jimu-honban", Start: start, End: start.Add(time.Minute), Purpose: "short"},
		{No: "R8-0125", State: "approved-conditional", System: "kessai", Start: start, End: start.Add(time.Hour), Purpose: "\x1b[2Jあ\nい"},
	}
	for _, lang := range []string{"ja", "en"} {
		var out bytes.Buffer
		p := &program{out: &out, lang: lang}
		if err := list(p, rows, "", "", p.requestColumns()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimRight(line, "\n"); columns(line) > 80 || strings.ContainsRune(line, 0x1b) {
				t.Errorf("%s: %d columns: %q", lang, columns(line), line)
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
	rows := []web.Freeze{{ID: "I-001", State: "drill-asked", Scope: "all", By: "U-012", Since: time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC), Reason: strings.Repeat("the yearly exercise ", 20)}}
	var out bytes.Buffer
	p := &program{out: &out, lang: "en"}
	err := list(p, rows, "", "", []column[web.Freeze]{
		{"番号", "INCIDENT", func(v web.Freeze) string { return v.ID }},
		{"状態", "STATE", func(v web.Freeze) string { return "DRILL " + v.State }},
		{"範囲", "SCOPE", func(v web.Freeze) string { return v.Scope }},
		{"日時", "SINCE", func(v web.Freeze) string { return stamp(v.Since) }},
		{"理由", "REASON", func(v web.Freeze) string { return v.Reason }},
		{"理由", "REASON", func(v web.Freeze) string { return v.Reason }},
	})
	if err != nil || !strings.Contains(out.String(), "DRILL drill-asked") || columns(strings.SplitAfter(out.String(), "\n")[1]) > 80 {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

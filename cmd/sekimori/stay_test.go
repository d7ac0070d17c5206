package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/cmd/sekimori/internal/screen"
	"sekimori/policy/text"
)

// fits tells of lines that are too long for the screen, or that hold more than text.
func fits(t *testing.T, lang, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if line = strings.TrimSuffix(line, "\n"); text.Width(line) > screen.Width || strings.ContainsRune(line, 0x1b) {
			t.Errorf("%s: %d columns: %q", lang, text.Width(line), line)
		}
	}
}

// The attendant's console keeps within the narrowest terminal in both languages, for every text in it. A command to type stands
// whole on a line of its own.
func TestTheAttendantsConsoleFitsTheScreen(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	now := time.Date(2026, 12, 31, 23, 30, 0, 0, zone)
	v := api.Attendance{Now: now, SystemName: strings.Repeat("人事給与システム本番", 4), NeedsBeat: true, PauseMS: 90_000, CutMS: 5_430_000}
	v.ID, v.State, v.End = "R8-10124-12", "ready-wait-attendant", now.Add(9*time.Minute+59*time.Second)
	v.Calls = []api.IdentityCall{{Person: "E-0031", Name: strings.Repeat("保守要員", 12), Phone: "000-0000-0001"}}
	v.Asked = []api.AskedExtension{{ID: "X-0001", Minutes: 120, Reason: strings.Repeat("検証に時間が必要です。", 9) + "\x1b[2J"}, {ID: "X-0002", Minutes: 15, Reason: strings.Repeat("the test runs on ", 12)}}
	v.Handover = &api.Handover{From: "U-012", To: strings.Repeat("kenmu", 20)}
	v.Sessions = []api.Session{{ID: "S-20261231-1003", Engineer: strings.Repeat("E-0031 ", 12), State: "active",
		Held: []api.HeldCommand{{Number: 2, Line: strings.Repeat("rm -f old.csv ", 12), Rule: "hold rm", Until: now.Add(30 * time.Second)}}}}
	v.Checklist = &api.Checklist{Version: 4, Title: "立会い手順書", Steps: []api.ChecklistStep{
		{No: 1, ID: "lan", JA: strings.Repeat("庁内網の切断を確かめた、", 8), EN: strings.Repeat("the office network is cut ", 8), Mandatory: true, Method: "seen", By: "U-012", At: now},
	}}
	for _, lang := range []string{"ja", "en"} {
		var out, problems bytes.Buffer
		p := &program{out: &out, err: &problems, lang: lang, terminal: func(any) (int, bool) { return 0, false }}
		s := &stay{p: p, window: v.ID}
		if err := s.tell(v); err != nil {
			t.Fatal(err)
		}
		gone := v
		gone.Sessions = nil
		if err := s.tell(gone); err != nil {
			t.Fatal(err)
		}
		if err := s.leave(); err != nil {
			t.Fatal(err)
		}
		p.printChecklist(v.Checklist)
		fits(t, lang, out.String()+problems.String())
		for _, command := range []string{"sekimori attend identity R8-10124-12", "sekimori extension grant X-0001", "sekimori extension deny X-0001", "sekimori extension grant X-0002",
			"sekimori session allow S-20261231-1003 2", "sekimori session refuse S-20261231-1003 2"} {
			if !strings.Contains(out.String(), "\n           "+command+"\n") {
				t.Errorf("%s: %q does not stand alone:\n%s", lang, command, out.String())
			}
		}
		if n := strings.Count(out.String(), "23:30:00 "); n != 10 {
			t.Errorf("%s: %d things were told:\n%s", lang, n, out.String())
		}
		if !strings.Contains(problems.String(), p.say("1分30秒", "1m30s")) {
			t.Errorf("%s: %s", lang, problems.String())
		}
	}
}

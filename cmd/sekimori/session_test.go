package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
)

// TestALagIsToldByTheCommands: show, the attendant's console and the answer to resume say that a recording lags; the console says it once.
func TestALagIsToldByTheCommands(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 2, 0, time.FixedZone("JST", 9*60*60))
	behind := api.Session{ID: "S-20261124-01", Engineer: "E-0031", State: "paused", Behind: at}
	for lang, want := range map[string]string{"ja": "09:00:02 から一時停止中です", "en": "Paused since 09:00:02"} {
		var out bytes.Buffer
		p := &program{out: &out, err: &out, lang: lang, terminal: func(any) (int, bool) { return 0, false }}
		said := func(what string, times int) {
			t.Helper()
			if n := strings.Count(strings.Join(strings.Fields(out.String()), ""), strings.ReplaceAll(want, " ", "")); n != times {
				t.Errorf("%s, %s: told %d times, want %d:\n%s", lang, what, n, times, out.String())
			}
			out.Reset()
		}
		row := func(s api.Session) (told string) {
			for _, f := range p.sessionFields() {
				if f.en == "RECORDING BEHIND" {
					told = f.value(s)
				}
			}
			return told
		}
		if got := row(behind); !strings.Contains(got, want) {
			t.Errorf("%s: session show says %q", lang, got)
		}
		if got := row(api.Session{State: "paused", Paused: at}); got != "" {
			t.Errorf("%s: session show says %q of a person's pause", lang, got)
		}
		if err := p.held(behind); err != nil {
			t.Fatal(err)
		}
		said("resume", 1)
		if err := p.held(api.Session{ID: behind.ID, State: "active"}); err != nil {
			t.Fatal(err)
		}
		said("resume without a lag", 0)
		s, v := &stay{p: p, window: "R8-0001-1"}, api.Attendance{Now: at}
		v.ID, v.Sessions = "R8-0001-1", []api.Session{behind}
		for _, times := range []int{1, 0} {
			if err := s.tell(v); err != nil {
				t.Fatal(err)
			}
			said("the console", times)
		}
	}
}

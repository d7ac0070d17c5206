package main

import (
	"strings"
	"testing"

	"sekimori/broker/api"
)

// A list shortens from behind. An alarm that a desk has open must not read as acknowledged, however little of the cell is left.
func TestAnOpenAlarmReadsAsOpenHoweverShort(t *testing.T) {
	for lang, open := range map[string]string{"en": "open: ", "ja": "未確認: "} {
		p := &program{lang: lang}
		for _, to := range [][]api.AlarmDesk{
			{{Desk: "section:hr"}, {Desk: "information-systems"}},
			{{Desk: "section:hr", AckedBy: "U-010"}, {Desk: "information-systems"}},
			{{Desk: "section:hr"}, {Desk: "information-systems", AckedBy: "U-010"}},
		} {
			if got := p.alarmDesks(api.Alarm{To: to}); !strings.HasPrefix(got, open) {
				t.Errorf("%s: %q", lang, got)
			}
		}
		all := []api.AlarmDesk{{Desk: "section:hr", AckedBy: "U-010"}, {Desk: "information-systems", AckedBy: "U-020"}}
		if got := p.alarmDesks(api.Alarm{To: all}); strings.Contains(got, open) || !strings.HasPrefix(got, "U-010") || !strings.Contains(got, "U-020") {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

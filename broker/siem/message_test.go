package siem

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sekimori/broker/ledger"
)

func entry(t testing.TB, kind string, subjects []string, payload any) ledger.Entry {
	t.Helper()
	e, err := ledger.Seal(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "web"}, OnBehalf: "U-002", Subjects: subjects, Payload: payload}, 12,
		time.Date(2026, 11, 24, 1, 2, 3, 45e6, time.UTC), time.Time{}, [ledger.SaltSize]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var gate = shape{host: "gate.example", origin: `a\b"c]`, version: "1|2"}

// The messages as they go out, by hand: count, RFC 5424, escapes of structured data and of CEF.
func TestMessagesByHand(t *testing.T) {
	t.Parallel()
	e := entry(t, "test.act", []string{"S-20261124-01", "hr"}, map[string]string{"note": "障害=|\\\"\u009b😀"})
	leaf := e.Leaf().String()
	head := `<109>1 2026-11-24T01:02:03.045Z gate.example sekimori - test.act [ledger@32473 origin="a\\b\"c\]" index="12"] `
	for format, want := range map[Format]string{
		SyslogCEF: head + `CEF:0|Sekimori|Sekimori|1\|2|test.act|test.act|3|rt=1795482123045 externalId=12 suid=U-001 cs1Label=actor cs1=person web cs2Label=on_behalf cs2=U-002 cs3Label=subjects cs3=S-20261124-01 hr cs4Label=leaf cs4=` +
			strings.ReplaceAll(leaf, "=", `\=`) + ` cs5Label=origin cs5=a\\b"c] cs6Label=payload cs6={"note":"\\u969c\\u5bb3\=|\\\\\\"\\u009b\\ud83d\\ude00"}`,
		SyslogJSON: head + `{"origin":"a\\b\"c]","index":12,"time":"2026-11-24T01:02:03.045Z","kind":"test.act","actor_kind":"person","actor_id":"U-001","via":"web","on_behalf":"U-002","subjects":["S-20261124-01","hr"],"leaf":"` + leaf + `","payload":{"note":"\u969c\u5bb3=|\\\"\u009b\ud83d\ude00"}}`,
	} {
		s := gate
		s.format, s.whole = format, true
		if got := string(s.message(e)); got != fmt.Sprintf("%d %s", len(want), want) {
			t.Errorf("%s:\n%s\nwant\n%d %s", format, got, len(want), want)
		}
		s.whole = false
		if got := string(s.message(e)); strings.Contains(got, "note") || strings.Contains(got, "payload") {
			t.Errorf("%s: the payload goes out although it is not to: %s", format, got)
		}
	}
	if got := severity("alarm.raised") + severity("access.refused"); got != 8 {
		t.Errorf("severities %d", got)
	}
}

// A message is within the bound, and says what it leaves out.
func TestWhatALongMessageLeavesOutIsSaid(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("S-20261124-%056d", i))
	}
	long := strings.Repeat("障", 3000)
	for _, format := range Formats() {
		s := gate
		s.format, s.whole = format, true
		m := string(s.message(entry(t, "test.act", []string{"hr"}, map[string]string{"note": long})))
		if len(m) > MostMessage+6 || !strings.Contains(m, "payload_left_out_bytes") || !strings.Contains(m, "9011") || strings.Contains(m, `\u969c`) {
			t.Errorf("%s: %d bytes: %.400s", format, len(m), m)
		}
		s.host = strings.Repeat("h", 255)
		m = string(s.message(entry(t, "test.act", many, map[string]string{})))
		if len(m) > MostMessage+6 || !strings.Contains(m, "subjects_left_out") {
			t.Errorf("%s: %d bytes: %.400s", format, len(m), m)
		}
	}
}

// TestAttackTextInMessages: whatever stands in an entry, a message is one line of printable ASCII, its JSON gives the values back, and a CEF line
// has no further field.
func TestAttackTextInMessages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		note := rapid.StringOf(rapid.RuneFrom([]rune("aé障\n\r\t\x00\x1b\u009b\u202e|=\\\"]} 😀\u2028"))).Draw(rt, "note")
		e := entry(t, "test.act", []string{"hr"}, map[string]string{"note": note})
		for _, format := range Formats() {
			s := gate
			s.format, s.whole = format, true
			m := strings.TrimSuffix(string(s.message(e)), "\n")
			for _, r := range m {
				if r < ' ' || r > '~' {
					rt.Fatalf("%s: %U in %q", format, r, m)
				}
			}
			if format == SyslogCEF {
				ext := m[strings.Index(m, "cs6=")+4:]
				if plain := strings.NewReplacer(`\\`, "", `\=`, "").Replace(ext); strings.ContainsAny(plain, `\=`) {
					rt.Fatalf("an extension that goes on: %q", ext)
				}
				continue
			}
			var b body
			if err := json.Unmarshal([]byte(m[strings.Index(m, "{"):]), &b); err != nil {
				rt.Fatal(err)
			}
			var said struct{ Note string }
			if err := json.Unmarshal(b.Payload, &said); err != nil || said.Note != note {
				rt.Fatalf("%q became %q, %v", note, said.Note, err)
			}
		}
	})
}

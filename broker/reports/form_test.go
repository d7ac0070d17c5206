package reports_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/reports"
)

const written = `session: S-20261124-03
performed_from: 2026-11-24T10:06
performed_until: 2026-11-24T11:27:00+09:00
engineers: [sato]
done: |
  端数処理を直した。
  検算した。
changes: fix.sql
deviation: 別の表も見た
deviation_reason: 原因の確認
result: part
rolled_back: false
pii_viewed: true
pii_copied: false
files:
  - {name: fix.sql, size: 120, sha256: E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855, direction: in}
remaining: 月末に検証
`

func TestParseReport(t *testing.T) {
	r, err := reports.ParseReport("report.yaml", []byte(written), townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.Sessions, []string{"S-20261124-03"}) || !r.From.Equal(time.Date(2026, 11, 24, 10, 6, 0, 0, townhall.Zone)) ||
		!r.Until.Equal(time.Date(2026, 11, 24, 11, 27, 0, 0, townhall.Zone)) || r.Done != "端数処理を直した。\n検算した。" || r.Result != reports.ResultPart ||
		!r.PIIViewed || len(r.Files) != 1 || r.Files[0].Size != 120 || !strings.HasPrefix(r.Files[0].SHA256, "e3b0") {
		t.Errorf("%+v", r)
	}
}

func TestParseReportSaysWhere(t *testing.T) {
	for _, tt := range []struct{ name, old, new, field, code string }{
		{"unknown key", "remaining:", "remainig:", "", "unknown-key"},
		{"personal information passed over in silence", "pii_viewed: true\n", "", "pii_viewed", "missing"},
		{"no switch", "pii_copied: false", "pii_copied: perhaps", "pii_copied", "wrong-kind"},
		{"no result", "result: part", "result: perfect", "result", "unknown-word"},
		{"no sum", "E3B0", "XYZ0", "files[0].sha256", "bad-sha256"},
		{"session twice", "session: S-20261124-03", "session: S-20261124-03\nsessions: [S-20261124-04]", "sessions", "session-twice"},
		{"no session", "session: S-20261124-03\n", "", "session", "missing"},
		{"more engineers than work", "engineers: [sato]", "engineers: [a" + strings.Repeat(", a", 50) + "]", "engineers", "too-many"},
		{"no time", "10:06", "25:06", "performed_from", "bad-time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := reports.ParseReport("report.yaml", []byte(strings.Replace(written, tt.old, tt.new, 1)), townhall.Zone)
			var bad *forms.Invalid
			if !errors.As(err, &bad) || !bad.Has(tt.code) || bad.Problems[0].Line == 0 || bad.Problems[0].Field != tt.field {
				t.Errorf("%+v", err)
			}
		})
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte("sessions: [S-1, S-2]\ndone: x\nresult: done\nrolled_back: no\n"))
	f.Add([]byte("files: {}\nsession: [a]\n"))
	f.Add([]byte("files: [[], {name: 1, size: -1}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := reports.ParseReport("f", text, townhall.Zone)
		if err != nil {
			var bad *forms.Invalid
			if !errors.As(err, &bad) || len(bad.Problems) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		// An accepted report can be shown, and has the compulsory statements.
		for _, said := range append([]string{r.Done, r.Changes, r.Deviation, r.Remaining}, r.Sessions...) {
			if forms.Printable(said) != said {
				t.Fatalf("%q", said)
			}
		}
		if r.Done == "" && !strings.Contains(string(text), "done") || len(r.Sessions) > 100 {
			t.Fatalf("%+v", r)
		}
		for _, file := range r.Files {
			if file.Size < 0 || len(file.SHA256) != 64 || file.Direction != "in" && file.Direction != "out" {
				t.Fatalf("%+v", file)
			}
		}
	})
}

package requests_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/policy"
)

func TestFormErrors(t *testing.T) {
	h, d := desk(t) // one for all: nothing is written
	for _, c := range []struct {
		name, code string
		change     func(*request.Form)
	}{
		{"no purpose", "purpose-required", func(f *request.Form) { f.Purpose = " " }},
		{"end before start", "end-before-start", func(f *request.Form) { f.End = f.Start.Add(-time.Minute) }},
		{"end at the start", "end-before-start", func(f *request.Form) { f.End = f.Start }},
		{"in the past", "in-the-past", func(f *request.Form) {
			f.Start, f.End = f.Start.Add(-24*time.Hour), f.End.Add(-24*time.Hour)
		}},
		{"start is now", "too-soon", func(f *request.Form) { f.Start = townhall.Start }},
		{"longer than four hours", "too-long", func(f *request.Form) { f.End = f.Start.Add(4*time.Hour + time.Second) }},
		{"no time", "time-required", func(f *request.Form) { f.Start = time.Time{} }},
		{"no such engineer", "engineer-not-eligible", func(f *request.Form) { f.Engineers = []string{"nobody"} }},
		{"staff as engineer", "engineer-not-eligible", func(f *request.Form) { f.Engineers = []string{"kato"} }},
		{"engineers of two vendors", "engineer-not-eligible", func(f *request.Form) { f.Engineers = []string{"sato", "kimura"} }},
		{"pledge ends before the window", "engineer-not-eligible", func(f *request.Form) {
			f.Start, f.End = f.Start.AddDate(1, 0, 0), f.End.AddDate(1, 0, 0)
		}},
		{"nobody works", "engineer-required", func(f *request.Form) { f.Engineers = nil }},
		{"account of another system", "account-not-for-target", func(f *request.Form) { f.Accounts = []string{"map-web/web"} }},
		{"no such account", "account-not-for-target", func(f *request.Form) { f.Accounts = []string{"hr-db/root"} }},
		{"no account", "account-required", func(f *request.Form) { f.Accounts = nil }},
		{"nobody responsible", "responsible-required", func(f *request.Form) { f.ResponsibleParty = "" }},
		{"no telephone", "phone-required", func(f *request.Form) { f.Phone = "" }},
		{"fault without triage", "triage-required", func(f *request.Form) { f.WorkType = "fault" }},
		{"files without detail", "file-detail-required", func(f *request.Form) { f.Files = policy.FilesAllowed }},
		{"unknown work", "unknown-word", func(f *request.Form) { f.WorkType = "fun" }},
		{"unknown system", "unknown-system", func(f *request.Form) { f.System = "hrr" }},
		{"attendant without the role", "attendant-not-eligible", func(f *request.Form) { f.Attendant = "head" }},
		{"escape sequence", "control-character", func(f *request.Form) { f.Purpose = "調査\x1b[2J" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := hr()
			c.change(&f)
			before := len(h.Kinds(t, ""))
			_, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
			var bad *forms.Invalid
			if !errors.As(err, &bad) || !bad.Has(c.code) {
				t.Fatalf("%v, want %s", err, c.code)
			}
			if after := len(h.Kinds(t, "")); after != before {
				t.Error("something was written")
			}
		})
	}
}

func TestParseForm(t *testing.T) {
	text := `system: hr
accounts: [hr-db/hrmnt01]
engineers: [sato]
start: 2026-11-24T10:00
end: 2026-11-24T11:30:00+09:00
purpose: 端数誤りの調査
work_type: survey
responsible_party: reiji
phone: 0000111111
`
	f, err := request.Parse("request.yaml", []byte(text), townhall.Zone)
	if err != nil || !f.Start.Equal(townhall.Start.Add(time.Hour)) || f.End.Sub(f.Start) != 90*time.Minute || f.Phone != "0000111111" {
		t.Fatalf("%+v, %v", f, err)
	}
	_, d := desk(t)
	submit(t, d, f, "kato")
	for _, c := range []struct{ name, old, new, code, place string }{
		{"unknown key", "purpose:", "purpos:", "unknown-key", "6:1"},
		{"bad time", "2026-11-24T10:00\n", "tomorrow\n", "bad-time", "4:8"},
		{"unknown work", "work_type: survey", "work_type: surve", "unknown-word", "7:12"},
		{"bad relative start", "2026-11-24T10:00\n", "+soon\n", "bad-duration", "4:8"},
	} {
		_, err := request.Parse("request.yaml", []byte(strings.Replace(text, c.old, c.new, 1)), townhall.Zone)
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has(c.code) || place(bad.Problems[0]) != c.place {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// A problem that needs the store has its place too.
	wrong, err := request.Parse("request.yaml", []byte(strings.Replace(text, "T11:30", "T09:30", 1)), townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Submit(t.Context(), wrong, townhall.Caller("kato"))
	if !strings.HasPrefix(err.Error(), "request.yaml:5:6: end: End must be after start.") {
		t.Errorf("%v", err)
	}
	relative, err := request.Parse("request.yaml", []byte(strings.NewReplacer("2026-11-24T10:00\n", "+4h\n", "2026-11-24T11:30:00+09:00", "+90m").Replace(text)), townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := d.Show(t.Context(), submit(t, d, relative, "kato"))
	if err != nil || !shown.Request.Start.Equal(townhall.Start.Add(4*time.Hour)) || shown.Request.End.Sub(shown.Request.Start) != 90*time.Minute {
		t.Errorf("%v to %v, %v", shown.Request.Start, shown.Request.End, err)
	}
}

func place(p forms.Problem) string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

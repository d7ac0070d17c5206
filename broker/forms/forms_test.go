package forms

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/testrun"
)

// read reads a form of every kind of value.
func read(text string) (*Form, Map) {
	form, top := Read("t.yaml", []byte(text))
	m := top.Map("name", "count", "on", "length", "day", "at", "kind", "from", "list")
	m.Need("name").Text()
	m.Get("count").Int(1, 10)
	m.Get("on").Bool()
	m.Get("length").Length()
	m.Get("day").Day()
	m.Get("at").Instant(time.UTC)
	m.Get("kind").Choice("one", "two")
	m.Get("from").Prefix()
	for _, v := range m.Get("list").List() {
		v.Map("id").Need("id").Text()
	}
	return form, m
}

func TestProblemsAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ text, code, place string }{
		{"", "empty-file", "t.yaml:1:1"},
		{"name: [", "yaml-syntax", "t.yaml:1:"},
		{"name: a\nnmae: b", "unknown-key", "t.yaml:2:1"},
		{"name: a\n---\nname: b", "second-document", "t.yaml:3:"},
		{"count: 3", "missing", "t.yaml:1:"},
		{"name:\n  - a", "wrong-kind", "t.yaml:2:"},
		{"name: &x a", "no-anchors", "t.yaml:1:7"},
		{"name: a\ncount: eleven", "bad-number", "t.yaml:2:8"},
		{"name: a\ncount: 11", "bad-number", "t.yaml:2:8"},
		{"name: a\non: maybe", "wrong-kind", "t.yaml:2:5"},
		{"name: a\nlength: -5m", "bad-duration", "t.yaml:2:9"},
		{"name: a\nday: 2026-02-29", "bad-date", "t.yaml:2:6"},
		{"name: a\nat: tomorrow", "bad-time", "t.yaml:2:5"},
		{"name: a\nkind: tow", "unknown-word", "t.yaml:2:7"},
		{"name: a\nfrom: 203.0.113.0/40", "bad-address", "t.yaml:2:7"},
		{"name: a\nlist:\n  - ident: 3", "unknown-key", "t.yaml:3:5"},
		{"name: \"a\\u001b[2J\"", "control-character", "t.yaml:1:7"},
		{"name: " + strings.Repeat("x", MaxText+1), "text-too-long", "t.yaml:1:7"},
		{strings.Repeat("#", MaxSize+1), "file-too-large", "t.yaml:1:1"},
	} {
		form, _ := read(c.text)
		err := form.Err()
		invalid, ok := err.(*Invalid)
		if !ok || !invalid.Has(c.code) {
			t.Errorf("%.40q: want %s, got %v", c.text, c.code, err)
			continue
		}
		for _, lang := range []string{"ja", "en"} {
			if said := invalid.Text(lang); !strings.Contains(said, c.place) {
				t.Errorf("%.40q: %q does not name %s", c.text, said, c.place)
			}
		}
	}
}

// The text of a problem may have been written to attack its reader's terminal.
func TestAttackEscapeSequencesInWhatIsRefused(t *testing.T) {
	escape := "\x1b]0;owned\a\x1b[2J\u202e"
	e := &Invalid{Problems: []Problem{{Field: escape, Code: "x", JA: escape, EN: strings.Repeat("あ", 1<<20)}}}
	for _, lang := range []string{"ja", "en"} {
		if said := e.Text(lang); said != Printable(said) || len(said) > 4*maxShown {
			t.Errorf("%s: %.80q… of %d bytes", lang, said, len(said))
		}
	}
	began := testrun.CPU()
	form, _ := read(strings.Repeat("n", 1<<20) + ": a")
	if said := form.Err().Error(); len(said) > 4*maxShown || testrun.CPU()-began > 5*time.Second {
		t.Errorf("%d bytes after %v", len(said), testrun.CPU()-began)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	form, _ := read("nmae: a\ncount: 0\nday: yesterday")
	if err := form.Err().(*Invalid); len(err.Problems) != 4 {
		t.Errorf("named %d: %v", len(err.Problems), err)
	}
}

func TestNearestKeyIsOffered(t *testing.T) {
	form, _ := read("name: a\nlenght: 5m")
	if said := form.Err().Error(); !strings.Contains(said, `did you mean "length"?`) {
		t.Error(said)
	}
}

func TestValuesAreRead(t *testing.T) {
	form, m := read("name: 0123\ncount: 7\non: true\nlength: 1h30m\nday: 2026-02-28\nat: 2026-11-24T10:00\nkind: two\nfrom: 203.0.113.9\nlist: [{id: x}]")
	if err := form.Err(); err != nil {
		t.Fatal(err)
	}
	if got := m.Get("name").Text(); got != "0123" { // a telephone number keeps its zero
		t.Errorf("name %q", got)
	}
	if got := m.Get("length").Length(); got != 90*time.Minute {
		t.Errorf("length %s", got)
	}
	if got := m.Get("day").Day().After(time.UTC); !got.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the day after is %s", got)
	}
	if got := m.Get("at").Instant(time.FixedZone("JST", 9*3600)); !got.Equal(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("at %s", got)
	}
	if got := m.Get("from").Prefix().String(); got != "203.0.113.9/32" {
		t.Errorf("from %s", got)
	}
}

// FuzzRead: no text makes reading panic, and every problem has a place.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "name: a", "name: [", "? a\n: b", "name: &x a\ncount: *x", "\"", "a: {b: [c", "- a", "name: !!binary x", "<<: {name: a}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, _ := read(text)
		if err, ok := form.Err().(*Invalid); ok {
			for _, p := range err.Problems {
				if p.Code == "" || p.JA == "" || p.EN == "" {
					t.Errorf("a problem without words: %+v", p)
				}
			}
		}
	})
}

func TestAFormerNameIsReadAndHinted(t *testing.T) {
	f, top := Read("r.yaml", []byte("fault_triage: 電話で確認\npurpose: 調査\n"))
	m := top.MapRenamed(map[string]string{"fault_triage": "phone_triage"}, "phone_triage", "purpose")
	if got := m.Get("phone_triage").Text(); got != "電話で確認" || f.Err() != nil {
		t.Errorf("%q, %v", got, f.Err())
	}
	hints := f.Hints()
	if len(hints) != 1 || hints[0].Code != "renamed-key" || hints[0].Line != 1 {
		t.Fatalf("%+v", hints)
	}
	for lang, want := range map[string]string{"en": `r.yaml:1:1: fault_triage: this key is now called "phone_triage"`, "ja": "r.yaml:1:1: fault_triage: この項目の名前は phone_triage に変わりました"} {
		if said := HintText("r.yaml", hints, lang); !strings.HasPrefix(said, want) {
			t.Errorf("%q", said)
		}
	}

	f, top = Read("r.yaml", []byte("fault_triage: 一\nphone_triage: 二\n"))
	top.MapRenamed(map[string]string{"fault_triage": "phone_triage"}, "phone_triage")
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "r.yaml:2:1: phone_triage: written twice") {
		t.Errorf("both names at once: %v", err)
	}
}

// A local time that the clocks leave out or show twice is no instant; with its offset it is one (attacks.md: DST).
func TestAttackTimesAtTheChangeOfDaylightSaving(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, said, want string }{
		{"America/New_York", "2026-11-01T00:59", "2026-11-01T04:59:00Z"},
		{"America/New_York", "2026-11-01T01:00", ""}, // twice
		{"America/New_York", "2026-11-01 01:59:59", ""},
		{"America/New_York", "2026-11-01T01:30:00-05:00", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-11-01T02:00", "2026-11-01T07:00:00Z"},
		{"America/New_York", "2026-03-08T01:59", "2026-03-08T06:59:00Z"},
		{"America/New_York", "2026-03-08T02:30", ""}, // never
		{"America/New_York", "2026-03-08T03:00", "2026-03-08T07:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45", ""}, // half an hour comes twice
		{"Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30:00Z"},
		{"Asia/Tokyo", "2026-11-01T01:30", "2026-10-31T16:30:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Instant("start", c.said, zone)
		if c.want == "" {
			var invalid *Invalid
			if !errors.As(err, &invalid) || !strings.Contains(invalid.Problems[0].EN, "offset") || !strings.Contains(invalid.Problems[0].JA, "夏時間") {
				t.Errorf("%s in %s: %v, %v", c.said, c.zone, got, err)
			}
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%s in %s: %v, %v; want %s", c.said, c.zone, got, err, c.want)
		}
	}
}

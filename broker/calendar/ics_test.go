package calendar_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ical "github.com/emersion/go-ical"

	"sekimori/broker/calendar"
	"sekimori/broker/internal/testbed"
)

func sample(t *testing.T) calendar.Feed {
	tokyo := zone(t, "Asia/Tokyo")
	at := func(s string) time.Time { return local(t, tokyo, s) }
	return calendar.Feed{
		Name: "人事課 保守の予定", Zone: tokyo, From: at("2026-11-01T00:00"), Until: at("2027-12-31T00:00"),
		Events: []calendar.Event{
			{
				UID: "R8-0124-1@sekimori", Sequence: 3, Status: calendar.Confirmed, Start: at("2026-11-24T10:00"), End: at("2026-11-24T11:30"),
				Changed: at("2026-11-20T13:00"), Summary: "人事給与システム 保守; 例示システム(株), 給与計算\\端数の調査", Busy: true, Category: "承認済み",
				Description: "10:00〜11:30 は人事給与システムを職員端末から使えません。\n立会 職員B\n" + strings.Repeat("長い説明が続きます。", 20),
			},
			{
				UID: "R8-0127-1@sekimori", Status: calendar.Tentative, Start: at("2026-11-24T13:00"), End: at("2026-11-25T00:30"),
				Changed: at("2026-11-20T13:00"), Summary: "庶務事務 \x1b[2J\r\n:承認待ち😀", Location: "内線1234",
			},
			{
				UID: "R8-0128-1@sekimori", Sequence: 18, Status: calendar.Cancelled, Start: at("2026-11-26T13:00"), End: at("2026-11-26T14:00"),
				Changed: at("2026-11-21T13:00"), Summary: "取消し", Busy: true,
			},
		},
	}
}

func write(t *testing.T, f calendar.Feed) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := calendar.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFeedsKeepTheFormOfTheRFC: the rules of RFC 5545 3.1 for lines.
func TestFeedsKeepTheFormOfTheRFC(t *testing.T) {
	text := write(t, sample(t))
	for line := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 75 {
			t.Errorf("a line of %d octets: %s", len(line), line)
		}
		if !utf8.Valid(line) {
			t.Errorf("a character is split: %q", line)
		}
		if bytes.ContainsAny(line, "\r\n\x1b\x00") {
			t.Errorf("a control character: %q", line)
		}
	}
	if again := write(t, sample(t)); !bytes.Equal(text, again) {
		t.Error("the same feed gives other bytes")
	}
	for _, want := range []string{"DTSTART:20261124T010000Z", "DTEND:20261124T023000Z", "STATUS:CANCELLED", "SEQUENCE:18", "X-WR-TIMEZONE:Asia/Tokyo", "TRANSP:OPAQUE", "DTSTAMP:20261120T040000Z"} {
		if !bytes.Contains(text, []byte("\r\n"+want+"\r\n")) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestFeedsAreReadBackByTheLibrary(t *testing.T) {
	c, err := ical.NewDecoder(bytes.NewReader(write(t, sample(t)))).Decode()
	if err != nil {
		t.Fatal(err)
	}
	want := sample(t).Events
	got := c.Events()
	if len(got) != len(want) {
		t.Fatalf("%d events", len(got))
	}
	for i, e := range got {
		start, err := e.DateTimeStart(nil)
		if err != nil || !start.Equal(want[i].Start) {
			t.Errorf("event %d starts %s: %v", i, start, err)
		}
	}
	if said, err := got[0].Props.Text(ical.PropSummary); err != nil || said != want[0].Summary {
		t.Errorf("summary %q: %v", said, err)
	}
	if said, err := got[0].Props.Text(ical.PropDescription); err != nil || said != want[0].Description {
		t.Errorf("description %q: %v", said, err)
	}
}

// TestAFeedWithoutEventsIsACalendar: a section without maintenance can subscribe too.
func TestAFeedWithoutEventsIsACalendar(t *testing.T) {
	f := sample(t)
	f.Events = nil
	if _, err := ical.NewDecoder(bytes.NewReader(write(t, f))).Decode(); err != nil {
		t.Error(err)
	}
}

// readByOthers reads a feed with another program: Python's icalendar.
const readByOthers = `
import sys, json, icalendar
c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
z = [v for v in c.walk('VTIMEZONE')]
out = {'name': str(c['X-WR-CALNAME']), 'zone': str(z[0]['TZID']), 'events': []}
z[0].to_tz()
for v in c.walk('VEVENT'):
    out['events'].append({
        'uid': str(v['UID']), 'sequence': int(v['SEQUENCE']), 'status': str(v['STATUS']), 'summary': str(v['SUMMARY']),
        'description': str(v.get('DESCRIPTION', '')), 'start': v['DTSTART'].dt.isoformat(), 'end': v['DTEND'].dt.isoformat()})
json.dump(out, sys.stdout)
`

// TestARealCalendarProgramReadsTheFeed (R2).
func TestARealCalendarProgramReadsTheFeed(t *testing.T) {
	python := testbed.NeedPython(t, "icalendar")
	for _, name := range []string{"Asia/Tokyo", "Europe/Berlin", "UTC"} {
		f := sample(t)
		f.Zone = zone(t, name)
		read := exec.Command(python, "-c", readByOthers)
		read.Stdin = bytes.NewReader(write(t, f))
		said, err := read.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got struct {
			Name, Zone string
			Events     []struct {
				UID, Status, Summary, Description string
				Sequence                          int
				Start, End                        time.Time
			}
		}
		if err := json.Unmarshal(said, &got); err != nil {
			t.Fatal(err)
		}
		if got.Name != f.Name || got.Zone != name || len(got.Events) != len(f.Events) {
			t.Fatalf("%+v", got)
		}
		for i, e := range got.Events {
			w := f.Events[i]
			if e.UID != w.UID || e.Sequence != w.Sequence || e.Status != string(w.Status) || !e.Start.Equal(w.Start) || !e.End.Equal(w.End) {
				t.Errorf("%+v\nwant %+v", e, w)
			}
		}
		if got.Events[0].Summary != f.Events[0].Summary || got.Events[0].Description != f.Events[0].Description {
			t.Errorf("%+v", got.Events[0])
		}
	}
}

// TestTheZonesRulesAreSaid: a program that does not know the zone's name still knows its offset.
func TestTheZonesRulesAreSaid(t *testing.T) {
	f := sample(t)
	f.Zone = zone(t, "Europe/Berlin")
	text := string(write(t, f))
	for _, want := range []string{
		"BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\nTZNAME:CET\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n",
		"BEGIN:DAYLIGHT\r\nDTSTART:20270328T020000\r\nTZNAME:CEST\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no\n%sin\n%s", want, text)
		}
	}
}

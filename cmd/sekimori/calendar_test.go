package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/agenda"
)

// fetchesStory: `fetches STATUS PATH FILE` asks as a calendar program does, without a token: over HTTPS where the broker is there, else on the
// socket. A second time with the same FILE it sends the ETag of the first.
func fetchesStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 3, "fetches STATUS PATH FILE")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	address, socket := ts.Getenv("API"), ts.Getenv("SEKIMORI_SOCKET")
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the story is not about the certificate
	if address == "" {
		address = "http://sekimori"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest("GET", address+args[1], nil)
	ts.Check(err)
	tag := ts.MkAbs(args[2] + ".etag")
	if b, err := os.ReadFile(tag); err == nil {
		req.Header.Set("If-None-Match", string(b))
	}
	res, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if res.StatusCode != want {
		ts.Fatalf("GET %s: %s\n%s", args[1], res.Status, body)
	}
	if res.StatusCode == http.StatusOK {
		if got := res.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8" {
			ts.Fatalf("it is %s", got)
		}
		if got := res.Header.Get("Cache-Control"); !strings.HasPrefix(got, "private") {
			ts.Fatalf("it may be kept: %s", got)
		}
		ts.Check(os.WriteFile(tag, []byte(res.Header.Get("ETag")), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o600))
	}
}

// readsCalendarStory: `reads-calendar FILE` prints a line per event as another program understands it: Python's icalendar.
func readsCalendarStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "reads-calendar FILE")
	read := exec.Command(pythonWith(storyOf(ts).tb, "icalendar"), "-c", `
import sys, icalendar
for v in icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read()).walk('VEVENT'):
    print(v['UID'], v['STATUS'], v['DTSTART'].dt.isoformat(), v['SUMMARY'], '|', v.get('DESCRIPTION', '').replace('\n', ' / '))
`, ts.MkAbs(args[0]))
	read.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	read.Stdout, read.Stderr = ts.Stdout(), ts.Stderr()
	ts.Check(read.Run())
}

// pythonWith is an interpreter that has the module. Where there is none the story ends and says so, or fails under SEKIMORI_REQUIRE_PEERS=1.
func pythonWith(tb testing.TB, module string) string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	if os.Getenv("SEKIMORI_REQUIRE_PEERS") == "1" {
		tb.Fatalf("Python's %s is required and not installed", module)
	}
	tb.Skipf("Python's %s is not installed", module)
	return ""
}

// monthOfStory: `month-of NAME TIME` puts the month of an instant, as the institution says it, into a variable.
func monthOfStory(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "month-of NAME TIME")
	t, err := time.Parse(time.RFC3339Nano, args[1]) // written in the institution's zone
	ts.Check(err)
	ts.Setenv(args[0], t.Format("2006-01"))
}

func TestAMonthFitsEightyColumns(t *testing.T) {
	jst := time.FixedZone("JST", 9*3600)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, jst) }
	long := strings.Repeat("とても長い名前の", 20)
	m := agenda.Month{Month: "2026-11", Section: "jinji", Days: []agenda.Day{
		{Date: "2026-11-20"},
		{Date: "2026-11-23", Weekday: "mon", Holiday: "勤労感謝の日", HolidayEN: "Labor Thanksgiving Day"},
		{Date: "2026-11-24", Weekday: "tue", Entries: []agenda.Entry{
			{Start: at(24, 10), End: at(24, 12), Request: "R8-0124", State: "scheduled", SystemName: "人事給与システム", VendorName: "例示システム(株)", AttendantName: "職員B", Attended: true, Exclusive: true},
			{Start: at(24, 13), End: at(24, 14), Request: "R8-0127", State: "pending-first", Pending: true, SystemName: "庶務事務", VendorName: "みほん情報", Attended: true, Exclusive: true},
			{Start: at(24, 13), End: at(24, 14), Busy: true},
			{Start: at(24, 22), End: at(25, 1), Request: "R8-0128", State: "scheduled", SystemName: long, VendorName: long, Drill: true, Emergency: true},
		}, Clashes: []agenda.Clash{{SystemName: "庶務事務", Requests: []string{"R8-0127", "R8-0128"}}}},
		{Date: "2026-11-25", Weekday: "wed", NoWork: []agenda.NoWork{{From: at(25, 10), Until: at(25, 15), Reason: "給与支給日", SystemName: "人事給与システム"}},
			Entries: []agenda.Entry{{Start: at(24, 22), End: at(25, 1), Request: "R8-0128", State: "scheduled", SystemName: "hostile \x1b[2J"}}},
		{Date: "2026-11-28", Weekday: "sat", NoWork: []agenda.NoWork{{From: at(28, 0), Until: at(29, 0), Whole: true, Reason: "停電"}}},
	}}
	for lang, wanted := range map[string][]string{
		"ja": {"予定表 令和8年11月 2026-11 jinji", "11/23(月・祝)", "閉庁日(勤労感謝の日)", "10:00-12:00 承認済み 第124号 人事給与システム", "立会 職員B", "立会 未定",
			"10:00〜12:00 は人事給与システムを職員端末から使えません。", "13:00-14:00 予定あり", "22:00-翌01:00", "前日22:00-01:00", "重なり: 第127号と第128号", "10:00-15:00 作業禁止(給与支給日)", "作業禁止日(停電)", "訓練", "緊急"},
		"en": {"Calendar 2026-11 jinji", "11/23 (Mon)", "closed (Labor Thanksgiving Day)", "Approved R8-0124", "13:00-14:00 busy", "overlap: R8-0127 and R8-0128", "not usable from staff terminals 10:00-12:00", "nobody yet", "DRILL"},
	} {
		said := (&program{lang: lang}).month(m)
		for line := range strings.Lines(said) {
			if line = strings.TrimSuffix(line, "\n"); columns(line) > 80 {
				t.Errorf("%d columns: %s", columns(line), line)
			}
			if strings.ContainsRune(line, '\x1b') {
				t.Errorf("it reaches the terminal: %q", line)
			}
		}
		for _, want := range wanted {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in\n%s", lang, want, said)
			}
		}
		if strings.Contains(said, "11/20") || strings.Count(said, "職員端末") > 1 {
			t.Errorf("said too much:\n%s", said)
		}
	}
	if said := (&program{lang: "ja"}).month(agenda.Month{Month: "2026-11"}); !strings.Contains(said, "予定はありません。") {
		t.Error(said)
	}
}

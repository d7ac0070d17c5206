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

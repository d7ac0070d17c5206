package pages

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The promises about a page. The CPU time of the middle one of ten opens is judged: other programs share the machine. What the clock said is shown
// beside it.
const (
	pageWithin   = 50 * time.Millisecond
	ledgerWithin = 100 * time.Millisecond // /today and /ledger, of a million entries
	pageBytes    = 100_000                // over the wire
	opens        = 10
)

// crowdAsked is the crowd of SEKIMORI_BENCH_REQUESTS and SEKIMORI_BENCH_ENTRIES, and whether one of them is set: only then are times judged, since
// another program on the machine may slow a page. Without them the crowd is as small as fills every list.
func crowdAsked(t *testing.T) (crowd, bool) {
	t.Helper()
	c := crowd{requests: 200, entries: 400}
	requests, entries := os.Getenv("SEKIMORI_BENCH_REQUESTS"), os.Getenv("SEKIMORI_BENCH_ENTRIES")
	if requests == "" && entries == "" {
		return c, false
	}
	c = crowd{requests: 10_000, entries: 100_000}
	for set, text := range map[*int]string{&c.requests: requests, &c.entries: entries} {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		*set = n
	}
	return c, true
}

// filters are addresses of lists beside their first page.
var filters = map[string][]string{
	"/ledger": {"?month=all", "?month=all&system=hr", "?month=all&vendor=V-012", "?month=all&end_cause=ended-by-engineer", "?month=all&end_cause=cut-by-attendant", "?month=all&review=unsigned", "?month=all&review=ok", "?month=all&review=question",
		"?month=all&system=hr&vendor=V-012&end_cause=ended-by-engineer&review=ok"},
	"/ledger/entries": {"?kind=session.ended", "?kind=session.*", "?kind=none", "?subject=hr", "?subject=R8-000001", "?subject=hr&kind=session.ended"},
}

// TestFirstPagesAreSmallAndQuick opens every page of every role in an office of three years. A page is smaller than its promise over the wire.
// With SEKIMORI_BENCH_REQUESTS and SEKIMORI_BENCH_ENTRIES (10000 and 100000 where one is set) the time that the server takes is measured too.
func TestFirstPagesAreSmallAndQuick(t *testing.T) {
	t.Parallel()
	c, timed := crowdAsked(t)
	w := found(t)
	w.fill(c)
	closed, now := c.requests/2, w.Now()
	for crowdPlace(closed).system != "hr" {
		closed++
	}
	_, _, start := c.state(now, closed)
	of := map[string]string{"/requests/": crowdNo(closed), "/windows/": crowdNo(closed) + "-1", "/sessions/": crowdSession(closed, start), "/recordings/": crowdSession(closed, start),
		"/systems/": "hr", "/vendors/": "V-012", "/people/": "ito", "/ledger/": strconv.Itoa(c.entries / 2), "/reviews/": crowdNo(closed) + "-1", "/papers/": "P-0001"}
	for _, who := range walkers {
		if who.login == "" || who.login == "fuku" {
			continue
		}
		b := w.as(who.login)
		for _, r := range rows() {
			if r.method != http.MethodGet || r.site == portal != (b.base == w.portal.URL) || !r.callers.open && !w.mayOpen(r, who.id) || strings.Contains(r.path, "export") || strings.HasSuffix(r.path, "/file") {
				continue
			}
			path := addressOf(r, of)
			for _, more := range append([]string{""}, filters[path]...) {
				w.measured(b, who.login, path+more, timed, c.entries > 100_000)
			}
		}
	}
}

// measured opens a page and judges it.
func (w *world) measured(b *browser, who, path string, timed, million bool) {
	w.t.Helper()
	judged := !million || strings.HasPrefix(path, "/today") || strings.HasPrefix(path, "/ledger")
	if !judged {
		return
	}
	walls, works, size := []time.Duration{}, []time.Duration{}, 0
	most := 1
	if timed {
		most = opens
	}
	for range most {
		w.Pass(100 * time.Millisecond) // so that nobody opens too many
		a, wall, work := b.straight(path)
		if a.status >= 400 {
			if a.status >= 500 {
				w.t.Errorf("%s %s: %d", who, path, a.status)
			}
			return // a page of a thing that this person does not see, or that is not there
		}
		walls, works, size = append(walls, wall), append(works, work), len(a.body)
	}
	if size > pageBytes {
		w.t.Errorf("%s %s: %d bytes over the wire", who, path, size)
	}
	if !timed {
		return
	}
	slices.Sort(walls)
	slices.Sort(works)
	within := pageWithin
	if million {
		within = ledgerWithin
	}
	middle := works[opens/2]
	w.t.Logf("%-6s %-90s CPU %6.1f ms, least %6.1f, p50 %6.1f, slowest %6.1f ms, %6d bytes", who, path, inMS(middle), inMS(walls[0]), inMS(walls[opens/2]), inMS(walls[opens-1]), size)
	if middle > within {
		w.t.Errorf("%s %s: %v, more than %v", who, path, middle, within)
	}
}

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// worked is the CPU time of this process.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// straight opens a page without a network: the time is the server's own.
func (b *browser) straight(path string) (a answer, wall, work time.Duration) {
	b.w.t.Helper()
	r := httptest.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.base+path, nil)
	for _, c := range b.http.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	r.RemoteAddr = "127.0.0.1:50000"
	r.Header.Set("Accept-Encoding", "gzip")
	h := b.w.pages.Staff()
	if b.base == b.w.portal.URL {
		h = b.w.pages.Portal()
	}
	to := httptest.NewRecorder()
	begun, before := time.Now(), worked(b.w.t)
	h.ServeHTTP(to, r)
	return answer{to.Code, to.Header(), to.Body.String()}, time.Since(begun), worked(b.w.t) - before
}

// addressOf fills a row's address with things of the crowd.
func addressOf(r row, of map[string]string) string {
	path := strings.TrimSuffix(r.path, "{$}")
	for prefix, id := range of {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v"), prefix); ok && strings.HasPrefix(rest, "{") {
			before, after, _ := strings.Cut(path, "{")
			_, after, _ = strings.Cut(after, "}")
			path = before + id + after
		}
	}
	return address(row{path: path})
}

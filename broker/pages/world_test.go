package pages

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/agenda"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/dial"
	"sekimori/broker/evidence"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/notify"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/session"
	"sekimori/broker/testrun"
	"sekimori/broker/view"
	"sekimori/recordings/search"
)

func TestMain(m *testing.M) {
	testrun.Waiting()
	status := m.Run()
	stopChromium()
	os.Exit(status)
}

// world is the pages of a townhall, served over HTTP on loopback.
type world struct {
	*townhall.Hall
	t      *testing.T
	o      Options
	pages  *Pages
	staff  *httptest.Server
	portal *httptest.Server
	secret map[string]string // second factor by login
	papers string            // directory of the copies of papers
	dir    string            // of the recordings
	disk   *testbed.Disk     // of the recordings
	index  *search.Index     // of their text
}

const password = "correct horse battery staple"

// found opens the pages; change may alter the options.
func found(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	h := townhall.Found(t)
	dir := t.TempDir()
	offline, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	log := hclog.NewNullLogger()
	disk := testbed.NewDisk()
	sup, err := session.New(session.Options{FS: disk, DB: h.DB, Ring: h.Keys, Dialer: &dial.Dialer{Log: log}, Dir: dir, OutputTo: []age.Recipient{h.Keys.ViewingRecipient()},
		InputTo: []age.Recipient{offline.Recipient()}, Clock: h.Now, Zone: townhall.Zone, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	acts := h.Runner()
	onFile, err := papers.New(t.Context(), papers.Options{DB: h.DB, Acts: acts, Ring: h.Keys, Dir: filepath.Join(dir, "papers"), Zone: townhall.Zone})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := files.Open(files.Options{DB: h.DB, Ring: h.Keys, Dir: filepath.Join(dir, "held"), Outbox: filepath.Join(dir, "outbox")})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealing.New(t.Context(), sealing.Options{DB: h.DB, Acts: acts, Ring: h.Keys, KeysDir: h.KeysDir, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	desk := requests.New(requests.Options{DB: h.DB, Acts: acts, Zone: townhall.Zone})
	post := attendance.New(attendance.Options{DB: h.DB, Acts: acts, Ring: h.Keys, Zone: townhall.Zone, Sessions: sup, End: sup.EndWindow, Ending: sup.Ending, Heard: sup.Heard})
	freezer, book := freeze.New(freeze.Options{DB: h.DB, Acts: acts}), agenda.New(agenda.Options{DB: h.DB, Zone: townhall.Zone})
	written := reports.New(reports.Options{DB: h.DB, Acts: acts, Zone: townhall.Zone})
	lines := interlock.New(interlock.Options{DB: h.DB, Acts: acts, Clock: h.Now, Every: 50 * time.Millisecond})
	index, err := search.Open(search.Options{Dir: filepath.Join(dir, "search"), Seal: h.Keys.Seal, Unseal: h.Keys.Unseal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	w := &world{Hall: h, t: t, index: index, secret: map[string]string{}, papers: filepath.Join(dir, "papers"), dir: dir, disk: disk}
	w.o = Options{
		DB: h.DB, Acts: acts, Registry: h.Registry, Desk: desk, Attendance: post, Reports: written, Lines: lines, Targets: accounts.NewCounter(accounts.New(accounts.Options{DB: h.DB, Dialer: &dial.Dialer{}, Log: hclog.NewNullLogger()}), acts), Reviews: review.New(review.Options{Acts: acts}), Days: confirmation.New(confirmation.Options{DB: h.DB, Acts: acts}), Papers: onFile,
		Files:   files.NewDesk(files.DeskOptions{Gate: kept, Acts: acts}),
		Permits: permits.New(permits.Options{DB: h.DB, Acts: acts, Zone: townhall.Zone}), Sealing: sealed, Roster: roster.New(roster.Options{DB: h.DB, Acts: acts, Zone: townhall.Zone, Lock: freeze.LockLeft}),
		Reconcile: reconcile.New(reconcile.Options{DB: h.DB, Acts: acts, Zone: townhall.Zone, Steward: accounts.New(accounts.Options{DB: h.DB, Dialer: &dial.Dialer{}, Signer: h.Keys.StewardSigner, Log: hclog.NewNullLogger()})}),
		Teller:    notify.New(notify.Options{DB: h.DB, Zone: townhall.Zone}), Freezer: freezer, Agenda: book, Sessions: sup, Evidence: evidence.New(evidence.Options{DB: h.DB, Dir: dir, Clock: h.Now}), Clock: h.Now, Zone: townhall.Zone,
		Views: view.New(view.Options{DB: h.DB, Desk: desk, Attendance: post, Sessions: sup, Registry: h.Registry, Papers: onFile, Freezer: freezer, Reports: written, Agenda: book, Ring: h.Keys, Lines: lines, Zone: townhall.Zone, Clock: h.Now,
			Evidence: evidence.New(evidence.Options{DB: h.DB, Dir: dir, Clock: h.Now}), Index: index}),
		House: House{Institution: "例示市", Contact: "0000-00-0000", GateName: "gate", Version: "v1.2.3", Notice: view.NoticeSettings{Institution: "例示市", Contact: "0000-00-0000", Version: 3, Retention: 365 * 24 * time.Hour, Zone: townhall.Zone}}, Log: log,
	}
	for _, c := range change {
		c(&w.o)
	}
	if w.pages, err = New(w.o); err != nil {
		t.Fatal(err)
	}
	w.staff, w.portal = httptest.NewServer(w.pages.Staff()), httptest.NewServer(w.pages.Portal())
	t.Cleanup(func() {
		w.staff.Close()
		w.portal.Close()
		if err := sup.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return w
}

// browser is one person's browser: it keeps cookies and does not follow redirects.
type browser struct {
	w    *world
	base string
	http *http.Client
}

// browser opens a browser on the staff's pages.
func (w *world) browser() *browser {
	w.t.Helper()
	return w.browserOn(w.staff.URL)
}

func (w *world) browserOn(base string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, base, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(r *http.Request) answer {
	b.w.t.Helper()
	resp, err := b.http.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), "GET", b.base+path, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(r)
}

// post sends a form as this site's own page does.
func (b *browser) post(path string, form url.Values) answer {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), "POST", b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	return b.do(r)
}

// enrol gives the person a password and a second factor, by a code from the administrator.
func (w *world) enrol(person string) {
	w.t.Helper()
	if _, done := w.secret[person]; done {
		return
	}
	code := w.Plan.Code
	if person != "admin" {
		issued, err := w.Registry.IssueCode(w.t.Context(), person, townhall.By("admin"))
		if err != nil {
			w.t.Fatal(err)
		}
		code = issued.Text
	}
	begun, err := w.Registry.BeginEnrol(w.t.Context(), code, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	w.secret[person] = begun.Secret
	if _, err := w.Registry.FinishEnrol(w.t.Context(), code, registry.EnrolInput{Password: password, Code: w.code(person), Via: "cli", Source: "test"}); err != nil {
		w.t.Fatal(err)
	}
}

// code gives a one-time code, and moves the clock a step on, since a code counts once.
func (w *world) code(person string) string {
	w.t.Helper()
	w.Pass(31 * time.Second)
	c, err := registry.CodeAt(w.secret[person], w.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// as opens a browser and signs the person in.
func (w *world) as(person string) *browser {
	w.t.Helper()
	w.enrol(person)
	b, at := w.browser(), "/signin"
	if person == "sato" || person == "kimura" || person == "madoguchi" {
		b, at = w.browserOn(w.portal.URL), "/v/signin"
	}
	a := b.post(at, url.Values{"login": {person}, "password": {password}, "code": {w.code(person)}})
	if a.status != http.StatusSeeOther {
		w.t.Fatalf("%s signs in: %d\n%s", person, a.status, a.body)
	}
	return b
}

func (a answer) has(t *testing.T, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(a.body, s) {
			t.Errorf("the page (%d) lacks %q:\n%s", a.status, s, a.body)
		}
	}
}

// lacks fails if the page has one of the texts.
func (a answer) lacks(t *testing.T, unwanted ...string) {
	t.Helper()
	for _, u := range unwanted {
		if strings.Contains(a.body, u) {
			t.Errorf("the page has %q:\n%s", u, a.body)
		}
	}
}

func (a answer) holds(what string) bool { return strings.Contains(a.body, what) }

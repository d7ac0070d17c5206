package pages

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// subjects of the walk, by the beginning of the path; others are named "none".
var subjects = map[string]string{
	"/requests/": "R8-0001", "/windows/": "R8-0001-1", "/sessions/": "S-20261124-01", "/recordings/": "S-20261124-01", "/systems/": "hr", "/vendors/": "V-012", "/people/": "ito",
	"/permits/": "SP-001", "/late-entries/": "LE-0900", "/ledger/": "1", "/reviews/": "S-20261124-01", "/papers/": "P-0001", "/files/": "S-20261124-01-1",
	"/forms/": "ledger", "/annual/": "R8", "/reconcile/": "hr-db", "/unknown-logins/": "UL-0001",
}

// within are the things of a subject, by the part of the path that they stand behind.
var within = map[string]string{"/engineers/": "E-0031", "/files/": "P-0001"}

// address fills the pattern of a row.
func address(r row) string {
	path := strings.TrimSuffix(r.path, "{$}")
	at := strings.TrimPrefix(path, "/v")
	for prefix, id := range subjects {
		if strings.HasPrefix(at, prefix) {
			if before, rest, ok := strings.Cut(path, "{"); ok {
				_, after, _ := strings.Cut(rest, "}")
				path = before + id + after
			}
		}
	}
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		id := "none"
		for part, one := range within {
			if strings.HasSuffix(before, part) {
				id = one
			}
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + id + after
	}
}

// planned puts a request on hr into the store in a state, with a window and a refused session.
func (w *world) planned(request policy.RequestState, window policy.WindowState) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		start := tx.Now.Add(time.Hour)
		one := store.Window{Window: policy.Window{ID: "R8-0001-1", Request: "R8-0001", System: "hr", Start: start, End: start.Add(time.Hour), State: window}}
		if window == policy.WindowAttended {
			one.Attendant, one.OpenedAt = "ito", tx.Now
		}
		_, written := tx.Append(ledger.Draft{Kind: "test.planned", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		_, found := tx.AddUnknownLogin(store.UnknownLogin{Target: "hr-db", Said: tx.Now, At: tx.Now, Login: "maint", Source: "198.51.100.7", Record: "accepted", Doubt: policy.LoginElsewhere})
		return errors.Join(found,
			tx.AddRequest(store.Request{No: "R8-0001", State: request, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "kato",
				Start: start, End: start.Add(time.Hour), Body: store.RequestBody{Purpose: "調査", Engineers: []string{"E-0031"}, Phone: "000-0000-0001"}}),
			tx.AddWindow(one),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "fuku", Login: "fuku", Kind: policy.Staff, Name: "副CISO", Section: "personnel", Roles: []policy.Role{policy.PermitOfficer}}}),
			tx.AddPaper(store.Paper{ID: "P-0001", Kind: store.PaperPledge, Vendor: "V-012", Person: "E-0031", From: tx.Now.AddDate(0, -1, 0), Until: tx.Now.AddDate(0, 1, 0), State: store.PaperSubmitted, FiledBy: "E-0031", Filed: tx.Now,
				File: "none", FileName: "pledge.pdf", MediaType: "application/pdf", Size: 2048, SHA256: strings.Repeat("a", 64)}),
			tx.AddPermit(store.Permit{Permit: policy.Permit{ID: "SP-001", Vendor: "V-012", System: "hr", From: tx.Now.AddDate(0, -1, 0), Until: tx.Now.AddDate(1, 0, 0)}, Purpose: "定期保守", AskedBy: "kato"}),
			tx.AddLateEntry(store.LateEntry{ID: "LE-0900", System: "hr", Vendor: "V-012", From: tx.Now.AddDate(0, 0, -4), Until: tx.Now.AddDate(0, 0, -4).Add(time.Hour), EnteredBy: "kato",
				Work: store.LateWork{Forms: []string{}, Engineers: []string{"E-0031"}, Done: "夜間処理の再実行", KeptAt: "書庫3"}}),
			tx.AddFile(store.File{ID: "S-20261124-01-1", Direction: policy.FilesOut, State: policy.FileWaitFirst, Session: "S-20261124-01", Window: one.ID, Request: "R8-0001", System: "hr", Target: "hr-db",
				Vendor: "V-012", Person: "E-0031", Path: []byte("/srv/out/\x96\xbe\x8d\xd7.csv"), Size: 2048, Length: 2048, SHA256: strings.Repeat("b", 64), Kept: []string{"S-20261124-01-1"}, Content: "S-20261124-01-1", Findings: []byte("[]")}),
			tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionRefused, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: one.ID, System: "hr",
				Source: netip.MustParseAddrPort("203.0.113.7:50022"), Created: tx.Now, Ended: tx.Now}),
			written)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// entries are the kinds of the entries from an index on, by a person.
func (w *world) entriesBy(from int64, person string) (kinds []string) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{From: from}) {
			if err != nil {
				return err
			}
			if person == "" || e.Actor.ID == person {
				kinds = append(kinds, e.Kind)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

func (w *world) size() (n int64) {
	w.t.Helper()
	if err := w.DB.Read(context.Background(), func(s *store.Snap) (err error) { n, err = s.LedgerSize(); return err }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// walkers are the people of the walk; the empty one is not signed in.
var walkers = []struct{ login, id string }{
	{"", ""}, {"admin", "admin"}, {"deputy", "deputy"}, {"head", "head"}, {"kato", "kato"}, {"ito", "ito"}, {"mori", "mori"}, {"fuku", "fuku"}, {"sato", "E-0031"}, {"kimura", "E-0040"},
}

// walkState is a state in which the walk is made.
type walkState struct {
	name    string
	request policy.RequestState
	window  policy.WindowState
}

// The states in which the walk is made.
var walks = []walkState{
	{"attended", policy.RequestApproved, policy.WindowAttended},
	{"awaiting the head", policy.PendingFirst, policy.WindowScheduled},
	{"awaiting the second", policy.PendingSecond, policy.WindowScheduled},
	{"returned", policy.RequestReturned, policy.WindowScheduled},
	{"approved", policy.RequestApproved, policy.WindowScheduled},
	{"over", policy.RequestClosed, policy.WindowClosed},
}

// someWalks are the states that this run tries: one in which most is open and one in which little is, or all of them.
func someWalks() []walkState {
	if testbed.Whole() {
		return walks
	}
	return walks[:2]
}

// Every address asks who comes: without a sign-in there is the sign-in page, a person whom the row does not name is refused with 301 (or the row's own number) and an
// entry, and opening a page of level 1 has an entry of the person's before anything is shown.
func TestEveryPageAsksWhoComes(t *testing.T) {
	for _, state := range someWalks() {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			w := found(t)
			w.planned(state.request, state.window)
			for _, who := range walkers {
				staffs, portals := w.browser(), w.browserOn(w.portal.URL)
				if who.login != "" {
					b := w.as(who.login)
					if b.base == w.portal.URL {
						portals = b
					} else {
						staffs = b
					}
				}
				for _, method := range []string{http.MethodGet, http.MethodPost} { // forms last: they change the state
					for _, r := range rows() {
						if r.method != method || strings.Contains(r.path, "/signout") || strings.HasSuffix(r.path, "/lock") { // these end the walk of people who come later
							continue
						}
						b := staffs
						if r.site == portal {
							b = portals
						}
						w.walk(b, r, who.id)
					}
				}
			}
		})
	}
}

// walk opens one row as one person and checks the answer.
func (w *world) walk(b *browser, r row, id string) {
	w.t.Helper()
	path := address(r)
	w.Pass(time.Hour / 360)
	before := w.size()
	var a answer
	if r.method == http.MethodGet {
		a = b.get(path)
	} else {
		a = b.post(path, url.Values{})
	}
	at := func(format string, args ...any) {
		w.t.Helper()
		w.t.Errorf("%s %s as %q: %d: "+format, append([]any{r.method, path, id, a.status}, args...)...)
	}
	if a.status >= 500 {
		at("an error of the server\n%s", a.body)
	}
	signed := id != "" && w.belongs(b, id)
	wrote := w.entriesBy(before, id)
	switch {
	case r.callers.open:
		if a.status == http.StatusUnauthorized && r.method == http.MethodGet {
			at("an open page asks to sign in")
		}
	case !signed:
		if a.status != http.StatusUnauthorized || len(w.entriesBy(before, "")) != 0 {
			at("without a sign-in the ledger got %v", wrote)
		}
	case !w.mayOpen(r, id):
		if a.status != http.StatusForbidden || strings.Join(wrote, " ") != "access.refused" {
			at("a person whom the row does not name; the ledger got %v", wrote)
		}
		if r.site == staff && !strings.Contains(a.body, "["+strconv.Itoa(cmp.Or(r.denies, policy.Forbidden).Number())+"]") {
			at("the refusal has no number")
		}
	case r.method == http.MethodGet && a.status == http.StatusOK:
		if r.level == l2 && strings.Contains(a.body, `name="purpose"`) { // it asks first, and shows nothing yet
			if len(wrote) != 0 {
				at("asking for the purpose, the ledger got %v", wrote)
			}
			return
		}
		if r.level == l0 && len(wrote) != 0 || r.level > l0 && len(wrote) == 0 {
			at("level %d, the ledger got %v", r.level, wrote)
		}
	}
}

// belongs tells whether the browser is on the site of the person.
func (w *world) belongs(b *browser, id string) bool {
	return (b.base == w.portal.URL) == strings.HasPrefix(id, "E-")
}

func (w *world) mayOpen(r row, id string) (may bool) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		p, err := s.Person(id)
		if err != nil {
			return err
		}
		may, err = r.callers.AllowNow(s, p.Person)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return may
}

// An address outside the table is not found, and tells no one whether it exists on the other site.
func TestAnAddressOutsideTheTableIsNotFound(t *testing.T) {
	w := found(t)
	b, v := w.as("ito"), w.as("sato")
	for _, path := range []string{"/nowhere", "/v/", "/windows/R8-0001-1/nothing", "/v1/status", "/static/0/style.css"} {
		if a := b.get(path); a.status != http.StatusNotFound {
			t.Errorf("staff %s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/today", "/ledger", "/windows"} {
		if a := v.get(path); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("portal %s: %d", path, a.status)
		}
	}
}

// No address stands twice in the table, pages of the portal begin with /v, and each row has both languages.
func TestTheTableOfPages(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		key := r.method + " " + r.path
		if seen[key] {
			t.Errorf("%s stands twice", key)
		}
		seen[key] = true
		if (r.site == portal) != strings.HasPrefix(r.path, "/v/") {
			t.Errorf("%s is on the wrong site", key)
		}
		if r.title.JA == "" || r.title.EN == "" {
			t.Errorf("%s lacks a title", key)
		}
		if r.nav > 0 && (r.method != http.MethodGet || strings.Contains(r.path, "{")) {
			t.Errorf("%s cannot stand in the menu", key)
		}
	}
}

package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// planned puts a request of reiji's on hr into the store, with a window and a session.
func (w *world) planned() {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		start := tx.Now.Add(time.Hour)
		window := store.Window{Window: policy.Window{ID: "R8-0001-1", Request: "R8-0001", System: "hr", Start: start, End: start.Add(time.Hour), State: policy.WindowScheduled}}
		_, written := tx.Append(ledger.Draft{Kind: "test.planned", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(
			tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "U-002",
				Start: start, End: start.Add(time.Hour), Body: store.RequestBody{Purpose: "調査", Engineers: []string{"E-0031"}, Phone: "000-0000-0001"}}),
			tx.AddWindow(window),
			tx.AddSession(store.Session{ID: "S-20261124-01", State: store.SessionRefused, Person: "E-0031", Vendor: "V-012", Request: "R8-0001", Window: window.ID, System: "hr",
				Source: netip.MustParseAddrPort("203.0.113.7:50022"), Created: tx.Now, Ended: tx.Now}),
			written)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A look at a person's work or telephone number names the viewer in the ledger (screens §2, L1) before it is shown; so does an attempt.
func TestWhoOpenedWhatIsLedgered(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	w.planned()
	for path, kind := range map[string]string{
		"/v1/requests/R8-0001":             "request.viewed",
		"/v1/requests/R8-0001/check":       "request.viewed",
		"/v1/requests/R8-0001/copy":        "request.viewed",
		"/v1/windows/R8-0001-1/attendance": "window.viewed",
		"/v1/sessions/S-20261124-01":       "session.viewed",
	} {
		_, from := w.kinds(0)
		if a := w.call("GET", path, tokens["tachiai"], nil); a.fault != nil {
			t.Errorf("%s: %+v", path, a.fault)
		}
		if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{kind}) {
			t.Errorf("%s: the ledger tells %v", path, kinds)
		}
	}
	for _, path := range []string{"/v1/requests/R8-0001", "/v1/requests/R8-0001/check", "/v1/requests/R8-0001/copy", "/v1/windows/R8-0001-1"} {
		_, from := w.kinds(0)
		if a := w.call("GET", path, tokens["saitakumado"], nil); a.status != http.StatusForbidden {
			t.Errorf("%s of another vendor: %d", path, a.status)
		}
		if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused"}) {
			t.Errorf("%s: of a refusal the ledger tells %v", path, kinds)
		}
	}
}

// So does a look at the registry or the ledger. A thing that does not exist gets no entry.
func TestWhoOpenedTheRegistryAndTheLedgerIsLedgered(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	w.planned()
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, written := tx.Append(ledger.Draft{Kind: "test.planned", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "192.0.2.10", Port: 22}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}, Credential: store.CredentialCertificate}), written)
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{
		"/v1/vendors/reiji":           "vendor.viewed",
		"/v1/people/sato":             "person.viewed",
		"/v1/systems/hr":              "system.viewed",
		"/v1/targets/hr-db":           "target.viewed",
		"/v1/accounts/hr-db/maint":    "account.viewed",
		"/v1/ledger":                  "ledger.listed",
		"/v1/ledger?kind=system.view": "ledger.listed",
		"/v1/ledger/entries/1":        "ledger.viewed",
	} {
		_, from := w.kinds(0)
		if a := w.call("GET", path, tokens["kacho"], nil); a.fault != nil {
			t.Errorf("%s: %+v", path, a.fault)
		}
		if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{kind}) {
			t.Errorf("%s: the ledger tells %v", path, kinds)
		}
	}
	for _, path := range []string{"/v1/people/nobody", "/v1/systems/none", "/v1/targets/none", "/v1/accounts/none", "/v1/ledger/entries/100000"} {
		_, from := w.kinds(0)
		if a := w.call("GET", path, tokens["kacho"], nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
		if kinds, _ := w.kinds(from); len(kinds) != 0 {
			t.Errorf("%s: the ledger tells %v", path, kinds)
		}
	}
}

// A thing of another section's session is not found there, and the attempt is ledgered.
func TestRefusedLooksAtSessionsAreLedgered(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	const session = "S-20261124-01"
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, written := tx.Append(ledger.Draft{Kind: "test.reviewed", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(tx.AddReview(store.Review{ID: session, Session: session, System: "hr", Due: tx.Now.Add(time.Hour)}), written)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/sessions/" + session, "/v1/recordings/" + session, "/v1/recordings/" + session + "/verify", "/v1/reviews/" + session} {
		_, from := w.kinds(0)
		if a := w.call("GET", path, tokens["s-all"], nil); a.status != http.StatusNotFound {
			t.Errorf("%s of another section: %d %.200s", path, a.status, a.body)
		}
		if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused"}) {
			t.Errorf("%s: of a refusal the ledger tells %v", path, kinds)
		}
	}
	_, from := w.kinds(0)
	if a := w.call("GET", "/v1/reviews/"+session, tokens["kacho"], nil); a.fault != nil {
		t.Errorf("the head: %+v", a.fault)
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"review.viewed"}) {
		t.Errorf("of a review that was opened the ledger tells %v", kinds)
	}
}

// A deputy of another section's head reads the requests to be decided there, as long as the deputation holds.
func TestDeputyOfAnotherSectionReadsItsRequests(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	reads := func(when string, want bool) {
		t.Helper()
		for _, path := range []string{"/v1/requests", "/v1/windows", "/v1/requests/R8-0001", "/v1/requests/R8-0001/check", "/v1/windows/R8-0001-1"} {
			a := w.call("GET", path, tokens["s-all"], nil)
			if got := a.status == http.StatusOK && strings.Contains(string(a.body), "R8-0001"); got != want {
				t.Errorf("%s %s: %v, %d %.200s", when, path, got, a.status, a.body)
			}
		}
	}
	reads("before", false)
	now := w.clock()
	ok[api.Deputy](w, "POST", "/v1/deputies", tokens["kacho"], api.DeputyBody{For: "kacho", Deputy: "s-all", Until: now.Add(time.Hour).Format(time.RFC3339Nano), Reason: "出張", Fresh: w.fresh("kacho")})
	reads("while it holds", true)
	w.set.Step(time.Hour)
	reads("afterwards", false)
}

// A time without a zone is the institution's, not the client's machine's; text that is no time is refused with its place.
func TestTimesWithoutAZoneAreTheInstitutions(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	set := api.DeputyBody{For: "kacho", Deputy: "s-all", From: "2999-01-01T09:00", Until: "2999-01-08T17:15:00Z", Reason: "出張", Fresh: w.fresh("kacho")}
	if d := ok[api.Deputy](w, "POST", "/v1/deputies", tokens["kacho"], set); d.From.Format(time.RFC3339) != "2999-01-01T09:00:00+09:00" ||
		d.Until.Format(time.RFC3339) != "2999-01-09T02:15:00+09:00" {
		t.Errorf("%s to %s", d.From, d.Until)
	}
	set.From = "tomorrow"
	a := w.call("POST", "/v1/deputies", tokens["kacho"], set)
	if a.fault == nil || a.fault.Code != api.CodeInvalid || !strings.Contains(string(a.body), `"bad-time"`) || !strings.Contains(string(a.body), `"from"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = w.call("POST", "/v1/emergencies", tokens["kacho"], api.EmergencyBody{SubmitBody: api.SubmitBody{Name: "x.yaml", Text: "system: hr\naccounts: [hr-db/maint]\nengineers: [sato]\nstart: +1m\nend: +1h\n"}, PhonedAt: "just now", Reason: "x", Phoned: "x"})
	if a.fault == nil || !strings.Contains(string(a.body), `"phoned_at"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Where opening permits the start as well, a token alone does not open; where the identity check comes first, it does.
func TestOpeningThatPermitsAsksForAFreshProof(t *testing.T) {
	for _, identity := range []bool{false, true} {
		w := newWorld(t)
		tokens := w.vendors()
		w.planned()
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			sys, err := tx.System("hr")
			sys.IdentityCheck = identity
			_, written := tx.Append(ledger.Draft{Kind: "test.planned", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return errors.Join(err, tx.PutSystem(sys), written)
		})
		if err != nil {
			t.Fatal(err)
		}
		asked := func(body api.OpenBody) bool {
			a := w.call("POST", "/v1/windows/R8-0001-1/open", tokens["tachiai"], body)
			return a.fault != nil && a.fault.Code == "fresh-authentication-required"
		}
		if got := asked(api.OpenBody{}); got == identity {
			t.Errorf("identity check %v, a token alone: asked %v", identity, got)
		}
		if asked(api.OpenBody{Fresh: w.fresh("tachiai")}) {
			t.Errorf("identity check %v: asked again after the proof", identity)
		}
		if a := w.call("POST", "/v1/windows/R8-0001-1/open", tokens["tachiai"], api.OpenBody{Fresh: api.Fresh{Password: "wrong", Code: w.code("tachiai")}}); a.fault == nil || a.fault.Number != 100 {
			t.Errorf("identity check %v: a wrong password: %d %s", identity, a.status, a.body)
		}
	}
}

// deadlines is a connection that records the deadlines for reading an answer.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// A caller cannot hold a connection by not reading, with a token or without.
func TestAttackAnswersThatNobodyReads(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for _, c := range []struct{ path, token string }{{"/v1/notice", ""}, {"/v1/whoami", ""}, {"/v1/whoami", "wrong"}, {"/v1/whoami", tokens["kacho"]}} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", c.path, nil)
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		w.server.handler().ServeHTTP(d, r)
		if len(d.set) == 0 || d.set[len(d.set)-1].IsZero() {
			t.Errorf("%s with %q: deadlines %v, status %d", c.path, c.token, d.set, d.Code)
		}
	}
}

// A lock stops a vendor with all its people: at the gate, and in their reading and filing here.
func TestAttackTokenOfALockedVendor(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	w.planned()
	if a := w.call("GET", "/v1/requests/R8-0001", tokens["madoguchi"], nil); a.fault != nil {
		t.Fatalf("before: %+v", a.fault)
	}
	ok[api.Vendor](w, "POST", "/v1/vendors/reiji/lock", tokens["tachiai"], api.LockBody{Reason: "漏えいの疑い"})
	for _, path := range []string{"/v1/requests", "/v1/requests/R8-0001", "/v1/papers", "/v1/extensions", "/v1/whoami"} {
		if a := w.call("GET", path, tokens["madoguchi"], nil); a.fault == nil || a.fault.Code != "vendor-locked" || a.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	ok[map[string]bool](w, "POST", "/v1/logout", tokens["madoguchi"], nil)
	if a := w.call("GET", "/v1/papers", tokens["saitakumado"], nil); a.fault != nil {
		t.Errorf("another vendor's: %+v", a.fault)
	}
}

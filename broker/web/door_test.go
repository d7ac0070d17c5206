package web

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/policy"
)

// paths fills the placeholders of a route.
func (r route) example() string {
	return strings.NewReplacer("{id...}", "hr-db/maint", "{id}", "X-1", "{no}", "1", "{file}", "x.ics").Replace(r.path)
}

// TestRecordingsListedOrFetchedWithoutASession walks the router: routes that the table does not open are
// closed without a token, even before any person exists and on paths that do not exist.
func TestRecordingsListedOrFetchedWithoutASession(t *testing.T) {
	w := newWorld(t)
	w.found()
	open := []string{"GET /v1/status", "GET /v1/notice", "POST /v1/enroll/begin", "POST /v1/enroll/finish", "POST /v1/login", "GET /calendar/{file}"}
	for _, token := range []string{"", "nonsense"} {
		for _, r := range routes() {
			name := r.method + " " + r.path
			a := w.call(r.method, r.example(), token, nil)
			if slices.Contains(open, name) {
				if !r.callers.open || a.status == http.StatusUnauthorized && a.fault.Code == api.CodeUnauthenticated {
					t.Errorf("%s asks for a token", name)
				}
				continue
			}
			if r.callers.open {
				t.Errorf("%s is open to everybody", name)
			}
			if a.status != http.StatusUnauthorized || a.fault.Code != api.CodeUnauthenticated || a.fault.Exit != api.ExitRefused {
				t.Errorf("%s with token %q: %d %s", name, token, a.status, a.body)
			}
		}
		for _, path := range []string{"/", "/v1", "/v1/secret", "/v1/recordings/../ledger", "/debug/pprof/"} {
			if a := w.call("GET", path, token, nil); a.status != http.StatusUnauthorized {
				t.Errorf("GET %s: %d", path, a.status)
			}
		}
		if a := w.call("DELETE", "/v1/people", token, nil); a.status != http.StatusUnauthorized {
			t.Errorf("an unknown method: %d", a.status)
		}
	}
}

// TestEveryRouteNamesWhoMayCallIt: the zero value of callers denies, and no route lacks its roles
// by mistake.
func TestEveryRouteNamesWhoMayCallIt(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range routes() {
		name := r.method + " " + r.path
		if seen[name] {
			t.Errorf("%s stands twice", name)
		}
		seen[name] = true
		if !r.callers.open && !r.callers.Everyone && !r.callers.Vendors && len(r.callers.Roles) == 0 {
			t.Errorf("%s can be called by nobody", name)
		}
		if r.method != "GET" && r.method != "POST" {
			t.Errorf("%s: method", name)
		}
	}
	var nobody callers
	for _, p := range act.Staff().Roles {
		if nobody.Allow(person(p)) {
			t.Errorf("the zero value lets %s in", p)
		}
	}
}

func TestTheTableRefusesRolesAndTheLedgerKnows(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	_, from := w.kinds(0)
	for _, tc := range []struct{ login, method, path string }{
		{"kacho", "POST", "/v1/apply"},
		{"tachiai", "POST", "/v1/people/kacho/enroll-code"},
		{"tachiai", "POST", "/v1/requests/R8-0001/approve"},
		{"kanri", "GET", "/v1/recordings"},
		{"kanri", "GET", "/v1/sessions"},
		{"kanri", "POST", "/v1/requests/R8-0001/approve"},
		{"tachiai", "GET", "/v1/ledger"},
		{"kanri", "GET", "/v1/ledger/export?purpose=periodic-review"},
		{"kacho", "GET", "/v1/ledger/export?purpose=periodic-review"},
		{"kanri", "GET", "/v1/freezes/I-001/bundle?purpose=incident"},
		{"kacho", "GET", "/v1/freezes/I-001/bundle?purpose=incident"},
	} {
		a := w.call(tc.method, tc.path, tokens[tc.login], nil)
		if a.status != http.StatusForbidden || a.fault.Exit != api.ExitRefused || a.fault.Number < 301 || a.fault.JA == "" || a.fault.HintEN == "" {
			t.Errorf("%s %s %s: %d %+v", tc.login, tc.method, tc.path, a.status, a.fault)
			continue
		}
		kinds, next := w.kinds(from)
		if !slices.Equal(kinds, []string{"access.refused"}) {
			t.Errorf("%s %s %s left %v", tc.login, tc.method, tc.path, kinds)
		}
		from = next
	}
}

func TestPlaybackAndExportNeedAPurpose(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	_, from := w.kinds(0)
	a := w.call("GET", "/v1/ledger/export", tokens["tenken"], nil)
	if a.status != http.StatusForbidden || a.fault.Code != "view-purpose-required" || a.fault.Number != 308 {
		t.Fatalf("without a purpose: %d %s", a.status, a.body)
	}
	a = w.call("GET", "/v1/ledger/export?purpose=periodic-review&explanation=monthly", tokens["tenken"], nil)
	if a.fault != nil {
		t.Fatalf("with one: %s", a.body)
	}
	lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
	if !strings.Contains(string(a.body), "ledger.exported") || len(lines) < 3 {
		t.Errorf("the export does not contain its own entry: %d lines", len(lines))
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused", "ledger.exported"}) {
		t.Errorf("ledgered %v", kinds)
	}
	for _, path := range []string{"/v1/recordings/S-20260101-01/play", "/v1/recordings/S-20260101-01/file", "/v1/recordings/S-20260101-01/export?format=raw", "/v1/sessions/S-20260101-01/watch"} {
		if a := w.call("GET", path, tokens["tenken"], nil); a.status != http.StatusNotFound {
			t.Errorf("GET %s: %d %s", path, a.status, a.body)
		}
	}
}

func TestBodiesAreStrict(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for name, tc := range map[string]struct {
		body   string
		status int
	}{
		"unknown field":  {`{"reason":"x","resaon":"y"}`, http.StatusBadRequest},
		"something more": {`{"reason":"x"} {}`, http.StatusBadRequest},
		"no JSON":        {`reason=x`, http.StatusBadRequest},
		"nothing":        {``, http.StatusBadRequest},
		"too large":      {`{"reason":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		if a := w.call("POST", "/v1/people/U-003/lock", tokens["joho1"], tc.body); a.status != tc.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if v := ok[api.Person](w, "GET", "/v1/people/U-003", tokens["joho1"], nil); v.Locked != nil {
		t.Error("a refused body locked somebody")
	}
}

func TestFreshAuthenticationIsAskedFor(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	ok[api.Freeze](w, "POST", "/v1/freezes", tokens["kanri"], api.FreezeBody{Scope: "all", Reason: "drill"})
	lift := func(f api.Fresh) answer {
		return w.call("POST", "/v1/freezes/I-001/lift", tokens["joho1"], api.LiftBody{Reason: "over", Fresh: f})
	}
	if a := lift(api.Fresh{}); a.fault == nil || a.fault.Code != "fresh-authentication-required" || a.fault.Exit != api.ExitRefused {
		t.Fatalf("a token alone lifts: %s", a.body)
	}
	if a := lift(api.Fresh{Password: "wrong", Code: w.code("joho1")}); a.fault == nil || a.fault.Code != "auth-failed" {
		t.Fatalf("a wrong password lifts: %s", a.body)
	}
	used := w.fresh("joho1")
	if a := lift(used); a.fault != nil {
		t.Fatalf("refused: %s", a.body)
	}
	if a := lift(used); a.fault == nil || a.fault.Code != "auth-failed" {
		t.Errorf("a code counts twice: %s", a.body)
	}
	v := ok[api.List[api.Freeze]](w, "GET", "/v1/freezes", tokens["kacho"], nil).Items
	if len(v) != 1 || v[0].State != "lift-one" {
		t.Errorf("after one agreement: %+v", v)
	}
}

func TestATokenExpiresIsRevokedAndDiesWithALock(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	ok[api.Person](w, "GET", "/v1/whoami", tokens["kacho"], nil)
	ok[map[string]bool](w, "POST", "/v1/logout", tokens["kacho"], nil)
	if a := w.call("GET", "/v1/whoami", tokens["kacho"], nil); a.status != http.StatusUnauthorized {
		t.Errorf("after logout: %d", a.status)
	}
	ok[api.Person](w, "POST", "/v1/people/tachiai/lock", tokens["joho1"], api.LockBody{Reason: "lost telephone"})
	if a := w.call("GET", "/v1/whoami", tokens["tachiai"], nil); a.fault == nil {
		t.Error("a locked person's token works")
	}
	w.set.Step(8 * time.Hour)
	if a := w.call("GET", "/v1/whoami", tokens["tenken"], nil); a.status != http.StatusUnauthorized {
		t.Errorf("after eight hours: %d", a.status)
	}
	again := ok[api.TokenReply](w, "POST", "/v1/login", "", api.LoginBody{Login: "tenken", Fresh: w.fresh("tenken")})
	ok[api.Person](w, "GET", "/v1/whoami", again.Token, nil)
}

func TestOnlyTheFirstApplyNeedsNoToken(t *testing.T) {
	w := newWorld(t)
	plan := ok[registry.Plan](w, "POST", "/v1/apply", "", api.ApplyBody{Name: "town.yaml", Text: town, DryRun: true})
	if !plan.DryRun || !plan.Differs() || plan.Code != "" {
		t.Errorf("dry run: %+v", plan)
	}
	if v := ok[api.Status](w, "GET", "/v1/status", "", nil); !v.EmptyRegistry {
		t.Fatal("a dry run applied")
	}
	bad := strings.Replace(town, "roles: [auditor]", "roles: [auditer]", 1)
	a := w.call("POST", "/v1/apply", "", api.ApplyBody{Name: "town.yaml", Text: bad})
	if a.status != http.StatusUnprocessableEntity || len(a.fault.Details) == 0 || a.fault.Details[0].File != "town.yaml" || a.fault.Details[0].Line != 10 || a.fault.Details[0].Column == 0 {
		t.Errorf("a bad file: %d %s", a.status, a.body)
	}
	w.found()
	if a := w.call("POST", "/v1/apply", "", api.ApplyBody{Name: "town.yaml", Text: town}); a.status != http.StatusUnauthorized {
		t.Errorf("a second apply without a token: %d", a.status)
	}
}

// The JSON decoder replaces bytes that are not UTF-8 by U+FFFD. A body with such bytes is refused whole, before its content is examined.
func TestABodyThatIsNoUTF8IsRefused(t *testing.T) {
	w := newWorld(t)
	body, err := json.Marshal(api.ApplyBody{Name: "town.yaml", Text: town})
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(body), "総務課", "\x91\x8d\x96\xb1", 1)
	if bad == string(body) {
		t.Fatal("nothing replaced")
	}
	if a := w.call("POST", "/v1/apply", "", bad); a.status != http.StatusBadRequest || !strings.Contains(a.fault.EN, "not UTF-8") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if v := ok[api.Status](w, "GET", "/v1/status", "", nil); !v.EmptyRegistry {
		t.Error("it was applied")
	}
}

// Two foundings may be admitted while the registry is empty. The second then finds an administrator of the
// name it gave, and has proved nothing.
func TestAFoundingThatComesSecondIsNobodys(t *testing.T) {
	w := newWorld(t)
	w.found()
	doc, err := registry.Parse("town.yaml", []byte(strings.Replace(town, "name: 総務課", "name: 総務部", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, named := range []string{"", "kanri", "U-004"} {
		by, err := founder(doc, named)
		if err != nil {
			t.Fatal(err)
		}
		var denied *policy.Denied
		if _, err := w.server.o.Registry.Apply(t.Context(), doc, by, false); !errors.As(err, &denied) || denied.Reason != policy.Forbidden {
			t.Errorf("as %q: %v", named, err)
		}
	}
}

func TestListenLeavesALivingSocketAlone(t *testing.T) {
	w := newWorld(t)
	if l, err := Listen(w.socket, 0o600, ""); err == nil {
		l.Close()
		t.Fatal("a second server took the socket")
	}
	ok[api.Status](w, "GET", "/v1/status", "", nil)
	info, err := os.Stat(w.socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	file := w.socket + ".txt"
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(file, 0o600, ""); err == nil {
		l.Close()
		t.Error("a file was taken for a socket")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the file: %q, %v", b, err)
	}
	left := w.socket + ".left"
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(left, 0o600, "")
	if err != nil {
		t.Fatalf("what a crash left: %v", err)
	}
	l.Close()
}

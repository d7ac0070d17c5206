package pages

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// cookie gives the browser's cookie of the sign-in.
func (b *browser) cookie() string {
	b.w.t.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == signedCookie || c.Name == signedCookie+portalSuffix {
			return c.Value
		}
	}
	return ""
}

// The cookie of before a sign-in is worth nothing after it.
func TestAttackFixTheSessionBeforeSignIn(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	old := b.cookie()
	if a := b.post("/signin", url.Values{"login": {"ito"}, "password": {password}, "code": {w.code("ito")}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d", a.status)
	}
	if b.cookie() == old || b.cookie() == "" {
		t.Error("the cookie stayed")
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", b.base+"/today", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: signedCookie, Value: old})
	if a := w.browser().do(r); a.status != http.StatusUnauthorized {
		t.Errorf("the old cookie opens: %d", a.status)
	}
}

// A sign-in ends thirty minutes after the last use. A page that refreshes itself is no use, a press on 続ける is.
func TestAnIdleSignInEnds(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	w.Pass(idleLimit - time.Minute)
	if a := b.post("/awake", nil); a.status != http.StatusNoContent {
		t.Fatalf("staying signed in: %d", a.status)
	}
	for range 3 {
		w.Pass(idleLimit / 3)
		r, err := http.NewRequestWithContext(t.Context(), "GET", b.base+"/today", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("HX-Request", "true")
		if a := b.do(r); a.status != http.StatusOK {
			t.Fatalf("within the limit: %d", a.status)
		}
	}
	w.Pass(time.Millisecond)
	if a := b.get("/today"); a.status != http.StatusUnauthorized {
		t.Errorf("after the limit: %d", a.status)
	}
	if kinds := w.Kinds(t, "ito"); kinds[len(kinds)-1] != "signout" {
		t.Errorf("the ledger tells %v", kinds)
	}
}

// The attendant of a window is not signed out by the clock.
func TestNoIdleLimitWhileAttending(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	w.Pass(idleLimit + time.Minute)
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("%d", a.status)
	}
}

// A form that is posted after the sign-in ended comes back after the new sign-in, without password and code.
func TestInputIsKeptOverASignIn(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	b := w.as("ito")
	w.Pass(idleLimit + time.Minute)
	a := b.post("/windows/R8-0001-1/close", url.Values{"reason": {"<b>予定が変わった</b>"}, "password": {"secret-1"}, "code": {"123456"}})
	if a.status != http.StatusUnauthorized {
		t.Fatalf("%d", a.status)
	}
	a.has(t, "入力は残っています", `name="kept"`, `value="/windows/R8-0001-1/close"`)
	if strings.Contains(a.body, "secret-1") || strings.Contains(a.body, "123456") {
		t.Error("a secret is on the page")
	}
	_, rest, _ := strings.Cut(a.body, `name="kept" value="`)
	kept, _, _ := strings.Cut(rest, `"`)
	kept = strings.ReplaceAll(kept, "&amp;", "&")
	a = b.post("/signin", url.Values{"login": {"ito"}, "password": {password}, "code": {w.code("ito")}, "kept": {kept}, "then": {"/windows/R8-0001-1/close"}})
	if a.status != http.StatusOK {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	a.has(t, "&lt;b&gt;予定が変わった&lt;/b&gt;", `action="/windows/R8-0001-1/close"`, "立会者")
}

// No form leads to another site after a sign-in.
func TestAttackOpenRedirectAfterSignIn(t *testing.T) {
	w := found(t)
	w.enrol("ito")
	for _, then := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "/a\r\nX: y", ""} {
		a := w.browser().post("/signin", url.Values{"login": {"ito"}, "password": {password}, "code": {w.code("ito")}, "then": {then}})
		if got := a.header.Get("Location"); got != "/today" {
			t.Errorf("then=%q leads to %q (%d)", then, got, a.status)
		}
	}
}

// Addresses in headers count only from a proxy that is configured, and of those only the one that the proxy wrote.
func TestAttackForwardedAddressOfAStranger(t *testing.T) {
	for _, one := range []struct {
		proxies []netip.Prefix
		want    string
		secure  bool
	}{
		{nil, "192.0.2.9", false},
		{[]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, "192.0.2.9", false},
		{[]netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}, "203.0.113.7", true},
	} {
		p := &Pages{o: Options{Proxies: one.proxies}}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.9:4711"
		r.Header.Set("X-Forwarded-For", "10.0.0.1, 203.0.113.7")
		r.Header.Set("X-Forwarded-Proto", "https")
		v := &visit{p: p, r: r}
		if got := v.source(); got != one.want || p.secure(r) != one.secure {
			t.Errorf("proxies %v: %s, secure %v", one.proxies, got, p.secure(r))
		}
	}
}

// One caller cannot take the server for itself, and others go on.
func TestAttackFloodOfRequests(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	refused := 0
	for range burst + 20 {
		if a := b.get("/today"); a.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no request was refused")
	}
	if a := w.as("head").get("/today"); a.status != http.StatusOK {
		t.Errorf("another person: %d", a.status)
	}
	w.Pass(time.Second)
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("a second later: %d", a.status)
	}
}

// The limiter's memory has an end, whoever comes.
func TestAttackManyAddresses(t *testing.T) {
	now := time.Unix(0, 0)
	l := &limiter{clock: func() time.Time { return now }, buckets: map[string]bucket{}}
	for i := range 3 * mostCallers {
		l.allow(fmt.Sprint(i))
	}
	if len(l.buckets) > mostCallers {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

// Two languages at once: no page has a word of the other language.
func TestTwoLanguagesAtOnce(t *testing.T) {
	w := found(t, func(o *Options) { o.Clock = testbed.NewClock().Now })
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	r := httptest.NewRequest("GET", "/today", nil)
	var all sync.WaitGroup
	for _, lang := range languages {
		for range 4 {
			all.Go(func() {
				other, own := "Sign out", "サインアウト"
				if lang == "en" {
					other, own = own, other
				}
				for range 200 {
					v := &visit{p: w.pages, r: r, lang: lang, site: staff, person: policy.Person{ID: "ito", Kind: policy.Staff, Name: "I"}, row: todayRoutes()[1]}
					b, err := w.pages.sheets.render(lang, &TodayPage{Frame: v.frame()})
					if err != nil {
						t.Error(err)
						return
					}
					if page := string(b); strings.Contains(page, other) || !strings.Contains(page, own) || !strings.Contains(page, `<html lang="`+lang+`">`) {
						t.Errorf("a page in %s has words of the other language", lang)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

// brokenPage fails after its first half was made.
type brokenPage struct{ Frame }

func (brokenPage) Fails() (string, error) { return "", fmt.Errorf("the second half") }

// An error in the middle of a page leaves no half of it: there is the page about the failure, with a reference, and the whole status.
func TestNoHalfPage(t *testing.T) {
	w := found(t)
	broken := template.Must(template.New("layout").Parse(`<p>the first half</p>{{.Fails}}`))
	w.pages.sheets["ja"][reflect.TypeFor[*brokenPage]()] = broken
	record := httptest.NewRecorder()
	one := get("/broken", staff, text2("壊れた画面", "Broken"), open(), l0, func(_ *Pages, v *visit) error { return v.show(&brokenPage{Frame: v.frame()}) })
	w.pages.serve(record, httptest.NewRequest("GET", "/broken", nil), staff, one)
	if record.Code != http.StatusInternalServerError || strings.Contains(record.Body.String(), "first half") || !strings.Contains(record.Body.String(), "参照番号") {
		t.Errorf("%d\n%s", record.Code, record.Body)
	}
}

// Every answer, also a refusal, carries the headers.
func TestHeadersOfEveryAnswer(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	for _, path := range []string{"/today", "/nowhere", "/signin", "/windows/none", "/static/0/none"} {
		h := b.get(path).header
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
	}
	for _, part := range []string{"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(contentPolicy, part) || strings.Contains(contentPolicy, "unsafe") {
			t.Errorf("the policy lacks %s", part)
		}
	}
}

// The templates have no inline script or style, which the policy would refuse.
func TestNoInlineScriptOrStyle(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	for _, path := range []string{"/today", "/windows", "/signin"} {
		page := b.get(path).body
		for _, bad := range []string{" style=", "<style", " onclick=", "javascript:"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s has %s", path, bad)
			}
		}
	}
}

package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/registry"
)

// A one-time link signs in once, by a press, and only on the site of its person.
func TestAttackUseAOneTimeLinkTwice(t *testing.T) {
	w := found(t)
	w.enrol("ito")
	in, err := w.Registry.Login(t.Context(), registry.LoginInput{Person: "ito", Password: password, Code: w.code("ito"), Source: "test", Via: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	link, err := w.pages.Once(in.Token, false)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	for range 2 { // looking ahead does not use it up
		b.get(link).has(t, "一度だけ", `action="`+link+`"`)
	}
	if a := b.get("/today"); a.status != http.StatusUnauthorized {
		t.Fatalf("the link signed in without a press: %d", a.status)
	}
	if a := b.post(link, url.Values{}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/today" {
		t.Fatalf("%d", a.status)
	}
	b.get("/today").has(t, "立会者")
	other := w.browser()
	for _, a := range []answer{other.get(link), other.post(link, url.Values{}), other.get("/once/" + strings.Repeat("a", 32))} {
		if a.status != http.StatusNotFound {
			t.Errorf("a used link: %d", a.status)
		}
	}
	for range mostLinks {
		if _, err = w.pages.Once("x", true); err != nil {
			break
		}
	}
	if _, err = w.pages.Once("x", true); err == nil {
		t.Error("links without end")
	}
}

// The sites do not share a cookie, although browsers do not tell the ports of a host apart.
func TestTheSitesHaveCookiesOfTheirOwn(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	v := w.as("sato")
	staffs, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	portals, err := url.Parse(v.base)
	if err != nil {
		t.Fatal(err)
	}
	v.http.Jar.SetCookies(staffs, b.http.Jar.Cookies(staffs)) // one browser with both
	var names []string
	for _, c := range v.http.Jar.Cookies(portals) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); !strings.Contains(got, signedCookie) || !strings.Contains(got, signedCookie+portalSuffix) {
		t.Errorf("cookies: %s", got)
	}
	if a := v.get("/v/notice"); !strings.Contains(a.body, "保守要員A") {
		t.Error("the portal lost its sign-in")
	}
}

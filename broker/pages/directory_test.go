package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/directory"
	"sekimori/broker/internal/testbed/directories"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/policy"
)

const atCity = "password of the directory"

// directed gives the world's registry a directory, and moves the people to it.
func directed(t *testing.T, w *world, change func(*registry.Options), people ...string) {
	t.Helper()
	o := w.Options()
	change(&o)
	w.Registry = registry.New(o)
	w.o.Registry = w.Registry
	w.o.Acts = act.New(act.Options{DB: w.DB, Prove: w.Registry.Fresh})
	var err error
	if w.pages, err = New(w.o); err != nil {
		t.Fatal(err)
	}
	w.staff.Config.Handler, w.portal.Config.Handler = w.pages.Staff(), w.pages.Portal()
	w.enrol("admin")
	w.enrol("deputy")
	file := "staff:\n"
	for _, one := range people {
		file += map[string]string{
			"head": "  - {login: head, name: 課長, section: personnel, roles: [approver], sign_in: directory}\n",
			"ito":  "  - {login: ito, name: 立会者, section: personnel, roles: [attendant], sign_in: directory}\n",
		}[one]
	}
	plan := w.Apply(t, file, "admin")
	if _, err := w.Registry.Confirm(t.Context(), plan.Pending, townhall.By("deputy")); err != nil {
		t.Fatal(err)
	}
}

// enrolled enrols a person of the directory on the page, and gives their browser and second factor.
func (w *world) enrolled(t *testing.T, person, password string) (*browser, string) {
	t.Helper()
	code := w.issued(person)
	b := w.browser()
	a := b.post("/enrol", url.Values{"enrolment": {code}})
	secret := secretOn(t, a)
	if password != "" {
		a.has(t, "庁内の")
	}
	b.post("/enrol/finish", url.Values{"enrolment": {code}, "password": {password}, "code": {w.codeBy(secret, 0)}}).has(t, "登録が終わりました")
	w.secret[person] = secret
	return b, secret
}

func TestTheDirectoryIsDownOnPages(t *testing.T) {
	s := directories.StartSlapd(t, map[string]string{"ito": atCity})
	w := found(t)
	directed(t, w, func(o *registry.Options) {
		l, err := directory.NewLDAP(directory.LDAPOptions{URL: s.URL, UserDN: "uid={name}," + directories.Base, Clock: w.Now})
		if err != nil {
			t.Fatal(err)
		}
		o.LDAP = l
	}, "ito")
	w.browser().get("/signin").has(t, "認証基盤")
	b, _ := w.enrolled(t, "ito", atCity)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	if a := w.browser().post("/signin", url.Values{"login": {"ito"}, "password": {atCity}, "code": {w.code("ito")}}); a.status != http.StatusSeeOther {
		t.Fatalf("with the directory: %d\n%s", a.status, a.body)
	}
	s.Stop()
	a := w.browser().post("/signin", url.Values{"login": {"ito"}, "password": {atCity}, "code": {w.code("ito")}})
	if a.status != http.StatusForbidden {
		t.Errorf("a person of the directory, while it is down: %d", a.status)
	}
	a.has(t, "機関の認証基盤につながりません")
	w.browser().get("/signin?lang=en").has(t, "directory cannot be reached")
	// Local people still get in.
	if a := w.browser().post("/signin", url.Values{"login": {"admin"}, "password": {password}, "code": {w.code("admin")}}); a.status != http.StatusSeeOther {
		t.Errorf("a local person is kept out: %d\n%s", a.status, a.body)
	}
	// A person who is signed in can still stop work: no proof is asked for.
	b.get("/windows/R8-0001-1").has(t, "時間枠を閉じる")
	if a := b.post("/windows/R8-0001-1/close", url.Values{"reason": {"中止"}}); a.status != http.StatusSeeOther {
		t.Errorf("the attendant cannot stop the work: %d\n%s", a.status, a.body)
	}
	if kinds := strings.Join(w.Kinds(t, "R8-0001-1"), " "); !strings.Contains(kinds, "window.closed") {
		t.Errorf("entries %s", kinds)
	}
}

func TestSignInThroughAProvider(t *testing.T) {
	for name, trusted := range map[string][]string{"our second factor": nil, "the provider's, trusted": {"pwd"}} {
		t.Run(name, func(t *testing.T) {
			w := found(t)
			p := directories.StartProvider(t, w.staff.URL+"/signin/provider/back", map[string]string{"head": atCity})
			directed(t, w, func(o *registry.Options) {
				d, err := directory.NewOIDC(directory.OIDCOptions{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSeed, FactorValues: trusted, Clock: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				o.OIDC = d
			}, "head")
			w.enrolled(t, "head", "")
			b := w.browser()
			b.get("/signin?then=/windows").has(t, "機関の認証基盤でサインイン", "/signin/provider?then=%2Fwindows")
			through := func(query string) answer {
				t.Helper()
				a := b.get("/signin/provider" + query)
				if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), p.Issuer) {
					t.Fatalf("to the provider: %d %s\n%s", a.status, a.header.Get("Location"), a.body)
				}
				back := p.SignIn(t, a.header.Get("Location"), "head", atCity)
				return b.get(back.RequestURI())
			}
			a := through("?then=/windows")
			if trusted == nil {
				a.has(t, "head さんを確かめました", `name="code"`)
				if a := b.get("/windows"); a.status != http.StatusUnauthorized {
					t.Errorf("signed in without a second factor: %d", a.status)
				}
				if a := b.post("/signin", url.Values{"login": {"head"}, "code": {"000000"}, "then": {"/windows"}}); a.status != http.StatusForbidden {
					t.Errorf("with a wrong code: %d", a.status)
				}
				a = b.post("/signin", url.Values{"login": {"head"}, "code": {w.code("head")}, "then": {"/windows"}})
			}
			if a.status != http.StatusSeeOther || a.header.Get("Location") != "/windows" {
				t.Fatalf("%d %s\n%s", a.status, a.header.Get("Location"), a.body)
			}
			if a := b.get("/windows"); a.status != http.StatusOK {
				t.Errorf("not signed in: %d", a.status)
			}
			if trusted == nil { // a provider that remembers the browser answers a sign-in without asking anybody: that is no fresh proof
				through("?then=/windows").has(t, "head さんを確かめました")
				b.get("/me/signin/code").lacks(t, "確かめました(5分以内)")
				if a := b.post("/me/signin/code", url.Values{"code": {w.code("head")}}); a.status == http.StatusOK {
					t.Error("a sign-in at the provider proves")
				}
				at, err := url.Parse(b.base)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range b.http.Jar.Cookies(at) {
					if strings.Contains(c.Name, "voucher") {
						if a := b.post("/me/signin/code", url.Values{"password": {c.Value}, "code": {w.code("head")}}); a.status == http.StatusOK {
							t.Errorf("%s of a sign-in proves", c.Name)
						}
					}
				}
			}
			// A fresh proof: the provider asks again, and stands in for the password.
			b.get("/me/signin/code").has(t, "機関の認証基盤でもう一度", "prove=1")
			if a := b.post("/me/signin/code", url.Values{"code": {w.code("head")}}); a.status == http.StatusOK {
				t.Error("proved without the provider")
			}
			a = through("?prove=1&then=/me/signin/code")
			if a.status != http.StatusSeeOther || a.header.Get("Location") != "/me/signin/code" {
				t.Fatalf("back from the proof: %d %s\n%s", a.status, a.header.Get("Location"), a.body)
			}
			b.get("/me/signin/code").has(t, "確かめました(5分以内)")
			b.post("/me/signin/code", url.Values{"code": {w.code("head")}}).has(t, "<svg class=\"qr\"")
			b.get("/me/signin/code").has(t, "機関の認証基盤でもう一度") // it counted once
			// Another person's answer of the provider does not come back into this browser.
			other := w.browser()
			address := other.get("/signin/provider").header.Get("Location")
			back := p.SignIn(t, address, "head", atCity)
			if a := w.browser().get(back.RequestURI()); a.status != http.StatusForbidden {
				t.Errorf("a forged return: %d", a.status)
			}
			if a := b.get("/signin/provider?then=https://evil.test/"); strings.Contains(a.header.Get("Location"), "evil") {
				t.Error("leads to another site")
			}
		})
	}
}

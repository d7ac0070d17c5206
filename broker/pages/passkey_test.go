package pages

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sekimori/broker/act"
	"sekimori/broker/registry"
)

// withPasskeys opens the world's pages anew, at http://localhost: browsers allow passkeys there without a certificate.
func withPasskeys(t *testing.T, w *world, use registry.PasskeyUse) {
	t.Helper()
	o := w.Options()
	o.Passkeys = registry.PasskeyOptions{Use: use, Domain: "localhost"}
	w.Registry = registry.New(o)
	w.o.Registry, w.o.Acts = w.Registry, act.New(act.Options{DB: w.DB, Prove: w.Registry.Fresh})
	var err error
	if w.pages, err = New(w.o); err != nil {
		t.Fatal(err)
	}
	w.staff.Config.Handler, w.portal.Config.Handler = w.pages.Staff(), w.pages.Portal()
	w.staff.URL = strings.Replace(w.staff.URL, "127.0.0.1", "localhost", 1)
	w.portal.URL = strings.Replace(w.portal.URL, "127.0.0.1", "localhost", 1)
}

// authenticator gives the tab's browser a passkey holder that answers at once.
func (b *tab) authenticator() webauthn.AuthenticatorID {
	b.t.Helper()
	command(b, webauthn.Enable, webauthn.EnableParams{})
	var id webauthn.AuthenticatorID
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		made, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		if err == nil {
			id = made.AuthenticatorID
		}
		return err
	}))
	return id
}

// typeInto goes to an input by Tab and types.
func (b *tab) typeInto(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	b.press(text)
}

// A passkey, from its making to the sign-in with nothing else, by keyboard alone in a real browser.
func TestPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	w := found(t)
	withPasskeys(t, w, registry.PasskeysOnly)
	b := w.tab("kato", drawn{lang: "ja", width: 1280})
	holder := b.authenticator()
	b.open("/me/signin")
	b.accessible("/me/signin")
	b.tabTo(`a[href="/me/signin/passkey"]`)
	b.submit()
	b.typeInto("#password", password)
	b.typeInto("#code", w.code("kato"))
	b.tabTo(`form[action="/me/signin/passkey"] button[type="submit"]`)
	b.submit()
	b.until(`!document.querySelector("[data-make]").hidden`)
	b.accessible("making a passkey")
	b.typeInto("#label", "laptop")
	b.tabTo("[data-make] button")
	b.press(kb.Enter)
	b.until(`location.pathname === "/me/signin" && document.readyState === "complete"`)
	if text := b.text(); !strings.Contains(text, "パスキーを登録しました") || !strings.Contains(text, "laptopを取り消す") {
		t.Fatalf("after making it:\n%s", text)
	}
	b.tabTo(`form[action="/signout"] button`)
	b.submit()

	// The passkey alone signs in.
	b.until(`!!document.querySelector("[data-passkey]") && !document.querySelector("[data-passkey]").hidden`)
	b.accessible("/signin")
	b.tabTo("[data-passkey] button")
	b.press(kb.Enter)
	b.until(`location.pathname === "/today"`)

	// It is a fresh proof too, in the place of password and code.
	b.open("/me/signin/code")
	b.until(`!document.querySelector("[data-passkey]").hidden`)
	b.tabTo("[data-passkey] button")
	b.press(kb.Enter)
	b.until(`!!document.querySelector("svg.qr")`)
	b.accessible("a new authenticator")

	// Where the authenticator does not check its user, the passkey is one factor: with the password it signs in, alone it does not.
	unchecked := true
	command(b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: holder, IsBadUV: &unchecked})
	b.tabTo(`form[action="/signout"] button`)
	b.submit()
	b.until(`!!document.querySelector("[data-passkey]") && !document.querySelector("[data-passkey]").hidden`)
	b.tabTo("[data-passkey] button")
	b.press(kb.Enter)
	b.until(`!!document.getElementById("errors")`)
	b.until(`!document.querySelector("[data-passkey]").hidden`)
	b.typeInto("#login", "kato")
	b.typeInto("#password", password)
	b.tabTo("[data-passkey] button")
	b.press(kb.Enter)
	b.until(`location.pathname === "/today"`)
	b.wellBehaved("passkeys")
}

// A person who has never seen it enrols by keyboard alone, in both languages and on a narrow screen.
func TestEnrolmentInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	w := found(t)
	w.enrol("admin")
	people := map[string]drawn{"head": {lang: "ja", width: 1280}, "ito": {lang: "en", width: 320, forced: true}, "mori": {lang: "ja", width: 320, dark: true}}
	for _, person := range some("head", "ito", "mori") {
		l := people[person]
		b := w.tab("", l)
		w.enrolsIn(b, person, l)
		b.tabTo(`a[href="/today"]`)
		b.submit()
		b.until(`location.pathname === "/today"`)
		b.open("/recover")
		b.accessible("/recover " + l.String())
		for _, path := range []string{"/me/signin/password", "/me/signin/code", "/me/signin/passkey"} {
			b.open(path)
			b.accessible(path + " " + l.String())
		}
		b.wellBehaved("enrolment")
	}
}

// enrolsIn enrols the person by keys, with the code that the administrator gave and what their authenticator reads on the page.
func (w *world) enrolsIn(b *tab, person string, l drawn) {
	w.t.Helper()
	code := w.issued(person)
	b.open("/enrol")
	b.accessible("/enrol " + l.String())
	b.typeInto("#enrolment", code)
	b.tabTo(`form[action="/enrol"] button`)
	b.submit()
	b.accessible("second step " + l.String())
	if wide := eval[float64](b, `document.documentElement.scrollWidth`); wide > float64(l.width) {
		w.t.Errorf("%s: the page is %v px wide", l, wide)
	}
	if !eval[bool](b, `!!document.querySelector("svg.qr")`) {
		w.t.Errorf("%s: no QR code", l)
	}
	w.secret[person] = strings.ReplaceAll(eval[string](b, `document.querySelector("code").textContent`), " ", "")
	b.typeInto("#code", w.code(person))
	b.typeInto("#password", password)
	b.typeInto("#again", password)
	b.tabTo(`form[action="/enrol/finish"] button`)
	b.submit()
	b.accessible("enrolled " + l.String())
}

// Where the address has no certificate that browsers trust, the page says where passkeys work.
func TestPagesSayWherePasskeysWork(t *testing.T) {
	w := found(t)
	withPasskeys(t, w, registry.PasskeysSecond)
	w.staff.URL = strings.Replace(w.staff.URL, "localhost", "127.0.0.1", 1)
	w.browser().get("/signin").has(t, "https://localhost", "ブラウザが信頼する証明書")
	b := w.as("kato")
	b.get("/me/signin").has(t, "ここでは登録できません")
	b.post("/me/signin/passkey", url.Values{"password": {password}, "code": {w.code("kato")}}).has(t, "信頼された証明書のある https://localhost")
	if a := w.browser().post("/signin/passkey", url.Values{}); a.status != 422 {
		t.Errorf("a challenge where passkeys do not work: %d", a.status)
	}
}

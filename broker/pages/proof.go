package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/registry"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Passkey tells the script where the challenge of a passkey comes from.
type Passkey struct {
	Ask   string // address of the challenge
	Alone bool   // a passkey needs no password beside it
}

// origin is this page's, as its browser says it.
func (v *visit) origin() string {
	scheme := "http"
	if v.p.secure(v.r) {
		scheme = "https"
	}
	return scheme + "://" + v.r.Host
}

// under is a path on the visit's site.
func (v *visit) under(path string) string {
	if v.site == portal {
		return "/v" + path
	}
	return path
}

// passkey is nil where passkeys do not work. The first set-up page has no registry yet.
func (v *visit) passkey() *Passkey {
	if v.p.o.Registry == nil || !v.p.o.Registry.PasskeysAt(v.origin()) {
		return nil
	}
	return &Passkey{Ask: v.under("/signin/passkey"), Alone: v.p.o.Registry.PasskeyUse() == registry.PasskeysOnly}
}

// proof is what the form proves: password and code. A passkey stands in the place of the code, and alone in both. Where the provider has
// just asked the person again, its word stands in the place of the password.
func (v *visit) proof() (password, code string) {
	password, code = v.r.PostFormValue("password"), strings.TrimSpace(v.r.PostFormValue("code"))
	if shown := v.r.PostFormValue("passkey"); shown != "" {
		code = shown
	}
	if password == "" {
		password = v.voucher()
	}
	if password == "" && strings.HasPrefix(code, "{") {
		password = code
	}
	return password, code
}

// fresh proves again that the signed-in person is there, for pages whose deed is no act.
func (v *visit) fresh() error {
	password, code := v.proof()
	if password == "" || code == "" {
		return fault.ProofNeeded()
	}
	if err := v.p.o.Registry.Fresh(v.r.Context(), v.person.ID, password, code, v.source()); err != nil {
		return err
	}
	v.dropVoucher()
	return nil
}

// proofs tells the part "proof" how this person proves.
func (v *visit) proofs(f *Frame) {
	if v.site == portal || !v.p.o.Registry.Ways().Provider {
		return
	}
	if way, err := v.p.o.Registry.DirectoryOf(v.r.Context(), v.person.ID); err == nil && way == registry.AtOIDC {
		f.Vouched = v.voucher() != ""
		f.Provider = "/signin/provider?prove=1&then=" + url.QueryEscape(f.Here)
	}
}

// The voucher of the provider's word waits in a cookie: the person comes back from the provider with nothing else of this site. The word that
// a person signs in with proves nothing later, so it has a cookie of its own.
const (
	voucherCookie = "sekimori-voucher"
	signinVoucher = "sekimori-voucher-signin"
)

func (v *visit) voucherName() string {
	if v.row.path == v.signinAddress() {
		return signinVoucher
	}
	return voucherCookie
}

func (v *visit) voucher() string {
	c, err := v.r.Cookie(v.cookieName(v.voucherName()))
	if err != nil {
		return ""
	}
	return c.Value
}

func (v *visit) dropVoucher() {
	if v.voucher() != "" {
		v.setCookie(http.Cookie{Name: v.voucherName(), MaxAge: -1})
	}
}

// askPasskey gives the challenge to the script.
func (p *Pages) askPasskey(v *visit) error {
	options, err := p.o.Registry.BeginAssertion(v.r.Context(), v.origin())
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, _ = v.w.Write(options) // fails only where the browser is gone
	return nil
}

// proofProblems are the mistakes of a proof, each at its input; ok is false for an error that is about anything else.
func proofProblems(err error) (problems []Problem, status int, ok bool) {
	f := fault.Of(err)
	var denied *policy.Denied
	if !errors.As(err, &denied) && f.Code != fault.ProofNeeded().Code {
		return nil, 0, false
	}
	all, _ := problemsOf(deed{}, f)
	return all, f.Status, true
}

// signinProblems are those of a sign-in. The sentence is the same for everyone, except where the person's clock is off or a directory is
// down.
func signinProblems(f *api.Fault) []Problem {
	all := []Problem{{Field: "login", Text: text2(f.JA, f.EN)}}
	if f.Code == string(policy.AuthFailed) {
		all[0].Text = text2("サインインできませんでした。利用者名・パスワード・認証コードのどれかが違います。", "You are not signed in: login, password or code is wrong.")
	}
	for _, d := range f.Details {
		at := "login"
		if d.Code == api.ClockOff {
			at, all = "code", nil
			d.JA, d.EN = d.JA+f.HintJA+"。", d.EN+"; "+f.HintEN
		}
		all = append(all, Problem{Field: at, Text: text2(d.JA, d.EN)})
	}
	return all
}

// invalidProblems are the mistakes of a form that the registry refused; ok is false for any other error.
func invalidProblems(err error, fields map[string]string) (problems []Problem, ok bool) {
	f := fault.Of(err)
	if f.Code != api.CodeInvalid {
		return nil, false
	}
	for _, d := range f.Details {
		at := d.Path
		if name, known := fields[d.Path]; known {
			at = name
		}
		problems = append(problems, Problem{Field: at, Text: text2(d.JA, d.EN)})
	}
	return problems, true
}

// waysIn tells the sign-in page how people may sign in.
func (v *visit) waysIn(page *SigninPage) {
	ways := v.p.o.Registry.Ways()
	if v.site == portal {
		ways = registry.Ways{} // vendors' people are no people of the institution's directory
	}
	page.Directory, page.Down = ways.Password, ways.Down
	if ways.Provider {
		page.Through = "/signin/provider?then=" + url.QueryEscape(page.Then)
	}
	if use := v.p.o.Registry.PasskeyUse(); page.Passkey == nil && (use == registry.PasskeysSecond || use == registry.PasskeysOnly) {
		page.PasskeysAtHost = v.p.o.Registry.PasskeyDomain()
	}
}

// Sentence under the provider's button.
var providerName = text2("機関の認証基盤でサインイン", "Sign in through the institution's directory")

// Providing is the words of the provider's button.
func (SigninPage) Providing() text.Text { return providerName }

// The browser keeps the conversation with the provider in a cookie until it comes back.
const talkCookie = "sekimori-provider"

// toProvider sends a person to the provider, to sign in or to prove again.
func (p *Pages) toProvider(v *visit) error {
	if !p.o.Registry.Ways().Provider {
		return fault.NotFound()
	}
	person := ""
	if v.r.URL.Query().Get("prove") != "" {
		if person = v.person.ID; person == "" {
			return fault.Unauthenticated()
		}
	}
	address, kept, err := p.o.Registry.BeginProvider(v.r.Context(), v.origin()+"/signin/provider/back", person, local(v.r.URL.Query().Get("then"), v.home()))
	if err != nil {
		return err
	}
	v.setCookie(http.Cookie{Name: talkCookie, Value: kept, MaxAge: 15 * 60})
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// fromProvider takes a person who comes back. A trusted second factor signs them in; otherwise the page asks for their own.
func (p *Pages) fromProvider(v *visit) error {
	c, err := v.r.Cookie(v.cookieName(talkCookie))
	kept := ""
	if err == nil {
		kept = c.Value
	}
	v.setCookie(http.Cookie{Name: talkCookie, MaxAge: -1})
	q := v.r.URL.Query()
	out, err := p.o.Registry.FinishProvider(v.r.Context(), kept, q.Get("state"), q.Get("code"), v.source(), v.person.ID)
	if errors.Is(err, registry.ErrNoProvider) {
		return fault.NotFound()
	}
	var denied *policy.Denied
	if errors.As(err, &denied) {
		page := v.signinPage()
		page.Errors = signinProblems(fault.Of(err))
		return v.showAs(http.StatusForbidden, page)
	}
	if err != nil {
		return err
	}
	then := local(out.Back, v.home())
	if !out.Proves && out.Second {
		in, err := p.o.Registry.Login(v.r.Context(), registry.LoginInput{Person: out.Person.ID, Password: out.Voucher, Code: out.Voucher, Source: v.source(), Label: "web", Via: door, Earlier: v.signedToken()})
		if errors.As(err, &denied) {
			page := v.signinPage()
			page.Errors = signinProblems(fault.Of(err))
			return v.showAs(http.StatusForbidden, page)
		}
		if err != nil {
			return err
		}
		if taken, err := v.take(in); err != nil || !taken {
			return err
		}
		return v.to(then)
	}
	if out.Proves {
		v.setCookie(http.Cookie{Name: voucherCookie, Value: out.Voucher, MaxAge: 5 * 60})
		return v.to(then)
	}
	v.setCookie(http.Cookie{Name: signinVoucher, Value: out.Voucher, MaxAge: 5 * 60})
	page := v.signinPage()
	page.Second, page.Login, page.Then, page.Other = true, out.Person.Login, then, ""
	return v.show(page)
}

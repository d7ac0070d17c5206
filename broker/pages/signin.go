package pages

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/policy"
	"sekimori/policy/text"
)

func signinRoutes() []row {
	title := text2("サインイン", "Sign in")
	return append(slices.Concat(enrolRoutes(), mySigninRoutes()),
		get("/signin", staff, title, open(), l0, (*Pages).signinForm),
		post("/signin", staff, title, open(), l0, (*Pages).signin),
		post("/signout", staff, text2("サインアウト", "Sign out"), everySignedIn(), l0, (*Pages).signout),
		post("/awake", staff, text2("続ける", "Stay signed in"), everySignedIn(), l0, (*Pages).awake),
		post("/v/awake", portal, text2("続ける", "Stay signed in"), everySignedIn(), l0, (*Pages).awake),
		get("/v/signin", portal, title, open(), l0, (*Pages).signinForm),
		post("/v/signin", portal, title, open(), l0, (*Pages).signin),
		post("/v/signout", portal, text2("サインアウト", "Sign out"), everySignedIn(), l0, (*Pages).signout),
	)
}

func signinPages() map[string]page {
	all := map[string]page{"signin": &SigninPage{}}
	maps.Copy(all, enrolPages())
	maps.Copy(all, mySigninPages())
	maps.Copy(all, setUpPages())
	return all
}

// SigninPage asks for login, password and code.
type SigninPage struct {
	Frame
	Action  string // address of the form
	Login   string
	Then    string // address to go to afterwards
	Kept    string // the form that was posted without a valid sign-in
	Expired bool   // a page was asked for without a valid sign-in
	// Second: the provider has vouched for Login, and only the person's own second factor is asked for.
	Second         bool
	Through        string // address of the sign-in at the provider; empty: there is none
	Directory      bool   // the password may be the directory's
	Down           bool   // a directory cannot be reached
	PasskeysAtHost string // passkeys are used, and only at this host; empty: here, or nowhere
	Enrolled       bool   // the person has just enrolled
}

// home is the first page of the site.
func (v *visit) home() string {
	if v.site == portal {
		return "/v/"
	}
	return "/today"
}

func (v *visit) signinAddress() string {
	if v.site == portal {
		return "/v/signin"
	}
	return "/signin"
}

func (v *visit) signinPage() *SigninPage {
	page := &SigninPage{Frame: v.frame(), Action: v.signinAddress(), Then: local(v.r.FormValue("then"), v.home()), Login: v.r.PostFormValue("login"), Kept: v.r.PostFormValue("kept")}
	page.Title = text2("サインイン", "Sign in")
	v.waysIn(page)
	return page
}

func (p *Pages) signinForm(v *visit) error { return v.show(v.signinPage()) }

// askToSignIn answers a page that needs a sign-in.
func (v *visit) askToSignIn() error {
	if v.lang == "" {
		v.speak()
	}
	page := v.signinPage()
	page.Expired, page.Then, page.Login = true, v.home(), ""
	if v.r.Method == http.MethodGet {
		page.Then = v.r.URL.RequestURI()
	}
	if kept, at := v.keptForm(); at != "" {
		page.Kept, page.Then = kept, at
	}
	page.Here, page.Other = "", ""
	return v.showAs(http.StatusUnauthorized, page)
}

// signin checks password and code. The cookie gets a fresh token, and the token of before ends.
func (p *Pages) signin(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	password, code := v.proof()
	in, err := p.o.Registry.Login(v.r.Context(), registry.LoginInput{
		Person: v.r.PostFormValue("login"), Password: password, Code: code,
		Source: v.source(), Label: "web", Via: door, Earlier: v.signedToken(),
	})
	var denied *policy.Denied
	if errors.As(err, &denied) {
		f := fault.Of(err)
		page := v.signinPage()
		page.Errors = signinProblems(f)
		return v.showAs(f.Status, page)
	}
	if err != nil {
		return err
	}
	v.dropVoucher()
	return v.enter(in)
}

// enter sets the cookie of a sign-in and goes to the page that was asked for.
func (v *visit) enter(in registry.SignedIn) error {
	if taken, err := v.take(in); err != nil || !taken {
		return err
	}
	then := local(v.r.PostFormValue("then"), v.home())
	if kept := v.r.PostFormValue("kept"); kept != "" && len(kept) <= maxKept {
		if values, err := url.ParseQuery(kept); err == nil && v.isPage(then) {
			return v.resume(then, values, in.Token)
		}
	}
	return v.to(then)
}

// take sets the cookie of a sign-in. taken is false for a person of the other site, who gets the answer that says so.
func (v *visit) take(in registry.SignedIn) (taken bool, err error) {
	if (v.site == portal) != ofVendor(in.Person) {
		if err := v.forget(in.Token); err != nil {
			return false, err
		}
		page := v.signinPage()
		page.Errors = []Problem{{Field: "login", Text: otherDoor(v.site)}}
		return false, v.showAs(http.StatusForbidden, page)
	}
	if old := v.signedToken(); old != "" {
		if err := v.forget(old); err != nil {
			return false, err
		}
	}
	v.setCookie(http.Cookie{Name: signedCookie, Value: in.Token, MaxAge: int(in.Until.Sub(v.p.o.Clock()) / time.Second)})
	return true, nil
}

func otherDoor(s site) text.Text {
	if s == portal {
		return text2("職員は職員用の画面からサインインします。", "Staff sign in at the staff's pages.")
	}
	return text2("保守事業者の方は保守事業者ポータル(/v/)からサインインします。", "People of vendors sign in at the vendor portal (/v/).")
}

// forget ends a token. One that does not hold any more needs no end.
func (v *visit) forget(token string) error {
	who, err := v.p.o.Registry.Authenticate(v.r.Context(), token)
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return nil
	}
	if err != nil {
		return err
	}
	return v.p.o.Registry.Logout(v.r.Context(), who.TokenID, ledger.Actor{Kind: "person", ID: who.Person.ID, Via: door})
}

func (p *Pages) signout(v *visit) error {
	if err := v.forget(v.signedToken()); err != nil {
		return err
	}
	v.setCookie(http.Cookie{Name: signedCookie, MaxAge: -1})
	v.dropVoucher()
	return v.to(v.signinAddress())
}

// awake only counts as a use of the sign-in.
func (p *Pages) awake(v *visit) error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

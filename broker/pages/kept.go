package pages

import (
	"context"
	"net/http"
	"net/url"
)

// A typed form must survive a sign-in that ended meanwhile: the sign-in page carries the form along, and after the sign-in the
// form's page shows it again.

// maxKept bounds what the sign-in page carries, in bytes.
const maxKept = 64 << 10

type priorKey struct{}

func priorOf(ctx context.Context) url.Values {
	values, _ := ctx.Value(priorKey{}).(url.Values)
	return values
}

// secretInput are the inputs of forms that no page shows again.
var secretInput = map[string]bool{"password": true, "code": true, "passkey": true, "new": true, "again": true, "made": true, "enrolment": true, "secret": true}

// keptForm is the posted form without secrets, and the page that shows it.
func (v *visit) keptForm() (kept, page string) {
	if v.r.Method != http.MethodPost || v.row.path == v.signinAddress() || v.r.ParseForm() != nil {
		return "", ""
	}
	page = v.formPage()
	if page == "" {
		return "", ""
	}
	values := url.Values{}
	for name, some := range v.r.PostForm {
		if !secretInput[name] {
			values[name] = some
		}
	}
	if kept = values.Encode(); len(kept) > maxKept {
		return "", page
	}
	return kept, page
}

// formPage is the page of the posted form: the same address, or the one that the browser names as its origin. Empty: neither is a page.
func (v *visit) formPage() string {
	for _, path := range []string{v.r.URL.Path, v.referrer()} {
		if path != "" && v.isPage(path) {
			return path
		}
	}
	return ""
}

// referrer is the path of the page that the request came from, if it is one of this site.
func (v *visit) referrer() string {
	u, err := url.Parse(v.r.Referer())
	if err != nil || u.Host != v.r.Host {
		return ""
	}
	return local(u.Path, "")
}

func (v *visit) isPage(path string) bool {
	r, err := http.NewRequestWithContext(v.r.Context(), http.MethodGet, path, nil)
	if err != nil {
		return false
	}
	_, pattern := v.p.muxes[v.site].Handler(r)
	return pattern != "" && pattern != "/"
}

// resume shows the page of a kept form, for the token that has just been given.
func (v *visit) resume(page string, kept url.Values, token string) error {
	ctx := context.WithValue(v.r.Context(), priorKey{}, kept)
	r := v.r.Clone(ctx)
	u, err := url.Parse(page)
	if err != nil {
		return v.to(v.home())
	}
	r.Method, r.URL, r.Form, r.PostForm, r.Body, r.ContentLength = http.MethodGet, u, nil, nil, http.NoBody, 0
	r.Header.Del("Cookie")
	for _, c := range v.r.Cookies() {
		if c.Name != v.cookieName(signedCookie) {
			r.AddCookie(c)
		}
	}
	r.AddCookie(&http.Cookie{Name: v.cookieName(signedCookie), Value: token})
	v.p.muxes[v.site].ServeHTTP(v.w, r)
	return nil
}

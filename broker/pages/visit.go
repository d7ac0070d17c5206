package pages

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// door names the pages in entries.
const door = "web"

// visit is one request of one person.
type visit struct {
	p       *Pages
	w       http.ResponseWriter
	r       *http.Request
	site    site
	row     row
	lang    string
	person  policy.Person // zero: not signed in
	token   string        // names the token, without its secret
	until   time.Time     // the end of the sign-in, whatever its holder does
	failure string        // see reference
	prior   url.Values    // what a form held before: a failed form's values, or those kept over a sign-in
}

// serve runs one row: language, cookie, callers, handler; whatever fails becomes a page.
func (p *Pages) serve(w http.ResponseWriter, r *http.Request, s site, row row) {
	v := &visit{p: p, w: w, r: r, site: s, row: row, prior: priorOf(r.Context())}
	log := p.o.Log.With("method", row.method, "page", row.path)
	if row.method == http.MethodPost && !row.callers.open { // what a signed-in person has pressed is done, also when their connection is gone
		v.r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	err := v.prepare()
	if err == nil {
		err = row.handle(p, v)
	}
	if err == nil {
		return
	}
	f := fault.Of(err)
	if ofVendor(v.person) {
		f = fault.WithoutTelling(f)
	}
	if f.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		log.Error("page_failed", "person", v.person.ID, "reference", v.reference(), "error", err)
	} else {
		log.Info("page_refused", "person", v.person.ID, "code", f.Code)
	}
	if err := v.problem(f); err != nil {
		log.Error("problem_page_failed", "error", err)
		http.Error(w, "処理できませんでした / could not be done", http.StatusInternalServerError)
	}
}

// prepare names the person and asks whether the row admits them.
func (v *visit) prepare() error {
	if err := v.identify(); err != nil {
		return err
	}
	v.speak()
	if !v.p.rate.allow(v.counted()) {
		return tooMany()
	}
	if v.row.callers.open {
		return nil
	}
	if v.person.ID == "" {
		return fault.Unauthenticated()
	}
	return v.admit()
}

// counted is the name under which the visit counts. A person's acts count apart from the pages that they open, or that open themselves:
// these must not keep them from a cut.
func (v *visit) counted() string {
	switch {
	case v.person.ID == "":
		return v.source()
	case v.r.Method == http.MethodPost:
		return "press " + v.person.ID
	}
	return v.person.ID
}

func tooMany() *api.Fault {
	return &api.Fault{Status: http.StatusTooManyRequests, Code: "too-many-requests", Exit: api.ExitError, JA: "短い間に開きすぎました", EN: "too many requests in a short time",
		HintJA: "少し待ってから読み直してください", HintEN: "wait a moment, then reload"}
}

// admit asks the row's callers. A refusal has an entry.
func (v *visit) admit() error {
	allowed, err := v.allowed(v.row)
	if err != nil || allowed {
		return err
	}
	return v.refused(&policy.Denied{Reason: cmp.Or(v.row.denies, policy.Forbidden), Args: map[string]string{"role": v.row.callers.String()}})
}

// refused ledgers a refusal that no act and no view has ledgered.
func (v *visit) refused(err error, subjects ...string) error {
	return v.p.o.Acts.Refused(v.r.Context(), v.row.method+" "+v.row.path, v.caller(), err, subjects...)
}

// speak chooses the language: the address, the cookie, the person's setting, the browser's, the house's.
func (v *visit) speak() {
	asked := v.r.URL.Query().Get("lang")
	if text.Known(asked) {
		v.setCookie(http.Cookie{Name: languageCookie, Value: asked, MaxAge: 365 * 24 * 3600})
	}
	kept := ""
	if c, err := v.r.Cookie(v.cookieName(languageCookie)); err == nil {
		kept = c.Value
	}
	for _, lang := range []string{asked, kept, v.person.Lang, text.Accepted(v.r.Header.Get("Accept-Language")), v.p.o.House.Language, "ja"} {
		if text.Known(lang) {
			v.lang = lang
			return
		}
	}
}

// reader is the person as views know them.
func (v *visit) reader() view.Reader { return view.Reader{Person: v.person, Via: door} }

// caller is the person as acts know them, with the proof that the form carries.
func (v *visit) caller() act.Caller {
	by := act.Caller{Actor: ledger.Actor{Kind: "person", ID: v.person.ID, Via: door}, Token: v.token, Source: v.source()}
	if v.r.Method == http.MethodPost {
		by.Password, by.Code = v.proof()
	}
	return by
}

// show sends a page.
func (v *visit) show(p page) error { return v.showAs(http.StatusOK, p) }

func (v *visit) showAs(status int, p page) error {
	b, err := v.p.sheets.render(v.lang, p)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Add("Vary", "Accept-Encoding")
	if len(b) >= leastPacked && unpacks(v.r) {
		if b, err = packed(b); err != nil {
			return err
		}
		h.Set("Content-Encoding", "gzip")
	}
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(b) // fails only where the browser is gone
	}
	return nil
}

// to sends the browser to a page of this site.
func (v *visit) to(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// local is an address of this site, and otherwise the fallback: no form may lead to another site.
func local(path, otherwise string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return otherwise
	}
	return path
}

// paging reads ?next= and ?limit= of a list.
func (v *visit) paging() view.Page {
	return view.Page{Next: v.r.URL.Query().Get("next"), Limit: pageItems}
}

// pageItems is how many rows a list shows at a time.
const pageItems = 50

// unknown answers an address that no row has.
func (p *Pages) unknown(*visit) error { return fault.NotFound() }

// problem shows a fault as a page: cause, next step, telephone, and its number.
func (v *visit) problem(f *api.Fault) error {
	if f.Code == api.CodeUnauthenticated {
		return v.askToSignIn()
	}
	if v.lang == "" {
		v.speak()
	}
	page := &ProblemPage{Frame: v.frame(), Fault: f, Status: f.Status}
	if f.Status >= http.StatusInternalServerError {
		page.Reference = v.reference()
	}
	page.Title, page.Here, page.Other = problemTitle(f), "", ""
	return v.showAs(f.Status, page)
}

// reference names this visit's failure on the page and in the log.
func (v *visit) reference() string {
	if v.failure == "" {
		b := make([]byte, 4)
		rand.Read(b) // never fails (crypto/rand)
		v.failure = hex.EncodeToString(b)
	}
	return v.failure
}

// ProblemPage is a refusal or a failure.
type ProblemPage struct {
	Frame
	Fault     *api.Fault
	Status    int
	Reference string // of a failure, under which the log has it; empty: it is a refusal
}

func problemPages() map[string]page { return map[string]page{"problem": &ProblemPage{}} }

// Cause and Next are the fault's sentences.
func (p ProblemPage) Cause() text.Text { return text2(p.Fault.JA, p.Fault.EN) }
func (p ProblemPage) Next() text.Text  { return text2(p.Fault.HintJA, p.Fault.HintEN) }

// Details are the places that the fault names.
func (p ProblemPage) Details() []text.Text {
	var out []text.Text
	for _, d := range p.Fault.Details {
		out = append(out, text2(d.JA, d.EN))
	}
	return out
}

func problemTitle(f *api.Fault) text.Text {
	switch f.Status {
	case http.StatusNotFound:
		return text2("見つかりません", "Not found")
	case http.StatusForbidden, http.StatusConflict:
		return text2("許可されていません", "Not permitted")
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return text2("このままでは進められません", "This cannot go on as it is")
	}
	return text2("処理できませんでした", "Could not complete")
}

// readForm reads a posted form; its size is bounded by guarded.
func (v *visit) readForm() error {
	if err := v.r.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return &api.Fault{Status: http.StatusRequestEntityTooLarge, Code: api.CodeBadRequest, JA: "送られたものが大きすぎます", EN: "too large"}
		}
		return fault.BadRequest("入力が読めません", "the form cannot be read", fmt.Errorf("form: %w", err))
	}
	return nil
}

package pages

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
)

// contentPolicy lets a page load only what this site serves, and run no script of its own text.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'none'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// The bounds of a request.
const (
	maxForm  = 256 << 10 // bytes; pages that take files have a bound of their own
	bodyTime = time.Minute
	pageTime = 2 * time.Minute // for reading a page; streams set their own
)

// guarded puts before every page: the headers, the refusal of requests that another site's page makes, the bounds of the body, and the
// check of the host.
func (p *Pages) guarded(h http.Handler, s site) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.crossOrigin(w, r, s) }))
	checked := cross.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", contentPolicy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Cache-Control", "no-store")
		if r.TLS != nil || p.secure(r) {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !plainHost(r.Host) {
			http.Error(w, "Host?", http.StatusBadRequest)
			return
		}
		control := http.NewResponseController(w)
		// The kernel's deadlines go by the machine's own clock. Both fail only where the connection is gone.
		_ = control.SetWriteDeadline(time.Now().Add(pageTime))
		if r.ContentLength != 0 {
			_ = control.SetReadDeadline(time.Now().Add(bodyTime))
		}
		checked.ServeHTTP(w, bounded(w, r))
	})
}

type wholeBody struct{}

// bounded gives the request a body of a form's size, whatever its type says: otherwise a stranger's form with files would be kept in memory
// and on disk. A page that takes a file asks for the whole one (upload).
func bounded(w http.ResponseWriter, r *http.Request) *http.Request {
	whole := r.Body
	r = r.WithContext(context.WithValue(r.Context(), wholeBody{}, whole))
	r.Body = http.MaxBytesReader(w, whole, maxForm)
	return r
}

// upload gives a page that has asked who comes a body of up to most bytes. Nothing of the body may have been read before.
func (v *visit) upload(most int64) {
	if whole, ok := v.r.Context().Value(wholeBody{}).(io.ReadCloser); ok {
		v.r.Body = http.MaxBytesReader(v.w, whole, most)
	}
}

func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\/@`, r) })
}

// crossOrigin answers a request that came from another site's page.
func (p *Pages) crossOrigin(w http.ResponseWriter, r *http.Request, s site) {
	v := &visit{p: p, w: w, r: r, site: s, row: row{path: "cross-origin", title: text2("許可されていません", "Not permitted")}}
	v.speak()
	f := &api.Fault{Status: http.StatusForbidden, Code: "cross-origin", JA: "ほかのサイトのページからの送信は受け付けません", EN: "a form of another site is refused",
		HintJA: "関守の画面を開いて、そこから行ってください", HintEN: "open Sekimori's own page and act there"}
	if err := v.problem(f); err != nil {
		p.o.Log.Error("problem_page_failed", "error", fault.Internal(err))
	}
}

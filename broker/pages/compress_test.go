package pages

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A page and a static file go as gzip to a browser that asks for it, and hold the same; a page that another site has loaded does not, since its length
// would tell what it repeats of that site's text.
func TestPagesGoAsGzip(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	style, err := staticPath("style.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/today", style} {
		for _, one := range []struct {
			accepts, from string
			packed        bool
		}{
			{"", "none", false}, {"gzip", "none", true}, {"br, gzip;q=0.5", "same-origin", true}, {"gzip;q=0", "none", false}, {"gzip;q=0.000, br", "none", false},
			{"br", "none", false}, {"gzip", "", true}, {"gzip", "cross-site", strings.HasPrefix(path, "/static/")}, {"gzip", "same-site", strings.HasPrefix(path, "/static/")},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, b.base+path, nil)
			for _, c := range b.http.Jar.Cookies(r.URL) {
				r.AddCookie(c)
			}
			r.Header.Set("Accept-Encoding", one.accepts)
			r.Header.Set("Sec-Fetch-Site", one.from)
			to := httptest.NewRecorder()
			w.pages.Staff().ServeHTTP(to, r)
			body, packed := to.Body.Bytes(), to.Header().Get("Content-Encoding") == "gzip"
			if to.Code != http.StatusOK || packed != one.packed || to.Header().Get("Vary") != "Accept-Encoding" {
				t.Fatalf("%s for %+v: %d, %v", path, one, to.Code, to.Header())
			}
			if packed {
				unpacked, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(unpacked); err != nil {
					t.Fatal(err)
				}
			}
			if text := string(body); !strings.Contains(text, "</html>") && !strings.Contains(text, "{") {
				t.Errorf("%s for %+v: %.200q", path, one, text)
			}
		}
	}
}

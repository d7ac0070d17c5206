package pages

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// packers are used again: each holds some 800 KB.
var packers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(fmt.Errorf("gzip: %w", err)) // the level is one of the package's own
	}
	return w
}}

// leastPacked is the size from which a body is packed: below it nothing is gained.
const leastPacked = 1400

// packed is a body as gzip.
func packed(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return b.Bytes(), nil
}

// unpacks tells whether a page goes to this browser as gzip. A page that another site had loaded does not: its length would tell that site what
// of its own text the page repeats.
func unpacks(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return acceptsGzip(r)
	}
	return false
}

// acceptsGzip reads Accept-Encoding.
func acceptsGzip(r *http.Request) bool {
	for offer := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(offer, ";")
		if strings.TrimSpace(name) == "gzip" {
			_, q, weighed := strings.Cut(weight, "=")
			return !weighed || strings.Trim(q, "0. ") != ""
		}
	}
	return false
}

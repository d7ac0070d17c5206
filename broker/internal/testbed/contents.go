package testbed

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
)

// Contents are parts of a recording that a test looks for in the answers of a door.
type Contents struct {
	Clear  []byte // words of its output
	Sealed []byte // bytes of its file
}

// Shown tells whether an answer has the words: as they are, or in base64 at the beginning of a frame.
func (c Contents) Shown(body []byte) bool {
	whole := c.Clear[:len(c.Clear)/3*3]
	return bytes.Contains(body, c.Clear) || bytes.Contains(body, []byte(base64.StdEncoding.EncodeToString(whole)))
}

// Breach says how an answer gives contents away to a person without the right to take a recording out; empty: it does not. look: the answer is one of a
// look that has its purpose and its entry, so that it may show words, never as a file and never to be stored.
func (c Contents) Breach(h http.Header, body []byte, look bool) string {
	switch clear := c.Shown(body); {
	case bytes.Contains(body, c.Sealed):
		return "it has bytes of the sealed file"
	case clear && strings.Contains(h.Get("Content-Disposition"), "attachment"):
		return "it is a download of the recording's words"
	case clear && !look:
		return "it shows the recording's words outside of a look"
	case clear && !strings.Contains(h.Get("Cache-Control"), "no-store"):
		return "it may be stored"
	}
	return ""
}

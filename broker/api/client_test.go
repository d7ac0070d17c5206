package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Typed text is sent whole or not at all: bytes of another encoding would reach the broker as U+FFFD.
func TestBytesThatAreNoUTF8AreNotSent(t *testing.T) {
	for text, want := range map[string]bool{"給与": false, "\ufffd": false, `\ufffd`: false, `\\ufffd`: false, "\x8b\x8b": true, "\\\xff": true, "a\xed\xa0\x80": true} {
		b, err := json.Marshal(map[string]string{"reason": text})
		if err != nil {
			t.Fatal(err)
		}
		if got := damaged(b); got != want {
			t.Errorf("%q is sent as %s: damaged is %v", text, b, got)
		}
	}
}

// From any server the client reads a whole JSON value or reports an error, and the token is sent nowhere else.
func TestAttackTheAnswerIsNotTheBrokers(t *testing.T) {
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	const asJSON = "application/json; charset=utf-8"
	for name, c := range map[string]struct {
		status     int
		kind, body string
		code       string // of the fault; empty: none
	}{
		"an answer":         {200, asJSON, `{"id":"U-001"}`, ""},
		"a page":            {200, "text/html", "<html>sign in</html>", "error"},
		"half an answer":    {200, asJSON, `{"id":"U-0`, "-"},
		"two answers":       {200, asJSON, `{"id":"U-001"}{"id":"U-002"}`, "error"},
		"another place":     {302, asJSON, `{"id":"U-001"}`, "error"},
		"a fault":           {403, asJSON, `{"error":{"code":"forbidden","exit":3,"message_ja":"a","message_en":"b"}}`, "forbidden"},
		"a fault of no one": {502, "text/html", "bad gateway", "error"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL)
			w.Header().Set("Content-Type", c.kind)
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		v, err := Get(t.Context(), NewClient(http.DefaultTransport, s.URL, "secret", "ja"), WhoAmIPath, nil)
		s.Close()
		var f *Fault
		errors.As(err, &f)
		switch {
		case c.code == "" && (err != nil || v.ID != "U-001"):
			t.Errorf("%s: %+v, %v", name, v, err)
		case c.code == "-" && err == nil, c.code != "" && c.code != "-" && (f == nil || f.Code != c.code):
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if len(elsewhere) > 0 {
		t.Errorf("the token went elsewhere: %v", elsewhere)
	}
}

// A file is not sent before the broker asks for it.
func TestAFileWaitsForTheBroker(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "100-continue" || r.ContentLength != 5 || r.URL.Query().Get("kind") != "contract" {
			t.Errorf("%v %d %s", r.Header, r.ContentLength, r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":{"code":"forbidden","exit":3,"message_ja":"a","message_en":"b"}}`))
	}))
	defer s.Close()
	file := &counted{Reader: strings.NewReader("hello")}
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	_, err := Upload(t.Context(), NewClient(transport, s.URL, "secret", "ja"), Papers.New(), url.Values{"kind": {"contract"}}, file, 5)
	var f *Fault
	if !errors.As(err, &f) || f.Status != http.StatusForbidden || file.read.Load() {
		t.Errorf("%v; read: %v", err, file.read.Load())
	}
}

type counted struct {
	io.Reader
	read atomic.Bool
}

func (c *counted) Read(b []byte) (int, error) {
	c.read.Store(true)
	return c.Reader.Read(b)
}

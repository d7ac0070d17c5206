package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/keys"
)

// shop is a server over TLS that notes what it is told.
type shop struct {
	*httptest.Server
	fingerprint, ca string
	heard           []string
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.heard = append(s.heard, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		w.Header().Set("Location", "https://elsewhere.example.jp/")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "U-011", "login": "kacho"})
	}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	s.fingerprint = keys.CertificateFingerprint(s.Certificate())
	s.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// head is a person's machine, with a token of one server.
type head struct {
	t   *testing.T
	env map[string]string
}

func newHead(t *testing.T) head { return head{t, map[string]string{"HOME": t.TempDir(), "LANG": "C"}} }

func (h head) run(line ...string) (status int, out, errs string) {
	h.t.Helper()
	var o, e bytes.Buffer
	p := &program{
		in: strings.NewReader(""), out: &o, err: &e, now: clockFrom(storyAt()), getenv: func(n string) string { return h.env[n] },
		terminal: func(any) (int, bool) { return 0, false },
	}
	status = p.run(context.Background(), line)
	return status, o.String(), e.String()
}

// signIn puts a token there, as login would.
func (h head) signIn(w place, token string) {
	h.t.Helper()
	p := &program{getenv: func(n string) string { return h.env[n] }, place: w}
	if err := p.writeToken(storedToken{Token: token, Person: "U-011", Expires: storyAt().Add(time.Hour)}); err != nil {
		h.t.Fatal(err)
	}
}

func TestTheServerIsPinned(t *testing.T) {
	s := openShop(t)
	h := newHead(t)
	h.signIn(place{Server: s.URL, Fingerprint: s.fingerprint}, "secret-token")
	other := "SHA256:" + strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		line   []string
		status int
		says   string
	}{
		"remembered":      {nil, 0, ""},
		"pinned":          {[]string{"--server", s.URL, "--server-fingerprint", s.fingerprint}, 0, ""},
		"authority":       {[]string{"--server", s.URL, "--server-ca", s.ca}, 0, ""},
		"another key":     {[]string{"--server", s.URL, "--server-fingerprint", other}, 1, "shows another key than the one pinned (" + s.fingerprint + ")"},
		"another, alone":  {[]string{"--server-fingerprint", other}, 1, "shows another key"},
		"no fingerprint":  {[]string{"--server", s.URL, "--server-fingerprint", "MD5:00"}, 2, "not a fingerprint"},
		"no certificate":  {[]string{"--server", s.URL, "--server-ca", os.Args[0]}, 1, "no certificate"},
		"without TLS":     {[]string{"--server", strings.Replace(s.URL, "https:", "http:", 1)}, 2, "https://HOST:PORT"},
		"with a path":     {[]string{"--server", s.URL + "/v1"}, 2, "https://HOST:PORT"},
		"with a password": {[]string{"--server", "https://kacho:pw@gate"}, 2, "https://HOST:PORT"},
		"both":            {[]string{"--server", s.URL, "--socket", "/x"}, 2, "exclude"},
	} {
		s.heard = nil
		status, out, errs := h.run(append([]string{"whoami"}, c.line...)...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d\n%s", name, status, errs)
		}
		if c.status == 0 && (!strings.Contains(out, s.URL) || len(s.heard) != 1 || s.heard[0] != "GET /v1/whoami Bearer secret-token") {
			t.Errorf("%s: heard %q, said %s", name, s.heard, out)
		}
		if c.status != 0 {
			if len(s.heard) != 0 {
				t.Errorf("%s: the server was told %q", name, s.heard)
			}
			if c.status == 1 && strings.Count(errs, "\n") != 2 {
				t.Errorf("%s: not two lines:\n%s", name, errs)
			}
		}
	}
}

func TestAnUnknownServerIsToldNothing(t *testing.T) {
	s := openShop(t)
	h := newHead(t)
	h.signIn(place{Server: s.URL}, "secret-token") // by the system's authorities, which do not know it
	status, _, errs := h.run("whoami")
	if status != 1 || !strings.Contains(errs, "cannot be verified") || !strings.Contains(errs, "--server-fingerprint") || strings.Count(errs, "\n") != 2 {
		t.Errorf("exit %d\n%s", status, errs)
	}
	if len(s.heard) != 0 {
		t.Errorf("it was told %q", s.heard)
	}
}

func TestAttackTokenOfOneServerForAnother(t *testing.T) {
	one, two := openShop(t), openShop(t)
	for _, named := range []bool{false, true} { // a token's file of its own for each server, and one for all
		h := newHead(t)
		if named {
			h.env["SEKIMORI_TOKEN_FILE"] = filepath.Join(t.TempDir(), "token.json")
		}
		h.signIn(place{Server: one.URL, Fingerprint: one.fingerprint}, "token-of-one")
		status, _, errs := h.run("whoami", "--server", two.URL, "--server-fingerprint", two.fingerprint)
		if status != 3 || !strings.Contains(errs, "not signed in") || len(two.heard) != 0 {
			t.Errorf("exit %d, heard %q\n%s", status, two.heard, errs)
		}
		if status, _, errs := h.run("whoami", "--socket", filepath.Join(t.TempDir(), "s")); status != 3 || !strings.Contains(errs, "not signed in") {
			t.Errorf("on a socket: exit %d\n%s", status, errs)
		}
	}
	// Two sign-ins live side by side; the last one is where commands go.
	h := newHead(t)
	h.signIn(place{Server: one.URL, Fingerprint: one.fingerprint}, "token-of-one")
	h.signIn(place{Server: two.URL, Fingerprint: two.fingerprint}, "token-of-two")
	one.heard, two.heard = nil, nil
	for _, line := range [][]string{{"whoami"}, {"whoami", "--server", one.URL, "--server-fingerprint", one.fingerprint}} {
		if status, _, errs := h.run(line...); status != 0 {
			t.Errorf("%q: %s", line, errs)
		}
	}
	if strings.Join(append(one.heard, two.heard...), "; ") != "GET /v1/whoami Bearer token-of-one; GET /v1/whoami Bearer token-of-two" {
		t.Errorf("heard %q and %q", one.heard, two.heard)
	}
	// Signing out forgets the server of that sign-in.
	if status, _, errs := h.run("logout"); status != 0 {
		t.Error(errs)
	}
	if last, err := (&program{getenv: func(n string) string { return h.env[n] }}).lastPlace(); err != nil || last.Server != "" {
		t.Errorf("still at %s (%v)", last, err)
	}
	files, err := filepath.Glob(filepath.Join(h.env["HOME"], ".local/state/sekimori/*"))
	if err != nil || len(files) != 1 {
		t.Errorf("left: %v %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
}

func TestServerAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"https://Gate.example.jp:8443": "https://gate.example.jp:8443", "https://gate/": "https://gate", "https://gate:443": "https://gate",
		"https://[2001:db8::1]:8443": "https://[2001:db8::1]:8443", "gate:8443": "", "ftp://gate": "", "https://": "", "https://g/?x=1": "", "https://g/#x": "",
	} {
		got, err := serverAddress(in)
		if (err != nil) != (want == "") || got != want {
			t.Errorf("%s: %q %v", in, got, err)
		}
	}
	for w, want := range map[place]string{
		{}: "token.json", {Server: "https://gate:8443"}: "token-gate_8443.json", {Server: "https://[2001:db8::1]:8443"}: "token-2001_db8__1_8443.json",
	} {
		if got := w.tokenName(); got != want {
			t.Errorf("%v: %s", w, got)
		}
	}
}

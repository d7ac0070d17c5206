package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/connlimit"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/registry"
)

// https serves the world over TLS too, with the broker's own certificate. change may tighten the limits.
func (w *world) https(change ...func(*Server)) (address string, client *http.Client) {
	w.t.Helper()
	for _, c := range change {
		c(w.server)
	}
	l, err := ListenHTTPS("127.0.0.1:0", nil, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	keysDir := filepath.Join(w.data, "keys")
	pair, err := w.server.o.Ring.APICertificate(keysDir, []string{"127.0.0.1"}, w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- w.server.ServeHTTPS(l, func() (*tls.Certificate, error) { return &pair, nil })
	}()
	roots := x509.NewCertPool()
	text, err := os.ReadFile(filepath.Join(keysDir, "api.crt"))
	if err != nil || !roots.AppendCertsFromPEM(text) {
		w.t.Fatalf("own certificate: %v", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Time: w.clock}, ForceAttemptHTTP2: true, DisableCompression: true}
	w.t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := w.server.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
		if err := <-served; err != nil {
			w.t.Error(err)
		}
	})
	return l.Addr().String(), &http.Client{Transport: transport}
}

// get calls with headers and gives status, protocol and fault code.
func get(t *testing.T, c *http.Client, method, url string, body io.Reader, headers ...string) (status int, proto, code, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var wrapped struct {
		Error api.Fault `json:"error"`
	}
	_ = json.Unmarshal(b, &wrapped) // an answer that is no fault has no code
	return resp.StatusCode, resp.Proto, wrapped.Error.Code, string(b)
}

func TestTheSameAPIOverHTTPS(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	address, client := w.https()
	status, proto, _, text := get(t, client, "GET", "https://"+address+"/v1/whoami", nil, "Authorization", "Bearer "+tokens["kacho"])
	if status != 200 || proto != "HTTP/2.0" || !strings.Contains(text, "課長A") {
		t.Errorf("%d %s %s", status, proto, text)
	}
	for name, token := range map[string]string{"none": "", "garbage": "Bearer abc", "no bearer": tokens["kacho"], "empty": "Bearer "} {
		if status, _, code, _ := get(t, client, "GET", "https://"+address+"/v1/whoami", nil, "Authorization", token); status != 401 || code != api.CodeUnauthenticated {
			t.Errorf("token %s: %d %s", name, status, code)
		}
	}
	// A token gives its owner's rights on either door, and no more.
	if status, _, code, _ := get(t, client, "GET", "https://"+address+"/v1/changes", nil, "Authorization", "Bearer "+tokens["tachiai"]); status != 403 || code != "forbidden" {
		t.Errorf("the attendant reads changes: %d %s", status, code)
	}
	// A token revoked on the socket is revoked here too.
	if a := w.call("POST", "/v1/logout", tokens["joho1"], nil); a.status != 200 {
		t.Fatal(a.status)
	}
	if status, _, _, _ := get(t, client, "GET", "https://"+address+"/v1/whoami", nil, "Authorization", "Bearer "+tokens["joho1"]); status != 401 {
		t.Errorf("a revoked token: %d", status)
	}
}

func TestAttackFirstApplyOverHTTPS(t *testing.T) {
	w := newWorld(t)
	address, client := w.https()
	body, err := json.Marshal(api.ApplyBody{Name: "town.yaml", Text: town})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, code, _ := get(t, client, "POST", "https://"+address+"/v1/apply", strings.NewReader(string(body))); status != 401 || code != api.CodeUnauthenticated {
		t.Errorf("a stranger founds the registry: %d %s", status, code)
	}
	// The account that owns the socket still may.
	if plan := ok[registry.Plan](w, "POST", "/v1/apply", "", api.ApplyBody{Name: "town.yaml", Text: town}); !plan.Founding {
		t.Error("not the first apply")
	}
}

func TestAttackBrowserAndOldTLS(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	address, client := w.https()
	for _, h := range [][]string{
		{"Origin", "https://" + address}, {"Origin", "null"}, {"Cookie", "token=" + tokens["kacho"]}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-origin"},
	} {
		if status, _, code, _ := get(t, client, "GET", "https://"+address+"/v1/whoami", nil, append(h, "Authorization", "Bearer "+tokens["kacho"])...); status != 403 || code != "browser-refused" {
			t.Errorf("%v: %d %s", h, status, code)
		}
	}
	old, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		old.Close()
		t.Error("TLS 1.2 is taken")
	}
}

// raw sends bytes as they are and reads until the server closes or a while has passed.
func raw(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// The server may answer and close before everything was written.
	_, _ = io.WriteString(c, text)
	b, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("still open: %q after %.60q", b, text)
	}
	return string(b)
}

func TestAttackPlainHTTPAndProxyLineOnTheTLSPort(t *testing.T) {
	w := newWorld(t)
	address, _ := w.https()
	for _, text := range []string{
		"GET /v1/status HTTP/1.1\r\nHost: gate\r\n\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n",
		strings.Repeat("\x00", 4096),
	} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := raw(t, c, text); strings.Contains(got, "ready") || strings.Contains(got, "200 OK") {
			t.Errorf("%.40q was answered: %q", text, got)
		}
		c.Close()
	}
}

func dialTLS(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestAttackOversizedHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, client := w.https()
	got := raw(t, dialTLS(t, address), "GET /v1/status HTTP/1.1\r\nHost: gate\r\nX-Long: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
	if !strings.Contains(got, " 431 ") && got != "" { // empty: reset while we still wrote
		t.Errorf("answered %.200q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+address+"/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 1<<20))
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("over HTTP/2: %s", resp.Status)
		}
	}
}

func TestAttackSlowHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, client := w.https(func(s *Server) { s.https.ReadHeaderTimeout = 5 * time.Second }) // it bounds handshakes too, on a loaded machine
	silent, err := net.Dial("tcp", address)                                                     // no handshake at all
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var slow []net.Conn
	for range 20 {
		c := dialTLS(t, address)
		if _, err := io.WriteString(c, "GET /v1/status HTTP/1.1\r\nHost: gate\r\nX-A"); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	// Other callers are served meanwhile.
	if status, _, _, _ := get(t, client, "GET", "https://"+address+"/v1/status", nil); status != 200 {
		t.Errorf("others: %d", status)
	}
	for _, c := range append(slow, silent) {
		raw(t, c, "") // fails where it stays open
	}
}

// trickle is a body that keeps coming and never ends.
type trickle struct{ stop <-chan struct{} }

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-b.stop:
		return 0, io.EOF
	case <-time.After(20 * time.Millisecond):
		p[0] = ' '
		return 1, nil
	}
}

// A body that comes a byte at a time does not keep a connection, for any sender and protocol; a signed-in sender has longer.
func TestAttackSlowBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.found()
	const never = time.Hour
	address, client := w.https(func(s *Server) { s.https.ReadTimeout = never })
	for _, c := range []struct {
		name, path, token string
		nameless, known   time.Duration
	}{
		{"sign-in", "/v1/login", "", 300 * time.Millisecond, never},
		{"enrolment", "/v1/enroll/begin", "", 300 * time.Millisecond, never},
		{"no token, and nobody reads it", "/v1/requests", "", 300 * time.Millisecond, never},
		{"with a name", "/v1/people/tachiai/lock", tokens["kanri"], never, 300 * time.Millisecond},
	} {
		w.server.namelessBody, w.server.knownBody = c.nameless, c.known
		header := "POST " + c.path + " HTTP/1.1\r\nHost: gate\r\nContent-Length: 1000\r\n"
		if c.token != "" {
			header += "Authorization: Bearer " + c.token + "\r\n"
		}
		if got := raw(t, dialTLS(t, address), header+"\r\n "); !strings.Contains(got, " 408 ") && !strings.Contains(got, " 401 ") {
			t.Errorf("%s: %q", c.name, got)
		}
		stop := make(chan struct{})
		req, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+address+c.path, trickle{stop})
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		late := time.AfterFunc(time.Minute, func() { close(stop) }) // then the body ends, and is no JSON
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s over HTTP/2: %v", c.name, err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: http.StatusRequestTimeout, false: http.StatusUnauthorized}[c.token != "" || c.path != "/v1/requests"]; resp.StatusCode != want || resp.ProtoMajor != 2 {
			t.Errorf("%s over %s: %s", c.name, resp.Proto, resp.Status)
		}
		if late.Stop() {
			close(stop)
		}
	}
	// A call without a body has no deadline: an answer that takes longer than any body may is not cut off.
	w.server.namelessBody, w.server.knownBody = time.Nanosecond, time.Nanosecond
	if status, _, _, text := get(t, client, "GET", "https://"+address+"/v1/whoami", nil, "Authorization", "Bearer "+tokens["kacho"]); status != 200 {
		t.Errorf("without a body: %d %s", status, text)
	}
}

func TestAttackForwardedForNamesNobody(t *testing.T) {
	w := newWorld(t)
	address, client := w.https(func(s *Server) {
		s.https.Handler = withoutBrowsers(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			s.serve(rw, r, route{method: r.Method, path: r.URL.Path, callers: anyone(), handle: func(_ *Server, c *call) error { return c.reply(c.source()) }})
		}))
	})
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"} {
		if _, _, _, text := get(t, client, "GET", "https://"+address+"/", nil, name, "192.0.2.66"); strings.TrimSpace(text) != `"127.0.0.1"` {
			t.Errorf("%s: the caller is %s", name, text)
		}
	}
}

func TestConnectionsAreBoundedByAddress(t *testing.T) {
	l, err := listenHTTPS("127.0.0.1:0", connlimit.Limits{Total: 8, PerAddress: 2, PerPerson: 2}, nil, testbed.NewClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	var mine []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		mine = append(mine, c)
	}
	if _, err := bufio.NewReader(mine[2]).ReadByte(); err == nil {
		t.Error("the third is served")
	}
	first, second := <-accepted, <-accepted
	first.Close()
	first.Close() // a second Close gives nothing back
	again, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	third := <-accepted
	limit := l.(*boundedListener).limit
	if n := limit.Waiting(); n != 2 {
		t.Errorf("%d are held", n)
	}
	second.Close()
	third.Close()
	if n := limit.Waiting(); n != 0 {
		t.Errorf("%d are held", n)
	}
}

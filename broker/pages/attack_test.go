package pages

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/policy"
)

// counted counts what is read of it.
type countedBody struct {
	io.Reader
	n atomic.Int64
}

func (c *countedBody) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// fileForm is a form with this many bytes of a file, and its type.
func fileForm(size int, values ...string) (body io.Reader, kind string) {
	var head bytes.Buffer
	m := multipart.NewWriter(&head)
	for i := 0; i < len(values); i += 2 {
		_ = m.WriteField(values[i], values[i+1])
	}
	_, _ = m.CreateFormFile("file", "pledge.pdf")
	return io.MultiReader(&head, io.LimitReader(nothings{}, int64(size)), strings.NewReader("\r\n--"+m.Boundary()+"--\r\n")), m.FormDataContentType()
}

type nothings struct{}

func (nothings) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A form with files is no larger than another form, except where a page takes files from a person who may hand them in.
func TestAttackFormsWithFilesOfAStranger(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	w := found(t)
	w.contact()
	w.enrol("sato")
	stranger, portals, ito := w.browser(), w.browserOn(w.portal.URL), w.as("ito")
	for _, one := range []struct {
		b    *browser
		path string
	}{{stranger, "/signin"}, {stranger, "/enrol"}, {stranger, "/incidents/freeze"}, {stranger, "/nowhere"}, {portals, "/v/signin"}, {portals, "/v/pledge"}, {portals, "/v/keys"}, {ito, "/incidents/freeze"}, {ito, "/me/signin/password"}} {
		const size = 64 << 20
		body, kind := fileForm(size, "login", "ito")
		seen := &countedBody{Reader: body}
		r, err := http.NewRequestWithContext(t.Context(), "POST", one.b.base+one.path, seen)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		resp, err := one.b.http.Do(r)
		if err == nil { // otherwise the connection was cut, which is right too
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode/100 == 2 || resp.StatusCode/100 == 3 {
				t.Errorf("%s: %d", one.path, resp.StatusCode)
			}
		}
		if n := seen.n.Load(); n > size/2 {
			t.Errorf("%s took %d bytes", one.path, n)
		}
		if left, err := os.ReadDir(dir); err != nil || hasFile(left, "multipart-") {
			t.Errorf("%s wrote a file: %v %v", one.path, left, err)
		}
	}
}

func hasFile(all []os.DirEntry, prefix string) bool {
	for _, e := range all {
		if strings.HasPrefix(e.Name(), prefix) {
			return true
		}
	}
	return false
}

// A proxy that writes the address on a line of its own leaves the browser's line before it.
func TestAttackForwardedAddressOnALineOfItsOwn(t *testing.T) {
	p := &Pages{o: Options{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}}}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.9:4711"
	r.Header["X-Forwarded-For"] = []string{"10.0.0.1, 10.0.0.2", "203.0.113.7"}
	r.Header["X-Forwarded-Proto"] = []string{"https", "http"}
	if v := (&visit{p: p, r: r}); v.source() != "203.0.113.7" || p.secure(r) {
		t.Errorf("%s, secure %v", v.source(), p.secure(r))
	}
}

// Pages that were opened, or open themselves, by the hundred do not keep their person from a cut.
func TestAttackOpenPagesKeepACutOut(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	for a := b.get("/today"); a.status != http.StatusTooManyRequests; a = b.get("/today") {
	}
	if a := b.post("/incidents/freeze", url.Values{"scope": {"vendor V-012"}}); a.status != http.StatusSeeOther {
		t.Errorf("the cut: %d\n%s", a.status, a.body)
	}
}

// A new password that was typed when the sign-in had ended is not on the page that asks to sign in, whoever sits there next.
func TestAttackANewPasswordKeptOverASignIn(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	w.Pass(idleLimit + time.Minute)
	a := b.post("/me/signin/password", url.Values{"new": {"my-new-secret-1"}, "again": {"my-new-secret-2"}, "password": {"my-secret-3"}})
	if a.status != http.StatusUnauthorized {
		t.Fatalf("%d", a.status)
	}
	if strings.Contains(a.body, "secret-") {
		t.Errorf("a secret is on the page:\n%s", a.body)
	}
}

// gone sends a form and takes the connection away at once.
func (b *browser) gone(path string, form url.Values) {
	b.w.t.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.w.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		b.w.t.Fatal(err)
	}
	body := form.Encode()
	var cookies []string
	for _, c := range b.http.Jar.Cookies(u) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, u.Host, b.base, strings.Join(cookies, "; "), len(body), body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		b.w.t.Fatal(err)
	}
}

// A cut that was pressed is made, although the page's connection is gone before the answer.
func TestAttackCutWhileTheConnectionIsGone(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	for _, one := range []struct {
		path, kind string
		form       url.Values
	}{{"/incidents/freeze", "freeze.on", url.Values{"scope": {"vendor V-012"}}}, {"/windows/R8-0001-1/close", "window.closed", url.Values{"reason": {"不審"}}}} {
		before := w.size()
		b.gone(one.path, one.form)
		for end := time.Now().Add(stuck); ; { // a bound on a test that never ends; nothing is decided by it
			if strings.Contains(strings.Join(w.entriesBy(before, "ito"), " "), one.kind) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s: the ledger has %v", one.path, w.entriesBy(before, ""))
			}
			runtime.Gosched()
		}
	}
}

// 500 browsers that send half a form, with files or without, hold little memory, and others are served.
func TestAttackFiveHundredStalledBrowsers(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	u, err := url.Parse(w.staff.URL)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	piece := bytes.Repeat([]byte("a"), 60<<10)
	for i := range 500 {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		kind := "application/x-www-form-urlencoded"
		head := "login="
		if i%2 == 0 {
			kind, head = "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"
		}
		_, err = fmt.Fprintf(c, "POST /signin HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: 100000000\r\n\r\n%s%s", u.Host, kind, head, piece)
		if err != nil {
			t.Fatal(err)
		}
	}
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("somebody else: %d", a.status)
	}
	if a := b.post("/incidents/freeze", url.Values{"scope": {"vendor V-012"}}); a.status != http.StatusSeeOther {
		t.Errorf("somebody else's cut: %d", a.status)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 256<<20 {
		t.Errorf("%d MB are held", held>>20)
	}
}

// No page stays in a browser's memory or in a proxy's, so nothing is shown after the sign-out; and the token of before opens nothing.
func TestAttackPagesAfterSignOut(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	for _, who := range []string{"head", "sato"} {
		b := w.as(who)
		at := "/today"
		if b.base == w.portal.URL {
			at = "/v/"
		}
		for _, r := range rows() {
			if r.method == http.MethodGet && (r.site == portal) == (b.base == w.portal.URL) {
				w.Pass(time.Second)
				if a := b.get(address(r)); a.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %q", r.path, a.header.Get("Cache-Control"))
				}
			}
		}
		old := b.cookie()
		b.post(strings.TrimSuffix(strings.Replace(at, "/today", "/", 1), "/")+"/signout", nil)
		r, err := http.NewRequestWithContext(t.Context(), "GET", b.base+at, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{signedCookie, signedCookie + portalSuffix} {
			r.AddCookie(&http.Cookie{Name: name, Value: old})
		}
		if a := w.browserOn(b.base).do(r); a.status != http.StatusUnauthorized {
			t.Errorf("%s after the sign-out: %d", who, a.status)
		}
	}
}

// The cookie of a sign-in goes to this host alone, over TLS alone, and to no script.
func TestAttackTakeTheCookie(t *testing.T) {
	w := found(t, func(o *Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	w.enrol("ito")
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.staff.URL+"/signin", strings.NewReader(url.Values{"login": {"ito"}, "password": {password}, "code": {w.code("ito")}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	a := w.browser().do(r)
	c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusSeeOther || c.Name != hostPrefix+signedCookie || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 32 {
		t.Errorf("%d %s", a.status, a.header.Get("Set-Cookie"))
	}
	if !strings.Contains(a.header.Get("Strict-Transport-Security"), "max-age=") {
		t.Error("no HSTS")
	}
}

// A sign-in of one site opens nothing on the other, under whatever name its token comes.
func TestAttackSignInOfTheOtherSite(t *testing.T) {
	w := found(t)
	for who, at := range map[string][2]string{"ito": {w.portal.URL, "/v/"}, "sato": {w.staff.URL, "/today"}} {
		token := w.as(who).cookie()
		r, err := http.NewRequestWithContext(t.Context(), "GET", at[0]+at[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{signedCookie, signedCookie + portalSuffix, hostPrefix + signedCookie, hostPrefix + signedCookie + portalSuffix} {
			r.AddCookie(&http.Cookie{Name: name, Value: token})
		}
		if a := w.browserOn(at[0]).do(r); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", who, a.status)
		}
	}
}

// Every form of both sites refuses what another site's page sends, whatever the browser says of it, and nothing is done.
func TestAttackEveryFormFromAnotherSite(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	admin, sato := w.as("admin"), w.as("sato")
	before := w.size()
	for _, r := range rows() {
		if r.method != http.MethodPost {
			continue
		}
		b := admin
		if r.site == portal {
			b = sato
		}
		for _, from := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": b.base}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
			q, err := http.NewRequestWithContext(t.Context(), "POST", b.base+address(r), strings.NewReader("reason=x"))
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for k, v := range from {
				q.Header.Set(k, v)
			}
			if a := b.do(q); a.status != http.StatusForbidden || !strings.Contains(a.body, "ほかのサイト") {
				t.Errorf("%s from %v: %d", r.path, from, a.status)
			}
		}
	}
	if kinds := w.entriesBy(before, ""); len(kinds) != 0 {
		t.Errorf("the ledger got %v", kinds)
	}
}

// No link does anything: opening every address, as a link of another site does, leaves no entry but that of a look or a refusal.
func TestAttackEveryLinkFromAnotherSite(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	for _, who := range []struct{ login, id string }{{"admin", "admin"}, {"ito", "ito"}, {"head", "head"}, {"sato", "E-0031"}} {
		b := w.as(who.login)
		for _, r := range rows() {
			if r.method != http.MethodGet || (r.site == portal) != (b.base == w.portal.URL) {
				continue
			}
			w.Pass(time.Second)
			before := w.size()
			q, err := http.NewRequestWithContext(t.Context(), "GET", b.base+address(r)+"?purpose=audit&reason=x&password="+password+"&go=submit", nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Sec-Fetch-Site", "cross-site")
			if a := b.do(q); a.status >= 500 {
				t.Errorf("%s: %d", r.path, a.status)
			}
			for _, kind := range w.entriesBy(before, "") {
				if !strings.HasSuffix(kind, ".opened") && !strings.HasSuffix(kind, ".listed") && !strings.HasSuffix(kind, ".viewed") && kind != "access.refused" {
					t.Errorf("%s as %s: the ledger got %s", r.path, who.login, kind)
				}
			}
		}
	}
}

// A page of another site cannot open the live picture with this site's cookies, and one that names no site neither.
func TestAttackUpgradeOfAnotherOrigin(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	for _, origin := range []string{"", "null", "https://evil.example", strings.Replace(b.base, "http:", "https:", 1), b.base + ".evil.example"} {
		before := w.size()
		r, err := http.NewRequestWithContext(t.Context(), "GET", b.base+"/sessions/S-20261124-01/picture", nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		if a := b.do(r); a.status != http.StatusForbidden {
			t.Errorf("from %q: %d", origin, a.status)
		}
		if kinds := w.entriesBy(before, "ito"); len(kinds) != 1 || kinds[0] != "access.refused" {
			t.Errorf("from %q the ledger got %v", origin, kinds)
		}
	}
}

// One person cannot take every place of the live pictures, and all together have an end.
func TestAttackPicturesWithoutEnd(t *testing.T) {
	c := &pictures{closing: make(chan struct{})}
	var leave []func()
	for i := range 2 * mostPictures {
		for range 2 * mostOfOne {
			if l := c.enter(fmt.Sprint(i)); l != nil {
				leave = append(leave, l)
			}
		}
		if c.of[fmt.Sprint(i)] > mostOfOne {
			t.Fatal("one person has too many")
		}
	}
	if len(leave) != mostPictures {
		t.Errorf("%d pictures", len(leave))
	}
	for _, l := range leave {
		l()
	}
	if c.all != 0 || len(c.of) != 0 {
		t.Error("places are lost")
	}
}

// The memory of looks has an end, whatever addresses are opened.
func TestAttackLooksWithoutEnd(t *testing.T) {
	l, now := &lately{}, time.Unix(0, 0)
	for i := range 2 * mostLooks {
		l.opened(fmt.Sprint(i), now)
	}
	long := strings.Repeat("x", longestLook+1)
	if l.opened(long, now); l.known(long, now) || len(l.seen) > mostLooks {
		t.Errorf("%d looks", len(l.seen))
	}
}

// People of another vendor see nothing and do nothing with the ids of this one, by any address of the portal; and cannot tell which exist.
func TestAttackIDsOfAnotherVendorOnPages(t *testing.T) {
	w := found(t)
	w.planned(policy.ReportDue, policy.WindowClosed)
	kimura := w.as("kimura")
	secrets := []string{"R8-0001-1", "例示システム", "保守要員A", "E-0031", "SP-001"}
	for _, r := range rows() {
		if r.site != portal || !strings.Contains(r.path, "{") || strings.Contains(r.path, "{$}") || strings.Contains(r.path, "{secret}") || strings.Contains(r.path, "{key}") {
			continue
		}
		w.Pass(time.Second)
		var answers []answer
		for _, path := range []string{address(r), strings.NewReplacer("R8-0001", "R8-0999", "S-20261124-01", "S-20261124-99", "V-012", "V-999", "SP-001", "SP-999").Replace(address(r))} {
			before := w.size()
			if r.method == http.MethodGet {
				answers = append(answers, kimura.get(path))
			} else {
				answers = append(answers, kimura.post(path, url.Values{"reason": {"x"}, "engineer": {"E-0031"}, "session": {"S-20261124-01"}, "password": {"right"}, "code": {"123456"}}))
			}
			for _, kind := range w.entriesBy(before, "E-0040") {
				if kind != "access.refused" && !strings.HasSuffix(kind, ".opened") && !strings.HasSuffix(kind, "-refused") {
					t.Errorf("%s %s: the ledger got %s", r.method, path, kind)
				}
			}
		}
		if answers[0].status >= 500 || answers[0].status != answers[1].status {
			t.Errorf("%s %s: %d, and %d for an id that does not exist", r.method, r.path, answers[0].status, answers[1].status)
		}
		for _, secret := range secrets {
			if body := strings.ReplaceAll(answers[0].body, address(r), ""); strings.Contains(body, secret) {
				t.Errorf("%s %s tells %q", r.method, r.path, secret)
			}
		}
	}
}

// An upload that breaks off leaves nothing, and the next one is taken.
func TestAttackUploadBrokenOff(t *testing.T) {
	w := found(t)
	b := w.as("sato")
	u, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int64{300, 200 << 10, 10 << 20} {
		body, kind := fileForm(20<<20, "kind", "pledge", "person", "E-0031", "from", "2026-11-01", "until", "2027-03-31")
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "POST /v/pledge HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: %s=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", u.Host, b.base, signedCookie+portalSuffix, b.cookie(), kind, 20<<20)
		if err == nil {
			_, err = io.CopyN(conn, body, part)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // the server has answered, or cut the connection
		_ = conn.Close()
	}
	if page := b.get("/v/pledge"); strings.Contains(page.body, "受理待ち</") || strings.Contains(page.body, "写しあり") {
		t.Errorf("half a file is on the page:\n%s", page.body)
	}
	if kinds := strings.Join(w.entriesBy(0, "E-0031"), " "); strings.Contains(kinds, "paper") {
		t.Errorf("the ledger has %s", kinds)
	}
	a := b.upload("/v/pledge", [][2]string{{"kind", "pledge"}, {"person", "E-0031"}, {"name", ""}, {"from", "2026-11-01"}, {"until", "2027-03-31"}, {"fiscal_year", ""}, {"note", ""}}, "file", "pledge.pdf", make([]byte, 19<<20))
	if a.status != http.StatusSeeOther {
		t.Errorf("the next upload: %d\n%s", a.status, a.body)
	}
}

// A button pressed twice, in one tab or in two, does its act once.
func TestAttackPressedTwice(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	for path, kind := range map[string]string{"/incidents/freeze": "freeze.on", "/windows/R8-0001-1/close": "window.closed"} {
		before := w.size()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				r, err := http.NewRequest("POST", b.base+path, strings.NewReader(url.Values{"scope": {"vendor V-012"}, "reason": {"x"}}.Encode()))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				resp, err := b.http.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				if resp.StatusCode >= 500 {
					t.Errorf("%s: %d", path, resp.StatusCode)
				}
			})
		}
		all.Wait()
		n := 0
		for _, k := range w.entriesBy(before, "ito") {
			if k == kind {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s was done %d times: %v", path, n, w.entriesBy(before, "ito"))
		}
	}
}

// The Host that a stranger writes is on no page, and one that is no host is refused.
func TestAttackHostOfAStranger(t *testing.T) {
	w := found(t)
	for host, want := range map[string]int{"evil.example": http.StatusOK, `evil"><b>`: http.StatusBadRequest, "evil.example/path": http.StatusBadRequest, "a@evil.example": http.StatusBadRequest} {
		for _, path := range []string{"/signin", "/enrol", "/recover", "/notice"} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", w.staff.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			if a := w.browser().do(r); a.status != want || strings.Contains(a.body, "evil") {
				t.Errorf("%s of %s: %d", path, host, a.status)
			}
		}
	}
}

// No form leads to another site after its act, and no header ends in what was typed.
func TestAttackOpenRedirectAfterAnAct(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "/.//evil.example/..//", "javascript:alert(1)", "/x\r\nX-Evil: y", "\t//evil.example", "/%0d%0aX-Evil: y"} {
		a := b.post("/ledger/verify", url.Values{"back": {back}})
		u, err := url.Parse(a.header.Get("Location"))
		if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || a.header.Get("X-Evil") != "" {
			t.Errorf("back=%q leads to %q (%d)", back, a.header.Get("Location"), a.status)
		}
		if page := b.get("/windows/R8-0001-1/close?back=" + url.QueryEscape(back)); strings.Contains(page.body, `href="https://evil`) || strings.Contains(page.body, `href="//evil`) || strings.Contains(page.body, "javascript:") {
			t.Errorf("back=%q is a link of the page", back)
		}
	}
}

// Guesses at the sign-in from many addresses raise an alarm and are slowed, and the owner gets in from where they were before.
func TestAttackGuessAtThePages(t *testing.T) {
	w := found(t, func(o *Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	w.enrol("ito")
	try := func(from, word, code string) answer {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.staff.URL+"/signin", strings.NewReader(url.Values{"login": {"ito"}, "password": {word}, "code": {code}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from)
		return w.browser().do(r)
	}
	if a := try("198.51.100.7", password, w.code("ito")); a.status != http.StatusSeeOther {
		t.Fatalf("the owner: %d", a.status)
	}
	before, right := w.size(), w.code("ito")
	for i := range 60 {
		if a := try(fmt.Sprintf("203.0.%d.9", i), password, "000000"); a.status != http.StatusForbidden {
			t.Fatalf("guess %d: %d", i, a.status)
		}
	}
	if kinds := strings.Join(w.entriesBy(before, ""), " "); !strings.Contains(kinds, "alarm.raised") {
		t.Errorf("60 guesses from 60 addresses: the ledger has %v", kinds)
	}
	if a := try("203.0.113.99", password, right); a.status != http.StatusForbidden {
		t.Errorf("a right guess from one more address: %d", a.status)
	}
	if a := try("198.51.100.7", password, w.code("ito")); a.status != http.StatusSeeOther {
		t.Errorf("the owner is kept out: %d\n%s", a.status, a.body)
	}
}

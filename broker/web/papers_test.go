package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/papers"
	"sekimori/broker/registry"
)

// vendorTown adds a vendor with an engineer and a contact, and a system whose section is kacho's.
const vendorTown = `systems:
  - {id: hr, name: 人事給与, section: jinji, attendance: required, line: none}
vendors:
  - {id: V-012, login: reiji, name: 例示システム(株), contract: {from: FROM, until: UNTIL}, qualified: true}
  - {id: V-013, login: saitaku, name: 再委託先, prime: V-012, contract: {from: FROM, until: UNTIL}, qualified: true}
engineers:
  - {id: E-0031, login: sato, name: 保守要員A, vendor: V-012, phone: 000-0000-0001}
contacts:
  - {id: E-0090, login: madoguchi, name: 窓口, vendor: V-012}
  - {id: E-0091, login: saitakumado, name: 再委託先の窓口, vendor: V-013}
`

func (w *world) vendors() map[string]string {
	w.t.Helper()
	tokens := w.found()
	now := w.clock()
	text := strings.NewReplacer("FROM", now.AddDate(0, -1, 0).Format(time.DateOnly), "UNTIL", now.AddDate(1, 0, 0).Format(time.DateOnly)).Replace(vendorTown)
	plan := ok[registry.Plan](w, "POST", "/v1/apply", tokens["kanri"], api.ApplyBody{Name: "v.yaml", Text: text})
	if plan.Pending == "" {
		w.t.Fatal("a system was made without a second person")
	}
	ok[map[string]string](w, "POST", "/v1/changes/"+plan.Pending+"/confirm", tokens["joho1"], api.ConfirmBody{Fresh: w.fresh("joho1")})
	for _, login := range []string{"madoguchi", "saitakumado"} {
		code := ok[registry.Code](w, "POST", "/v1/people/"+login+"/enroll-code", tokens["kanri"], api.EnrollCodeBody{})
		tokens[login] = w.enrol(code.Text)
	}
	return tokens
}

// pledgePath is the address to which a pledge of sato is filed.
func (w *world) pledgePath() string {
	now := w.clock()
	return "/v1/papers?copy=yes&kind=pledge&person=sato&file_name=seiyaku.pdf&from=" + now.AddDate(0, 0, -2).Format(time.DateOnly) + "&until=" + now.AddDate(0, 6, 0).Format(time.DateOnly)
}

func TestPapersThroughTheAPI(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	content := bytes.Repeat([]byte("%PDF-1.7 誓約書 "), 200_000) // 4 MB: past the bound of an ordinary body
	p := ok[api.Paper](w, "POST", w.pledgePath(), tokens["madoguchi"], string(content))
	if p.State != "submitted" || p.Copy == nil || p.Copy.Size != int64(len(content)) || p.Copy.MediaType != "application/pdf" {
		t.Fatalf("%+v", p)
	}
	if got := ok[api.Paper](w, "POST", "/v1/papers/"+p.ID+"/accept", tokens["kacho"], api.PaperBody{}); got.AcceptedBy != "U-001" {
		t.Errorf("%+v", got)
	}
	_, from := w.kinds(0)
	for login, want := range map[string]string{"tachiai": "forbidden", "madoguchi": "forbidden", "kanri": "forbidden"} {
		if a := w.call("GET", "/v1/papers/"+p.ID+"/copy?purpose=incident", tokens[login], nil); a.fault == nil || a.fault.Code != want {
			t.Errorf("%s looks: %d", login, a.status)
		}
	}
	if a := w.call("GET", "/v1/papers/"+p.ID+"/copy", tokens["tenken"], nil); a.fault == nil || a.fault.Number != 308 {
		t.Errorf("without a purpose: %d", a.status)
	}
	if a := w.call("GET", "/v1/papers/"+p.ID+"/copy?purpose=periodic-review", tokens["tenken"], nil); a.status != 200 || !bytes.Equal(a.body, content) {
		t.Errorf("%d, %d bytes", a.status, len(a.body))
	}
	kinds, _ := w.kinds(from)
	if !slices.Equal(kinds, []string{"access.refused", "access.refused", "access.refused", "access.refused", "paper.viewed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
	if v := ok[api.PaperCheck](w, "GET", "/v1/papers/"+p.ID+"/verify", tokens["kacho"], nil); !v.OK || v.SHA256 != p.Copy.SHA256 {
		t.Errorf("%+v", v)
	}
	// Another vendor's people do not learn that the paper exists; the prime contractor sees its subcontractor's.
	if a := w.call("GET", "/v1/papers/"+p.ID, tokens["saitakumado"], nil); a.status != http.StatusForbidden {
		t.Errorf("another vendor's contact: %d", a.status)
	}
	if a := w.call("POST", "/v1/papers/"+p.ID+"/withdraw", tokens["saitakumado"], api.PaperBody{Reason: "x"}); a.status != http.StatusForbidden {
		t.Errorf("another vendor's contact withdraws: %d", a.status)
	}
	if got := ok[api.List[api.Paper]](w, "GET", "/v1/papers", tokens["saitakumado"], nil).Items; len(got) != 0 {
		t.Errorf("another vendor's contact lists %+v", got)
	}
	if got := ok[api.List[api.Paper]](w, "GET", "/v1/papers?vendor=saitaku", tokens["madoguchi"], nil).Items; len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if a := w.call("GET", "/v1/papers?vendor=reiji", tokens["saitakumado"], nil); a.status != http.StatusForbidden {
		t.Errorf("the other way round: %d", a.status)
	}
}

func TestVendorPageIsLedgered(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	_, from := w.kinds(0)
	v := ok[api.VendorPage](w, "GET", "/v1/vendors/saitaku", tokens["kacho"], nil)
	if v.State != "expired" || v.Cause != "subcontract" || v.PrimeName != "例示システム(株)" {
		t.Errorf("%+v", v.Standing)
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"vendor.viewed"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
	until := w.clock().AddDate(0, 3, 0).Format(time.DateOnly)
	if a := w.call("POST", "/v1/vendors/saitaku/subcontract", tokens["kacho"], api.SubcontractBody{Until: until, Reason: "x"}); a.fault == nil || a.fault.Code != "fresh-authentication-required" {
		t.Errorf("without a fresh proof: %d", a.status)
	}
	p := ok[api.Paper](w, "POST", "/v1/vendors/saitaku/subcontract", tokens["kacho"], api.SubcontractBody{Until: until, Reason: "端末更改", Fresh: w.fresh("kacho")})
	if p.Kind != "subcontract" || p.State != "accepted" {
		t.Errorf("%+v", p)
	}
	lines := ok[api.List[api.VendorLine]](w, "GET", "/v1/vendors", tokens["tachiai"], nil).Items
	if len(lines) != 2 || lines[1].State != "allowed" {
		t.Errorf("%+v", lines)
	}
	if a := w.call("GET", "/v1/vendors/V-999", tokens["kacho"], nil); a.status != http.StatusNotFound {
		t.Errorf("no such vendor: %d", a.status)
	}
}

// A certificate of 200 MB is refused during the upload; a client that waits for leave sends none of it.
func TestAnUploadOf200MB(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	for name, c := range map[string]struct {
		size   int64
		expect bool
		most   int64
	}{"announced, with leave": {200_000_000, true, 0}, "announced": {200_000_000, false, 200_000_000}, "as it comes": {-1, false, 200_000_000}} {
		sent := &counted{from: io.LimitReader(zeros{}, 200_000_000)}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://sekimori"+w.pledgePath(), sent)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = c.size
		req.Header.Set("Authorization", "Bearer "+tokens["madoguchi"])
		if c.expect {
			req.Header.Set("Expect", "100-continue")
		}
		client := &http.Client{Transport: w.client.Transport.(*http.Transport).Clone()}
		client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
		resp, err := client.Do(req)
		if err == nil {
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnprocessableEntity || !bytes.Contains(b, []byte("file-too-large")) {
				t.Errorf("%s: %d %s", name, resp.StatusCode, b)
			}
		} else if c.expect {
			t.Errorf("%s: %v", name, err)
		} // else the broker hung up after the refusal, which some clients notice first
		if n := sent.n.Load(); n > c.most {
			t.Errorf("%s: %d bytes were sent", name, n)
		}
		client.CloseIdleConnections()
	}
	left, err := os.ReadDir(filepath.Join(w.data, "papers"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type counted struct {
	from io.Reader
	n    atomic.Int64 // the client may still send while its answer is read
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A slow upload outlives the server's limit for reading a call, because data keeps coming.
func TestASlowUploadOutlivesTheReadTimeout(t *testing.T) {
	t.Parallel()
	const limit = 3 * time.Second // a loaded machine begins to read within it, and the upload takes longer
	read := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := newUpload(&call{w: &countingWriter{ResponseWriter: w}, r: r, body: r.Body})
		n, err := io.Copy(io.Discard, up)
		up.done()
		if err == nil && n != 3 {
			err = fmt.Errorf("%d bytes came", n)
		}
		read <- err
	}))
	server.Config.ReadTimeout = limit
	server.Start()
	defer server.Close()
	out, in := io.Pipe()
	go func() {
		tick := time.NewTicker(limit / 2)
		defer tick.Stop()
		for range 3 {
			<-tick.C
			if _, err := in.Write([]byte("x")); err != nil {
				break // the server hung up; the test says so
			}
		}
		in.Close()
	}()
	resp, err := http.Post(server.URL, "application/octet-stream", out)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func TestADamagedCopyIsNamed(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	p := ok[api.Paper](w, "POST", w.pledgePath(), tokens["kacho"], "content")
	dir := filepath.Join(w.data, "papers")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	path := filepath.Join(dir, files[0].Name())
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if a := w.call("GET", "/v1/papers/"+p.ID+"/copy?purpose=incident", tokens["tenken"], nil); a.fault == nil || a.fault.Code != "paper-"+string(papers.DamageChanged) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if v := ok[api.PaperCheck](w, "GET", "/v1/papers/"+p.ID+"/verify", tokens["tenken"], nil); v.OK || v.Damage != "changed" {
		t.Errorf("%+v", v)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if a := w.call("GET", "/v1/papers/"+p.ID+"/copy?purpose=incident", tokens["tenken"], nil); a.fault == nil || a.fault.Code != "paper-missing" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

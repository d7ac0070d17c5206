package pages

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
)

// 500 browsers that ask for large pages, the ledger's entries and the text of a recording, and read no byte of the answer hold little memory,
// and others are served.
func TestAttackFiveHundredStalledReadersOfLargePages(t *testing.T) {
	w := found(t)
	w.fill(crowd{requests: 200, entries: 2000})
	const id = "S-20261124-99"
	w.recordedLines(id, 2000)
	b, mori := w.as("ito"), w.as("mori")
	a := mori.post("/recordings/"+id+"/text", url.Values{"purpose": {"periodic-review"}})
	text := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.Contains(text, "v=") {
		t.Fatalf("the recording opens with %d %s", a.status, text)
	}
	paths := []string{"/ledger/entries", "/ledger?month=all", text}
	for _, path := range paths {
		a := mori.get(path)
		t.Logf("%s: %d bytes", path, len(a.body))
		if a.status != http.StatusOK || len(a.body) < 15_000 {
			t.Fatalf("%s: %d, %d bytes: not a large page", path, a.status, len(a.body))
		}
	}
	u, err := url.Parse(w.staff.URL)
	if err != nil {
		t.Fatal(err)
	}
	cookies := ""
	for _, c := range mori.http.Jar.Cookies(u) {
		cookies += c.Name + "=" + c.Value + "; "
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
	browsers := 60 // each look has its entry on the disk
	if testbed.Whole() {
		browsers = 500
	}
	for i := range browsers {
		w.Pass(100 * time.Millisecond) // below the rate of one person
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if err := c.(*net.TCPConn).SetReadBuffer(2048); err != nil { // so that the answer stays at the server
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", paths[i%len(paths)], u.Host, cookies); err != nil {
			t.Fatal(err)
		}
	}
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("somebody else: %d", a.status)
	}
	if a := b.post("/incidents/freeze", url.Values{"scope": {"vendor V-012"}}); a.status != http.StatusSeeOther {
		t.Errorf("somebody else's cut: %d", a.status)
	}
	for _, c := range conns { // each answer has begun: its page is made, and the server waits for the reader or is done
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d MB are held", held>>20)
	if held > 256<<20 {
		t.Errorf("%d MB are held", held>>20)
	}
}

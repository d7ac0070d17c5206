package pages

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// socket opens the live picture of a session with the browser's cookie.
func (b *browser) socket(t *testing.T, session string, through *http.Client) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	at, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range b.http.Jar.Cookies(at) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return websocket.Dial(t.Context(), "ws://"+at.Host+"/sessions/"+session+"/picture", &websocket.DialOptions{HTTPClient: through,
		HTTPHeader: http.Header{"Origin": {b.base}, "Cookie": {strings.Join(cookies, "; ")}}})
}

// watching counts the pictures that are open.
func (p *Pages) watching() int {
	p.pictures.mu.Lock()
	defer p.pictures.mu.Unlock()
	return p.pictures.all
}

// One person may have sixteen pictures; the seventeenth is refused and says why, another person's is not, and a closed one makes room.
func TestAttackOnePersonOpensManyPictures(t *testing.T) {
	t.Parallel()
	w := found(t)
	e := w.withEntrance(t)
	w.granted(t)
	ito, _, session := w.connected(t, e)
	var open []*websocket.Conn
	defer func() {
		for _, c := range open {
			c.CloseNow()
		}
	}()
	for range mostOfOne {
		c, _, err := ito.socket(t, session, nil)
		if err != nil {
			t.Fatalf("picture %d: %v", len(open)+1, err)
		}
		open = append(open, c)
	}
	c, resp, err := ito.socket(t, session, nil)
	if err == nil {
		c.CloseNow()
		t.Fatal("the seventeenth picture opened")
	}
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("refused with %v, %v", resp, err)
	}
	other, _, err := w.as("head").socket(t, session, nil)
	if err != nil {
		t.Fatalf("another person: %v", err)
	}
	open = append(open, other)
	all := w.pages.watching()
	open[0].CloseNow()
	w.fewer(t, all)
	if c, _, err = ito.socket(t, session, nil); err != nil {
		t.Fatalf("a closed picture makes no room: %v", err)
	}
	open = append(open, c)
}

// fewer waits until fewer pictures are open. The broker notices by itself that one is closed. The tries of a person are counted, so that a test may
// not try until it has room.
func (w *world) fewer(t *testing.T, than int) {
	t.Helper()
	eventually(t, "fewer pictures are open", func() bool { return w.pages.watching() < than })
}

// Browsers that take nothing lose their pictures. Meanwhile the session goes on at its own pace, and they hold no memory beyond their queues.
func TestAttackSlowReadersOfAPicture(t *testing.T) { // alone: it measures the memory of the process
	w := found(t)
	w.pages.pictures.stall, w.pages.pictures.alive = time.Second, 3*time.Second
	e := w.withEntrance(t)
	w.granted(t)
	const output = 16 << 20
	ito, s, session := w.connected(t, e)
	deaf := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return c, err
	}}}
	block := strings.Repeat(strings.Repeat("x", 1<<10-1)+"\n", 512)
	flood := func(bytes int) (most int64) { // the shell of the target gives back what is typed
		t.Helper()
		for range bytes / len(block) {
			s.types(block)
			most = max(most, heap())
		}
		return most
	}
	own := flood(output) // what a session needs without them: as much fills the windows on its way, where the broker is slower than the typist
	const many = 8
	for range many {
		c, _, err := ito.socket(t, session, deaf)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow() // it never reads
	}
	most := flood(output)
	s.types("the end\n")
	s.await("the end")
	// Each has a queue of 256 KiB and one message. Held whole, the output would be four times the bound; the kernel's buffers take a part.
	if most-own > many*output/4 {
		t.Errorf("%d KiB are held for %d browsers that take nothing", (most-own)>>10, many)
	}
	t.Logf("%d KiB in use without them, %d KiB with them", own>>10, most>>10)
	left := make(chan struct{})
	go func() { w.pages.pictures.running.Wait(); close(left) }()
	select {
	case <-left:
	case <-time.After(stuck):
		t.Errorf("%d pictures of browsers that take nothing are still open", w.pages.watching())
	}
	kinds := strings.Join(w.Kinds(t, session), " ")
	if n := strings.Count(kinds, "session.watch-ended"); n != many {
		t.Errorf("%d of %d ends in the ledger: %s", n, many, kinds)
	}
	// The session is as it was.
	s.types("still here\n")
	s.await("still here")
}

// heap is the memory in use once what nobody uses is given back.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

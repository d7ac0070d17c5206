package broker_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounds of the memory, heap and stacks in bytes, that five hundred stalled browsers hold in the broker. A form may have 256 KiB, which are twice there while
// they grow.
const (
	stalledBrowsers = 500
	mostOfStalled   = 256 << 20
)

// Five hundred browsers stall at the real listener: within the head of a request, within a form, with answers that they do not read, and with a live
// picture that they do not read. The broker's memory stays bounded, and another browser is served. All five hundred stay open. With the cookie of one
// person most are refused at once, with an answer that the kernel holds: the pages take 200 requests in a burst and 16 pictures of one person.
func TestAttackFiveHundredBrowsersStallAtTheDoor(t *testing.T) {
	o := pictured(t)
	b := o.start()
	e := o.engineers(1)[0]
	s := e.mustDial(b.addr).mustStream(t, "cat")
	if _, err := s.in.Write([]byte("begun\n")); err != nil {
		t.Fatal(err)
	}
	s.await(6)
	id, to := o.awaitActive(e.id).ID, b.APIAddr().String()
	form := "login=" + string(make([]byte, 200<<10))
	script := "GET " + largestFile(t) + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n"
	before, resting := held(), legs(t, to)
	for _, stall := range [][2]string{
		{"within the head", "GET /today HTTP/1.1\r\nHost: " + to + "\r\nX-More: "},
		{"within a form", "POST /signin HTTP/1.1\r\nHost: " + to + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 250000\r\n\r\n" + form},
		{"answers not read", strings.Repeat(script, 8)}, // 1.8 MB for each browser
		{"pages of one person not read", "GET /today HTTP/1.1\r\nHost: " + to + "\r\nCookie: sekimori=" + token + "\r\n\r\n"},
		{"pictures not read", "GET /sessions/" + id + "/picture HTTP/1.1\r\nHost: " + to + "\r\nOrigin: http://" + to + "\r\nCookie: sekimori=" + token + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"},
	} {
		name, say := stall[0], stall[1]
		conns, began := []net.Conn{}, time.Now()
		for i := range stalledBrowsers {
			// The door takes 64 connections of one address. A small buffer at the browser: the answers wait at the broker.
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i/50))}, Timeout: 30 * time.Second, Control: smallBuffer}
			c, err := d.DialContext(t.Context(), "tcp", to)
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
			_ = c.SetWriteDeadline(time.Now().Add(30 * time.Second))
			_, _ = c.Write([]byte(say)) // the door may have closed it: that bounds memory too
		}
		if resp, err := (&http.Client{Timeout: 30 * time.Second}).Get("http://" + to + "/signin"); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: somebody else: %v", name, err)
		} else {
			resp.Body.Close()
		}
		if name == "pictures not read" {
			if _, err := s.in.Write(make([]byte, 1<<20)); err != nil { // more than any watcher's queue
				t.Fatal(err)
			}
			s.await(6 + 1<<20)
		}
		open, unsent := sockets(t, to)
		quick := time.Since(began) < 8*time.Second // the door itself closes a head after ten seconds
		if name == "answers not read" {            // their heads are whole; the broker may still be answering the last ones
			for limit := time.Now().Add(20 * time.Second); unsent < stalledBrowsers*9/10 && time.Now().Before(limit); _, unsent = sockets(t, to) {
				<-time.After(50 * time.Millisecond)
			}
		}
		now := held()
		t.Logf("%s: %.1f MB; %d connections are open, %d with bytes that the browser has not taken", name, float64(now-before)/1e6, open-resting, unsent)
		if quick && open-resting < stalledBrowsers {
			t.Errorf("%s: %d of %d connections are open: the others stall nowhere", name, open-resting, stalledBrowsers)
		}
		if name == "answers not read" && quick && unsent < stalledBrowsers*9/10 {
			t.Errorf("%s: %d answers wait for their browser", name, unsent)
		}
		if now-before > mostOfStalled {
			t.Errorf("%s: %d bytes are held", name, now-before)
		}
		for _, c := range conns {
			c.Close()
		}
		gone := time.NewTimer(30 * time.Second)
		for tick := time.NewTicker(20 * time.Millisecond); legs(t, to) > resting+1; { // the browser that was served keeps its connection
			select {
			case <-tick.C:
			case <-gone.C:
				t.Fatalf("%s: %d connections are left", name, legs(t, to))
			}
		}
	}
}

// largestFile is the address of the largest static file, the player of recordings. It needs no sign-in.
func largestFile(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("pages/static/vendor/asciinema/player.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	return "/static/" + hex.EncodeToString(sum[:8]) + "/vendor/asciinema/player.min.js"
}

// smallBuffer has the kernel keep little for a browser that does not read.
func smallBuffer(_, _ string, c syscall.RawConn) error {
	var failed error
	if err := c.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) }); err != nil {
		return err
	}
	return failed
}

// held is the size of heap and stacks in use.
func held() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

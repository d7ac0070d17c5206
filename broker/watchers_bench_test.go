package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sekimori/broker"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
)

// The flood of the benchmark exceeds the SSH library's window of 2 MiB, so that it passes the broker and does not lie in buffers. Each
// person may have 16 pictures, and each address 64 connections.
const (
	watchedFlood   = 4 << 20
	picturesOfOne  = 16
	browsersFromIP = 50
)

// BenchmarkWatchers has a session print while no one watches, and while a hundred browsers watch it over the pages' WebSocket. The broker is a
// process of its own: CPU-s/GB is its own time for each GB that the engineer got.
//
//	go test ./broker -run '^$' -bench Watchers -benchtime 3x -count 3
func BenchmarkWatchers(b *testing.B) {
	api := testrun.FreeAddress(b) // the broker listens there
	o := found(b, time.Hour, func(c *broker.Config) { c.APIListen, c.PlainHTTP = broker.Address(api), true })
	o.write(func(tx *store.Tx) error {
		var all []error
		for i := range 100/picturesOfOne + 1 {
			id := fmt.Sprintf("U-1%02d", i)
			all = append(all,
				tx.PutPerson(store.Person{Person: policy.Person{ID: id, Login: "mihari" + strconv.Itoa(i), Kind: policy.Staff, Name: "見張り", Section: "jinji", Roles: []policy.Role{policy.InformationSystems}}}),
				tx.AddToken(store.Token{Hash: store.HashToken("watcher-" + strconv.Itoa(i)), Person: id, Created: o.clock.Now(), Expires: o.clock.Now().Add(8 * time.Hour)}))
		}
		return errors.Join(all...)
	})
	e := o.engineers(1)[0]
	c := o.spawn()
	defer c.kill(b)
	v := e.mustDial(c.addr)
	defer func() { v.Close(); <-v.gone }()
	s := v.mustStream(b, "cat")
	have := 0
	block := []byte(strings.Repeat(strings.Repeat("x", 1<<10-1)+"\n", 64))
	flood := func(bytes int) {
		b.Helper()
		have += bytes
		var typed sync.WaitGroup
		typed.Go(func() {
			for range bytes / len(block) {
				if _, err := s.in.Write(block); err != nil {
					b.Error(err)
					return
				}
			}
		})
		s.await(have) // a notice to the engineer goes to the other stream
		typed.Wait()
	}
	flood(watchedFlood)
	id := o.awaitActive(e.id).ID
	for _, n := range []int{0, 100} {
		b.Run(fmt.Sprintf("%d watchers", n), func(b *testing.B) {
			var browsers sync.WaitGroup
			got := make([]int, n) // bytes, by browser
			ctx, stop := context.WithCancel(b.Context())
			defer browsers.Wait()
			defer stop()
			for i := range n {
				conn := watcher(b, api, id, i)
				browsers.Go(func() {
					defer conn.CloseNow()
					for {
						_, p, err := conn.Read(ctx)
						if err != nil {
							return
						}
						got[i] += len(p)
					}
				})
			}
			before, bytes := cpuOf(b, c.cmd.Process.Pid), 0
			b.SetBytes(watchedFlood)
			for b.Loop() {
				flood(watchedFlood)
				bytes += watchedFlood
			}
			b.ReportMetric((cpuOf(b, c.cmd.Process.Pid)-before).Seconds()/float64(bytes)*1e9, "CPU-s/GB")
			stop()
			browsers.Wait()
			for i, n := range got {
				if n == 0 {
					b.Errorf("browser %d saw nothing", i)
				}
			}
		})
	}
}

// watcher opens the live picture in the i-th browser.
func watcher(b *testing.B, api, session string, i int) *websocket.Conn {
	b.Helper()
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 3, byte(1+i/browsersFromIP))}}
	conn, _, err := websocket.Dial(b.Context(), "ws://"+api+"/sessions/"+session+"/picture", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: from.DialContext}},
		HTTPHeader: http.Header{"Origin": {"http://" + api}, "Cookie": {"sekimori=watcher-" + strconv.Itoa(i/picturesOfOne)}},
	})
	if err != nil {
		b.Fatalf("browser %d: %v", i, err)
	}
	conn.SetReadLimit(1 << 22)
	return conn
}

// cpuOf is the processor time of another process.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, f := range fields[11:13] { // user and system time, proc(5)
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ
}

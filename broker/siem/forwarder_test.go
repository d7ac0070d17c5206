package siem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/broker/testrun"
)

// indexOf is the number of the entry in a message.
func indexOf(message string) (int64, error) {
	_, rest, ok := strings.Cut(message, "{")
	var b body
	if !ok {
		return 0, fmt.Errorf("no object in %q", message)
	}
	err := json.Unmarshal([]byte("{"+rest), &b)
	return b.Index, err
}

// arrived collects the numbers of messages.
type arrived struct {
	mu  sync.Mutex
	all []int64
}

// list is what arrived so far. The test message comes last, as -1.
func (a *arrived) list() []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

func (a *arrived) take(message string) error {
	n, err := indexOf(message)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, n)
	return err
}

// holds checks that each of size entries arrived, in order once repetitions are dropped.
func (a *arrived) holds(t testing.TB, size int64) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	next := int64(0)
	for _, n := range a.all {
		if n > next {
			t.Fatalf("entry %d came before entry %d", n, next)
		}
		if n == next {
			next++
		}
	}
	if next != size {
		t.Fatalf("%d of %d entries arrived", next, size)
	}
}

func (r *room) size(t testing.TB) (n int64) {
	t.Helper()
	if err := r.db.Read(t.Context(), func(s *store.Snap) (err error) { n, err = s.LedgerSize(); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

func (r *room) state(t testing.TB, f *Forwarder) (out State) {
	t.Helper()
	if err := r.db.Read(t.Context(), func(s *store.Snap) (err error) { out, err = f.State(s); return err }); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every entry arrives, over TCP and over TLS with a client certificate, and the position is kept: nothing is sent twice without need.
func TestEveryEntryArrives(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"tcp", "tls", "lines"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			secure, err := bothSides(r.dir)
			if err != nil {
				t.Fatal(err)
			}
			format := SyslogJSON
			if way == "lines" {
				format = JSONLines
			}
			if way != "tls" {
				secure = nil
			}
			got := &arrived{}
			f := New(Options{DB: r.db, Address: collecting(t, secure, way == "lines", got.take), TLS: secure, Format: format})
			defer f.Close()
			f.part = 7
			for range 3 {
				if err := errors.Join(appended(t.Context(), r.db, 40), f.Forward(t.Context())); err != nil {
					t.Fatal(err)
				}
				got.holds(t, r.size(t))
			}
			if n := len(got.list()); int64(n) != r.size(t) {
				t.Errorf("%d messages for %d entries", n, r.size(t))
			}
			if s := r.state(t, f); s.Next != s.Size || s.Lag != 0 || s.Error != "" || s.At.IsZero() {
				t.Errorf("%+v", s)
			}
			err = f.Test(t.Context(), time.Now())
			if all := got.list(); err != nil || all[len(all)-1] != -1 {
				t.Errorf("test: %v", err)
			}
		})
	}
}

// A collector that dies in the middle of a part, again and again, or ends without having read all, gets the part once more.
func TestACollectorThatBreaksOffGetsThePartAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	got, chance := &arrived{}, rand.New(rand.NewPCG(1, 2))
	dies := errors.New("dies")
	var mu sync.Mutex // guards chance: a connection that died may still read beside the next one
	take := func(m string) error {
		mu.Lock()
		lost := chance.IntN(20) == 0
		mu.Unlock()
		if lost {
			return dies // the message is lost, with what is behind it
		}
		return got.take(m)
	}
	f := New(Options{DB: r.db, Address: collecting(t, nil, false, take), Format: SyslogJSON})
	defer f.Close()
	f.part = 10
	failures := 0
	for range 10 {
		if err := appended(t.Context(), r.db, 20); err != nil {
			t.Fatal(err)
		}
		for {
			err := f.Forward(t.Context())
			if err == nil {
				break
			}
			if failures++; failures > 10_000 || r.state(t, f).Error == "" {
				t.Fatal(err)
			}
		}
		got.holds(t, r.size(t))
	}
	if failures == 0 {
		t.Error("the collector never broke off")
	}
}

// TestAttackACollectorThatHangsUpForged: who stands between cannot confirm for a TLS collector; the end of TCP alone is no confirmation.
func TestAttackACollectorThatHangsUpForged(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	secure, err := bothSides(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	behind := collecting(t, secure, false, func(string) error { return nil })
	between, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	go func() {
		for {
			in, err := between.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", behind)
			if err != nil {
				in.Close()
				continue
			}
			go func() { // the handshake passes on the server's side, and what the client sends then goes nowhere
				defer out.Close()
				buf := make([]byte, 16<<10)
				n, err := in.Read(buf)
				if err == nil {
					_, err = out.Write(buf[:n])
				}
				for flight := 0; err == nil && flight < 1500; {
					if n, err = out.Read(buf); err == nil {
						_, err = in.Write(buf[:n])
					}
					flight += n
				}
				in.Read(buf)
				in.(*net.TCPConn).CloseWrite()
			}()
		}
	}()
	if err := appended(t.Context(), r.db, 3); err != nil {
		t.Fatal(err)
	}
	f := New(Options{DB: r.db, Address: between.Addr().String(), TLS: secure, Format: SyslogJSON})
	defer f.Close()
	if err := f.Forward(t.Context()); !errors.Is(err, errBrokeOff) {
		t.Errorf("an end of the stream that is not the collector's: %v", err)
	}
	if s := r.state(t, f); s.Next != 0 || s.Error == "" {
		t.Errorf("%+v", s)
	}
}

// Wrong: no collector, a certificate of another authority, a collector without TLS. Nothing moves, the state says why, and the alarm comes
// when the bound is over, once.
func TestWhatDoesNotGoOutIsSaidAndAlarmed(t *testing.T) {
	t.Parallel()
	r, other := newRoom(t), newRoom(t)
	mine, err := bothSides(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := bothSides(other.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := appended(t.Context(), r.db, 5); err != nil {
		t.Fatal(err)
	}
	for what, address := range map[string]string{
		"no collector": net.JoinHostPort("127.0.0.1", strconv.Itoa(testrun.ClosedPort(t))), "another authority": collecting(t, theirs, false, func(string) error { return nil }),
		"no TLS": collecting(t, nil, false, func(string) error { return nil }),
	} {
		f := New(Options{DB: r.db, Address: address, TLS: mine, Format: SyslogCEF, Late: time.Nanosecond})
		defer f.Close()
		if err := f.Forward(t.Context()); err == nil {
			t.Errorf("%s: sent", what)
		}
		if s := r.state(t, f); s.Next != 0 || s.Error == "" || s.Lag < 0 {
			t.Errorf("%s: %+v", what, s)
		}
		for range 2 {
			if err := f.Due(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	var alarms []store.Alarm
	if err := r.db.Read(t.Context(), func(s *store.Snap) (err error) {
		alarms, err = s.Alarms(store.AlarmFilter{What: store.AlarmNotForwarded})
		return err
	}); err != nil || len(alarms) != 1 {
		t.Errorf("%d alarms, %v", len(alarms), err)
	}
}

// A collector that reads nothing, or talks without end, holds up nothing but itself, and a stop ends the sending at once.
func TestAStopEndsTheSending(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	met := make(chan struct{})
	go func() {
		for range 2 { // the watch, and the part that waits for its end
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
		close(met)
		<-t.Context().Done()
	}()
	if err := appended(t.Context(), r.db, 3); err != nil {
		t.Fatal(err)
	}
	f := New(Options{DB: r.db, Address: l.Addr().String(), Format: SyslogJSON})
	defer f.Close()
	f.every = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	<-met
	if err := appended(t.Context(), r.db, 10); err != nil { // as sessions do meanwhile
		t.Fatal(err)
	}
	stop()
	select {
	case <-ended:
	case <-time.After(confirmTime / 2): // by itself it would wait longer
		t.Fatal("the sending goes on")
	}
}

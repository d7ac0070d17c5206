package broker_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sekimori/broker"
	"sekimori/broker/api"
)

// pictured is an office whose pages are served without TLS on loopback.
func pictured(t testing.TB) *office {
	return found(t, time.Hour, func(c *broker.Config) { c.APIListen, c.PlainHTTP = "127.0.0.1:0", true })
}

// socket opens the live picture of a session, as the attendant's browser does.
func (r *running) socket(ctx context.Context, session, origin string) (*websocket.Conn, *http.Response, error) {
	base := r.APIAddr().String()
	if origin == "" {
		origin = "http://" + base
	}
	return websocket.Dial(ctx, "ws://"+base+"/sessions/"+session+"/picture", &websocket.DialOptions{HTTPHeader: http.Header{
		"Origin": {origin}, "Cookie": {"sekimori=" + token},
	}})
}

// shown reads a picture until it has shown the words, and gives the time at which they came.
func shown(t testing.TB, conn *websocket.Conn, words string) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn.SetReadLimit(1 << 22)
	var seen strings.Builder
	for {
		_, b, err := conn.Read(ctx)
		at := time.Now()
		if err != nil {
			t.Fatalf("%v after %q", err, seen.String())
		}
		var list []api.LivePiece
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Kind == api.LiveOutput {
				seen.WriteString(p.Text)
			}
		}
		if strings.Contains(seen.String(), words) {
			return at
		}
	}
}

// The picture is at most 150 ms behind the engineer's key (the middle of many; a busy machine delays single ones).
func TestLivePictureIsNotBehind(t *testing.T) {
	o := pictured(t)
	b := o.start()
	e := o.engineers(1)[0]
	s := e.mustDial(b.addr).mustStream(t, "cat")
	if _, err := io.WriteString(s.in, "begun\n"); err != nil {
		t.Fatal(err)
	}
	s.await(6)
	id := o.awaitActive(e.id).ID
	conn, _, err := b.socket(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	shown(t, conn, "begun")
	var behind, own []time.Duration
	have := len(s.bytes())
	for i := range 40 {
		line := "line-" + strings.Repeat("x", i) + ".\n"
		sent := time.Now()
		if _, err := io.WriteString(s.in, line); err != nil {
			t.Fatal(err)
		}
		have += len(line)
		s.await(have)
		own = append(own, time.Since(sent))
		behind = append(behind, shown(t, conn, strings.TrimSpace(line)).Sub(sent))
	}
	echoed := string(s.bytes())
	t.Logf("own screen: middle %s; the engineer got %d bytes, first lines %q", mid(own), len(echoed), echoed[:min(40, len(echoed))])
	t.Logf("picture: middle %s, worst %s", mid(behind), slices.Max(behind))
	if mid(behind) > 150*time.Millisecond {
		t.Errorf("the picture is %s behind", mid(behind))
	}
	if n := o.entries("session.watched"); n != 1 {
		t.Errorf("%d entries about the look", n)
	}
	conn.Close(websocket.StatusNormalClosure, "")
	b.close()
	if n := o.entries("session.watch-ended"); n != 1 {
		t.Errorf("%d entries about its end", n)
	}
	o.verifyLedger()
}

func mid(all []time.Duration) time.Duration {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// A page of another site cannot open the socket with this site's cookie.
func TestAttackLivePictureFromAnotherSite(t *testing.T) {
	o := pictured(t)
	b := o.start()
	e := o.engineers(1)[0]
	s := e.mustDial(b.addr).mustStream(t, "cat")
	if _, err := io.WriteString(s.in, "begun\n"); err != nil {
		t.Fatal(err)
	}
	s.await(6)
	id := o.awaitActive(e.id).ID
	for _, origin := range []string{"http://evil.example", "null", "https://" + b.APIAddr().String()} {
		conn, resp, err := b.socket(t.Context(), id, origin)
		if err == nil {
			conn.CloseNow()
			t.Errorf("%s: opened", origin)
		} else if resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v", origin, err)
		}
	}
	if n := o.entries("session.watched"); n != 0 {
		t.Errorf("%d looks", n)
	}
	if n := o.entries("access.refused"); n == 0 {
		t.Error("no entry about the refusals")
	}
}

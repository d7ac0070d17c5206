package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/web"
)

// defaultSocket is where a packaged broker listens.
const defaultSocket = "/run/sekimori/sekimori.sock"

// connect prepares a client; nothing is sent yet. signedIn: the call needs a token.
func (p *program) connect(c *cli.Context, signedIn bool) (*api.Client, error) {
	w, err := p.find(c)
	if err != nil {
		return nil, err
	}
	p.place = w
	token := ""
	if signedIn {
		t, err := p.readToken(w)
		if err != nil {
			return nil, err
		}
		token = t.Token
	}
	way, base := &route{p: p, place: w}, "http://sekimori"
	transport := &http.Transport{DisableCompression: true, DialContext: way.dial, ExpectContinueTimeout: 10 * time.Second}
	if w.Server != "" {
		base = w.Server
		transport.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
		if transport.TLSClientConfig, err = w.trust(p.now); err != nil {
			return nil, err
		}
		transport.TLSHandshakeTimeout = 15 * time.Second
		transport.ForceAttemptHTTP2 = true
		// A server that is gone is noticed even while a stream is only being listened to.
		transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	}
	way.transport = transport
	k := api.NewClient(way, base, token, p.lang)
	if signedIn {
		p.client = k
	}
	return k, nil
}

// route is the way to one broker. It knows the accounts that may answer there, and explains why a connection is refused.
type route struct {
	p         *program
	place     place
	transport http.RoundTripper
}

// RoundTrip sends one call.
func (r *route) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.transport.RoundTrip(req)
	if err != nil {
		return nil, r.unreachable(err)
	}
	return resp, nil
}

// dial connects. Before it sends a byte, and so the token, it asks the kernel for the account of the peer.
func (r *route) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", r.place.Socket)
	if err != nil {
		return nil, err
	}
	peer, err := web.PeerOf(conn)
	if err == nil && !slices.Contains(trustedUIDs(r.place.Socket, r.p.getenv("SEKIMORI_SERVER_UID")), peer.UID) {
		err = &failure{
			ja:     fmt.Sprintf("ソケット %s の相手(uid %d)は関守と認められません", r.place.Socket, peer.UID),
			en:     fmt.Sprintf("uid %d answers on %s; that is not the broker", peer.UID, r.place.Socket),
			hintJA: "何も送っていません。関守が別の利用者で動くなら SEKIMORI_SERVER_UID に番号を入れます",
			hintEN: "nothing was sent. If the broker runs as that account set SEKIMORI_SERVER_UID",
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// trustedUIDs are the accounts that may be the broker: root, the command's own account, the one
// named, and the owner of the socket's directory when no other account can put a socket there.
func trustedUIDs(socket, named string) []uint32 {
	out := []uint32{0, uint32(os.Getuid())}
	if n, err := strconv.ParseUint(named, 10, 32); err == nil {
		out = append(out, uint32(n))
	}
	if info, err := os.Stat(filepath.Dir(socket)); err == nil && info.Mode().Perm()&0o022 == 0 {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			out = append(out, st.Uid)
		}
	}
	return out
}

func (r *route) unreachable(err error) error {
	var own *failure
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if r.place.Server != "" {
		if unknown := r.place.unknownServer(err); unknown != nil {
			return unknown
		}
		return &failure{
			ja: fmt.Sprintf("関守につながりません(%s)", r.place), en: fmt.Sprintf("no broker answers at %s", r.place),
			hintJA: "ホストとポート、途中の通信をお確かめください", hintEN: "check host, port and the network between", cause: err,
		}
	}
	return &failure{
		ja: fmt.Sprintf("関守につながりません(%s)", r.place.Socket), en: fmt.Sprintf("no broker answers on %s", r.place.Socket),
		hintJA: "`sekimori serve` が動いているか、--socket か --config の指定をお確かめください",
		hintEN: "is `sekimori serve` running? Otherwise name it with --socket or --config", cause: err,
	}
}

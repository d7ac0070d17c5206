package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

// defaultSocket is where a packaged broker listens.
const defaultSocket = "/run/sekimori/sekimori.sock"

// client speaks to one broker.
type client struct {
	p     *program
	place place
	token string
	http  *http.Client
}

// connect prepares a client; nothing is sent yet. signedIn: the call needs a token.
func (p *program) connect(c *cli.Context, signedIn bool) (*client, error) {
	w, err := p.find(c)
	if err != nil {
		return nil, err
	}
	p.place = w
	k := &client{p: p, place: w}
	if signedIn {
		t, err := p.readToken(w)
		if err != nil {
			return nil, err
		}
		k.token = t.Token
	}
	transport := &http.Transport{DisableCompression: true, DialContext: k.dial, ExpectContinueTimeout: 10 * time.Second}
	if w.Server != "" {
		transport.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
		if transport.TLSClientConfig, err = w.trust(p.now); err != nil {
			return nil, err
		}
		transport.TLSHandshakeTimeout = 15 * time.Second
		transport.ForceAttemptHTTP2 = true
		// A server that is gone is noticed even while a stream is only being listened to.
		transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	}
	k.http = &http.Client{
		Transport: transport,
		// The broker never redirects; following one would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return k, nil
}

// dial connects and asks the kernel who is there before a byte, and so the token, is sent.
func (k *client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", k.place.Socket)
	if err != nil {
		return nil, err
	}
	peer, err := web.PeerOf(conn)
	if err == nil && !slices.Contains(trustedUIDs(k.place.Socket, k.p.getenv("SEKIMORI_SERVER_UID")), peer.UID) {
		err = &failure{
			ja:     fmt.Sprintf("ソケット %s の相手(uid %d)は関守と認められません", k.place.Socket, peer.UID),
			en:     fmt.Sprintf("uid %d answers on %s; that is not the broker", peer.UID, k.place.Socket),
			hintJA: "何も送っていません。関守が別の利用者で動くなら SEKIMORI_SERVER_UID に番号を入れます",
			hintEN: "nothing was sent. If the broker runs as that account set SEKIMORI_SERVER_UID",
		}
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// trustedUIDs are the accounts that may be the broker: root, whoever runs the command, the one
// named, and the owner of the socket's directory when nobody else can put a socket there.
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

// do sends one call and returns the answer, which the caller closes. A fault is returned as such.
func (k *client) do(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	if body == nil {
		return k.send(ctx, method, path, query, nil, -1)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	if damaged(b) {
		return nil, &failure{ja: "UTF-8 でない文字があります。何も送っていません", en: "this is not UTF-8; nothing was sent",
			hintJA: "端末の文字コードを UTF-8 にしてください", hintEN: "set the terminal to UTF-8"}
	}
	return k.send(ctx, method, path, query, bytes.NewReader(b), -1)
}

// damaged tells that the encoder put U+FFFD for a byte that is no UTF-8: it escapes that one, and writes one that was handed in as it is.
func damaged(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(b[i:], []byte(`\ufffd`)) {
			return true
		}
		i++ // what is escaped begins no escape
	}
	return false
}

// send sends one call with a body (nil: none) that is JSON, or a file of so many bytes where size is not negative. A file is
// sent when the broker has looked at who sends it and how large it is.
func (k *client) send(ctx context.Context, method, path string, query url.Values, body io.Reader, size int64) (*http.Response, error) {
	target := "http://sekimori" + path
	if k.place.Server != "" {
		target = k.place.Server + path
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	switch {
	case size >= 0:
		req.ContentLength = size
		req.Header.Set("Content-Type", "application/octet-stream")
		req.Header.Set("Expect", "100-continue")
	case body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	if k.token != "" {
		req.Header.Set("Authorization", "Bearer "+k.token)
	}
	req.Header.Set("Accept-Language", k.p.lang)
	resp, err := k.http.Do(req)
	if err != nil {
		return nil, k.unreachable(err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	var wrapped struct {
		Error *web.Fault `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&wrapped); err != nil || wrapped.Error == nil {
		return nil, &failure{
			ja: fmt.Sprintf("関守の答えが読めません(HTTP %d)", resp.StatusCode),
			en: fmt.Sprintf("the broker's answer cannot be read (HTTP %d)", resp.StatusCode), cause: err,
		}
	}
	return nil, wrapped.Error
}

func (k *client) unreachable(err error) error {
	var own *failure
	if errors.As(err, &own) {
		return own
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if k.place.Server != "" {
		if unknown := k.place.unknownServer(err); unknown != nil {
			return unknown
		}
		return &failure{
			ja: fmt.Sprintf("関守につながりません(%s)", k.place), en: fmt.Sprintf("no broker answers at %s", k.place),
			hintJA: "ホストとポート、途中の通信をお確かめください", hintEN: "check host, port and the network between", cause: err,
		}
	}
	return &failure{
		ja: fmt.Sprintf("関守につながりません(%s)", k.place.Socket), en: fmt.Sprintf("no broker answers on %s", k.place.Socket),
		hintJA: "`sekimori serve` が動いているか、--socket か --config の指定をお確かめください",
		hintEN: "is `sekimori serve` running? Otherwise name it with --socket or --config", cause: err,
	}
}

// call sends in (nil: nothing) and reads the answer into out (nil: ignored).
func (k *client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	resp, err := k.do(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err := io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the broker's answer: %w", err)
	}
	return nil
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// Client speaks to one broker. Its errors are a *Fault where the broker or the client itself names the problem, and otherwise those
// of HTTP.
type Client struct {
	HTTP     *http.Client // see NewClient
	Base     string       // "https://gate.example.jp:8443"; of a socket any host
	Token    string       // of a sign-in; empty: none
	Language string       // preferred language of texts, "ja" or "en"
}

// NewClient makes a client over a transport, which must make sure that it reaches the right broker.
func NewClient(transport http.RoundTripper, base, token, language string) *Client {
	return &Client{
		HTTP: &http.Client{
			Transport: transport,
			// The broker never redirects; following a redirect would carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Base: base, Token: token, Language: language,
	}
}

// Get reads the answer of a path.
func Get[T any](ctx context.Context, c *Client, path Path[T], query url.Values) (T, error) {
	return answer[T](c.send(ctx, http.MethodGet, string(path), query, nil, noFile))
}

// Post sends a body (nil: none) and reads the answer.
func Post[T any](ctx context.Context, c *Client, path Path[T], body any) (T, error) {
	if body == nil {
		return answer[T](c.send(ctx, http.MethodPost, string(path), nil, nil, noFile))
	}
	b, err := json.Marshal(body)
	if err == nil && damaged(b) {
		err = &Fault{Code: "error", Exit: ExitError, JA: "UTF-8 でない文字があります。何も送っていません", EN: "this is not UTF-8; nothing was sent",
			HintJA: "端末の文字コードを UTF-8 にしてください", HintEN: "set the terminal to UTF-8"}
	}
	if err != nil {
		var none T
		return none, err
	}
	return answer[T](c.send(ctx, http.MethodPost, string(path), nil, bytes.NewReader(b), noFile))
}

// Upload sends a statement, as the query, with a file of the given size (nil: without one). The file is sent only after the broker has
// checked the sender and the size.
func Upload[T any](ctx context.Context, c *Client, path Path[T], query url.Values, file io.Reader, size int64) (T, error) {
	if file == nil {
		size = noFile
	}
	return answer[T](c.send(ctx, http.MethodPost, string(path), query, file, size))
}

// Open begins a stream. The caller closes its body.
func (c *Client) Open(ctx context.Context, path Path[Stream], query url.Values) (*http.Response, error) {
	return c.send(ctx, http.MethodGet, string(path), query, nil, noFile)
}

const noFile = -1

// send sends one call. The body is JSON, or a file where size is not negative. An answer that is no success becomes an error.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body io.Reader, size int64) (*http.Response, error) {
	target := c.Base + path
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
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	req.Header.Set("Accept-Language", c.Language)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	var wrapped struct {
		Error *Fault `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&wrapped); err != nil || wrapped.Error == nil {
		return nil, unreadable(resp, err)
	}
	wrapped.Error.Status = resp.StatusCode
	return nil, wrapped.Error
}

// answer reads one JSON value and nothing behind it.
func answer[T any](resp *http.Response, err error) (T, error) {
	var out, none T
	if err != nil {
		return none, err
	}
	defer resp.Body.Close()
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return none, unreadable(resp, err)
	}
	d := json.NewDecoder(resp.Body)
	if err := d.Decode(&out); err != nil {
		return none, fmt.Errorf("read the broker's answer: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return none, unreadable(resp, err)
	}
	return out, nil
}

func unreadable(resp *http.Response, cause error) *Fault {
	f := &Fault{Code: "error", Exit: ExitError,
		JA: fmt.Sprintf("関守の答えが読めません(HTTP %d)", resp.StatusCode), EN: fmt.Sprintf("the broker's answer cannot be read (HTTP %d)", resp.StatusCode)}
	if cause != nil {
		f.JA, f.EN = f.JA+": "+cause.Error(), f.EN+": "+cause.Error()
	}
	return f
}

// damaged tells that the encoder replaced bytes that are not UTF-8 by U+FFFD: it escapes that one, and writes a U+FFFD of the input unescaped.
func damaged(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(b[i:], []byte(`\ufffd`)) {
			return true
		}
		i++ // an escaped character begins no escape
	}
	return false
}

package inspect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ICAP asks a server over RFC 3507. Service is icap://host:port/name. Request: REQMOD instead of RESPMOD, for services that only offer
// that. Sanitises: a changed body is a sanitised copy; otherwise a changed body counts as not clean, because many servers answer a find
// with a page in place of the file. Most is the largest file; 0: 100 MiB.
type ICAP struct {
	Service   string
	Request   bool
	Sanitises bool
	Most      int64
}

// Bounds on what a server sends.
const (
	icapMost    = 100 << 20
	icapHeads   = 64 << 10
	icapPreview = 1 << 20
)

// Name implements Engine.
func (ICAP) Name() string { return "icap" }

// icapOptions is the answer to OPTIONS.
type icapOptions struct {
	version string
	preview int64 // negative: none
	allow   bool  // 204 without a preview
}

// Inspect asks for the options, then sends the file.
func (c ICAP) Inspect(ctx context.Context, s Subject) (f Finding, _ Content, err error) {
	if most := orElse(c.Most, icapMost); s.Content.Size() > most {
		return f, nil, fmt.Errorf("%w of ICAP: %d bytes, at most %d", ErrLimit, s.Content.Size(), most)
	}
	o, err := c.options(ctx)
	if err != nil {
		return f, nil, fmt.Errorf("icap options: %w", err)
	}
	f.Version = o.version
	conn, err := c.dial(ctx)
	if err != nil {
		return f, nil, fmt.Errorf("icap: %w", err)
	}
	defer conn.close()
	clean, detail, copied, err := conn.modify(c, o, s)
	if err != nil {
		return f, nil, fmt.Errorf("icap: %w", errors.Join(err, context.Cause(ctx)))
	}
	f.Detail = detail
	switch {
	case clean:
		f.Verdict = Clean
	case copied == nil:
		f.Verdict = NotClean
	default:
		before, err := Sum(s.Content)
		if err != nil {
			return f, nil, err
		}
		after, err := Sum(copied)
		switch {
		case err != nil:
			return f, nil, err
		case before == after:
			f.Verdict = Clean
			return f, nil, nil
		case !c.Sanitises:
			f.Verdict, f.Detail = NotClean, "the server answers with other contents"
			return f, nil, nil
		}
		f.Verdict = Sanitised
	}
	return f, copied, nil
}

// icapConn is a connection to the server. It ends with the context.
type icapConn struct {
	net.Conn
	in   *bufio.Reader
	stop func() bool
	host string
}

func (c ICAP) dial(ctx context.Context) (*icapConn, error) {
	u, err := url.Parse(c.Service)
	if err != nil || u.Scheme != "icap" || u.Host == "" {
		return nil, fmt.Errorf("%q is no address icap://host:port/service", c.Service)
	}
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), "1344")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	k := &icapConn{Conn: conn, host: u.Host}
	k.in = bufio.NewReaderSize(conn, icapHeads)
	k.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return k, nil
}

func (k *icapConn) close() {
	k.stop()
	_ = k.Conn.Close()
}

// head reads a status line and headers, within icapHeads.
func (k *icapConn) head(protocol string) (status int, h textproto.MIMEHeader, err error) {
	line, err := k.line()
	if err != nil {
		return 0, nil, err
	}
	name, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err = strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(name, protocol+"/1.") || status < 100 || status > 599 {
		return 0, nil, fmt.Errorf("an answer that begins %q", said(line))
	}
	h = textproto.MIMEHeader{}
	for size := len(line); ; {
		line, err := k.line()
		if err != nil {
			return 0, nil, err
		}
		if line == "" {
			return status, h, nil
		}
		if size += len(line); size > icapHeads {
			return 0, nil, errors.New("the headers are too long")
		}
		key, value, found := strings.Cut(line, ":")
		if !found {
			return 0, nil, fmt.Errorf("a broken header %q", said(line))
		}
		h.Add(strings.TrimSpace(key), strings.TrimSpace(value))
	}
}

// line reads one line; the reader's buffer bounds it.
func (k *icapConn) line() (string, error) {
	b, err := k.in.ReadSlice('\n')
	if err != nil {
		return "", fmt.Errorf("read an answer: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func (c ICAP) options(ctx context.Context) (o icapOptions, err error) {
	k, err := c.dial(ctx)
	if err != nil {
		return o, err
	}
	defer k.close()
	if _, err := fmt.Fprintf(k, "OPTIONS %s ICAP/1.0\r\nHost: %s\r\nUser-Agent: Sekimori\r\nConnection: close\r\n\r\n", c.Service, k.host); err != nil {
		return o, err
	}
	status, h, err := k.head("ICAP")
	if err != nil {
		return o, err
	}
	method := "RESPMOD"
	if c.Request {
		method = "REQMOD"
	}
	switch {
	case status != 200:
		return o, fmt.Errorf("status %d", status)
	case !strings.Contains(strings.ToUpper(h.Get("Methods")), method):
		return o, fmt.Errorf("the service offers %q, not %s", said(h.Get("Methods")), method)
	}
	o.version = strings.Join(strings.Fields(h.Get("Service")+" "+strings.Trim(h.Get("ISTag"), `"`)), " ")
	o.allow = strings.Contains(h.Get("Allow"), "204")
	o.preview = -1
	if p := h.Get("Preview"); p != "" {
		if o.preview, err = strconv.ParseInt(p, 10, 64); err != nil || o.preview < 0 || o.preview > icapPreview {
			return o, fmt.Errorf("a preview of %q", said(p))
		}
	}
	return o, nil
}

// modify sends the file and reads the answer: clean, or a body that took its place, or (neither) a refusal.
func (k *icapConn) modify(c ICAP, o icapOptions, s Subject) (clean bool, detail string, copied Content, err error) {
	size := s.Content.Size()
	name := url.PathEscape(s.Name)
	request := fmt.Sprintf("GET http://files.sekimori.invalid/%s HTTP/1.1\r\nHost: files.sekimori.invalid\r\n\r\n", name)
	response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", size)
	method, heads, parts := "RESPMOD", request+response, fmt.Sprintf("req-hdr=0, res-hdr=%d, res-body=%d", len(request), len(request)+len(response))
	if c.Request {
		method = "REQMOD"
		heads = fmt.Sprintf("PUT http://files.sekimori.invalid/%s HTTP/1.1\r\nHost: files.sekimori.invalid\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", name, size)
		parts = fmt.Sprintf("req-hdr=0, req-body=%d", len(heads))
	}
	head := fmt.Sprintf("%s %s ICAP/1.0\r\nHost: %s\r\nUser-Agent: Sekimori\r\nConnection: close\r\n", method, c.Service, k.host)
	if o.allow {
		head += "Allow: 204\r\n"
	}
	if o.preview >= 0 {
		head += fmt.Sprintf("Preview: %d\r\n", o.preview)
	}
	if _, err := io.WriteString(k, head+"Encapsulated: "+parts+"\r\n\r\n"+heads); err != nil {
		return false, "", nil, err
	}
	body := Reader(s.Content)
	if o.preview >= 0 {
		if err := k.chunks(io.LimitReader(body, o.preview)); err != nil {
			return false, "", nil, err
		}
		end := "0\r\n\r\n"
		if size <= o.preview {
			end = "0; ieof\r\n\r\n"
		}
		if _, err := io.WriteString(k, end); err != nil {
			return false, "", nil, err
		}
		if size > o.preview {
			status, h, err := k.head("ICAP")
			if err != nil {
				return false, "", nil, err
			}
			if status != 100 {
				return k.answer(c, status, h, s)
			}
			return k.rest(c, body, s)
		}
	} else {
		return k.rest(c, body, s)
	}
	status, h, err := k.head("ICAP")
	if err != nil {
		return false, "", nil, err
	}
	return k.answer(c, status, h, s)
}

// takesRest bounds the time in which a server that has answered must have taken the rest of the file.
const takesRest = 5 * time.Second

// rest sends the remaining body while the answer is read: a server may answer before it has all of it.
func (k *icapConn) rest(c ICAP, body io.Reader, s Subject) (bool, string, Content, error) {
	sent := make(chan error, 1)
	go func() {
		err := k.chunks(body)
		if err == nil {
			_, err = io.WriteString(k, "0\r\n\r\n")
		}
		sent <- err
	}()
	defer func() {
		_ = k.Conn.Close()
		<-sent
	}()
	status, h, err := k.head("ICAP")
	if err != nil {
		return false, "", nil, err
	}
	clean, detail, copied, err := k.answer(c, status, h, s)
	if err == nil && (clean || copied != nil) {
		limit := time.NewTimer(takesRest)
		defer limit.Stop()
		select {
		case e := <-sent: // a server that did not take the whole file has not seen it
			sent <- nil
			err = e
		case <-limit.C:
			err = errors.New("the server answers before it has the whole file")
		}
	}
	return clean, detail, copied, err
}

func (k *icapConn) chunks(r io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if _, err := fmt.Fprintf(k, "%x\r\n%s\r\n", n, buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// answer reads what follows the head of the final answer.
func (k *icapConn) answer(c ICAP, status int, h textproto.MIMEHeader, s Subject) (clean bool, detail string, copied Content, err error) {
	for _, key := range []string{"X-Infection-Found", "X-Virus-Id", "X-Violations-Found", "X-Blocked"} {
		if v := h.Get(key); v != "" {
			return false, key + ": " + v, nil, nil
		}
	}
	switch status {
	case 204:
		return true, "", nil, nil
	case 200:
	default:
		return false, "", nil, fmt.Errorf("status %d", status)
	}
	parts := strings.ToLower(h.Get("Encapsulated"))
	isResponse, hasBody := strings.Contains(parts, "res-hdr"), strings.Contains(parts, "res-body") || strings.Contains(parts, "req-body")
	switch {
	case isResponse:
		code, _, err := k.head("HTTP")
		if err != nil {
			return false, "", nil, err
		}
		if code != 200 || c.Request { // a page in place of the file
			return false, fmt.Sprintf("the server answers with a page (HTTP %d)", code), nil, nil
		}
	case c.Request && strings.Contains(parts, "req-hdr"):
		if err := k.skipHead(); err != nil {
			return false, "", nil, err
		}
	default:
		return false, "", nil, fmt.Errorf("an answer with %q", said(parts))
	}
	if !hasBody {
		return false, "the server answers with no contents", nil, nil
	}
	out, err := s.Scratch()
	if err != nil {
		return false, "", nil, err
	}
	if err := k.body(out, orElse(c.Most, icapMost)); err != nil {
		return false, "", nil, err
	}
	copied, err = out.Content()
	return false, "", copied, err
}

// skipHead passes the head of a request.
func (k *icapConn) skipHead() error {
	for size := 0; ; {
		line, err := k.line()
		if err != nil || line == "" {
			return err
		}
		if size += len(line); size > icapHeads {
			return errors.New("the headers are too long")
		}
	}
}

// body reads chunks up to the last.
func (k *icapConn) body(out io.Writer, most int64) error {
	for total := int64(0); ; {
		line, err := k.line()
		if err != nil {
			return err
		}
		word, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(word), 16, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("a broken chunk %q", said(line))
		}
		if total += n; total > most {
			return fmt.Errorf("%w of ICAP: a body of more than %d bytes", ErrLimit, most)
		}
		if n == 0 {
			return k.skipHead()
		}
		if _, err := io.CopyN(out, k.in, n); err != nil {
			return err
		}
		if line, err := k.line(); err != nil || line != "" {
			return errors.New("a chunk without its end")
		}
	}
}

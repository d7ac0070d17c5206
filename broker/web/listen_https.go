package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/api"
	"sekimori/broker/connlimit"
	"sekimori/broker/fault"
)

// httpsLimits bound how many connections the HTTPS door holds; time and size bound the cost of each. An office behind one
// address still works. A connection that has shown a token keeps its place.
func httpsLimits() connlimit.Limits {
	return connlimit.Limits{Total: 512, PerAddress: 64, PerPerson: 64}
}

// ListenHTTPS opens the address at which the API is served over TLS. Connections beyond the limits are closed at once:
// those of one address before those of others, and those of strangers before those of known addresses.
func ListenHTTPS(address string, known *connlimit.Known, clock func() time.Time) (net.Listener, error) {
	return listenHTTPS(address, httpsLimits(), known, clock)
}

func listenHTTPS(address string, limits connlimit.Limits, known *connlimit.Known, clock func() time.Time) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTPS: %w", err)
	}
	return &boundedListener{Listener: l, limit: connlimit.New(limits, known), clock: clock}, nil
}

// ServeHTTPS answers the API and the pages of the staff on l until Close, with the certificate that the function gives for each handshake;
// nil: without TLS, on a loopback address. It returns nil after Close. It asks for no client certificate: the token names the caller.
func (s *Server) ServeHTTPS(l net.Listener, certificate func() (*tls.Certificate, error)) error {
	return serveOver(s.https, l, certificate)
}

// ServePortal answers the pages of vendors on l, as ServeHTTPS does those of the staff.
func (s *Server) ServePortal(l net.Listener, certificate func() (*tls.Certificate, error)) error {
	return serveOver(s.portal, l, certificate)
}

func serveOver(h *http.Server, l net.Listener, certificate func() (*tls.Certificate, error)) error {
	serve := func() error { return h.Serve(l) }
	if certificate != nil {
		h.TLSConfig.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() }
		serve = func() error { return h.ServeTLS(l, "", "") }
	}
	if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve over TCP: %w", err)
	}
	return nil
}

// beside gives the API what begins with /v1/ and the calendar's feeds, and the pages the rest. Either may be nil.
func beside(calls, pages http.Handler) http.Handler {
	switch {
	case pages == nil && calls == nil:
		return http.NotFoundHandler()
	case pages == nil:
		return calls
	case calls == nil:
		return pages
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, api.Root+"/") || strings.HasPrefix(r.URL.Path, "/calendar/") && strings.HasSuffix(r.URL.Path, ".ics") {
			calls.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// httpsServer is a handler on a TCP listener. The limits suit people on networks: a header must arrive within
// seconds, a body within a minute (bodyWithin, upload); answers may stream for as long as a session lasts.
func (s *Server) httpsServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:     h,
		ConnContext: withRemote,
		TLSConfig:   &tls.Config{MinVersion: tls.VersionTLS13},
		// ReadHeaderTimeout bounds the handshake too.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 32, SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second},
		ErrorLog:          s.o.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
}

// withoutBrowsers refuses calls with headers that only a browser sends: no page of another site may use the API, and a cookie is no
// token. A call whose Host was made to lead here by another site's page has at least one of these headers.
func withoutBrowsers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Cookie") != "" || fromAPage(r.Header.Get("Sec-Fetch-Site")):
			writeFault(w, faultBrowser())
		case !plainHost(r.Host):
			writeFault(w, fault.BadRequest("Host が読めません", "the Host cannot be read", nil))
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// fromAPage reads Sec-Fetch-Site (Fetch Metadata). "none" is an address that a person typed, such as a calendar feed's.
func fromAPage(site string) bool { return site != "" && site != "none" }

func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\/@`, r) })
}

func faultBrowser() *api.Fault {
	return &api.Fault{
		Status: http.StatusForbidden, Code: "browser-refused", Exit: api.ExitError,
		JA: "ブラウザからの呼出しは受け付けません", EN: "calls from a browser are refused",
		HintJA: "`sekimori` のコマンドを使います", HintEN: "use the `sekimori` command",
	}
}

type (
	remoteKey struct{}
	heldKey   struct{}
)

// withRemote keeps a connection and its source address for the calls over it. The address is the socket's own: X-Forwarded-For,
// Forwarded and PROXY lines are ignored.
func withRemote(ctx context.Context, c net.Conn) context.Context {
	below := c
	if t, ok := c.(*tls.Conn); ok {
		below = t.NetConn()
	}
	if held, ok := below.(*heldConn); ok {
		ctx = context.WithValue(ctx, heldKey{}, held)
	}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return context.WithValue(ctx, remoteKey{}, a.AddrPort().Addr().Unmap())
	}
	return ctx
}

// remoteFrom is the caller's address; not valid on the socket, where there is none.
func remoteFrom(ctx context.Context) netip.Addr {
	a, _ := ctx.Value(remoteKey{}).(netip.Addr)
	return a
}

// KeepPlace keeps the place of the connection of a page's request whose cookie named a person.
func KeepPlace(ctx context.Context, person string) { keepPlace(ctx, person) }

// keepPlace keeps the place of the connection of a call whose token named a person. The socket has no places.
func keepPlace(ctx context.Context, person string) {
	if held, ok := ctx.Value(heldKey{}).(*heldConn); ok {
		held.limit.Proved(held.place, person)
	}
}

// boundedListener accepts within the limits.
type boundedListener struct {
	net.Listener
	limit *connlimit.Limiter
	clock func() time.Time
}

// Accept closes connections beyond the limits and waits for the next.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var from netip.Addr // connections without an address share one place
		if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			from = t.AddrPort().Addr()
		}
		place := l.limit.Enter(from, l.clock(), func() { _ = c.Close() })
		if place != nil {
			return &heldConn{Conn: c, limit: l.limit, place: place, clock: l.clock}, nil
		}
		_ = c.Close()
	}
}

// heldConn gives its place back when it is closed.
type heldConn struct {
	net.Conn
	limit *connlimit.Limiter
	place *connlimit.Place
	clock func() time.Time
}

func (c *heldConn) Close() error {
	defer c.limit.Leave(c.place, c.clock(), false)
	return c.Conn.Close()
}

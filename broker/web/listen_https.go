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

	"sekimori/broker/connlimit"
)

// httpsLimits bound how many connections the HTTPS door holds; what one costs is bounded by time and size. An office behind one
// address still works. A connection over which a token was shown keeps its place.
func httpsLimits() connlimit.Limits {
	return connlimit.Limits{Total: 512, PerAddress: 64, PerPerson: 64}
}

// ListenHTTPS opens the address at which the API is served over TLS. Further connections than the door holds are closed
// at once, those of one address before those of others, and those of strangers before those of known addresses.
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

// ServeHTTPS answers on l under the certificate that the function gives for each handshake, until Close. It returns nil
// after Close. Nobody is asked for a certificate: who calls is named by the token.
func (s *Server) ServeHTTPS(l net.Listener, certificate func() (*tls.Certificate, error)) error {
	s.https.TLSConfig.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() }
	if err := s.https.ServeTLS(l, "", ""); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the API over HTTPS: %w", err)
	}
	return nil
}

// httpsServer is the same handler behind TLS. The limits are for people on networks: a header must come within
// seconds, a body within a minute (bodyWithin, upload); answers may stream for as long as a session lasts.
func (s *Server) httpsServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:     withoutBrowsers(h),
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

// withoutBrowsers refuses what only a browser sends: nothing here is for pages of others, and a cookie is no token.
// A name in Host that leads here from somebody else's page needs one of the two.
func withoutBrowsers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Cookie") != "" || fromAPage(r.Header.Get("Sec-Fetch-Site")):
			faultBrowser().write(w)
		case !plainHost(r.Host):
			faultBadRequest("Host が読めません", "the Host cannot be read", nil).write(w)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// fromAPage reads Sec-Fetch-Site (Fetch Metadata): "none" is an address typed by a person, such as of a calendar feed.
func fromAPage(site string) bool { return site != "" && site != "none" }

func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\/@`, r) })
}

func faultBrowser() *Fault {
	return &Fault{
		Status: http.StatusForbidden, Code: "browser-refused", Exit: ExitError,
		JA: "ブラウザからの呼出しは受け付けません", EN: "calls from a browser are refused",
		HintJA: "`sekimori` のコマンドを使います", HintEN: "use the `sekimori` command",
	}
}

type (
	remoteKey struct{}
	heldKey   struct{}
)

// withRemote remembers the address that a connection came from, and the connection. The address is the socket's own: what a caller
// writes into X-Forwarded-For, Forwarded or a PROXY line names nobody.
func withRemote(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		if held, ok := t.NetConn().(*heldConn); ok {
			ctx = context.WithValue(ctx, heldKey{}, held)
		}
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

// keepPlace keeps the place of the connection that a call came over: a token named the person. On the socket there are no places.
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

// Accept closes what comes over the limits and waits for the next.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var from netip.Addr // of what has no address all share one place
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

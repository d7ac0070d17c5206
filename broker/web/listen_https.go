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
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Bounds of the HTTPS door. What a connection costs is bounded by time and size; these bound how many there are.
const (
	maxConnections        = 512
	maxConnectionsAddress = 64 // of one address (IPv6: /64): an office behind one address still works
)

// ListenHTTPS opens the address at which the API is served over TLS. Further connections than the door holds are closed
// at once, those of one address before those of others.
func ListenHTTPS(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTPS: %w", err)
	}
	return &boundedListener{Listener: l, most: maxConnections, each: maxConnectionsAddress, held: map[netip.Prefix]int{}}, nil
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

type remoteKey struct{}

// withRemote remembers the address that a connection came from. It is the socket's own: what a caller writes into
// X-Forwarded-For, Forwarded or a PROXY line names nobody.
func withRemote(ctx context.Context, c net.Conn) context.Context {
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

// boundedListener holds so many connections, and so many of one address.
type boundedListener struct {
	net.Listener
	most, each int

	mu   sync.Mutex // guards what follows
	all  int
	held map[netip.Prefix]int
}

// Accept closes what comes over the bounds and waits for the next.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		key := neighbourhood(c.RemoteAddr())
		if l.take(key) {
			return &heldConn{Conn: c, give: sync.OnceFunc(func() { l.give(key) })}, nil
		}
		_ = c.Close()
	}
}

func (l *boundedListener) take(key netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || l.held[key] >= l.each {
		return false
	}
	l.all++
	l.held[key]++
	return true
}

func (l *boundedListener) give(key netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.held[key]--; l.held[key] == 0 {
		delete(l.held, key)
	}
}

// neighbourhood is the unit of the bound: an IPv4 address, or the /64 that one subscriber holds whole.
func neighbourhood(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr, bits := t.AddrPort().Addr().Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // an address that is none shares one place
	return p
}

// heldConn gives its place back when it is closed.
type heldConn struct {
	net.Conn
	give func()
}

func (c *heldConn) Close() error {
	defer c.give()
	return c.Conn.Close()
}

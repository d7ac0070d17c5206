package gate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/connlimit"
	"sekimori/broker/wire"
)

// Server is the SSH door. All its methods may be called from any goroutine.
type Server struct {
	o     Options
	base  *ssh.ServerConfig
	limit *connlimit.Limiter
	tally *tally

	outdated outdated // clients with which no algorithms were agreed

	stopping  <-chan struct{} // closed by Stop: connections not yet admitted are turned away. accepting's Done
	accepting context.Context // context of connections not yet admitted; ends at Stop
	refuse    context.CancelFunc
	stopOnce  sync.Once
	running   context.Context // of admitted sessions; ends at Close
	end       context.CancelFunc
	callers   sync.WaitGroup // connections, and the goroutine that writes summaries

	mu        sync.Mutex // guards listeners, callers' growth after Stop
	stopped   bool
	listeners map[net.Listener]struct{}
	open      map[*wire.Conn]bool           // true once admitted
	unopened  map[string]int                // admitted connections that wait for their first channel, by person
	people    map[string]*personConnections // authenticated connections, by person
}

// New makes a server; Serve and ServeConn give it connections. Close ends it.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	o.Limits = o.Limits.withDefaults()
	o.Notice = o.Notice.withDefaults()
	if o.BannerURL == "" {
		o.BannerURL = o.Notice.URL
	}
	if o.GateName == "" {
		o.GateName = "gate"
	}
	s := &Server{
		o: o, limit: connlimit.New(o.Limits.connections(), o.Known), tally: newTally(),
		listeners: map[net.Listener]struct{}{}, open: map[*wire.Conn]bool{}, people: map[string]*personConnections{}, unopened: map[string]int{},
	}
	s.accepting, s.refuse = context.WithCancel(context.Background())
	s.stopping = s.accepting.Done()
	s.base = s.baseConfig()
	s.running, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Serve accepts connections until ctx ends, Stop is called or the listener fails. It closes
// the listener. It returns nil when it was asked to stop; connections go on.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return ln.Close()
	}
	s.listeners[ln] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, ln)
		s.mu.Unlock()
	}()
	unhook := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer unhook()
	for wait := time.Duration(0); ; {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			wait = 0
			go s.ServeConn(nc)
			continue
		case ctx.Err() != nil || s.isStopping():
			_ = ln.Close()
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		}
		// A shortage such as of descriptors passes, and must not end the accepting.
		wait = min(max(2*wait, 5*time.Millisecond), time.Second)
		s.o.Log.Warn("accept_failed", "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		case <-s.stopping:
		}
	}
}

// lostAfter is the time after which a client that takes no bytes is given up.
const lostAfter = time.Minute

// ServeConn serves one connection and returns when it is over.
func (s *Server) ServeConn(nc net.Conn) {
	source := sourceOf(nc)
	now := s.o.Clock()
	place := s.limit.Enter(source.Addr(), now, func() { _ = nc.Close() })
	if place == nil {
		s.tally.add(source.Addr(), failTurnedAway, now)
		_ = nc.Close()
		return
	}
	c := &caller{s: s, conn: wire.Wrap(nc, wire.Options{Lost: lostAfter}), source: source, place: place,
		log: s.o.Log.With("source", source.String())}
	if !s.enter(c.conn) {
		s.limit.Leave(place, now, false)
		c.conn.Abort()
		return
	}
	defer s.leave(c.conn)                  // runs last: Close waits for it, and the connection has left nothing behind by then
	defer s.limit.Leave(place, now, false) // for a connection that ends before serve
	defer s.removeConnection(c)
	defer c.conn.Abort()
	defer func() {
		if r := recover(); r != nil { // a fault in one connection must not reach another
			s.o.Log.Error("connection_panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	c.serve()
}

// enter registers a connection; false when the server has stopped.
func (s *Server) enter(c *wire.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.open[c] = false
	s.callers.Add(1)
	return true
}

func (s *Server) leave(c *wire.Conn) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.callers.Done()
}

// admitted marks a connection as the supervisor's: Stop leaves it alone.
func (s *Server) admitted(c *wire.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.open[c] = true
	return true
}

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// Stop stops accepting and turns away every connection that is not admitted; the waiting room tells its
// engineers. Sessions go on until the supervisor ends them.
func (s *Server) Stop() {
	s.stopOnce.Do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped = true
		s.refuse() // before the listeners: their end then counts as intended
		for ln := range s.listeners {
			_ = ln.Close()
		}
	})
}

// Close stops the server, cuts what is still open and waits until everything has ended or ctx is over. Call
// it after the supervisor's Close, which ends sessions in order.
func (s *Server) Close(ctx context.Context) error {
	s.Stop()
	s.mu.Lock()
	for c, admitted := range s.open {
		if !admitted {
			// The waiting clients get time to read the last text; then the connection goes.
			time.AfterFunc(time.Second, c.Abort)
		}
	}
	s.mu.Unlock()
	s.end()
	ended := make(chan struct{})
	go func() { s.callers.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("connections still ending: %w", context.Cause(ctx))
	}
	return errors.Join(err, s.LedgerFailures(true))
}

// sourceOf is the address of the peer; the zero value where there is none, as on a pipe.
// It uses nothing that the peer claims about itself.
func sourceOf(nc net.Conn) netip.AddrPort {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	if ap, err := netip.ParseAddrPort(nc.RemoteAddr().String()); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/agenda"
	"sekimori/broker/attendance"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/keys"
	"sekimori/broker/papers"
	"sekimori/broker/refusals"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/session"
	"sekimori/broker/store"
)

// Options is what a Server needs. Every field without a default named here is required.
type Options struct {
	DB       *store.DB
	Ring     *keys.Ring
	Registry *registry.Registry
	Desk     *requests.Desk
	Post     *attendance.Post
	Freezer  *freeze.Freezer
	Reviews  *review.Queue
	Papers   *papers.Keeper
	Reports  *reports.Cabinet
	Agenda   *agenda.Book
	Sessions *session.Supervisor
	Refusals *refusals.Tally  // sums up what is refused again and again; nil: each refusal has an entry
	Evidence *evidence.Keeper // opens recordings
	Clock    func() time.Time
	Zone     *time.Location
	Notice   NoticeSettings
	Status   func() Status // what /v1/status says beside EmptyRegistry
	Owner    uint32        // uid of the broker: with root, who may apply to an empty registry
	Log      hclog.Logger
}

// NoticeSettings are the settings from which the notice is said.
type NoticeSettings struct {
	Institution string
	Version     int
	URL         string
	Contact     string
	Retention   time.Duration
}

// Server answers the API.
type Server struct {
	o         Options
	http      *http.Server // on the socket
	https     *http.Server
	verifying chan struct{} // holds one place

	namelessBody, knownBody, knownAnswer time.Duration
}

// New prepares a server; nothing is open yet. Listen opens its socket.
func New(o Options) *Server {
	s := &Server{o: o, verifying: make(chan struct{}, 1), namelessBody: namelessBody, knownBody: knownBody, knownAnswer: knownAnswer}
	h := s.handler()
	s.https = s.httpsServer(h)
	s.http = &http.Server{
		Handler:     h,
		ConnContext: withPeer,
		// Bodies are small and the peer is on this machine. Answers may stream for as long as a
		// session lasts, so the limits for writing are set call by call (countingWriter).
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          o.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	return s
}

// Serve answers on l, which comes from Listen, until Close. It returns nil after Close.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the API: %w", err)
	}
	return nil
}

// Close stops accepting and waits for calls under way; what still streams when ctx ends is cut.
// The socket's file stays, as after a crash; the next Listen replaces it.
func (s *Server) Close(ctx context.Context) error {
	var errs [2]error
	var both sync.WaitGroup
	for i, h := range []*http.Server{s.http, s.https} {
		both.Go(func() {
			if h.Shutdown(ctx) != nil {
				errs[i] = h.Close()
			}
		})
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("close the API: %w", err)
	}
	return nil
}

// handler is the table as a mux. A path that is not in the table is 401 to the nameless and 404
// to everybody else: who is not signed in does not learn what exists.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.serve(w, req, route{method: req.Method, path: "unknown", who: everySignedIn(), handle: func(*Server, *call) error { return faultNotFound() }})
	})
	return mux
}

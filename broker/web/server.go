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

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/keys"
	"sekimori/broker/notify"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// Options is what a Server needs. Every field without a default named here is required.
type Options struct {
	DB         *store.DB
	Ring       *keys.Ring
	Registry   *registry.Registry
	Desk       *requests.Desk
	Attendance *attendance.Service
	Freezer    *freeze.Freezer
	Reviews    *review.Queue
	Days       *confirmation.Book
	Papers     *papers.Keeper
	Teller     *notify.Service
	Permits    *permits.Office
	Sealing    *sealing.Keeper
	Reconcile  *reconcile.Office
	Files      *files.Desk
	Roster     *roster.Book
	Lines      *interlock.Switch
	Targets    *accounts.Counter
	Reports    *reports.Service
	Agenda     *agenda.Book
	Sessions   *session.Supervisor
	Views      *view.Views      // reads for people, and the entries about looks
	Acts       *act.Runner      // for the entries of refusals
	Evidence   *evidence.Keeper // opens recordings
	Clock      func() time.Time
	Zone       *time.Location
	Notice     NoticeSettings
	Status     func() api.Status // /v1/status, except EmptyRegistry
	Owner      uint32            // uid of the broker: it and root may apply to an empty registry
	Log        hclog.Logger
	Staff      http.Handler // the pages beside the API on its TCP listener; nil: none
	Portal     http.Handler // the pages of vendors, on a listener of their own; nil: none
	Player     view.Player  // goes into recordings that are exported as a page
}

// NoticeSettings are the settings that the notice states.
type NoticeSettings = view.NoticeSettings

// Server answers the API.
type Server struct {
	o         Options
	http      *http.Server // on the socket
	https     *http.Server
	portal    *http.Server
	verifying chan struct{} // holds one place

	namelessBody, knownBody, knownAnswer time.Duration
}

// New prepares a server; nothing is open yet. Listen opens its socket.
func New(o Options) *Server {
	s := &Server{o: o, verifying: make(chan struct{}, 1), namelessBody: namelessBody, knownBody: knownBody, knownAnswer: knownAnswer}
	h := s.handler()
	s.https = s.httpsServer(beside(withoutBrowsers(h), o.Staff))
	s.portal = s.httpsServer(beside(nil, o.Portal))
	s.http = &http.Server{
		Handler:     h,
		ConnContext: withPeer,
		// Bodies are small and the peer is on this machine. Answers may stream for as long as a
		// session lasts, so each call sets its own limit for writing (countingWriter).
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

// Close stops accepting and waits for running calls; streams that still run when ctx ends are cut.
// The socket's file stays, as after a crash; the next Listen replaces it.
func (s *Server) Close(ctx context.Context) error {
	var errs [3]error
	var both sync.WaitGroup
	for i, h := range []*http.Server{s.http, s.https, s.portal} {
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

// handler is the table as a mux. A path outside the table is 401 without a token and 404 with one:
// a caller who is not signed in does not learn which paths exist.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.serve(w, req, route{method: req.Method, path: "unknown", callers: everySignedIn(), handle: func(*Server, *call) error { return fault.NotFound() }})
	})
	return mux
}

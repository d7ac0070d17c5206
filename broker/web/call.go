package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

// maxBody bounds a request's body; a registry of thousands of people fits.
const maxBody = 1 << 20

// call is one call by one person.
type call struct {
	w      *countingWriter
	r      *http.Request
	person policy.Person // zero on the few open routes
	token  string        // the token's name, not the secret
	peer   Peer
	remote netip.Addr    // over HTTPS; not valid on the socket
	body   io.ReadCloser // without the bound of r.Body, for files, which have their own bound

	look *policy.Attempt // the look that policy allowed; a long answer asks again
}

// actor gives the caller as the ledger names them.
func (c *call) actor() ledger.Actor { return ledger.Actor{Kind: "person", ID: c.person.ID, Via: "cli"} }

// serve runs one route: it names the caller, asks whether they may call it, runs the act and answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, route route) {
	cw := &countingWriter{ResponseWriter: w}
	c := &call{w: cw, r: r, body: r.Body}
	c.peer, _ = peerFrom(r.Context())
	c.remote = remoteFrom(r.Context())
	log := s.o.Log.With("method", route.method, "route", route.path, "from", c.source())
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	cw.Header().Set("Cache-Control", "no-store")
	answerWithin(w, namelessAnswer)
	bodyWithin(w, r, s.namelessBody)

	err := s.admit(c, route)
	admitted := err == nil
	if err == nil && !route.callers.open {
		answerWithin(w, 0) // no bound until the first byte: the answer may take long to find
		cw.whole = s.knownAnswer
		bodyWithin(w, r, s.knownBody)
	}
	if _, list := view.LevelOf(route.path); err == nil && list && route.method == http.MethodGet { // before anything is shown
		err = s.o.Views.Opened(c.r.Context(), c.reader(), route.path)
	}
	if err == nil {
		err = s.actRefused(c, route, route.handle(s, c))
	}
	switch cause := context.Cause(c.r.Context()); {
	case errors.Is(cause, view.ErrShutOut):
		err = fault.Unauthenticated()
	case errors.Is(cause, view.ErrTakenAway):
		err = fault.Refusal(policy.Forbidden, nil)
	}
	if err == nil {
		log.Debug("call", "person", c.person.ID)
		return
	}
	f := fault.Of(err)
	if admitted && c.person.ID != "" && c.person.Kind != policy.Staff {
		f = fault.WithoutTelling(f)
	}
	switch {
	case f.Status >= http.StatusInternalServerError && r.Context().Err() == nil:
		log.Error("call_failed", "person", c.person.ID, "error", err)
	default:
		log.Info("call_refused", "person", c.person.ID, "code", f.Code)
	}
	if cw.written > 0 {
		// The status line is sent already. Cutting the connection is the only way left to tell the caller that
		// the answer is not whole.
		panic(http.ErrAbortHandler)
	}
	writeFault(cw, f)
}

// How long the reading of an answer may take. For a stranger it is short: a slow reader would otherwise keep one of the few connections
// for ever. For a known person the answer is a list at most, which the broker holds in memory until it is read; the time begins with
// the first byte sent. Streams have bounds of their own (streaming).
const (
	namelessAnswer = time.Minute
	knownAnswer    = 2 * time.Minute
)

// answerWithin bounds the answer of this call. 0 removes the bound; on one connection that holds for later calls too.
func answerWithin(w http.ResponseWriter, d time.Duration) {
	var by time.Time
	if d > 0 {
		by = time.Now().Add(d) // the kernel's deadlines go by the machine's own clock
	}
	_ = http.NewResponseController(w).SetWriteDeadline(by) // fails only where the connection is gone
}

// How long the body of a call may take. A stranger sends a sign-in or nothing, a known person a registry at most. A sender of one byte
// at a time would otherwise keep one of the few connections. Files have deadlines of their own (upload).
const (
	namelessBody = 10 * time.Second
	knownBody    = time.Minute
)

// bodyWithin bounds the time for the body of this call, even where the route does not read it: the server reads it to its end before the
// next call. A call without a body gets no deadline: the server then listens for the caller's leaving, and would take a deadline for that.
func bodyWithin(w http.ResponseWriter, r *http.Request, d time.Duration) {
	if r.ContentLength == 0 {
		return
	}
	by := time.Now().Add(d)                               // the kernel's deadlines go by the machine's own clock
	_ = http.NewResponseController(w).SetReadDeadline(by) // fails only where the connection is gone
}

// admit names the caller and checks the route's table of callers.
func (s *Server) admit(c *call, route route) error {
	if route.callers.open {
		return nil
	}
	if route.callers.bootstrap {
		if empty, err := s.emptyRegistry(c.r.Context()); err != nil {
			return err
		} else if empty && (c.peer.UID == 0 || c.peer.UID == s.o.Owner) && c.peer.Known {
			return nil
		}
	}
	token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return fault.Unauthenticated()
	}
	holder, err := s.principal(c.r.Context(), token)
	if err != nil {
		return err
	}
	person := holder.Person
	keepPlace(c.r.Context(), person.ID)
	c.person, c.token = person, holder.TokenID
	if person.Locked != nil {
		return fault.Refusal(policy.EngineerLocked, map[string]string{"reason": person.Locked.Reason, "date": view.At(person.Locked.Since, s.o.Zone).Format("2006-01-02")})
	}
	if err := s.vendorStands(c, person); err != nil {
		return err
	}
	allowed := route.callers.Allow(person)
	if !allowed {
		if allowed, err = inSnap(s, c, func(snap *store.Snap) (bool, error) { return route.callers.AllowNow(snap, person) }); err != nil {
			return err
		}
	}
	if !allowed {
		denied := &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": route.callers.String()}}
		return s.o.Acts.Refused(c.r.Context(), route.method+" "+route.path, c.caller(api.Fresh{}), denied)
	}
	return nil
}

// vendorStands refuses people of a locked vendor, as the gate does. The lock covers all that they could read or file here.
// They may still sign out.
func (s *Server) vendorStands(c *call, person policy.Person) error {
	if person.Vendor == "" || c.r.URL.Path == string(api.LogoutPath) {
		return nil
	}
	return s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		v, err := snap.Vendor(person.Vendor)
		if err != nil {
			return fmt.Errorf("vendor of %s: %w", person.ID, err)
		}
		if v.Locked != nil {
			return fault.Refusal(policy.VendorLocked, map[string]string{"reason": v.Locked.Reason})
		}
		return nil
	})
}

// actRefused ledgers policy's refusal of an act that its package runs itself. For refusals by act.Run, and for looks, an entry exists already.
func (s *Server) actRefused(c *call, route route, err error) error {
	if c.person.ID == "" || route.method == http.MethodGet {
		return err
	}
	return s.o.Acts.Refused(c.r.Context(), route.method+" "+route.path, c.caller(api.Fresh{}), err, c.r.PathValue("no"), c.r.PathValue("id"))
}

// read takes the body strictly: one JSON value in UTF-8, no unknown field, nothing behind it. The decoder alone would replace
// bytes that are not UTF-8 by U+FFFD, and the stored text would differ from the one meant.
func (c *call) read(into any) error {
	body, err := io.ReadAll(c.r.Body)
	if err == nil && !utf8.Valid(body) {
		return fault.BadRequest("本文が UTF-8 ではありません", "the body is not UTF-8", nil)
	}
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return &api.Fault{
				Status: http.StatusRequestEntityTooLarge, Code: api.CodeBadRequest, Exit: api.ExitError,
				JA: "送られたものが大きすぎます(上限 1 MiB)", EN: "too large (at most 1 MiB)",
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return &api.Fault{
				Status: http.StatusRequestTimeout, Code: api.CodeBadRequest, Exit: api.ExitError,
				JA: "本文が時間内に届きませんでした", EN: "the body did not come in time", HintJA: "もう一度送ってください", HintEN: "send it again",
			}
		}
		return faultUnreadable(err)
	}
	return decode(body, into)
}

// decode is read for bytes in memory.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return faultUnreadable(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.BadRequest("本文の後に余分なものがあります", "something follows the body", nil)
	}
	return nil
}

func faultUnreadable(err error) error {
	return fault.BadRequest("本文が読めません: "+err.Error(), "the body cannot be read: "+err.Error(), nil)
}

// reader is the caller as views know them.
func (c *call) reader() view.Reader { return view.Reader{Person: c.person, Via: door} }

// limit reads ?limit=.
func (c *call) limit(otherwise int) (int, error) {
	v := c.r.FormValue("limit")
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > api.MostItems {
		return 0, fault.BadRequest(fmt.Sprintf("limit は 1 から %d までです", api.MostItems), fmt.Sprintf("limit is from 1 to %d", api.MostItems), nil)
	}
	return n, nil
}

// page reads the part of a list that the call asks for.
func (c *call) page() (view.Page, error) {
	n, err := c.limit(api.PageItems)
	return view.Page{Next: c.r.FormValue("next"), Limit: n}, err
}

// answer sends a view, or returns the error.
func (c *call) answer(v any, err error) error {
	if err != nil {
		return err
	}
	return c.reply(v)
}

// reply sends a result.
func (c *call) reply(v any) error {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(c.w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	return nil
}

// number reads a number from the path.
func (c *call) number(name string) (int64, error) {
	n, err := strconv.ParseInt(c.r.PathValue(name), 10, 64)
	if err != nil || n < 0 {
		return 0, fault.NotFound()
	}
	return n, nil
}

// countingWriter knows whether an answer has begun, and bounds the time for reading it.
type countingWriter struct {
	http.ResponseWriter
	written int64

	whole time.Duration   // from the first byte on; 0: the bound was set before
	stall time.Duration   // of a stream, in place of whole: for each part
	ctx   context.Context // of a stream: no more is sent after its end
}

func (w *countingWriter) Write(p []byte) (int, error) {
	switch {
	case w.stall > 0:
		answerWithin(w.ResponseWriter, w.stall)
		if err := context.Cause(w.ctx); err != nil { // checked after the deadline is set: an end of ctx that comes later ends the deadline itself
			return 0, err
		}
	case w.whole > 0 && w.written == 0:
		answerWithin(w.ResponseWriter, w.whole)
	}
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

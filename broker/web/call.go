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

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// maxBody is the largest body that is read; a registry of thousands of people fits.
const maxBody = 1 << 20

// call is one call by one person.
type call struct {
	w      *countingWriter
	r      *http.Request
	person policy.Person // zero on the few open routes
	token  string        // its name, not what opens
	peer   Peer
	remote netip.Addr    // over HTTPS; not valid on the socket
	body   io.ReadCloser // without the bound of r.Body, for files, which have a bound of their own

	look *policy.Attempt // what policy let them look at; what goes on for long is asked of it again
}

// actor is the caller as the ledger names them.
func (c *call) actor() ledger.Actor { return ledger.Actor{Kind: "person", ID: c.person.ID, Via: "cli"} }

// serve runs one route: who calls, whether they may at all, the act, and what became of it.
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
	if err == nil && !route.who.open {
		answerWithin(w, 0) // until something is sent: what is asked for may take long to find
		cw.whole = s.knownAnswer
		bodyWithin(w, r, s.knownBody)
	}
	if err == nil {
		err = s.actRefused(c, route, route.handle(s, c))
	}
	switch cause := context.Cause(c.r.Context()); {
	case errors.Is(cause, errShutOut):
		err = faultUnauthenticated()
	case errors.Is(cause, errTakenAway):
		err = refusal(policy.Forbidden, nil)
	}
	if err == nil {
		log.Debug("call", "person", c.person.ID)
		return
	}
	f := asFault(s.translate(err))
	if admitted && c.person.ID != "" && c.person.Kind != policy.Staff {
		f = f.withoutTelling()
	}
	switch {
	case f.Status >= http.StatusInternalServerError && r.Context().Err() == nil:
		log.Error("call_failed", "person", c.person.ID, "error", err)
	default:
		log.Info("call_refused", "person", c.person.ID, "code", f.Code)
	}
	if cw.written > 0 {
		// The status line is gone. Cutting the connection is the only way left to say that
		// what came is not whole.
		panic(http.ErrAbortHandler)
	}
	f.write(cw)
}

// How long an answer may take to be read. To somebody without a name it is short, and who takes it a byte at a time would keep one of the
// few connections for ever. To those who are known it is a list at most, which the broker holds in memory until it is taken; it counts
// from the first byte that is sent. What streams has bounds of its own (streaming).
const (
	namelessAnswer = time.Minute
	knownAnswer    = 2 * time.Minute
)

// answerWithin bounds the answer of this call; 0 takes away the bound, which on one connection holds for the calls that follow too.
func answerWithin(w http.ResponseWriter, d time.Duration) {
	var by time.Time
	if d > 0 {
		by = time.Now().Add(d) // the kernel's deadlines go by the machine's own clock
	}
	_ = http.NewResponseController(w).SetWriteDeadline(by) // fails only where the connection is gone
}

// How long the body of a call may take to come: from somebody without a name, whose body is a sign-in or nothing, and from those who are
// known, who send a registry at most. Who sends a byte at a time would keep one of the few connections. Files have deadlines of their
// own (upload).
const (
	namelessBody = 10 * time.Second
	knownBody    = time.Minute
)

// bodyWithin bounds how long the body of this call may take, also where nobody reads it: before the next call the server reads it to its
// end. Without a body there is none to set: the server listens for the caller going away by then, and would take the deadline for that.
func bodyWithin(w http.ResponseWriter, r *http.Request, d time.Duration) {
	if r.ContentLength == 0 {
		return
	}
	by := time.Now().Add(d)                               // the kernel's deadlines go by the machine's own clock
	_ = http.NewResponseController(w).SetReadDeadline(by) // fails only where the connection is gone
}

// admit names the caller and asks the table.
func (s *Server) admit(c *call, route route) error {
	if route.who.open {
		return nil
	}
	if route.who.bootstrap {
		if empty, err := s.emptyRegistry(c.r.Context()); err != nil {
			return err
		} else if empty && (c.peer.UID == 0 || c.peer.UID == s.o.Owner) && c.peer.Known {
			return nil
		}
	}
	token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return faultUnauthenticated()
	}
	holder, err := s.principal(c.r.Context(), token)
	if err != nil {
		return err
	}
	person := holder.Person
	keepPlace(c.r.Context(), person.ID)
	c.person, c.token = person, holder.TokenID
	if person.Locked != nil {
		return refusal(policy.EngineerLocked, map[string]string{"reason": person.Locked.Reason, "date": at(person.Locked.Since, s.o.Zone).Format("2006-01-02")})
	}
	if err := s.vendorStands(c, person); err != nil {
		return err
	}
	allowed := route.who.allows(person)
	if !allowed {
		if allowed, err = s.deputising(c.r.Context(), route.who, person); err != nil {
			return err
		}
	}
	if !allowed {
		if err := s.refused(c, route.method+" "+route.path); err != nil {
			return err
		}
		return refusal(policy.Forbidden, map[string]string{"role": route.who.String()})
	}
	return nil
}

// vendorStands refuses the people of a vendor that is locked, as the gate does: a lock stops the vendor with all its people,
// and what they could still read or file here is part of it. Signing out is left to them.
func (s *Server) vendorStands(c *call, person policy.Person) error {
	if person.Vendor == "" || c.r.URL.Path == "/v1/logout" {
		return nil
	}
	return s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		v, err := snap.Vendor(person.Vendor)
		if err != nil {
			return fmt.Errorf("vendor of %s: %w", person.ID, err)
		}
		if v.Locked != nil {
			return refusal(policy.VendorLocked, map[string]string{"reason": v.Locked.Reason})
		}
		return nil
	})
}

// refused ledgers an opening by somebody whom the table does not name.
func (s *Server) refused(c *call, what string) error {
	return s.refusedOnce(c, what, []string{c.person.ID}, map[string]string{"reason": string(policy.Forbidden), "route": what})
}

// actRefused ledgers that policy refused an act, whichever package asked it, and gives the error back. A refused look has its entry
// already. That another person was quicker is no refusal of the person.
func (s *Server) actRefused(c *call, route route, err error) error {
	var denied *policy.Denied
	if c.person.ID == "" || route.method == http.MethodGet || !errors.As(err, &denied) || denied.Ledgered ||
		denied.Reason == policy.AlreadyDecided || denied.Reason == policy.StalePage {
		return err
	}
	what := route.method + " " + route.path
	subjects := []string{c.person.ID, c.r.PathValue("no"), c.r.PathValue("id")}
	return errors.Join(err, s.refusedOnce(c, what, subjects, map[string]string{"reason": string(denied.Reason), "route": what}))
}

// refusedOnce ledgers a refusal, the first of its like; those that follow are summed up. what is of a bounded list.
func (s *Server) refusedOnce(c *call, what string, subjects []string, payload map[string]string) error {
	const kind = "access.refused"
	if s.o.Refusals != nil {
		if first, err := s.o.Refusals.First(c.r.Context(), c.actor(), kind, what, payload["reason"], subjects[1:]...); err != nil || !first {
			return err
		}
	}
	return s.looked(c, kind, subjects, payload)
}

// read takes the body strictly: one JSON value in UTF-8, no unknown field, nothing behind it. The decoder alone would put U+FFFD for
// bytes that are no UTF-8, and what was handed in would be stored otherwise than it was meant.
func (c *call) read(into any) error {
	body, err := io.ReadAll(c.r.Body)
	if err == nil && !utf8.Valid(body) {
		return faultBadRequest("本文が UTF-8 ではありません", "the body is not UTF-8", nil)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err == nil {
		err = d.Decode(into)
	}
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return &Fault{
				Status: http.StatusRequestEntityTooLarge, Code: CodeBadRequest, Exit: ExitError,
				JA: "送られたものが大きすぎます(上限 1 MiB)", EN: "too large (at most 1 MiB)",
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return &Fault{
				Status: http.StatusRequestTimeout, Code: CodeBadRequest, Exit: ExitError,
				JA: "本文が時間内に届きませんでした", EN: "the body did not come in time", HintJA: "もう一度送ってください", HintEN: "send it again",
			}
		}
		return faultBadRequest("本文が読めません: "+err.Error(), "the body cannot be read: "+err.Error(), nil)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return faultBadRequest("本文の後に余分なものがあります", "something follows the body", nil)
	}
	return nil
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
		return 0, faultNotFound()
	}
	return n, nil
}

// countingWriter knows whether an answer has begun, and bounds how long it may take to be read.
type countingWriter struct {
	http.ResponseWriter
	written int64

	whole time.Duration   // from the first byte on; 0: the bound was set before
	stall time.Duration   // of what streams, in place of whole: for each part of it
	ctx   context.Context // of what streams: nothing is sent when it is over
}

func (w *countingWriter) Write(p []byte) (int, error) {
	switch {
	case w.stall > 0:
		answerWithin(w.ResponseWriter, w.stall)
		if err := context.Cause(w.ctx); err != nil { // asked after that: who ends ctx first takes the time away then
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

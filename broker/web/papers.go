package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

func (s *Server) papers(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	asked := view.PapersAsked{Vendor: c.query("vendor"), Person: c.query("person"), Kind: c.query("kind"), State: c.query("state")}
	return c.answer(s.o.Views.Papers(c.r.Context(), c.reader(), asked, page))
}

func (s *Server) papersDue(c *call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	days := papers.Soon
	if v := c.query("days"); v != "" {
		if days, err = strconv.Atoi(v); err != nil || days < 0 || days > 3660 {
			return fault.BadRequest("日数は 0 から 3660 です", "days is between 0 and 3660", nil)
		}
	}
	return c.answer(s.o.Views.PapersDue(c.r.Context(), c.reader(), days, page))
}

// filePaper receives a copy as a stream: the body is the file, its description stands in the query.
func (s *Server) filePaper(c *call) error {
	c.r.Body = c.body // the server's own: a sender who waits for leave (100-continue) and is refused sends nothing
	f := papers.Filing{
		Kind: store.PaperKind(c.query("kind")), Vendor: c.query("vendor"), Person: c.query("person"), Name: c.query("name"),
		Note: c.query("note"), FileName: c.query("file_name"), Size: c.r.ContentLength,
	}
	var err error
	if f.From, err = forms.ParseDay("from", c.query("from")); err != nil {
		return err
	}
	if f.Until, err = forms.ParseDay("until", c.query("until")); err != nil {
		return err
	}
	if year := c.query("fiscal_year"); year != "" {
		if f.FiscalYear, err = strconv.Atoi(year); err != nil {
			return fault.BadRequest("年度は 2026 のような数です", "the fiscal year is a number like 2026", err)
		}
	}
	var content io.Reader
	if c.query("copy") == "yes" || c.r.ContentLength != 0 {
		up := newUpload(c)
		defer up.done()
		content = up
	}
	p, err := s.o.Papers.File(c.r.Context(), f, content, c.actor())
	if err != nil {
		return fault.NoSpace(err)
	}
	return c.reply(view.Paper(p, s.o.Zone))
}

// query reads from the address only: the body of these calls is a file, not a form.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// An upload may be slow, but must not stand still: the server's limit for reading a call is for small bodies.
const (
	uploadStall = 30 * time.Second
	uploadMost  = 30 * time.Minute
)

// upload reads the body and renews the connection's deadline as long as data comes. Deadlines are the
// kernel's, so they use the machine's own clock.
type upload struct {
	body io.Reader
	conn *http.ResponseController
	end  time.Time
}

// newUpload uses the machine's own clock, as the kernel's deadlines do; nothing is decided or dated by it.
func newUpload(c *call) *upload {
	return &upload{body: c.body, conn: http.NewResponseController(c.w), end: time.Now().Add(uploadMost)}
}

// Read implements io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	next := time.Now().Add(uploadStall)
	if next.After(u.end) {
		next = u.end
	}
	if err := u.conn.SetReadDeadline(next); err != nil {
		return 0, fmt.Errorf("give the upload time: %w", err)
	}
	return u.body.Read(p)
}

// done removes the deadline: after the body the server listens for the caller's leaving, and would take
// a deadline for that.
func (u *upload) done() {
	_ = u.conn.SetReadDeadline(time.Time{}) // fails only where the connection is gone
}

// paperCopy streams a copy. The entry about the look is committed before the first byte.
func (s *Server) paperCopy(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	found, err := s.o.Papers.Open(c.r.Context(), c.r.PathValue("id"), why.Purpose, why.Explanation, c.actor())
	if err != nil {
		return err
	}
	defer found.Close()
	// No program may display a copy as a type that would run its content.
	c.w.Header().Set("X-Content-Type-Options", "nosniff")
	c.w.Header().Set("Content-Disposition", "attachment")
	c.w.Header().Set("Content-Length", strconv.FormatInt(found.Paper.Size, 10))
	defer s.streaming(c, "application/octet-stream", takeStall)()
	if _, err := io.Copy(c.w, found); err != nil {
		return fmt.Errorf("send the copy of %s: %w", found.Paper.ID, err)
	}
	return nil
}

func (s *Server) verifyPaper(c *call) error {
	p, err := s.o.Papers.Verify(c.r.Context(), c.r.PathValue("id"))
	v := api.PaperCheck{Paper: p.ID, SHA256: p.SHA256, Size: p.Size, OK: err == nil}
	var damaged *papers.DamagedError
	switch {
	case errors.As(err, &damaged):
		v.Damage, v.Place = string(damaged.What), damaged.Place
	case err != nil:
		return err
	}
	return c.reply(v)
}

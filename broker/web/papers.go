package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (s *Server) vendors(c *call) error {
	lines, err := s.o.Papers.Vendors(c.r.Context())
	if err != nil {
		return err
	}
	return c.reply(each(lines, func(l papers.Line) VendorLine {
		return VendorLine{viewVendor(l.Vendor, s.o.Zone), viewStanding(l.Standing, s.o.Zone)}
	}))
}

// vendor shows the whole page. Opening it is in the ledger.
func (s *Server) vendor(c *call) error {
	id := c.r.PathValue("id")
	if err := s.o.Papers.Look(c.r.Context(), id, c.actor()); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (VendorPage, error) {
		p, err := s.o.Papers.Page(snap, id)
		v := viewPage(p, s.o.Zone)
		if err == nil {
			err = s.withLifts(snap, store.LockOfVendor, p.Vendor.ID, v.Vendor.Locked)
		}
		return v, err
	})
}

func (s *Server) approveSubcontract(c *call) error {
	var in SubcontractBody
	if err := c.read(&in); err != nil {
		return err
	}
	until, err := day("until", in.Until)
	if err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	p, err := s.o.Papers.ApproveSubcontract(c.r.Context(), c.r.PathValue("id"), until, in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewPaper(p, s.o.Zone))
}

// filePaper takes a copy as it comes: the body is the file, what it is stands in the query.
func (s *Server) filePaper(c *call) error {
	c.r.Body = c.body // as the server made it: a sender who waits for leave and gets none sends nothing
	f := papers.Filing{
		Kind: store.PaperKind(c.query("kind")), Vendor: c.query("vendor"), Person: c.query("person"), Name: c.query("name"),
		Note: c.query("note"), FileName: c.query("file_name"), Size: c.r.ContentLength,
	}
	var err error
	if f.From, err = day("from", c.query("from")); err != nil {
		return err
	}
	if f.Until, err = day("until", c.query("until")); err != nil {
		return err
	}
	if year := c.query("fiscal_year"); year != "" {
		if f.FiscalYear, err = strconv.Atoi(year); err != nil {
			return faultBadRequest("年度は 2026 のような数です", "the fiscal year is a number like 2026", err)
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
		return paperFault(err)
	}
	return c.reply(viewPaper(p, s.o.Zone))
}

// query reads the address alone: the body of these calls is a file, not a form.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func day(field, text string) (forms.Day, error) {
	if text == "" {
		return forms.Day{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return forms.Day{}, &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: "bad-date",
			JA: "日付は 2026-04-01 のように、ある日を書いてください。", EN: "write a day that exists, like 2026-04-01"}}}
	}
	return forms.Day{Year: t.Year(), Month: t.Month(), Day: t.Day()}, nil
}

// An upload may be slow, but not still: the server's limit for reading a call is for small bodies.
const (
	uploadStall = 30 * time.Second
	uploadMost  = 30 * time.Minute
)

// upload reads the body, whose connection gets a new deadline as long as something comes. Deadlines are the
// kernel's, so they are reckoned by the machine's own clock.
type upload struct {
	body io.Reader
	conn *http.ResponseController
	end  time.Time
}

// newUpload goes by the machine's own clock, as the kernel's deadlines do; nothing is decided or dated by it.
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

// done takes the deadline away: after the body the server listens for the caller going away, and a
// deadline would look like it.
func (u *upload) done() {
	_ = u.conn.SetReadDeadline(time.Time{}) // fails only where the connection is gone
}

// paperFault says what became of a copy.
func paperFault(err error) error {
	var broken *papers.BrokenOffError
	var full *papers.NoSpaceError
	var damaged *papers.DamagedError
	switch {
	case errors.As(err, &broken):
		return &Fault{
			Status: http.StatusBadRequest, Code: "broken-off", Exit: ExitError, cause: err,
			JA: fmt.Sprintf("ファイルの送信が途中で切れました(%d バイトまで)。何も保存していません", broken.Got),
			EN: fmt.Sprintf("the file broke off after %d bytes; nothing was kept", broken.Got), HintJA: "もう一度送ってください", HintEN: "send it again",
		}
	case errors.As(err, &full), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &Fault{
			Status: http.StatusInsufficientStorage, Code: "no-space", Exit: ExitError, cause: err,
			JA: "保存先の空きが足りません。何も保存していません", EN: "there is not enough room on the broker's disk; nothing was kept",
			HintJA: "情報システム課へ。操作記録のための空きには手を付けません", HintEN: "call the information-systems section; the recordings' reserve is not touched",
		}
	case errors.As(err, &damaged):
		return paperDamaged(damaged)
	case errors.Is(err, papers.ErrNoCopy):
		return &Fault{
			Status: http.StatusNotFound, Code: "no-copy", Exit: ExitError, JA: "写しはありません", EN: "no copy is on file",
			HintJA: "保守事業者に提出を依頼してください", HintEN: "ask the vendor for it",
		}
	}
	return err
}

func paperDamaged(d *papers.DamagedError) *Fault {
	f := &Fault{
		Status: http.StatusConflict, Code: "paper-" + string(d.What), Exit: ExitError, cause: d,
		HintJA: "ファイルに触れず、点検担当と情報システム課へ", HintEN: "leave the file as it is; call the auditor and the information-systems section",
	}
	switch d.What {
	case papers.DamageMissing:
		f.JA, f.EN = d.Paper+" の写しのファイルがありません", "the file of "+d.Paper+" is missing"
	default:
		f.JA, f.EN = d.Paper+" の写しは台帳と合いません", "the copy of "+d.Paper+" does not hold against the ledger"
	}
	return f
}

// seesPapers: staff see every vendor's; the vendor's own people their own and their subcontractors'.
func (s *Server) seesPapers(snap *store.Snap, p policy.Person, vendor string) (bool, error) {
	if p.Kind == policy.Staff || p.Vendor == vendor {
		return true, nil
	}
	v, err := snap.Vendor(vendor)
	return err == nil && v.Prime == p.Vendor && p.Vendor != "", err
}

func (s *Server) papers(c *call) error {
	return show(s, c, func(snap *store.Snap) ([]Paper, error) {
		f := store.PaperFilter{Kind: store.PaperKind(c.query("kind")), State: store.PaperState(c.query("state")), Limit: 1000}
		if name := c.query("person"); name != "" {
			p, err := snap.Person(name)
			if err != nil {
				return nil, err
			}
			f.Person, f.Vendor = p.ID, p.Vendor
			if c.person.Kind != policy.Staff && f.Vendor != c.person.Vendor {
				return nil, faultNotFound()
			}
		}
		if name := c.query("vendor"); name != "" {
			v, err := snap.Vendor(name)
			if err != nil {
				return nil, err
			}
			f.Vendor = v.ID
		}
		if f.Vendor == "" && c.person.Kind != policy.Staff {
			f.Vendor = c.person.Vendor
		}
		if f.Vendor != "" {
			if ok, err := s.seesPapers(snap, c.person, f.Vendor); err != nil {
				return nil, err
			} else if !ok {
				return nil, faultNotFound()
			}
		}
		rows, err := snap.Papers(f)
		replaced := papers.Replaced(rows)
		return each(rows, func(p store.Paper) Paper {
			v := viewPaper(p, s.o.Zone)
			v.Replaced = replaced[p.ID]
			return v
		}), err
	})
}

func (s *Server) paper(c *call) error {
	return show(s, c, func(snap *store.Snap) (Paper, error) {
		p, err := s.myPaper(snap, c)
		if err != nil {
			return Paper{}, err
		}
		beside, err := snap.Papers(store.PaperFilter{Vendor: p.Vendor, Kind: p.Kind, Limit: -1})
		v := viewPaper(p, s.o.Zone)
		v.Replaced = papers.Replaced(beside)[p.ID]
		return v, err
	})
}

// myPaper reads the paper of the path. One that the caller may not see is not found.
func (s *Server) myPaper(snap *store.Snap, c *call) (store.Paper, error) {
	p, err := snap.Paper(c.r.PathValue("id"))
	if err != nil {
		return p, err
	}
	ok, err := s.seesPapers(snap, c.person, p.Vendor)
	if err == nil && !ok {
		err = faultNotFound()
	}
	return p, err
}

func (s *Server) papersDue(c *call) error {
	days := papers.Soon
	if v := c.query("days"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 3660 {
			return faultBadRequest("日数は 0 から 3660 です", "days is between 0 and 3660", nil)
		}
		days = n
	}
	vendor := ""
	if c.person.Kind != policy.Staff {
		vendor = c.person.Vendor
	}
	items, err := s.o.Papers.Ends(c.r.Context(), vendor, days)
	if err != nil {
		return err
	}
	return c.reply(each(items, func(i papers.Item) Ending { return viewEnding(i, s.o.Zone) }))
}

// paperCopy streams a copy. The look is in the ledger before the first byte.
func (s *Server) paperCopy(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	found, err := s.o.Papers.Open(c.r.Context(), c.r.PathValue("id"), why.purpose, why.explanation, c.actor())
	if err != nil {
		return paperFault(err)
	}
	defer found.Close()
	// Whatever it claims to be, it is never shown by a program that would run what it holds.
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
	v := PaperCheck{Paper: p.ID, SHA256: p.SHA256, Size: p.Size, OK: err == nil}
	var damaged *papers.DamagedError
	switch {
	case errors.As(err, &damaged):
		v.Damage, v.Place = string(damaged.What), damaged.Place
	case err != nil:
		return paperFault(err)
	}
	return c.reply(v)
}

func (s *Server) acceptPaper(c *call) error {
	var in PaperBody
	if err := c.read(&in); err != nil {
		return err
	}
	p, err := s.o.Papers.Accept(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewPaper(p, s.o.Zone))
}

// withdrawPaper hides from a vendor's people that other vendors' papers exist.
func (s *Server) withdrawPaper(c *call) error {
	var in PaperBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		_, err := s.myPaper(snap, c)
		return err
	}); err != nil {
		return err
	}
	p, err := s.o.Papers.Withdraw(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(viewPaper(p, s.o.Zone))
}

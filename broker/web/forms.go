package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// lateRoutes are the looks at work that was entered afterwards from paper. The view decides which entries a person sees.
func lateRoutes() []route {
	readers := those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.InformationSystems)
	readers.Deputies = true
	return []route{
		{"GET", string(api.LateEntries), readers, listed((*view.Views).LateEntries)},
		{"GET", api.LateEntries.Pattern("id"), readers, one((*view.Views).LateEntry)},
	}
}

// forms lists the forms; it shows no one's data.
func (s *Server) forms(c *call) error {
	return c.answer(view.Whole(view.Each(view.Forms(), func(k view.FormKind) api.Form {
		return api.Form{Form: k.Key, NameJA: k.Name.JA, NameEN: k.Name.EN, OfJA: k.Of.JA, OfEN: k.Of.EN, OfMonth: k.OfMonth()}
	})), nil)
}

// formFile streams a form: with print as PDF for a person who may read it, with blank the same without values, otherwise an auditor's export
// in any format.
func (s *Server) formFile(c *call) error {
	value := c.r.FormValue
	k, ok := view.FormOf(c.r.PathValue("form"))
	if !ok {
		return noForm("その様式はありません", "there is no such form")
	}
	a := view.FormAsked{Form: k.Key, ID: value("id")}
	switch blank := value("blank") == "true"; {
	case blank && !k.ByHand():
		return noForm("この様式に手書き用はありません", "this form is not for handwriting")
	case !blank && !k.OfMonth() && a.ID == "":
		return fault.BadRequest("この様式は一件ずつです。要るもの: "+k.Of.JA, "this form is of one thing, which must be named: "+k.Of.EN, nil)
	}
	if k.OfMonth() {
		a.ID = ""
		if month := value("month"); month != "" {
			from, err := time.ParseInLocation("2006-01", month, s.o.Zone)
			if err != nil {
				return fault.BadRequest("月は 2026-11 のように書いてください", "write a month like 2026-11", err)
			}
			a.From = from
		}
	}
	lang := value("lang")
	if !text.Known(lang) {
		lang = "ja"
	}
	var end func()
	defer func() {
		if end != nil {
			end()
		}
	}()
	begin := func(f view.FormFile) io.Writer {
		c.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		end = s.streaming(c, f.MediaType, takeStall)
		return c.w
	}
	if blank := value("blank") == "true"; blank || value("print") == "true" {
		return formFailed(s.o.Views.PrintForm(c.r.Context(), c.reader(), a, lang, blank, begin))
	}
	why, err := c.viewing()
	if err != nil {
		return err
	}
	out := view.FormOutput{Format: value("format"), Options: sheet.Options{Lang: lang, Keys: value("header") == "keys", CP932: value("encoding") == "cp932"}, Replace: value("replace") == "true"}
	switch out.Format {
	case view.FormatPDF, view.FormatXLSX, view.FormatCSV:
	case "json":
		if k.Key == "annual" {
			c.look = &policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose, Person: c.person.ID, Key: true, Factor: true}
			return formFailed(s.o.Views.AnnualFile(c.r.Context(), c.reader(), a.ID, why, begin))
		}
		fallthrough
	default:
		return fault.BadRequest("形式は pdf、xlsx、csv です", "the formats are pdf, xlsx and csv", nil)
	}
	c.look = &policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose, Person: c.person.ID, Key: true, Factor: true}
	return formFailed(s.o.Views.ExportForm(c.r.Context(), c.reader(), a, out, why, begin))
}

// annual shows the figures of a fiscal year.
func (s *Server) annual(c *call) error {
	v, err := s.o.Views.Year(c.r.Context(), c.reader(), c.r.PathValue("fy"))
	if errors.Is(err, store.ErrNotFound) {
		f := fault.NotFound()
		f.HintJA, f.HintEN = "年度は R8(令和8年度、2026年4月から)のように書いてください", "write a fiscal year as R8 (from April 2026 on)"
		return f
	}
	return c.answer(v, err)
}

// noForm is the answer about a form that does not exist.
func noForm(ja, en string) error {
	f := fault.NotFound()
	f.JA, f.EN, f.HintJA, f.HintEN = ja, en, "`sekimori form list` に一覧があります", "`sekimori form list` lists them"
	return f
}

func formFailed(err error) error {
	if err != nil {
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

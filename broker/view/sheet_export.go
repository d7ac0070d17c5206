package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
)

// FormOutput is how a form is written.
type FormOutput struct {
	Format string // one of the Format… words
	sheet.Options
	// Replace agrees that characters which CP932 does not have become 〓. Without it such an export is refused, with their number.
	Replace bool
}

// The formats of forms.
const (
	FormatPDF  = "pdf"
	FormatXLSX = "xlsx"
	FormatCSV  = "csv" // within a ZIP
)

// FormFile describes a file before its first byte.
type FormFile struct{ Name, MediaType string }

// PrintForm writes a form as PDF for a person who may read it. blank: the form without values, for handwriting. begin is called before the first
// byte. Errors: those of Form; a fault for a form that is too long for paper.
func (v *Views) PrintForm(ctx context.Context, by Reader, a FormAsked, lang string, blank bool, begin func(FormFile) io.Writer) error {
	var s *sheet.Sheet
	var err error
	if blank {
		s, err = v.BlankForm(ctx, by, a.Form)
	} else {
		s, err = v.Form(ctx, by, a)
	}
	if err != nil {
		return err
	}
	if !blank {
		if err := v.Looked(ctx, by, "form.printed", formSubjects(by, a), a.members(map[string]string{"format": FormatPDF})); err != nil {
			return err
		}
	}
	file := FormFile{s.FileName(a.FileYear(), "", "pdf"), "application/pdf"}
	_, _, err = sheet.PDF(&lazy{begin: func() io.Writer { return begin(file) }}, s, lang)
	return tooLong(err)
}

// ExportForm writes a form as a file, for auditors, with a purpose. The entry about the export is committed before begin is called, which is
// before the first byte. Errors: *policy.Denied, ledgered; those of Form; faults for a form that is too long for paper, and for
// characters that CP932 does not have.
func (v *Views) ExportForm(ctx context.Context, by Reader, a FormAsked, out FormOutput, why Why, begin func(FormFile) io.Writer) error {
	if _, err := v.May(ctx, by, policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, "form"); err != nil {
		return err
	}
	s, err := v.Form(ctx, by, a)
	if err != nil {
		return err
	}
	if out.Format == FormatCSV && bool(out.CP932) && !out.Replace {
		lost, err := sheet.Lost(s, out.Options)
		if err != nil {
			return err
		}
		if lost.Replaced > 0 {
			return Replaced(lost.Replaced)
		}
	}
	told := a.members(map[string]string{"format": out.Format})
	if out.Format == FormatCSV {
		told["encoding"] = map[sheet.CP932]string{false: "utf8", true: "cp932"}[out.CP932]
	}
	proof, err := v.exported(ctx, by, a, why.Payload(told))
	if err != nil {
		return err
	}
	file, encoding := FormFile{MediaType: "application/pdf"}, ""
	switch out.Format {
	case FormatXLSX:
		file.MediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case FormatCSV:
		file.MediaType, encoding = "application/zip", told["encoding"]
	}
	extension := out.Format
	if out.Format == FormatCSV {
		extension = "zip"
	}
	file.Name = s.FileName(a.FileYear(), encoding, extension)
	w := &lazy{begin: func() io.Writer { return begin(file) }}
	switch out.Format {
	case FormatPDF:
		_, _, err = sheet.PDF(w, s, out.Lang)
	case FormatXLSX:
		_, err = sheet.Workbook(w, s, out.Options, proof, v.o.Scratch)
	case FormatCSV:
		_, _, err = sheet.Archive(w, s, out.Options, a.FileYear(), proof)
	default:
		return fmt.Errorf("form in the format %q", out.Format)
	}
	return tooLong(err)
}

// exported writes the entry about an export, and tells how the ledger stands with it.
func (v *Views) exported(ctx context.Context, by Reader, a FormAsked, told map[string]string) (sheet.Proof, error) {
	p := sheet.Proof{By: by.ID}
	err := v.o.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := tx.Append(ledger.Draft{Kind: "form.exported", Actor: by.actor(), Subjects: formSubjects(by, a), Payload: told})
		p.Entry, p.At = e.Index, At(e.Time, v.o.Zone)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("ledger form.exported: %w", err)
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		note, err := s.LatestCheckpoint()
		if err != nil {
			return err
		}
		p.Checkpoint = string(note)
		p.Entries, err = s.LedgerSize()
		return err
	})
	return p, err
}

func formSubjects(by Reader, a FormAsked) []string {
	if a.ID == "" {
		return []string{by.ID}
	}
	return []string{a.ID, by.ID}
}

// members are those of an entry about a form.
func (a FormAsked) members(more map[string]string) map[string]string {
	out := map[string]string{"form": a.Form}
	if a.ID != "" {
		out["of"] = a.ID
	}
	if !a.From.IsZero() {
		out["month"] = a.From.Format("2006-01")
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// lazy begins its writer at the first byte, so that an error before it can still be told.
type lazy struct {
	begin func() io.Writer
	w     io.Writer
}

func (l *lazy) Write(b []byte) (int, error) {
	if l.w == nil {
		l.w = l.begin()
	}
	return l.w.Write(b)
}

// CodeReplaced is the code of the fault that announces characters which CP932 does not have.
const CodeReplaced = "characters-replaced"

// Replaced announces how many characters become 〓.
func Replaced(n int) *api.Fault {
	return &api.Fault{Status: http.StatusConflict, Code: CodeReplaced, Exit: api.ExitError,
		JA: fmt.Sprintf("CP932にない文字が%dか所あります。〓に置き換えます。", n), EN: fmt.Sprintf("%d characters are not in CP932 and become 〓.", n),
		HintJA: "置き換えてよければ、そのことを付けてもう一度書き出します(コマンドでは --replace)。UTF-8なら置き換えません", HintEN: "agree and export again (on the command line --replace); UTF-8 replaces nothing"}
}

func tooLong(err error) error {
	if !errors.Is(err, sheet.ErrTooLong) {
		return err
	}
	return &api.Fault{Status: http.StatusUnprocessableEntity, Code: "too-long-for-paper", Exit: api.ExitError,
		JA: fmt.Sprintf("件数が多く、紙の形(PDF)にできません(%d件まで)", sheet.MostOnPaper), EN: fmt.Sprintf("too many rows for paper (PDF); %d at most", sheet.MostOnPaper),
		HintJA: "期間を1か月にするか、CSVかXLSXで書き出します", HintEN: "choose a month, or export as CSV or XLSX"}
}

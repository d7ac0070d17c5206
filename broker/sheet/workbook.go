package sheet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"sekimori/policy/text"
)

// mostRows is how many rows a worksheet has; a table goes on in a further one.
const mostRows = 1_048_576

// Workbook writes the sheet as XLSX: a worksheet with the form's fields and the proof, and one for each table. Values are texts and numbers,
// never formulas. Rows beyond 16 MiB wait in files below dir, which has to be the broker's own and is emptied when Workbook returns; so
// memory is bounded.
func Workbook(w io.Writer, s *Sheet, o Options, proof Proof, dir string) (digest string, err error) {
	tmp, err := os.MkdirTemp(dir, "workbook-")
	if err != nil {
		return "", fmt.Errorf("sheet: write a workbook: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	b := &workbook{file: excelize.NewFile(excelize.Options{TmpDir: tmp}), s: s, o: o, digest: newDigest(s)}
	defer func() { err = errors.Join(err, b.file.Close()) }()
	if err := b.fill(proof); err != nil {
		return "", fmt.Errorf("sheet: write a workbook: %w", err)
	}
	if err := b.file.Write(w); err != nil {
		return "", fmt.Errorf("sheet: write a workbook: %w", err)
	}
	return b.digest.String(), nil
}

type workbook struct {
	file   *excelize.File
	s      *Sheet
	o      Options
	digest *Digest
	bold   int
	wrap   int
}

func (b *workbook) fill(proof Proof) (err error) {
	if b.bold, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}); err != nil {
		return err
	}
	if b.wrap, err = b.file.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}); err != nil {
		return err
	}
	first := text.Of("書類", "Form").In(b.o.Lang)
	if err := b.file.SetSheetName("Sheet1", first); err != nil {
		return err
	}
	for i, p := range b.s.Parts {
		for _, f := range p.Fields {
			b.digest.field(p.Key, f)
		}
		if p.Table == nil {
			continue
		}
		if err := b.table(p, i); err != nil {
			return err
		}
	}
	b.digest.notes(b.s)
	return b.form(first, proof)
}

// table writes a table's worksheets.
func (b *workbook) table(p Part, no int) error {
	heads, row, number := b.o.flatTable(p.Table.Columns)
	var out *excelize.StreamWriter
	at, sheets := mostRows, 0
	for cells, err := range p.Table.Rows {
		if err != nil {
			return err
		}
		if at == mostRows {
			if out, err = b.next(out, p, no, &sheets, heads); err != nil {
				return err
			}
			at = 1
		}
		b.digest.row(p.Key, cells)
		at++
		values := make([]any, len(heads))
		for i, v := range row(cells) {
			values[i] = excelize.Cell{StyleID: b.wrap, Value: valueOf(v, number[i])}
		}
		if err := out.SetRow("A"+strconv.Itoa(at), values); err != nil {
			return err
		}
	}
	if out == nil {
		var err error
		if out, err = b.next(nil, p, no, &sheets, heads); err != nil {
			return err
		}
	}
	return out.Flush()
}

// next ends a worksheet and begins the table's next one with the heads of the columns.
func (b *workbook) next(last *excelize.StreamWriter, p Part, no int, sheets *int, heads []string) (*excelize.StreamWriter, error) {
	if last != nil {
		if err := last.Flush(); err != nil {
			return nil, err
		}
	}
	*sheets++
	name := strconv.Itoa(no+1) + " " + p.Key
	if *sheets > 1 {
		name += " " + strconv.Itoa(*sheets)
	}
	if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	if err := out.SetColWidth(1, len(heads), 18); err != nil {
		return nil, err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	values := make([]any, len(heads))
	for i, h := range heads {
		values[i] = excelize.Cell{StyleID: b.bold, Value: h}
	}
	return out, out.SetRow("A1", values)
}

func valueOf(s string, number bool) any {
	if n, err := strconv.ParseInt(s, 10, 64); number && err == nil {
		return n
	}
	return cellText(s)
}

// mostCell is how many UTF-16 units a cell has. The library drops any further ones without an error.
const mostCell = excelize.TotalCellChars

// cutMark ends a value that is too long for a cell.
const cutMark = "\n…【この先は表計算の一つの欄に入りません。CSVに全文があります / cut: one cell holds no more; the CSV has all of it】"

// cellText is a text for a cell: one that is too long is cut, and says so.
func cellText(s string) string {
	if len(s) <= mostCell { // a character has no more UTF-16 units than bytes
		return s
	}
	units, room, cut := 0, mostCell-len(utf16.Encode([]rune(cutMark))), 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units <= room {
			cut = i + utf8.RuneLen(r)
		}
		if units > mostCell {
			return s[:cut] + cutMark
		}
	}
	return s
}

// form writes the first worksheet: name and number, the fields, remarks, and the proof.
func (b *workbook) form(name string, proof Proof) error {
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := errors.Join(out.SetColWidth(1, 1, 20), out.SetColWidth(2, 2, 34), out.SetColWidth(3, 4, 60)); err != nil {
		return err
	}
	at := 0
	line := func(style int, values ...string) error {
		at++
		row := make([]any, len(values))
		for i, v := range values {
			row[i] = excelize.Cell{StyleID: style, Value: cellText(v)}
		}
		return out.SetRow("A"+strconv.Itoa(at), row)
	}
	s, in := b.s, func(t text.Text) string { return t.In(b.o.Lang) }
	errs := []error{line(b.bold, in(s.Name), in(s.No), in(s.Scope)), line(b.wrap, in(text.Of("印刷", "Printed")), s.Printed.Format(time.RFC3339), in(text.Moment(s.Printed)))}
	for _, m := range s.Marks {
		errs = append(errs, line(b.bold, in(m)))
	}
	for _, p := range s.Parts {
		for _, f := range p.Fields {
			errs = append(errs, line(b.wrap, in(p.Title), b.o.heading(f.Column), in(f.Text), codeBeside(f)))
		}
	}
	for _, n := range s.Notes {
		errs = append(errs, line(b.wrap, "※", in(n)))
	}
	errs = append(errs, line(b.wrap, "検証値 / digest", b.digest.String()), line(b.wrap, "関守 / Sekimori", s.Version))
	for _, l := range proof.lines() {
		errs = append(errs, line(b.wrap, l[0], l[1]))
	}
	errs = append(errs, line(b.wrap, "確定点 / checkpoint", proof.Checkpoint), out.Flush())
	return errors.Join(errs...)
}

// codeBeside is a field's form for machines where it differs from its words by its kind.
func codeBeside(f Field) string {
	if f.Kind == Words {
		return ""
	}
	return f.Code
}

package sheet

import (
	"errors"
	"fmt"
	"io"

	"github.com/signintech/gopdf"
)

// ErrTooLong: a PDF would have more rows than MostOnPaper. Nothing was written.
var ErrTooLong = errors.New("sheet: too many rows for paper")

// PDF writes the sheet on A4. It returns the digest at the foot of each page, and the characters that stand as 〓 because the font lacks
// them; the last page lists them. Errors: ErrTooLong; those of the rows; those of the writer.
func PDF(w io.Writer, s *Sheet, lang string) (digest string, lost map[rune]int, err error) {
	rows, digest, more, err := whole(s, MostOnPaper)
	if err != nil {
		return "", nil, err
	}
	if more {
		return "", nil, ErrTooLong
	}
	font, err := gothic()
	if err != nil {
		return "", nil, err
	}
	l := &layout{s: s, lang: lang, font: font, lost: map[rune]int{}, digest: digest}
	err = l.place(rows)
	if err == nil {
		err = draw(w, l)
	}
	if err != nil {
		return "", nil, fmt.Errorf("sheet: write a PDF: %w", err)
	}
	return digest, l.lost, nil
}

func draw(w io.Writer, l *layout) error {
	size := gopdf.Rect{W: pageShort, H: pageLong}
	if l.s.Wide {
		size = gopdf.Rect{W: pageLong, H: pageShort}
	}
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: size})
	pdf.SetInfo(gopdf.PdfInfo{Title: l.s.Name.In(l.lang), Producer: "Sekimori " + l.s.Version, CreationDate: l.s.Printed})
	// Every text was cleaned, so the font has all its characters.
	if err := pdf.AddTTFFontData("gothic", l.font.data); err != nil {
		return err
	}
	pdf.SetLineWidth(0.5)
	for _, page := range l.pages {
		pdf.AddPage()
		last := 0.0
		for _, m := range page {
			switch {
			case m.fill:
				if !m.dark {
					pdf.SetGrayFill(0.45)
				}
				pdf.RectFromUpperLeftWithStyle(m.x, m.y, m.w, m.h, "F")
				pdf.SetGrayFill(0)
			case m.text == "":
				pdf.RectFromUpperLeftWithStyle(m.x, m.y, m.w, m.h, "D")
			default:
				if m.size != last {
					last = m.size
					if err := pdf.SetFont("gothic", "", m.size); err != nil {
						return err
					}
				}
				pdf.SetXY(m.x, m.y+m.size*(leading-1)/2)
				if err := pdf.Cell(nil, m.text); err != nil {
					return err
				}
			}
		}
	}
	_, err := pdf.WriteTo(w)
	return err
}

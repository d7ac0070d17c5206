package sheet

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/signintech/gopdf/fontmaker/core"
)

// The font is BIZ UDPGothic Regular as its makers publish it, packed with zstd -19. font/OFL.txt is its licence.
//
//go:embed font/BIZUDPGothic-Regular.ttf.zst
var packedFont []byte

// missingGlyph stands for a character that the font or an encoding does not have.
const missingGlyph = '〓'

// typeface is the font: its file, and the width of each of its characters in thousandths of the size.
type typeface struct {
	data   []byte
	widths map[rune]int
}

// gothic unpacks and reads the font once: about 5 MB stay in memory from the first PDF on.
var gothic = sync.OnceValues(func() (*typeface, error) {
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("sheet: font: %w", err)
	}
	defer unpack.Close()
	data, err := unpack.DecodeAll(packedFont, nil)
	if err != nil {
		return nil, fmt.Errorf("sheet: font: %w", err)
	}
	var p core.TTFParser
	if err := p.ParseFontData(data); err != nil {
		return nil, fmt.Errorf("sheet: font: %w", err)
	}
	widths, em := p.Widths(), p.UnitsPerEm()
	f := &typeface{data: data, widths: make(map[rune]int, len(p.Chars()))}
	for r, glyph := range p.Chars() {
		if glyph == 0 {
			continue
		}
		w := widths[len(widths)-1] // glyphs beyond the table have the last width
		if int(glyph) < len(widths) {
			w = widths[glyph]
		}
		f.widths[rune(r)] = int(w * 1000 / em)
	}
	return f, nil
})

// has reports whether the font has a glyph for the character.
func (f *typeface) has(r rune) bool { _, ok := f.widths[r]; return ok }

// width is that of a character in thousandths of the size.
func (f *typeface) width(r rune) int { return f.widths[r] }

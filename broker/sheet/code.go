package sheet

import (
	"fmt"

	"github.com/boombuler/barcode/qr"
)

// Modules are the dark modules of a QR code, by line.
type Modules [][]bool

// CodeMargin is the light border of a QR code, in modules, as the standard asks.
const CodeMargin = 4

// QRCode makes the QR code of a text.
func QRCode(text string) (Modules, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	size := code.Bounds().Dx()
	m := make(Modules, size)
	for y := range m {
		m[y] = make([]bool, size)
		for x := range m[y] {
			r, _, _, _ := code.At(x, y).RGBA()
			m[y][x] = r < 0x8000
		}
	}
	return m, nil
}

// Stretches calls draw for each row of dark modules that stand side by side: its place, and how many they are. The border is counted.
func (m Modules) Stretches(draw func(x, y, n int)) {
	for y, line := range m {
		for x := 0; x < len(line); x++ {
			from := x
			for x < len(line) && line[x] {
				x++
			}
			if x > from {
				draw(from+CodeMargin, y+CodeMargin, x-from)
			}
		}
	}
}

// Size is that of the drawing, border included.
func (m Modules) Size() int { return len(m) + 2*CodeMargin }

// code draws the sheet's QR code. Its text is among the fields, so that the paper says the same without a camera.
func (l *layout) code() error {
	if l.s.Code == "" {
		return nil
	}
	m, err := QRCode(l.s.Code)
	if err != nil {
		return err
	}
	side := 1.4 * float64(m.Size()) // half a millimetre a module
	l.y += padding
	l.room(side)
	m.Stretches(func(x, y, n int) {
		l.put(mark{x: margin + 1.4*float64(x), y: l.y + 1.4*float64(y), w: 1.4 * float64(n), h: 1.4, fill: true, dark: true})
	})
	l.y += side
	return nil
}

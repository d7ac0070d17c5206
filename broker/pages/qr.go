package pages

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrMargin is the light border of a QR code, in modules, as the standard asks.
const qrMargin = 4

// QR is a QR code as the path of an SVG drawing, a unit a module.
type QR struct {
	Path string
	Size int // of the drawing, border included
}

// drawQR draws a text.
func drawQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return QR{}, fmt.Errorf("QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(code.At(x, y).RGBA()) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+qrMargin, y+qrMargin, x-from, x-from)
			}
		}
	}
	return QR{path.String(), size + 2*qrMargin}, nil
}

func dark(r, _, _, _ uint32) bool { return r < 0x8000 }

package pages

import (
	"fmt"
	"strings"

	"sekimori/broker/sheet"
)

// QR is a QR code as the path of an SVG drawing, a unit a module.
type QR struct {
	Path string
	Size int // of the drawing, border included
}

// drawQR draws a text.
func drawQR(text string) (QR, error) {
	code, err := sheet.QRCode(text)
	if err != nil {
		return QR{}, err
	}
	var path strings.Builder
	code.Stretches(func(x, y, n int) { fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, n, n) })
	return QR{path.String(), code.Size()}, nil
}

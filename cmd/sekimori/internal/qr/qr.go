// Package qr draws a text as a QR code in a terminal. The commands use it for the secret of a second factor and for checkpoints on paper.
//
// The code is dark on light on every terminal: readers do not take the reverse. It only draws;
// the caller checks that the screen has room.
package qr

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// margin is the light border around the code. The standard asks for four modules; readers manage with two, and a terminal of 24 rows
// has no room for more.
const margin = 2

const (
	darkOnLight = "\x1b[38;5;16;48;5;231m"
	reset       = "\x1b[0m"
)

// Lines draws the text, two modules above each other in a row of the screen. width is the columns that each line takes.
func Lines(text string) (lines []string, width int, err error) {
	at, size, err := modules(text)
	if err != nil {
		return nil, 0, err
	}
	for y := -margin; y < size+margin; y += 2 {
		var line strings.Builder
		line.WriteString(darkOnLight)
		for x := -margin; x < size+margin; x++ {
			line.WriteString(map[[2]bool]string{{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}[[2]bool{at(x, y), at(x, y+1)}])
		}
		line.WriteString(reset)
		lines = append(lines, line.String())
	}
	return lines, size + 2*margin, nil
}

// modules tells which of size by size modules are dark; outside none is.
func modules(text string) (dark func(x, y int) bool, size int, err error) {
	code, err := qr.Encode(text, qr.L, qr.Unicode)
	if err != nil {
		return nil, 0, fmt.Errorf("encode QR code: %w", err)
	}
	size = code.Bounds().Dx()
	return func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}, size, nil
}

package recordings

import (
	"strconv"

	"github.com/charmbracelet/x/ansi"
)

// pen is how a terminal writes characters. The zero value is plain.
type pen struct {
	fore, back colour
	set        [8]bool // by penBold and the following
}

// The attributes of a pen, in the order of their SGR codes from 1 on; 6 and 8 are not used.
const (
	penBold = iota
	penFaint
	penItalic
	penUnderline
	penBlink
	_
	penInverse
	penStrike
)

var penCodes = [8]int{penBold: 1, penFaint: 2, penItalic: 3, penUnderline: 4, penBlink: 5, penInverse: 7, penStrike: 9}

// colour is 0 for the terminal's own, 1 and a number of the palette, or trueColour and 24 bits.
type colour uint32

const trueColour colour = 1 << 24

// take follows the parameters of SGR.
func (p *pen) take(params ansi.Params) {
	if len(params) == 0 {
		*p = pen{}
		return
	}
	for i := 0; i < len(params); i++ {
		n := params[i].Param(0)
		switch {
		case n == 0:
			*p = pen{}
		case n == 22:
			p.set[penBold], p.set[penFaint] = false, false
		case n == 4 && params[i].HasMore(): // 4:0 to 4:5
			i++
			p.set[penUnderline] = params[i].Param(0) > 0
		case n >= 1 && n <= 9 && n != 6 && n != 8:
			for a, code := range penCodes {
				if code == n {
					p.set[a] = true
				}
			}
		case n >= 23 && n <= 29 && n != 26 && n != 28:
			for a, code := range penCodes {
				if code == n-20 {
					p.set[a] = false
				}
			}
		case n >= 30 && n <= 37:
			p.fore = colour(n - 30 + 1)
		case n >= 90 && n <= 97:
			p.fore = colour(n - 90 + 8 + 1)
		case n >= 40 && n <= 47:
			p.back = colour(n - 40 + 1)
		case n >= 100 && n <= 107:
			p.back = colour(n - 100 + 8 + 1)
		case n == 39:
			p.fore = 0
		case n == 49:
			p.back = 0
		case n == 38 || n == 48:
			to := &p.fore
			if n == 48 {
				to = &p.back
			}
			i += to.take(params[i+1:], params[i].HasMore())
		}
	}
}

// take reads a colour of the palette (5) or of 24 bits (2), and returns how many parameters it has. Between colons the latter may have one more in
// front, a colour space.
func (c *colour) take(params ansi.Params, colons bool) int {
	if colons {
		n := 1
		for n < len(params) && params[n-1].HasMore() {
			n++
		}
		if n == 5 && params[0].Param(0) == 2 {
			c.take(append(ansi.Params{params[0]}, params[2:5]...), false)
		} else {
			c.take(params[:min(n, len(params))], false)
		}
		return n
	}
	at := func(i int) colour { return colour(min(max(params[i].Param(0), 0), 255)) }
	switch {
	case len(params) >= 2 && params[0].Param(0) == 5:
		*c = 1 + at(1)
		return 2
	case len(params) >= 4 && params[0].Param(0) == 2:
		*c = trueColour | at(1)<<16 | at(2)<<8 | at(3)
		return 4
	}
	return len(params)
}

// sequence sets the pen on a terminal.
func (p pen) sequence() string {
	out := []byte("\x1b[0")
	for a, on := range p.set {
		if on {
			out = strconv.AppendInt(append(out, ';'), int64(penCodes[a]), 10)
		}
	}
	out = p.fore.append(out, 30)
	out = p.back.append(out, 40)
	return string(append(out, 'm'))
}

func (c colour) append(out []byte, base int) []byte {
	n := int(c) - 1
	switch {
	case c == 0:
		return out
	case c&trueColour != 0:
		out = strconv.AppendInt(append(out, ';'), int64(base+8), 10)
		out = append(out, ";2"...)
		for _, part := range []colour{c >> 16 & 255, c >> 8 & 255, c & 255} {
			out = strconv.AppendInt(append(out, ';'), int64(part), 10)
		}
		return out
	case n < 8:
		return strconv.AppendInt(append(out, ';'), int64(base+n), 10)
	case n < 16:
		return strconv.AppendInt(append(out, ';'), int64(base+60+n-8), 10)
	}
	out = strconv.AppendInt(append(out, ';'), int64(base+8), 10)
	return strconv.AppendInt(append(out, ";5;"...), int64(n), 10)
}

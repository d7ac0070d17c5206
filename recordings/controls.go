package recordings

import (
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/parser"
)

// sink receives the parts that controls finds in a program's output.
type sink interface {
	print(r rune)                             // a character; no control character
	invalid(c byte)                           // a byte that is not part of a character
	execute(c byte)                           // a control character of ASCII
	escape(cmd ansi.Cmd)                      // ESC and its final byte
	control(cmd ansi.Cmd, params ansi.Params) // a control sequence, CSI
}

// longestControl bounds a sequence or a string in bytes. A terminal that does not know a string shows its bytes, so an
// endless string must not hide the text after it.
const longestControl = 4096

// controls splits the output of a program into characters and control functions (ECMA-48). It reads UTF-8; every cost is
// linear in the bytes. The control characters U+0080 to U+009F are dropped: programs that write UTF-8 do not use them, and
// terminals disagree on whether they obey them. Strings for the terminal (OSC, DCS, SOS, PM, APC) are dropped too.
type controls struct {
	p    *ansi.Parser
	to   sink
	char [utf8.UTFMax]byte // an incomplete character
	have int               // bytes in char
	long int               // bytes of the current sequence or string
}

func newControls(to sink) *controls {
	c := &controls{p: new(ansi.Parser), to: to}
	c.p.SetParamsSize(parser.MaxParamsSize)
	c.p.SetDataSize(1) // the text of a string is not used
	c.p.SetHandler(ansi.Handler{Execute: to.execute, HandleCsi: to.control, HandleEsc: to.escape})
	return c
}

// feed takes one byte.
func (c *controls) feed(b byte) {
	if b >= utf8.RuneSelf {
		c.gather(b)
		return
	}
	c.giveUp()
	if c.p.State() == parser.GroundState && b >= ' ' && b != 0x7f {
		c.to.print(rune(b))
		return
	}
	c.advance(b)
}

// advance takes a byte of ASCII that may belong to a control function.
func (c *controls) advance(b byte) {
	before := c.p.State()
	if before == parser.GroundState {
		c.long = 0
	}
	c.long++
	if isString(before) && (b == '\n' || b == '\r') || c.long > longestControl {
		c.p.Reset()
		c.long = 0
		c.feed(b)
		return
	}
	c.p.Advance(b)
}

func isString(s parser.State) bool {
	switch s {
	case parser.OscStringState, parser.SosStringState, parser.PmStringState, parser.ApcStringState,
		parser.DcsEntryState, parser.DcsIntermediateState, parser.DcsParamState, parser.DcsStringState:
		return true
	}
	return false
}

// gather takes a byte of a multi-byte character.
func (c *controls) gather(b byte) {
	if s := c.p.State(); s != parser.GroundState {
		if isString(s) && c.long < longestControl {
			c.long++
			return
		}
		c.p.Reset() // it was not a sequence
	}
	c.char[c.have] = b
	c.have++
	for c.have > 0 && utf8.FullRune(c.char[:c.have]) {
		r, n := utf8.DecodeRune(c.char[:c.have])
		switch {
		case r == utf8.RuneError && n == 1:
			c.to.invalid(c.char[0])
		case unicode.IsControl(r): // C1
		default:
			c.to.print(r)
		}
		c.have = copy(c.char[:], c.char[n:c.have])
	}
}

// giveUp passes on the bytes of an incomplete character as invalid.
func (c *controls) giveUp() {
	n := c.have
	c.have = 0
	for _, b := range c.char[:n] {
		c.to.invalid(b)
	}
}

// argument returns parameter i of a control sequence, at most most; 0 if it is missing.
func argument(params ansi.Params, i, most int) int {
	n, _, _ := params.Param(i, 0)
	return min(n, most)
}

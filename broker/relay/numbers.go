package relay

import "bytes"

// numbers finds Japanese individual numbers (個人番号) in output and replaces their digits: twelve digits with a right check digit, in
// one piece or in groups of 6, 4 or 3 with a space or hyphen between, of ASCII or full width, also across packets and with colour
// codes between. It is an aid against reading by chance and no access control: another encoding, another grouping, a line break or
// slow printing passes it (PERFORMANCE.md has the rates).
//
// A digit keeps its bytes and cells, so that a screen's columns stay. Output is held only while a number may be beginning in it.
type numbers struct {
	buf  []byte // output not passed on yet; its first safe bytes may go
	safe int
	scan int // up to here buf has been read

	seq    parserState // of an escape sequence
	digits [numberDigits]int
	have   int  // digits of the chain, of which digits holds the places in buf; below 0: passed on already
	group  int  // digits of the group being read
	size   int  // digits of each finished group of the chain; 0: none
	gap    bool // a separator follows the last group
	long   bool // within a run of more than twelve digits

	values [numberDigits]byte
	masked []byte // the original of what was replaced since take, digits only
	found  int
}

const (
	numberDigits = 12
	mostHeld     = 256 // bytes; a number with more colour codes between its digits passes
	maskPiece    = 4 << 10
)

func newNumbers() *numbers {
	return &numbers{buf: make([]byte, 0, maskPiece+2*mostHeld), masked: make([]byte, 0, maskPiece+2*mostHeld)}
}

// idle reports whether p can pass unread: no number is open and no byte of p can begin one.
func (n *numbers) idle(p []byte) bool {
	return len(n.buf) == 0 && n.seq == ground && n.have == 0 && n.group == 0 && !n.long && !opensNumber(p)
}

func opensNumber(p []byte) bool {
	if bytes.IndexByte(p, 0xef) >= 0 || bytes.IndexByte(p, esc) >= 0 {
		return true
	}
	for _, c := range p {
		if c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}

// feed takes at most maskPiece bytes. It returns the bytes that may be shown, valid until the next call.
func (n *numbers) feed(p []byte) []byte {
	n.shift()
	n.buf = append(n.buf, p...)
	for n.scan < len(n.buf) && n.step() {
	}
	if len(n.buf)-n.safe > mostHeld {
		n.release()
		n.forget()
	}
	return n.buf[:n.safe]
}

// flush gives up waiting: what is held may be shown. A complete number is replaced first. A longer number goes on being looked for, and
// its digits that follow are replaced.
func (n *numbers) flush() []byte {
	n.shift()
	if n.have == numberDigits {
		n.endGroup()
	}
	n.release()
	return n.buf[:n.safe]
}

// holds reports whether bytes wait for what follows.
func (n *numbers) holds() bool { return n.held() > 0 }

func (n *numbers) held() int { return len(n.buf) - n.safe }

// shift drops what was passed on.
func (n *numbers) shift() {
	for i := range n.have {
		n.digits[i] -= n.safe
	}
	n.scan = max(n.scan-n.safe, 0)
	n.buf = n.buf[:copy(n.buf, n.buf[n.safe:])]
	n.safe = 0
}

func (n *numbers) release() { n.safe = len(n.buf) }

// forget ends the chain: nothing of it can belong to a number.
func (n *numbers) forget() { n.have, n.group, n.size, n.gap = 0, 0, 0, false }

// step reads one unit: a character or a byte of an escape sequence. It returns false where a character is not complete.
func (n *numbers) step() bool {
	b := n.buf[n.scan]
	if n.seq != ground {
		n.scan++
		n.inSequence(b)
		return true
	}
	switch {
	case b == esc:
		n.scan++
		n.seq = escape
		return true
	case b >= '0' && b <= '9':
		n.digit(b-'0', 1)
		return true
	case b < 0x80:
		n.other(1, b == ' ' || b == '-')
		return true
	}
	return n.wide()
}

// wide reads a character of full width. Only those of three bytes matter.
func (n *numbers) wide() bool {
	rest := n.buf[n.scan:]
	if rest[0] != 0xef && rest[0] != 0xe2 && rest[0] != 0xe3 {
		n.other(1, false)
		return true
	}
	if len(rest) < 3 {
		for _, c := range rest[1:] {
			if c < 0x80 || c > 0xbf {
				n.other(1, false)
				return true
			}
		}
		return false
	}
	switch {
	case rest[0] == 0xef && rest[1] == 0xbc && rest[2] >= 0x90 && rest[2] <= 0x99: // ０ to ９
		n.digit(rest[2]-0x90, 3)
	case rest[1] < 0x80 || rest[1] > 0xbf || rest[2] < 0x80 || rest[2] > 0xbf:
		n.other(1, false)
	default:
		n.other(3, wideSeparator([3]byte(rest[:3])))
	}
	return true
}

// wideSeparator knows the ideographic space, the full-width hyphen, U+2010 to U+2015, the minus sign and the long vowel mark.
func wideSeparator(c [3]byte) bool {
	switch string(c[:]) {
	case "\u3000", "\uff0d", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\u30fc":
		return true
	}
	return false
}

// inSequence follows an escape sequence. Colours and modes change no cell, so a number goes on behind them. Any other sequence may
// move the cursor, and ends it.
func (n *numbers) inSequence(b byte) {
	switch n.seq {
	case escape:
		switch {
		case b == '[':
			n.seq = control
		case b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_':
			n.seq = text
		case b >= ' ' && b < '0':
			n.seq = escapeMid
		case b == esc:
		default:
			n.endSequence(false)
		}
	case escapeMid:
		if b >= '0' {
			n.endSequence(b == 'B' || b == '0') // a choice of characters, as in the "no colour" of many terminals
		}
	case control:
		if b >= '@' && b <= '~' || b == can || b == sub {
			n.endSequence(b == 'm' || b == 'h' || b == 'l')
		} else if b == esc {
			n.seq = escape
		}
	case text:
		if b == bel || b == can || b == sub {
			n.endSequence(true)
		} else if b == esc {
			n.seq = textEsc
		}
	case textEsc:
		n.seq = text
		if b == '\\' {
			n.endSequence(true)
		}
	}
}

func (n *numbers) endSequence(neutral bool) {
	n.seq = ground
	if !neutral {
		n.endGroup()
		n.forget()
		n.long = false
	}
	if n.have == 0 {
		n.safe = n.scan
	}
}

// digit takes one digit of width bytes.
func (n *numbers) digit(value byte, width int) {
	at := n.scan
	n.scan += width
	if n.long {
		n.safe = n.scan
		return
	}
	if n.group == 0 && !n.gap && n.have > 0 { // cannot be: a group ends with a separator or with the chain
		n.forget()
	}
	if n.have == numberDigits && n.group < numberDigits { // the chain's first group is no part of what follows
		n.drop(n.have - n.group)
	}
	if n.group == numberDigits {
		n.forget()
		n.long = true
		n.safe = n.scan
		return
	}
	n.gap = false
	n.digits[n.have], n.values[n.have] = at, value
	n.have++
	n.group++
}

// other takes a character that is no digit.
func (n *numbers) other(width int, separator bool) {
	n.long = false
	n.endGroup()
	n.scan += width
	if separator && n.have > 0 && !n.gap {
		n.gap = true
		return
	}
	n.forget()
	n.safe = n.scan
}

// endGroup ends the group being read: it joins a chain of groups of its size, or begins one, or belongs to none.
func (n *numbers) endGroup() {
	g := n.group
	n.group = 0
	switch {
	case g == 0:
		return
	case g != 12 && g != 6 && g != 4 && g != 3:
		n.forget()
		n.safe = min(n.scan, len(n.buf))
		return
	case g != n.size:
		n.drop(n.have - g)
	}
	n.size = g
	if n.have < numberDigits {
		return
	}
	if validNumber(&n.values) {
		n.replace()
		n.forget()
		n.safe = n.scan
		return
	}
	n.drop(g)
}

// drop takes the first k digits out of the chain. What stands before the next one may be shown.
func (n *numbers) drop(k int) {
	if k <= 0 {
		return
	}
	n.have = copy(n.digits[:], n.digits[k:n.have])
	copy(n.values[:], n.values[k:])
	if n.have == 0 {
		n.safe = max(n.safe, min(n.scan, len(n.buf)))
		n.size = 0
		return
	}
	n.safe = max(n.safe, n.digits[0])
}

// replace masks the digits that are not shown yet: * for an ASCII digit, ＊ for one of full width.
func (n *numbers) replace() {
	n.found++
	for i, at := range n.digits {
		n.masked = append(n.masked, '0'+n.values[i])
		if at < n.safe {
			continue
		}
		if n.buf[at] == 0xef {
			n.buf[at+2] = 0x8a
			continue
		}
		n.buf[at] = '*'
	}
}

// take returns the numbers replaced since the last call, digits only, and how many there were.
func (n *numbers) take() (digits []byte, found int) {
	digits, found = n.masked, n.found
	n.masked, n.found = n.masked[:0], 0
	return digits, found
}

// validNumber checks the last digit. The ordinance of 2014 (Ministry of Internal Affairs, No. 85, article 5): with the digits before
// it counted from the right, weights are n+1 up to the sixth and n-5 from the seventh; the check digit is 11 minus the rest of the sum
// by 11, and 0 where the rest is 0 or 1.
func validNumber(d *[numberDigits]byte) bool {
	sum := 0
	for i := 1; i < numberDigits; i++ {
		weight := i + 1
		if i >= 7 {
			weight = i - 5
		}
		sum += int(d[numberDigits-1-i]) * weight
	}
	check := 0
	if rest := sum % 11; rest > 1 {
		check = 11 - rest
	}
	return int(d[numberDigits-1]) == check
}

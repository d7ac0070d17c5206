package main

import (
	"bytes"
	"unicode/utf8"
)

// screen passes a recorded terminal's output on to the viewer's own terminal without the
// sequences that act beyond the picture: titles, clipboard, reports that the terminal types
// back as if the viewer had, strings for other programs. The picture stays what it was.
type screen struct {
	held []byte // an unfinished sequence or character from the frame before
}

// longestSequence is what a sequence may hold before it is thrown away as no sequence at all.
const longestSequence = 256

// harmless returns what may be shown of p.
func (s *screen) harmless(p []byte) []byte {
	in := append(s.held, p...)
	s.held = nil
	var out bytes.Buffer
	for len(in) > 0 {
		n, show, whole := next(in)
		if !whole {
			if len(in) < longestSequence {
				s.held = bytes.Clone(in)
				return out.Bytes()
			}
			n, show = 1, nil
		}
		out.Write(show)
		in = in[n:]
	}
	return out.Bytes()
}

// next takes one character or sequence: its length, what to show of it, and whether it is whole.
func next(in []byte) (n int, show []byte, whole bool) {
	b := in[0]
	switch {
	case b == 0x1b:
		return escape(in)
	case b == '\r' || b == '\n' || b == '\t' || b == '\b' || b == 0x0e || b == 0x0f:
		return 1, in[:1], true
	case b < 0x20 || b == 0x7f: // the bell too: a recording must not ring
		return 1, nil, true
	case b < 0x80:
		return 1, in[:1], true
	}
	if !utf8.FullRune(in) {
		return 0, nil, false
	}
	r, size := utf8.DecodeRune(in)
	switch {
	case r == utf8.RuneError && size == 1:
		return 1, []byte("\uFFFD"), true
	case r < 0xa0: // C1 in UTF-8: terminals obey these as they do ESC sequences
		return size, nil, true
	}
	return size, in[:size], true
}

func escape(in []byte) (n int, show []byte, whole bool) {
	if len(in) < 2 {
		return 0, nil, false
	}
	switch in[1] {
	case '[':
		return control(in)
	case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: up to ST or BEL, never shown
		for i := 2; i < len(in); i++ {
			if in[i] == 0x07 {
				return i + 1, nil, true
			}
			if in[i] == '\\' && in[i-1] == 0x1b && i > 2 {
				return i + 1, nil, true
			}
		}
		return 0, nil, false
	case '(', ')', '*', '+', '#', ' ', '%':
		if len(in) < 3 {
			return 0, nil, false
		}
		return 3, in[:3], true
	case '7', '8', 'D', 'E', 'H', 'M', '=', '>':
		return 2, in[:2], true
	}
	return 2, nil, true // resets, answers to queries and what is unknown
}

// control takes a CSI sequence. Device attributes, status reports, window operations and
// requests for settings make the terminal answer and are dropped.
func control(in []byte) (n int, show []byte, whole bool) {
	for i := 2; i < len(in); i++ {
		b := in[i]
		switch {
		case b >= 0x40 && b <= 0x7e:
			private := i > 2 && (in[2] == '>' || in[2] == '<' || in[2] == '=')
			asks := bytes.IndexByte([]byte("cntxpqRy"), b) >= 0 || bytes.IndexByte(in[2:i], '$') >= 0
			if private || asks {
				return i + 1, nil, true
			}
			return i + 1, in[:i+1], true
		case b < 0x20 || b > 0x7e: // no sequence after all
			return i, nil, true
		}
	}
	return 0, nil, false
}

package recordings

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
)

// Encoding is the text encoding of a target. A recording keeps the bytes; the encoding only says how to read them.
type Encoding string

// The known encodings.
const (
	UTF8  Encoding = "utf-8"
	CP932 Encoding = "cp932"  // Shift_JIS as Windows writes it
	EUCJP Encoding = "euc-jp" // with the half-width katakana and JIS X 0212
)

// ParseEncoding understands the usual names; the empty name is UTF-8.
func ParseEncoding(name string) (Encoding, error) {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name)) {
	case "", "utf8":
		return UTF8, nil
	case "cp932", "shiftjis", "sjis", "windows31j", "ms932":
		return CP932, nil
	case "eucjp", "ujis":
		return EUCJP, nil
	}
	return "", fmt.Errorf("unknown encoding %q: utf-8, cp932 or euc-jp", name)
}

// decoder turns a stream into UTF-8, a piece at a time. Invalid bytes become U+FFFD.
type decoder struct {
	t    transform.Transformer // nil: the stream is UTF-8 already
	held []byte                // the start of an incomplete character
	out  []byte
}

func newDecoder(e Encoding) *decoder {
	var enc encoding.Encoding
	switch e {
	case CP932:
		enc = japanese.ShiftJIS
	case EUCJP:
		enc = japanese.EUCJP
	default:
		return &decoder{}
	}
	return &decoder{t: enc.NewDecoder().Transformer}
}

// utf8 returns p as UTF-8; valid until the next call.
func (d *decoder) utf8(p []byte) []byte {
	if d.t == nil {
		return p
	}
	d.held = append(d.held, p...)
	in, at := d.held, 0
	for {
		if cap(d.out)-at < 3*len(in)+16 {
			d.out = append(make([]byte, 0, at+4*len(in)+16), d.out[:at]...)
		}
		n, used, err := d.t.Transform(d.out[at:cap(d.out)], in, false)
		at, in = at+n, in[used:]
		if err != transform.ErrShortDst {
			break
		}
	}
	d.out = d.out[:at]
	d.held = d.held[:copy(d.held, in)]
	return d.out
}

package sheet

import (
	"golang.org/x/text/encoding/japanese"
)

// cp932Twins are characters that other programs write for one that CP932 has.
var cp932Twins = map[rune]rune{
	0x301C: 0xFF5E, 0x2212: 0xFF0D, 0x2016: 0x2225, 0x2014: 0x2015,
	0x00A2: 0xFFE0, 0x00A3: 0xFFE1, 0x00A5: 0xFFE5, 0x00AC: 0xFFE2,
}

// toCP932 encodes s. lost is called for each character that CP932 does not have; 〓 stands for it. Selectors of variants are dropped.
func toCP932(b []byte, s string, lost func(rune)) []byte {
	enc := japanese.ShiftJIS.NewEncoder()
	for _, r := range s {
		if variation(r) {
			continue
		}
		if twin, ok := cp932Twins[r]; ok {
			r = twin
		}
		if r < 0x80 {
			b = append(b, byte(r))
			continue
		}
		one, err := enc.Bytes([]byte(string(r)))
		// The encoder has two characters that CP932 has not: it gives U+0080 a byte of its own, and writes U+203E as a tilde.
		if err != nil || r == 0x80 || r == 0x203E || r == 0xFFFD {
			enc.Reset()
			lost(r)
			one, _ = enc.Bytes([]byte(string(missingGlyph))) // CP932 has it
		}
		b = append(b, one...)
	}
	return b
}

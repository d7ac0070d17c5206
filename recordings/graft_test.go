package recordings

import (
	"bytes"
	"crypto/sha256"
)

// Graft puts the segments of one recording after the header of another and makes the chain hold again. An attacker needs no
// key for that.
func Graft(header, segments []byte) []byte {
	start := func(b []byte) int {
		p, _, err := readPrelude(bytes.NewReader(b))
		if err != nil {
			panic(err)
		}
		return int(p.size)
	}
	out := append([]byte(nil), header[:start(header)]...)
	for b := segments[start(segments):]; len(b) > 0; {
		n := headLen + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		out = append(out, b[:n]...)
		sum := sha256.Sum256(out)
		out = append(out, sum[:checkLen]...)
		b = b[n+checkLen:]
	}
	return out
}

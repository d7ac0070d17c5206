package search

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Line is one line of a session's text. JA and EN are the same for output.
type Line struct {
	No      int           // counted from 0, as the recording's text counts its lines
	Elapsed time.Duration // in whole milliseconds
	Kind    string        // as recordings.TextLine has it; empty: output
	JA, EN  string
}

// chunkBytes is the text at which a chunk is full. A larger chunk has a smaller filter for its text, and a search opens more text for a hit.
const chunkBytes = 48 << 10

// mostChunk bounds a chunk as it is unpacked. A line of recordings.TextLines is below 512 KiB.
const mostChunk = 4 << 20

// appendLine encodes a line: differences to the line before, then kind and texts with their lengths.
func appendLine(b []byte, before, l Line) []byte {
	b = binary.AppendUvarint(b, uint64(l.No-before.No))
	b = binary.AppendVarint(b, l.Elapsed.Milliseconds()-before.Elapsed.Milliseconds()) // an operation may be told after later output
	b = appendText(b, l.Kind)
	b = appendText(b, l.JA)
	if l.EN == l.JA {
		return appendText(b, "")
	}
	return appendText(b, l.EN)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// takeLine decodes the next line.
func takeLine(b []byte, before Line) (l Line, rest []byte, err error) {
	no, n := binary.Uvarint(b)
	if n <= 0 || no > 1<<40 {
		return l, nil, errDamaged
	}
	ms, m := binary.Varint(b[n:])
	if m <= 0 {
		return l, nil, errDamaged
	}
	l.No, l.Elapsed = before.No+int(no), before.Elapsed+time.Duration(ms)*time.Millisecond
	b = b[n+m:]
	for _, to := range []*string{&l.Kind, &l.JA, &l.EN} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return l, nil, errDamaged
		}
		*to, b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	if l.EN == "" {
		l.EN = l.JA
	}
	return l, b, nil
}

// errDamaged says that a file of the index is not as it was written. Its session is indexed again.
var errDamaged = fmt.Errorf("index: %w", ErrDamaged)

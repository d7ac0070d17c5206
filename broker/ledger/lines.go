package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

var errLineTooLong = errors.New("ledger: line too long")

// lineReader reads the lines of an export, each ended by a newline, none longer than maxLine.
type lineReader struct {
	r   *bufio.Reader
	buf []byte
	n   int64 // the current line, from 1
}

// next returns the next line without its newline, valid until the next call. A missing newline or a missing line is
// io.ErrUnexpectedEOF.
func (l *lineReader) next() ([]byte, error) {
	l.n++
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf)+len(part) > maxLine {
			return nil, errLineTooLong
		}
		l.buf = append(l.buf, part...)
		switch {
		case err == nil:
			return l.buf[:len(l.buf)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

// end requires that nothing follows.
func (l *lineReader) end(v *verifier) error {
	_, err := l.r.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		l.n++
		return v.problem(-1, TrailingData, "", "")
	}
	return fmt.Errorf("ledger: read export: %w", err)
}

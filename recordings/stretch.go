package recordings

// stretches separates text from other bytes in the output of a channel without a terminal, a piece at a time: a program may
// write an archive and words in turn. Zero bytes alone make no piece binary; else a target could hide words behind one.
type stretches struct {
	left int  // bytes left out since the last shown piece
	told bool // a line about the gap has been written
}

// pieceBytes is the size that is judged at once.
const pieceBytes = 1024

// take shows text and announces a gap for other bytes.
func (s *stretches) take(data []byte, show func([]byte), say func(ja, en string)) {
	for len(data) > 0 {
		piece := data[:min(len(data), pieceBytes)]
		data = data[len(piece):]
		if !isBinary(piece) {
			s.end(say)
			show(piece)
			continue
		}
		if !s.told {
			s.told = true
			say("バイナリの出力(その間は表示しません)", "binary output (not shown while it lasts)")
		}
		s.left += len(piece)
	}
}

// end states the size of the gap before the next text.
func (s *stretches) end(say func(ja, en string)) {
	if s.left == 0 {
		return
	}
	n := grouped(uint64(s.left))
	s.left = 0
	say("バイナリの出力 "+n+" バイトを省きました", n+" bytes of binary output left out")
}

// isBinary reports that more than one in sixteen of the non-zero bytes are control characters unused in text. In random bytes
// it is one in eleven.
func isBinary(piece []byte) bool {
	zeros, odd := 0, 0
	for _, c := range piece {
		switch {
		case c == 0:
			zeros++
		case c < 7, c > '\r' && c < ' ' && c != 0x1b, c == 0x7f:
			odd++
		}
	}
	return odd > 4 && odd*16 > len(piece)-zeros
}

// zeroMark stands for a run of zero bytes in output without a terminal.
const zeroMark = '␀'

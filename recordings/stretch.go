package recordings

// stretches tells text from other bytes in the output of a channel without a terminal, a piece at a time: a program may write
// an archive and words one after the other. Zero bytes alone make no piece binary: who could hide words behind one would.
type stretches struct {
	left int  // bytes that were left out since the last piece that was shown
	told bool // that something is left out
}

// pieceBytes is how much is judged at once.
const pieceBytes = 1024

// take passes what is text to show, and says what is left out.
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

// end says how much was left out before what comes next.
func (s *stretches) end(say func(ja, en string)) {
	if s.left == 0 {
		return
	}
	n := grouped(uint64(s.left))
	s.left = 0
	say("バイナリの出力 "+n+" バイトを省きました", n+" bytes of binary output left out")
}

// isBinary: more than one in sixteen of the bytes that are not zero are control characters that text has none of. Of random
// bytes one in eleven is.
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

// zeroMark stands for a run of zero bytes in output that no terminal was to show.
const zeroMark = '␀'
